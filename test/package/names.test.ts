import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const source = fileURLToPath(new URL('../../src/', import.meta.url))

/**
 * Where a name may stand again. A handler is called as the method of its operation, and its file says of what. An adapter
 * has the names of the core.
 */
const qualified = /^(authority\/handlers|adapters)\//

const declaration =
  /^export (?:declare )?(?:async )?(?:function|const|let|class|interface|type) (\w+)/gm

function declarations(): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>()
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || qualified.test(file)) continue
    const text = readFileSync(join(source, file), 'utf8')
    const names = new Set([...text.matchAll(declaration)].map(([, name = '']) => name))
    for (const name of names) places.set(name, [...(places.get(name) ?? []), file])
  }
  return places
}

test('one exported name means one thing', () => {
  const all = declarations()
  expect(all.size).toBeGreaterThan(1000)
  const twice = [...all].filter(([, files]) => files.length > 1)
  expect(Object.fromEntries(twice)).toEqual({})
})
