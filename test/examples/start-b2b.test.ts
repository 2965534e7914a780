import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { alan, password } from '../../examples/b2b/seed.ts'
import { freePort, type Ports, type Running, start } from './start-example.ts'

describe.each(['examples/start-b2b.ts', 'examples/start-b2b-koa.ts'])('%s', (file) => {
  let ports: Ports
  let running: Running

  beforeAll(async () => {
    ports = { PORT: await freePort(), AUTHORITY_PORT: await freePort() }
    running = start(file, ports, /five minutes\.\n/)
    await running.ready
  })

  afterAll(async () => {
    running.process.kill('SIGKILL')
    await running.ended
  })

  const outbox = () => /http:\S+\/_dev\/[\w-]{22}\//.exec(running.stdout())?.[0] ?? ''

  test('says where the app and the outbox are, and who can sign in', async () => {
    const app = `http://localhost:${ports.PORT}`
    const authority = `http://127.0.0.1:${ports.AUTHORITY_PORT}/`
    for (const text of [app, authority, password, 'ada@acme.example', 'katherine@globex.example']) {
      expect(running.stdout()).toContain(text)
    }
    expect(await (await fetch(outbox())).text()).toContain('No message yet.')
    expect((await fetch(`${app}/sign-in`)).status).toBe(200)
  })

  test('sends a link that leads to the app', async () => {
    const app = `http://localhost:${ports.PORT}`
    const answer = await fetch(`${app}/sign-in`, {
      method: 'POST',
      headers: { 'Sec-Fetch-Site': 'same-origin' },
      body: new URLSearchParams({ email_address: 'ada@acme.example', return_to: '/o/acme' })
    })
    expect(answer.url).toBe(`${app}/sign-in/sent`)
    const [{ link }] = JSON.parse(await (await fetch(new URL('outbox', outbox()))).text())
    expect(link).toMatch(new RegExp(`^${app}/sign-in/link\\?return_to=%2Fo%2Facme&`))
    expect((await fetch(link)).status).toBe(200)
  })

  test('prints no secret besides those it tells', () => {
    const told = [alan.totp_secret, password]
    const printed = (running.stdout() + running.stderr()).replace(outbox(), '')
    const secrets = printed.match(/[\w$+/=-]{24,}/g)
    expect(new Set(secrets)).toEqual(new Set(told))
  })

  test('ends by itself on SIGTERM', async () => {
    running.process.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    expect(running.stderr()).toBe('')
  })
})
