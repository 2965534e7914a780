import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type CodeBlock, codeBlocksOf, pages } from './code-blocks.ts'

/** Rules for all that readers copy, whether it can be run or not. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const sourcesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [join(folder, file), readFileSync(join(root, folder, file), 'utf8')] as const)

const blocks = pages.flatMap(codeBlocksOf).filter(({ language }) => language === 'ts')
const shown = blocks.map(({ name, code }) => [name, code] as const)
const examples = sourcesIn('examples')

describe('what is copied', () => {
  test.each([...shown, ...examples])('encodes what it puts into a URL: %s', (_, code) => {
    // In a text, right behind what divides a URL. Attributes of HTML have a quotation mark in between.
    const placed = [...code.matchAll(/[/?&=]\$\{([^}]*\}?)/g)].map(([, value = '']) => value)
    const safe = /^(encodeURIComponent\(|new URLSearchParams\(|(query|host)\}$)/
    // `=>` and `$` before a parameter are code, not a URL.
    expect(placed.filter((value) => !safe.test(value))).toEqual([])
    if (placed.includes('query}')) expect(code).toContain('const query = new URLSearchParams(')
    if (placed.includes('host}')) expect(code).toMatch(/^const host = '/m)
  })

  test.each(shown)('says that text with values in it is no HTML: %s', (_, code) => {
    const texts = code.match(/\bres\.(send|end)\([^()\n]*`[^`<\n]*\$\{/g) ?? []
    if (texts.length > 0) expect(code).toContain("'text/plain'")
  })

  const withPages = [...shown, ...examples].filter(([, code]) => code.includes('<!doctype html>'))
  test.each(withPages)('writes pages for everyone: %s', (_, code) => {
    for (const part of ['<html lang="en">', '<meta charset="utf-8">', '<meta name="viewport"']) {
      expect(code).toContain(part)
    }
    const pages = code.match(/<!doctype html>/g)?.length
    // The card and the workspace of an example share a layout.
    expect(code.match(/<main\b/g)?.length).toBeGreaterThanOrEqual(pages ?? 0)
    expect(code.match(/<h1\b/g)?.length).toBe(code.match(/<main\b/g)?.length)
    const inputs = [...code.matchAll(/<input\b(?:\$\{[^}]*\}|[^>$])*>/g)].map(([input]) => input)
    const typed = inputs.filter((input) => !/type="hidden"|\$\{more\}/.test(input))
    expect(typed.filter((input) => !input.includes('autocomplete="'))).toEqual([])
  })

  test.each(shown)('logs no secret: %s', (_, code) => {
    const logs = code.match(/console\.\w+\(.*/g) ?? []
    expect(logs.filter((line) => /secret|token|jwt|password|code|cookie/i.test(line))).toEqual([])
  })

  test.each(sourcesIn('src'))('answers no request in an example of %s', (_, code) => {
    const docs = [...code.matchAll(/@example\n([\s\S]*?)\*\//g)].map(([, example = '']) => example)
    for (const example of docs) {
      expect(example).not.toMatch(/\b(res|ctx)\b|\bnew Response\b|organizations\.|req\.body/)
    }
  })
})

describe('the device look-up of self-hosting.md', () => {
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('asks one path, whatever the browser sent', async () => {
    const { code } = blocks.find(isLookUp) as CodeBlock
    const folder = join(root, 'test-output', 'snippets')
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'look-up.ts')
    writeFileSync(file, code.replace(/^await createAuthority.*$/m, 'export { lookUpDevice }'))
    const { lookUpDevice } = await import(file)
    const asked = jest
      .spyOn(globalThis, 'fetch')
      .mockImplementation(async () => Response.json(null))
    const sent = [
      'plain',
      '../members',
      '..',
      'a?seen_by=another',
      'a#b',
      '/\\evil.example',
      'a&seen_by=b'
    ]
    for (const telemetry_id of sent) await lookUpDevice({ telemetry_id, member_id: 'member-1' })
    const urls = asked.mock.calls.map(([url]) => new URL(String(url)))
    expect(new Set(urls.map(({ origin, pathname }) => origin + pathname)).size).toBe(1)
    expect(urls.map(({ searchParams }) => [...searchParams])).toEqual(
      sent.map((telemetry_id) => [
        ['telemetry_id', telemetry_id],
        ['seen_by', 'member-1']
      ])
    )
  })

  function isLookUp({ code }: CodeBlock): boolean {
    return code.includes('const lookUpDevice: LookUpDevice')
  }
})
