import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { withDebugLines } from '../../src/core/explain/debug-lines.ts'
import { createRequestMemory } from '../../src/core/guard/request-memory.ts'
import { refusalReasons } from '../../src/errors/reasons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const script = 'test/support/print-denials.ts'

/** What a process writes that denies for some reasons, or for all: its secrets, and all lines beside them. */
async function run(
  NODE_DEBUG: string,
  reasons: readonly string[] = []
): Promise<{ secrets: string[]; lines: string[] }> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', script, ...reasons],
    { cwd: root, env: { ...process.env, NODE_DEBUG }, maxBuffer: 64 * 1024 * 1024 }
  )
  return { secrets: JSON.parse(stdout), lines: stderr.split('\n') }
}

const lineOf = (lines: readonly string[], path: string) =>
  lines
    .filter((line) => line.startsWith('MEMBERGATE '))
    .map((line) => line.replace(/^MEMBERGATE \d+: /, '').replace(/ \d+\.\d\dms$/, ' …ms'))
    .find((line) => line.includes(` ${path} `))

describe('with NODE_DEBUG=membergate', () => {
  let secrets: string[]
  let lines: string[]
  beforeAll(async () => {
    ;({ secrets, lines } = await run('membergate'))
  }, 60_000)

  test('a line says how a session was found, and that it was known the next time', () => {
    expect(lineOf(lines, '/first')).toBe(
      'GET /first accepted credential=cookie tried=cookie:session_jwt,local:token_missing,remote:200 …ms'
    )
    expect(lineOf(lines, '/again')).toBe(
      'GET /again accepted credential=cookie tried=cookie:session_jwt,local:known …ms'
    )
  })

  test('a line says why a request was let through without a session', () => {
    expect(lineOf(lines, '/public')).toBe(
      'GET /public anonymous 401 session_required no_credential …ms'
    )
    expect(lineOf(lines, '/preflight')).toBe('OPTIONS /preflight preflight …ms')
  })

  test('a line says why a request was denied, in each of the ways', () => {
    for (const reason of Object.keys(refusalReasons)) {
      if (reason.startsWith('jwt_')) continue
      expect([
        reason,
        lines.some((line) => line.includes(` ${reason} `) || line.endsWith(` ${reason}`))
      ]).toEqual([reason, true])
    }
    expect(lines.join('\n')).toMatch(
      /GET \/documents\/… denied 503 authority_unavailable authority_unreachable credential=bearer tried=header:session_token,remote:authority_unreachable causes=ECONNREFUSED \d+\.\d\dms/
    )
  })

  test('Node warns of the names that the policy does not have', () => {
    const text = lines.join('\n')
    expect(text).toContain('[MEMBERGATE_UNKNOWN_RESOURCE] MembergateWarning')
    expect(text).toContain('Did you mean "documents"?')
    expect(text).toContain('[MEMBERGATE_UNKNOWN_ACTION] MembergateWarning')
    expect(text).toContain('Did you mean "write"?')
  })

  test('no line holds anything that was sent or answered', () => {
    expect(secrets.length).toBeGreaterThan(1000)
    const text = lines.join('\n')
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
    expect(text).not.toContain('secret')
  })
})

test('without it a guard is the function that it would be', () => {
  const decide = () => ({ accepted: true, headers: [] }) as const
  expect(withDebugLines(decide, createRequestMemory())).toBe(decide)
})

test('without it there are no lines', async () => {
  const { lines } = await run('', ['no_credential'])
  expect(lines.filter((line) => line.startsWith('MEMBERGATE '))).toEqual([])
}, 60_000)
