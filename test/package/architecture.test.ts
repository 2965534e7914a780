import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')

test('the architecture names files that exist', () => {
  const named = [...page.matchAll(/`([\w./-]+\/[\w./-]*|[\w-]+\.(?:ts|json|md))`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !/^(membergate|node)\b/.test(path))
  expect(named.length).toBeGreaterThan(50)
  const places = ['', 'src', 'src/core', 'src/authority']
  const missing = named.filter(
    (path) => !places.some((place) => existsSync(join(root, place, path)))
  )
  expect(missing).toEqual([])
})

test('the glossary has at most sixty terms, each once', () => {
  const section = page.slice(
    page.indexOf('## Glossary'),
    page.indexOf('## How to add an operation')
  )
  const rows = [...section.matchAll(/^\| (.+?) \| (.+) \|$/gm)].slice(2)
  const terms = rows.map(([, term = '']) => term)
  expect(terms.length).toBeGreaterThan(40)
  expect(terms.length).toBeLessThanOrEqual(60)
  expect(new Set(terms).size).toBe(terms.length)
})
