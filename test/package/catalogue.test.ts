import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const folder = fileURLToPath(new URL('..', import.meta.url))
const ids = /\b(?:S-)?[A-Z]{2,4}-\d{2}\b/g
/** Looks like an id and is none. */
const encoding = 'UTF-16'

interface Row {
  readonly id: string
  readonly holds: string
}

const rows = readFileSync(join(folder, 'catalogue.md'), 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, id = '']) => /^(S-)?[A-Z]+-\d\d$/.test(id))
  .map((cells): Row => ({ id: cells[1] ?? '', holds: cells.at(-2) ?? '' }))

/** The ids that stand in texts of tests. Comments do not count: a row is met by what runs. */
const tested = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) =>
    idsOf(readFileSync(join(folder, file), 'utf8')).map((id) => [id, file] as const)
  )

function idsOf(source: string): readonly string[] {
  const code = source.replace(/^ *(?:\/\/|\/?\*).*$/gm, '')
  return (code.match(ids) ?? []).filter((id) => id !== encoding)
}

describe('the catalogue', () => {
  test('has each id once, and a text for it', () => {
    expect(rows.length).toBeGreaterThan(470)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    expect(rows.filter(({ holds }) => holds === '')).toEqual([])
  })

  test('has a row for every id that a test names', () => {
    const known = new Set(rows.map(({ id }) => id))
    expect(tested.filter(([id]) => !known.has(id))).toEqual([])
  })

  test('has a test for every row that does not say why not', () => {
    const named = new Set(tested.map(([id]) => id))
    const untested = rows.filter(
      ({ id, holds }) => !named.has(id) && !holds.startsWith('Not tested:')
    )
    expect(untested).toEqual([])
  })

  test('says of no tested row that it is not', () => {
    const named = new Set(tested.map(([id]) => id))
    const wrong = rows.filter(({ id, holds }) => named.has(id) && holds.startsWith('Not tested:'))
    expect(wrong).toEqual([])
  })
})
