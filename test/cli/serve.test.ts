import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { chooseKeys } from '../../src/cli/choose-keys.ts'
import { readSeed } from '../../src/cli/read-seed.ts'
import { readServeOptions, type ServeOptions } from '../../src/cli/serve-options.ts'
import { builtCli } from '../support/built-cli.ts'
import { newFolder } from '../support/new-folder.ts'

const cli = await builtCli()
const root = fileURLToPath(new URL('../..', import.meta.url))
const key = Buffer.alloc(32, 7).toString('base64url')
const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const secret = 'secret-test-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'
const organization = {
  organization_name: 'Acme',
  organization_slug: 'acme',
  members: [{ email_address: 'ada@acme.test', password: 'correct horse battery staple' }]
}

type Environment = Readonly<Record<string, string>>

const running = new Set<ChildProcess>()
let folder: string

beforeAll(async () => {
  folder = await newFolder()
})

afterEach(async () => {
  await Promise.all([...running].map(stop))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** Only the variables named here: the CLI must not see those of the shell that runs the tests. */
function start(args: readonly string[], env: Environment = {}): ChildProcess {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function finish(child: ChildProcess): Promise<Output> {
  if (child.stdout === null || child.stderr === null) throw new Error('The output is not piped.')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit')
  ])
  return { code, stdout, stderr }
}

async function run(args: readonly string[], env: Environment = {}): Promise<Output> {
  return finish(start(args, env))
}

interface Ready {
  readonly url: string
  readonly project_id: string
  readonly secret: string | null
  readonly outbox_url?: string
}

interface Serving extends Ready {
  readonly child: ChildProcess
  /** Ends the server as an operator does, and tells all that it wrote. */
  close(signal?: NodeJS.Signals): Promise<Output>
}

async function serve(args: readonly string[], env: Environment = {}): Promise<Serving> {
  const child = start(['serve', '--port', '0', '--json', ...args], env)
  const finished = finish(child)
  if (child.stdout === null) throw new Error('The output is not piped.')
  const first = await Promise.race([once(child.stdout, 'data'), finished])
  if (!Array.isArray(first)) throw new Error(`serve ended: ${first.stderr}`)
  const ready: Ready = JSON.parse(String(first[0]))
  return {
    ...ready,
    child,
    close(signal = 'SIGTERM') {
      child.kill(signal)
      return finished
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function call(
  { url, project_id, secret }: Ready,
  path: string,
  body?: object
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(new URL(path, url), {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${project_id}:${secret}`).toString('base64')}`,
      'content-type': 'application/json'
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

function signIn(server: Ready) {
  const [member] = organization.members
  return call(server, '/v1/b2b/passwords/authenticate', {
    organization_id: organization.organization_slug,
    ...member
  })
}

async function writeSeed(name: string, content: unknown): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), {
    mode: 0o600
  })
  return path
}

function expectUserError({ code, stdout, stderr }: Output, naming: string | RegExp): void {
  expect(stderr).toMatch(naming)
  expect(stderr).toMatch(/^membergate: [^\n]+\n$/)
  expect(stdout).toBe('')
  expect(code).toBe(2)
}

describe('membergate serve', () => {
  test('prints exactly one line when ready, with credentials that work', async () => {
    const server = await serve(['--outbox'])
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+\/$/)
    expect(server.project_id).toMatch(/^project-test-/)
    expect(server.secret).toMatch(/^secret-test-/)
    expect(server.outbox_url).toMatch(new RegExp(`^${server.url}_dev/[\\w-]{22}/$`))
    expect((await call(server, '/v1/b2b/rbac/policy')).status).toBe(200)
    const keys = await call(server, `/v1/b2b/sessions/jwks/${server.project_id}`)
    expect(keys.body.keys).toHaveLength(1)
    const { stdout, stderr, code } = await server.close()
    expect(JSON.parse(stdout)).toEqual({
      url: server.url,
      project_id: server.project_id,
      secret: server.secret,
      outbox_url: server.outbox_url
    })
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  test('without --json prints the variables that an app needs', async () => {
    const stdout = await printed()
    expect(stdout).toMatch(/^ *STYTCH_URL=http:\/\/127\.0\.0\.1:[0-9]+\/$/m)
    expect(stdout).toMatch(/^ *STYTCH_PROJECT_ID=project-test-[-0-9a-f]{36}$/m)
    expect(stdout).toMatch(/^ *STYTCH_SECRET=secret-test-[-_A-Za-z0-9]+$/m)
    expect(stdout).toMatch(/ http:\/\/127\.0\.0\.1:[0-9]+\/_dev\/[\w-]{22}\/$/m)
    expect(await printed({ STYTCH_SECRET: secret })).not.toContain(secret)

    async function printed(env?: Environment): Promise<string> {
      const child = start(['serve', '--outbox', '--port', '0'], env)
      const finished = finish(child)
      if (child.stdout !== null) await once(child.stdout, 'data')
      child.kill('SIGTERM')
      return (await finished).stdout
    }
  })

  test('shows the outbox with --outbox only', async () => {
    const developed = await serve(['--outbox'])
    const { outbox_url = '' } = developed
    const shown = await fetch(new URL('outbox', outbox_url))
    expect([shown.status, await shown.text()]).toEqual([200, '[]'])
    const page = await fetch(outbox_url)
    expect(await page.text()).toContain('<h1>Outbox</h1>')

    const operated = await serve(['--database', ':memory:'], { MEMBERGATE_KEY: key })
    expect(operated.outbox_url).toBeUndefined()
    const { pathname } = new URL(outbox_url)
    for (const path of ['/_dev', '/_dev/', '/_dev/outbox', pathname, `${pathname}outbox`]) {
      const { status, body } = await call(operated, path)
      expect([status, body.error_type]).toEqual([404, 'route_not_found'])
    }
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'ends in peace on %s, with an idle connection open',
    async (signal) => {
      const server = await serve(['--outbox'])
      await call(server, '/v1/b2b/rbac/policy')
      expect((await server.close(signal)).code).toBe(0)
    }
  )

  test('ends in peace beside a connection that never says anything', async () => {
    const server = await serve(['--outbox'])
    const silent = connect(Number(new URL(server.url).port), '127.0.0.1')
    await once(silent, 'connect')
    expect((await server.close()).code).toBe(0)
    silent.destroy()
  }, 20_000)

  test('warns of a secret in its arguments, which every user of the machine sees', async () => {
    const given = await serve(['--outbox', '--secret', secret])
    const { stderr } = await given.close()
    expect(stderr).toMatch(/^membergate: [^\n]*--secret[^\n]*STYTCH_SECRET\.\n$/)
    expect(stderr).not.toContain(secret)
    const env = { STYTCH_SECRET: secret, MEMBERGATE_DATABASE: join(folder, 'variable.sqlite') }
    expect((await (await serve(['--outbox'], env)).close()).stderr).toBe('')
    expect((await stat(env.MEMBERGATE_DATABASE)).isFile()).toBe(true)
  })

  test.each([
    ['postgres://ada:hunter2@db.example/app', ['--database']],
    ['postgres://ada@db.example/app?password=hunter2', ['--database']],
    ['postgres://ada@db.example:5432/app?sslmode=require', []],
    ['postgres://db.example:5432/app', []],
    ['authority.sqlite', []]
  ])('%s in --database holds a password: %j', (location, flags) => {
    const options = readServeOptions(['--database', location], {}) as ServeOptions
    expect(options.exposed.map(({ flag }) => flag)).toEqual(flags)
    const quiet = readServeOptions([], { MEMBERGATE_DATABASE: location }) as ServeOptions
    expect(quiet).toMatchObject({ database: { location }, exposed: [] })
  })

  test('takes its credentials from flags, then from the environment', async () => {
    const environment = { STYTCH_PROJECT_ID: project_id, STYTCH_SECRET: secret }
    const fromEnvironment = await serve(['--outbox'], environment)
    expect(fromEnvironment).toMatchObject({ project_id, secret: null })
    const policy = '/v1/b2b/rbac/policy'
    expect((await call({ ...fromEnvironment, secret }, policy)).status).toBe(200)
    const flagged = project_id.replaceAll('1111', '2222')
    const fromFlags = await serve(['--outbox', '--project-id', flagged], environment)
    expect(fromFlags).toMatchObject({ project_id: flagged, secret: null })
    expect((await call({ ...fromFlags, secret }, policy)).status).toBe(200)
  })

  test('serves the organizations and members of a seed, alone or in an array', async () => {
    const seed = { project_id, secret, organizations: [organization] }
    for (const content of [seed, [seed]]) {
      const server = await serve(['--outbox', '--seed', await writeSeed('seed.json', content)])
      expect(server).toMatchObject({ project_id, secret: null })
      const { status, body } = await signIn({ ...server, secret })
      expect(status).toBe(200)
      expect(body.member_authenticated).toBe(true)
    }
  })

  test('keeps organizations, sessions and credentials in a SQLite file', async () => {
    const database = join(folder, 'kept.sqlite')
    const seed = await writeSeed('kept.json', { organizations: [organization] })
    const args = ['--database', database, '--seed', seed]
    const first = await serve(args, { MEMBERGATE_KEY: key })
    const { body } = await signIn(first)
    await first.close()

    const again = await serve(['--database', database], { MEMBERGATE_KEY: key })
    expect(again).toMatchObject({ project_id: first.project_id, secret: null })
    const credentials = { ...again, secret: first.secret }
    const session = await call(credentials, '/v1/b2b/sessions/authenticate', {
      session_token: body.session_token
    })
    expect(session.status).toBe(200)
    expect(session.body.session_token).toBe(body.session_token)
    expect((await signIn(credentials)).status).toBe(200)
    await again.close()

    const given = await serve(args, { MEMBERGATE_KEY: key, STYTCH_SECRET: String(first.secret) })
    expect(given).toMatchObject({ project_id: first.project_id, secret: null })
    expect((await signIn({ ...given, secret: first.secret })).status).toBe(200)
  })

  test('prints no secret that was given to it', async () => {
    const seed = await writeSeed('given.json', { secret })
    for (const [args, env] of [
      [['--secret', secret], {}],
      [[], { STYTCH_SECRET: secret }],
      [['--seed', seed], {}]
    ] as const) {
      const { stdout, stderr } = await (await serve(['--outbox', ...args], env)).close()
      expect(JSON.parse(stdout).secret).toBeNull()
      expect(stdout + stderr).not.toContain(secret)
    }
  })

  test('--help and --version answer and end', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    for (const args of [['--version'], ['serve', '--version']]) {
      expect(await run(args)).toMatchObject({ code: 0, stdout: `${manifest.version}\n` })
    }
    for (const args of [[], ['--help'], ['serve', '--help']]) {
      const { code, stdout } = await run(args)
      expect(code).toBe(0)
      expect(stdout).toContain('--database')
    }
  })
})

describe('what a user can fix is one line and exit code 2', () => {
  test.each([
    [['sevre'], 'sevre'],
    [['serve', '--prot', '4100'], '"port"'],
    [['serve', '--outbox', '--database', '/no-such-folder/data.sqlite'], '--database'],
    [['serve', '--outbox', '--port', '0', '--project-id', 'acme'], 'project_id'],
    [
      ['serve', '--outbox', '--port', '0', '--secret', 'geheimnisé'],
      /^membergate: projects\[0\]\.secret /
    ]
  ])('%j names %s', async (args, naming) => {
    expectUserError(await run(args), naming)
  })

  test.each([
    [['data.sqlite'], 'data.sqlite'],
    [['--json=yes'], '--json'],
    [['--outbox', '--port', '65536'], '--port'],
    [['--outbox', '--port', 'http'], '--port'],
    [['--outbox', '--port', '-1'], '--port'],
    [['--outbox', '--port='], '--port'],
    [['--outbox', '--port'], '--port'],
    [['--port', '0'], 'MEMBERGATE_DATABASE'],
    [['--database='], '--database'],
    [['--outbox', '--database', 'mysql://127.0.0.1/test'], '--database'],
    [['--outbox', '--database', 'file:data.sqlite'], '--database'],
    [['--outbox', '--host', '0.0.0.0'], '--host'],
    [['--database', ':memory:', '--host', ''], '--host']
  ])('serve %j names %s', (args, naming) => {
    expect(() => readServeOptions(args, {})).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringContaining(naming)
      })
    )
  })

  test('a scheme has no case', () => {
    const location = 'POSTGRES://127.0.0.1/test'
    const options = readServeOptions(['--database', location], {})
    expect(options).toMatchObject({ database: { kind: 'postgres', location } })
  })

  test('a busy port, naming --port', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expectUserError(await run(['serve', '--outbox', '--port', String(port)]), '--port')
    other.close()
  })

  test('a PostgreSQL that does not answer, without its password', async () => {
    for (const scheme of ['postgres', 'POSTGRES']) {
      const database = `${scheme}://ada:hunter2@127.0.0.1:1/none`
      const output = await run(['serve', '--database', database], { MEMBERGATE_KEY: key })
      expectUserError(output, /--database.*ECONNREFUSED/)
      expect(output.stderr).not.toContain('hunter2')
    }
  })

  test('a file that is no database', async () => {
    const path = await writeSeed(
      'text.sqlite',
      'just some text, long enough to be a header'.repeat(20)
    )
    const output = await run(['serve', '--database', path], { MEMBERGATE_KEY: key })
    expectUserError(output, '--database')
  })

  test.each([
    ['two projects', [{}, {}], /one project/],
    ['no project', [], /one project/],
    ['a string', '"acme"', /one project/],
    ['broken JSON', '{\n  "secret": "hunter2"\n  "x": 1 }', /not JSON, line 3\.$/]
  ])('a seed of %s', async (_, content, naming) => {
    const seed = await writeSeed('wrong.json', content)
    expect(() => readSeed(seed)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(() => readSeed(seed)).toThrow(naming)
  })

  test('a seed with a misspelt member, naming it', async () => {
    const seed = await writeSeed('misspelt.json', { organisations: [] })
    const output = await run(['serve', '--outbox', '--port', '0', '--seed', seed])
    expectUserError(output, 'organisations')
  })

  test('a seed that is not there', async () => {
    const output = await run(['serve', '--outbox', '--seed', 'no-such-file.json'])
    expectUserError(output, 'no-such-file.json')
  })

  test('a seed with a secret that others may read, with the line to run', async () => {
    for (const content of [
      { secret },
      [{ organizations: [organization] }],
      { settings: { connected_apps: [{ client_secret: secret }] } }
    ]) {
      const seed = await writeSeed('open.json', content)
      for (const mode of [0o640, 0o604, 0o620, 0o644]) {
        await chmod(seed, mode)
        expect(() => readSeed(seed)).toThrow(
          expect.objectContaining({
            code: 'config_invalid',
            message: expect.stringMatching(/chmod 600 .*open\.json$/)
          })
        )
      }
      await chmod(seed, 0o600)
      expect(readSeed(seed)).toBeDefined()
    }
  })

  test('but a seed without a secret is for all eyes', async () => {
    const seed = await writeSeed('policy.json', {
      organizations: [{ organization_name: 'Acme', allowed_auth_methods: ['password'] }]
    })
    await chmod(seed, 0o644)
    expect(readSeed(seed)).toBeDefined()
  })

  test('a webhook without a secret, and a sender that cannot be', async () => {
    const env = { MEMBERGATE_KEY: key, MEMBERGATE_SMTP_URL: 'https://ada:hunter2@mail.example' }
    const args = ['serve', '--database', ':memory:', '--port', '0']
    const webhook = await run([...args, '--sms-webhook', 'https://hooks.example'], env)
    expectUserError(webhook, 'MEMBERGATE_WEBHOOK_SECRET')
    const smtp = await run([...args, '--email-from', 'no-reply@acme.example'], env)
    expectUserError(smtp, 'MEMBERGATE_SMTP_URL')
    expect(smtp.stderr).not.toContain('hunter2')
  })

  test('--outbox in production', async () => {
    expectUserError(await run(['serve', '--outbox'], { NODE_ENV: 'production' }), 'NODE_ENV')
  })
})

describe('the key that encrypts the database', () => {
  test('is required, also for :memory:', async () => {
    for (const database of [join(folder, 'none.sqlite'), ':memory:']) {
      expectUserError(await run(['serve', '--database', database]), 'MEMBERGATE_KEY')
    }
  })

  test('must be 32 bytes, and a wrong one is not repeated', async () => {
    const output = await run(['serve', '--database', ':memory:'], { MEMBERGATE_KEY: 'too-short' })
    expectUserError(output, 'MEMBERGATE_KEY')
    expect(output.stderr).not.toContain('too-short')
  })

  test('with --outbox lives beside the SQLite file, readable by its owner only', async () => {
    const database = join(folder, 'developed.sqlite')
    const first = await serve(['--outbox', '--database', database])
    expect((await stat(`${database}.key`)).mode & 0o777).toBe(0o600)
    expect(await readFile(`${database}.key`, 'utf8')).toMatch(/^[A-Za-z0-9_-]{43}\n$/)
    await first.close()
    const again = await serve(['--outbox', '--database', database])
    expect(again).toMatchObject({ project_id: first.project_id, secret: null })
    await again.close()

    await chmod(`${database}.key`, 0o644)
    const line = `chmod 600 ${database}.key`
    expectUserError(await run(['serve', '--outbox', '--database', database]), line)
    await unlink(`${database}.key`)
    expectUserError(await run(['serve', '--outbox', '--database', database]), 'MEMBERGATE_KEY')
  })

  test('with --outbox and PostgreSQL is no secret, and that is announced', () => {
    const args = ['--outbox', '--database', 'postgres://127.0.0.1/test']
    const { database } = readServeOptions(args, {}) as ServeOptions
    const chosen = chooseKeys({ database, outbox: true, hasKey: false })
    expect(chosen.keys).toHaveLength(1)
    expect(chooseKeys({ database, outbox: true, hasKey: false })).toEqual(chosen)
    expect(chosen.warning).toContain('DEVELOPMENT KEY')
    expect(chooseKeys({ database, outbox: true, hasKey: true })).toEqual({ keys: undefined })
  })
})
