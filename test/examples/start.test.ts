import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { TOTP } from 'otpauth'
import { alan } from '../../examples/seed.ts'
import { freePort, type Ports, type Running, start, takePort } from './start-example.ts'

const hasCurl = spawnSync('curl', ['--version']).status === 0

describe.each(['examples/start.ts', 'examples/start-koa.ts'])('%s', (file) => {
  let ports: Ports
  let running: Running

  beforeAll(async () => {
    ports = { PORT: await freePort(), AUTHORITY_PORT: await freePort() }
    running = start(file, ports)
    await running.ready
  })

  afterAll(async () => {
    running.process.kill('SIGKILL')
    await running.ended
  })

  const outbox = () => /http:\S+\/_dev\/[\w-]{22}\//.exec(running.stdout())?.[0] ?? ''

  test('says where the app, the authority and the outbox are', async () => {
    const app = `http://localhost:${ports.PORT}`
    const authority = `http://127.0.0.1:${ports.AUTHORITY_PORT}`
    expect(running.stdout()).toContain(app)
    expect(running.stdout()).toContain(authority)
    expect((await fetch(`${app}/api/me`)).status).toBe(401)
    expect((await fetch(`${authority}/v1/b2b/rbac/policy`)).status).toBe(401)
    expect(outbox()).toContain(authority)
    expect(await (await fetch(outbox())).text()).toContain('No message yet.')
  })

  test('says who can sign in, with a code that is good now beside its secret', () => {
    const output = running.stdout()
    for (const name of ['ada', 'grace', 'alan']) expect(output).toContain(`${name}@acme.example`)
    expect(output).toContain('katherine@globex.example')
    const [, code = ''] = /code is (\d{6}) now/.exec(output) ?? []
    const secret = alan.totp_secret
    expect(output).toContain(`secret ${secret}`)
    expect(new TOTP({ secret }).validate({ token: code, window: 2 })).not.toBeNull()
  })

  const testWithCurl = hasCurl ? test : test.skip

  testWithCurl('prints calls that answer as it says', () => {
    const calls = [...running.stdout().matchAll(/^# (\d{3})(?: (\w+))?: .*\n(curl .*)$/gm)]
    const told = calls.map(([, status, code]) => [status, code])
    expect(told).toEqual([
      ['401', 'session_required'],
      ['200', undefined],
      ['403', 'permission_denied'],
      ['401', 'mfa_required'],
      ['200', undefined]
    ])
    expect(running.stdout().match(/^curl /gm)).toHaveLength(calls.length)
    for (const [, status = '', code, line = ''] of calls) {
      const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' })
      const last = stdout.trimEnd().split('\n').at(-1) ?? ''
      expect(stderr).toBe('')
      expect(last).toMatch(new RegExp(` ${status}$`))
      if (code !== undefined) expect(last).toContain(`"code":"${code}"`)
    }
    expect(calls.at(-1)?.[3]).toMatch(/Bearer [\w-]{44}'/)
  })

  test('prints no secret besides those it tells', () => {
    const [, bearer] = /Bearer ([\w-]+)/.exec(running.stdout()) ?? []
    const told = [bearer, alan.totp_secret, 'correct-horse-battery-staple']
    const secrets = (running.stdout() + running.stderr())
      .replace(/member-test-[0-9a-f-]{36}/g, '')
      .replace(outbox(), '')
      .match(/[\w$+/=-]{24,}/g)
    expect(new Set(secrets)).toEqual(new Set(told))
  })

  test('ends by itself on SIGTERM', async () => {
    running.process.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    expect(running.stderr()).toBe('')
  })
})

describe('examples/run.ts', () => {
  test.each(['PORT', 'AUTHORITY_PORT'])('names %s when its port is taken', async (name) => {
    const { server, port } = await takePort()
    const ports = { PORT: await freePort(), AUTHORITY_PORT: await freePort(), [name]: port }
    const { ended, stderr } = start('examples/start.ts', ports)
    expect(await ended).toBe(1)
    expect(stderr()).toBe(`Port ${port} is in use. Choose another one in ${name}.\n`)
    server.close()
  })

  test.each([
    ['PORT', 'http'],
    ['PORT', '0'],
    ['AUTHORITY_PORT', '65536'],
    ['AUTHORITY_PORT', '41.5']
  ])('refuses %s=%s', async (name, value) => {
    const ports = { PORT: await freePort(), AUTHORITY_PORT: await freePort(), [name]: value }
    const { ended, stderr } = start('examples/start.ts', ports)
    expect(await ended).toBe(1)
    expect(stderr()).toBe(`${name} must be a port, from 1 to 65535, not "${value}".\n`)
  })
})
