import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const source = fileURLToPath(new URL('../../src/', import.meta.url))

/** Which modules a module may import from, beside itself. */
const allowed: Record<string, readonly string[]> = {
  errors: [],
  wire: [],
  jwt: ['wire', 'errors'],
  rbac: ['wire', 'errors'],
  client: ['wire', 'errors', 'rbac', 'jwt'],
  core: ['wire', 'errors', 'rbac', 'jwt', 'client'],
  adapters: ['core', 'errors', 'client', 'wire'],
  authority: ['wire', 'errors', 'rbac', 'jwt'],
  testing: ['authority', 'core', 'client', 'errors'],
  cli: ['authority', 'core', 'client', 'errors']
}

/** Packages that only some modules may import. */
const importers: Record<string, readonly string[]> = {
  jose: ['jwt/jose.ts'],
  valibot: ['wire', 'jwt', 'client', 'core', 'authority'],
  express: [],
  rou3: ['authority/http'],
  nodemailer: ['authority/delivery'],
  koa: ['adapters/koa.ts']
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts')
)

/** Every `from '…'` and `import('…')` of a file, types included. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  return [...text.matchAll(/(?:from\s+|import\()'([^']+)'/g)].map(([, name = '']) => name)
}

function localImportsOf(file: string): string[] {
  return importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(file), name)))
}

const moduleOf = (file: string) => file.split('/')[0] ?? ''

describe('the modules', () => {
  test('are those of the plan', () => {
    const modules = new Set(files.filter((file) => file.includes('/')).map(moduleOf))
    expect([...modules].sort()).toEqual(Object.keys(allowed).sort())
  })

  test.each(files.filter((file) => file.includes('/')))(
    '%s imports from allowed modules only',
    (file) => {
      const own = moduleOf(file)
      for (const target of localImportsOf(file)) {
        const other = moduleOf(target)
        expect([own, ...(allowed[own] ?? [])]).toContain(other)
      }
    }
  )

  test.each(Object.entries(importers))('import %s only where it belongs', (name, places) => {
    const users = files.filter((file) => importsOf(file).some((imported) => imported === name))
    for (const user of users) {
      expect(places.some((place) => user === place || user.startsWith(`${place}/`))).toBe(true)
    }
  })

  test('have no circles', () => {
    const state = new Map<string, 'open' | 'done'>()
    const circles: string[] = []
    const visit = (file: string, path: readonly string[]) => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
        return
      }
      state.set(file, 'open')
      for (const target of localImportsOf(file)) visit(target, [...path, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    expect(circles).toEqual([])
  })

  test('have entry points that only re-export', () => {
    for (const entryPoint of files.filter((file) => !file.includes('/') && file !== 'cli.ts')) {
      const code = readFileSync(join(source, entryPoint), 'utf8')
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .replace(/^import type .*$/gm, '')
        .replace(/^declare global \{[\s\S]*?^\}$/gm, '')
        .replace(/export (type )?\{[^}]*\} from '[^']+'/g, '')
      expect([relative(source, join(source, entryPoint)), code.trim()]).toEqual([entryPoint, ''])
    }
  })

  test.each(['express', 'koa'])('keep what is special to %s short', (framework) => {
    const lines = readFileSync(join(source, `adapters/${framework}.ts`), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.length).toBeLessThanOrEqual(120)
  })
})
