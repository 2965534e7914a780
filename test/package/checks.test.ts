import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const source = fileURLToPath(new URL('../../src/authority/', import.meta.url))

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => [name, readFileSync(join(source, name), 'utf8')] as const)

/** From the name of a function to the type that it returns. */
const declared = /function (assert\w+)(?:<[^>]*>)?\((?:[^()]|\([^()]*\))*\)(?:: ([^{]+?))? \{/g
const checks = files.flatMap(([, text]) =>
  [...text.matchAll(declared)].map(([, name = '', returned]) => [name, returned] as const)
)

/** A declaration, a statement, what follows an `if`, or all that an arrow function does. */
const statement = /^(export )?(async )?function |(^\s*|else |\) |=> )(await )?assert[A-Z]\w*\(/

/** A check that is forgotten would let through what it should stop, so its form leaves no way to forget it. */
describe('the checks of the authority', () => {
  test('are found', () => {
    expect(checks.length).toBeGreaterThan(30)
    expect(checks.map(([name]) => name)).toContain('assertMfaMethodAllowed')
  })

  test.each(checks)('%s throws, and returns nothing to be looked at', (_, returned) => {
    expect(returned).toMatch(/^(void|Promise<void>|asserts .+)$/)
  })

  test.each(files)('%s calls a check as a statement', (_, text) => {
    const calls = text.match(/.*\bassert[A-Z]\w*\(.*/g) ?? []
    for (const call of calls) {
      expect(call).toMatch(statement)
    }
  })

  test.each(files)('%s waits for its writes, or hands them on', (_, text) => {
    const units = text.match(/.*\bstore\.(run|tryRun)\(.*/g) ?? []
    for (const unit of units)
      expect(unit).toMatch(/\b(await|return) [\w.]*store\.|=> [\w.]*store\./)
  })

  test('have one name each', () => {
    const names = checks.map(([name]) => name)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })
})
