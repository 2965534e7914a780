import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { builtPackage } from '../support/built-cli.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const doors: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => join(manifest.name, path))
const dependencies = Object.keys(manifest.dependencies)
const withoutAuthority = doors.filter((door) => !/\/(authority|testing)$/.test(door))

const timeout = 120_000
let folder: string
let dist: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'membergate-package-'))
  dist = await builtPackage()
}, timeout)

afterAll(() => rm(folder, { recursive: true }))

function bin(name: string): string {
  return join(root, 'node_modules/.bin', name)
}

/** In a process of its own, which knows nothing of Jest. Resolves to what it printed; what it printed explains a failure. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const ran = promisify(execFile)(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 })
  const { stdout } = await ran.catch(({ message, stdout }) => {
    throw new Error(`${message}\n${stdout}`)
  })
  return stdout
}

/** An app with the built package and just these others installed. */
async function install(name: string, packages: readonly string[]): Promise<string> {
  const app = join(folder, name)
  const installed = join(app, 'node_modules', manifest.name)
  await mkdir(installed, { recursive: true })
  await cp(join(root, 'package.json'), join(installed, 'package.json'))
  await cp(dist, join(installed, 'dist'), { recursive: true })
  for (const other of packages) {
    const place = join(app, 'node_modules', other)
    await mkdir(dirname(place), { recursive: true })
    await symlink(join(root, 'node_modules', other), place, 'junction')
  }
  return app
}

async function runScript(app: string, file: string, code: string): Promise<unknown> {
  await writeFile(join(app, file), code)
  return JSON.parse(await run(process.execPath, [file], app))
}

async function namesOf(paths: readonly string[]): Promise<Record<string, string[]>> {
  const names: Record<string, string[]> = {}
  for (const path of paths) names[path] = Object.keys(await import(path)).sort()
  return names
}

const printNames = `
  const names = Object.fromEntries(found.map(([door, exported]) => [door, Object.keys(exported).sort()]))
  console.log(JSON.stringify(names))`

describe('installed with its dependencies', () => {
  let app: string

  beforeAll(async () => {
    app = await install('whole', dependencies)
  })

  test('every door can be imported', async () => {
    const code = `const found = await Promise.all(${JSON.stringify(doors)}.map(async (door) => [door, await import(door)]))${printNames}`
    expect(await runScript(app, 'import.mjs', code)).toEqual(await namesOf(doors))
  })

  test('every door can be required', async () => {
    const code = `const found = ${JSON.stringify(doors)}.map((door) => [door, require(door)])${printNames}`
    expect(await runScript(app, 'require.cjs', code)).toEqual(await namesOf(doors))
  })

  test('what is required is what is imported: there is one copy', async () => {
    const code = `
      const required = require('membergate/errors')
      import('membergate/errors').then((imported) =>
        console.log(required.AccessError === imported.AccessError))`
    expect(await runScript(app, 'both.cjs', code)).toBe(true)
  })

  test('it finds itself by its own name', async () => {
    const code = `
      const { createClient } = await import('membergate/client')
      console.log(JSON.stringify(typeof createClient))`
    const installed = join(app, 'node_modules', manifest.name)
    expect(await runScript(installed, 'self.mjs', code)).toBe('function')
  })

  test('its command runs', async () => {
    const cli = join(app, 'node_modules', manifest.name, manifest.bin.membergate)
    expect(await readFile(cli, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(await run(process.execPath, [cli, '--version'], app)).toBe(`${manifest.version}\n`)
  })
})

test('passwords are rated, by a thread that keeps no process alive', async () => {
  const app = await install('rating', [...dependencies, '@photostructure/sqlite'])
  const code = `
    import { once } from 'node:events'
    import { createServer } from 'node:http'
    import { createAuthority } from 'membergate/authority'
    import { createClient } from 'membergate/client'
    const authority = await createAuthority({ database: ':memory:' })
    const server = createServer(authority.app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = createClient({ ...authority.projects[0], url: 'http://127.0.0.1:' + server.address().port })
    const scores = []
    for (const password of ['password', 'correct horse battery staple']) {
      scores.push((await client.passwords.strengthCheck({ password })).score)
    }
    console.log(JSON.stringify(scores))
    server.close()
    server.closeAllConnections()`
  expect(await runScript(app, 'rate.mjs', code)).toEqual([0, 4])
})

describe('the thread that rates passwords', () => {
  const module = 'authority/crypto/password-strength-worker'
  const passwords = [
    'password',
    'P@ssw0rd1',
    'Tr0ub4dour&3',
    'correct horse battery staple',
    'qwertyuiop',
    '1984-04-01',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    'brzeczyszczykiewicz',
    'elizabeth-smithson',
    'to be or not to be',
    'vorbei und wikipedia',
    '🔑🦊🌋🚲🪁🧭',
    'ｐａｓｓｗｏｒｄ',
    'Xk3-vv9!qLp2',
    'jo.doe@acme.example',
    '4@8({[</369&#9!1/|0$5+7%2',
    'x'.repeat(100),
    ''
  ]

  test('has its dictionaries in one file of at most 1.7 MB', async () => {
    const file = join(dist, `${module}.js`)
    expect((await stat(file)).size).toBeLessThan(1_700_000)
    expect(await readFile(file, 'utf8')).not.toMatch(/from\s*["'](?!node:)|import\s*["'(]/)
  })

  test('rates as the packages do that it was built from', async () => {
    const code = (file: string) => `
      const { check } = await import(${JSON.stringify(pathToFileURL(file).href)})
      const hints = ['jo.doe@acme.example', 'jo.doe', 'Jo', 'Acme']
      const rated = ${JSON.stringify(passwords)}.map((password) => ({ ...check(password, hints), calcTime: 0 }))
      console.log(JSON.stringify(rated))`
    const built = await runScript(folder, 'built.mjs', code(join(dist, `${module}.js`)))
    const source = await runScript(folder, 'source.mjs', code(join(root, 'src', `${module}.js`)))
    expect(built).toEqual(source)
    expect(new Set((built as { score: number }[]).map(({ score }) => score)).size).toBe(5)
  })

  test('has the licenses of what is in it, and the notice of its words, beside it', async () => {
    const licenses = await readFile(join(dist, `${module}.licenses.txt`), 'utf8')
    for (const name of ['core', 'language-common', 'language-en', 'dictionary-compression']) {
      expect(licenses).toContain(`@zxcvbn-ts/${name} `)
    }
    expect(licenses).toContain('fastest-levenshtein ')
    expect(licenses).toContain('Dan Wheeler and Dropbox')
    expect(licenses).toContain('ODC-BY')
  })
})

describe('installed beside no framework and no driver', () => {
  let app: string

  beforeAll(async () => {
    app = await install('small', ['jose', 'lru-cache', 'cookie', 'valibot'])
  })

  test('all doors but those of the authority load', async () => {
    const code = `
      const load = (door) => import(door).then((exported) => [door, exported])
      const found = await Promise.all(${JSON.stringify(withoutAuthority)}.map(load))
      for (const absent of ['express', 'koa', 'pg']) {
        await import(absent).then(() => process.exit(1), () => {})
      }${printNames}`
    expect(await runScript(app, 'import.mjs', code)).toEqual(await namesOf(withoutAuthority))
  })
})

describe('its types', () => {
  const everyDoor = (paths: readonly string[]) =>
    paths.map((door, index) => `import * as door${index} from '${door}'\ndoor${index}\n`).join('')

  const guarded = `
    import { createMemberAuth, type MemberSession } from 'membergate/express'
    const { memberOf, requireMemberSession, requirePermission } = createMemberAuth({
      project_id: 'project-test-1',
      secret: 'secret'
    })
    export const guards = [requireMemberSession(), requirePermission('stytch.member', 'update')]
    export const nameOf = (req: Parameters<typeof memberOf>[0]): MemberSession => memberOf(req)
    // @ts-expect-error: an option that does not exist
    requireMemberSession({ optinal: true })`

  const served = `
    import express from 'express'
    import Koa from 'koa'
    import { createAuthority } from 'membergate/authority'
    import { requireMemberSession } from 'membergate/express'
    import * as koa from 'membergate/koa'
    export const app = express()
    app.get('/:id', requireMemberSession(), (req, res) => {
      const id: string = req.params.id
      res.json({ id, organization_id: req.memberSession?.organization_id })
    })
    new Koa<koa.MemberState>().use(koa.requireMemberSession())
    export const mounted = async () => app.use((await createAuthority({ database: ':memory:' })).app)`

  /** What an app hears that checks declaration files too. Faults that other packages have among themselves are not ours. */
  async function compile(app: string, source: string): Promise<string[]> {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023'],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node']
    }
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
    await writeFile(join(app, 'consumer.mts'), source)
    await writeFile(join(app, 'consumer.cts'), source)
    const output = await run(bin('tsc'), ['-p', app], app).catch(({ message }) => String(message))
    const isOfOthers = (line: string) => /^(Command failed:|\.\.|\s|$)/.test(line)
    return output.split('\n').filter((line) => !isOfOthers(line))
  }

  test(
    'need no types of a framework, from ESM and from CommonJS',
    async () => {
      const app = await install('typed', [...dependencies, '@types/node'])
      const withoutFramework = withoutAuthority.filter((door) => !door.endsWith('/koa'))
      expect(await compile(app, everyDoor(withoutFramework) + guarded)).toEqual([])
    },
    timeout
  )

  test(
    'fit those of Express and Koa where they are installed',
    async () => {
      const types = ['@types/node', '@types/express', '@types/koa']
      const app = await install('framed', [...dependencies, ...types, 'koa'])
      expect(await compile(app, everyDoor(doors) + served)).toEqual([])
    },
    timeout
  )
})

describe('the package', () => {
  let files: string[]

  beforeAll(async () => {
    const whole = join(folder, 'repository')
    const left = ['node_modules', '.git', 'dist', 'test-output']
    await cp(root, whole, {
      recursive: true,
      filter: (path) => !left.some((name) => path === join(root, name))
    })
    await cp(dist, join(whole, 'dist'), { recursive: true })
    const listing = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], whole)
    files = JSON.parse(listing)[0].files.map(({ path }: { path: string }) => path)
  }, timeout)

  test('holds what was built, the docs, and nothing else', () => {
    const allowed =
      /^(dist\/.+\.(js|d\.ts|licenses\.txt)|docs\/[\w-]+\.md|(README|CHANGELOG|SECURITY)\.md|LICENSE|(package|openapi|seed\.schema)\.json)$/
    expect(files.filter((path) => !allowed.test(path))).toEqual([])
  })

  test('holds everything that its manifest names, and the license', () => {
    const named = Object.values<string | { types: string; default: string }>(manifest.exports)
    const targets = named.flatMap((target) =>
      typeof target === 'string' ? [target] : [target.types, target.default]
    )
    const wanted = [...targets, manifest.bin.membergate, 'LICENSE', 'README.md', 'docs/errors.md']
    expect(files).toEqual(expect.arrayContaining(wanted.map((path) => path.replace('./', ''))))
  })
})
