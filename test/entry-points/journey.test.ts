import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { AuthenticatingResponse } from 'membergate/express'
import request from 'supertest'
import {
  type AppBuilder,
  type Auth,
  newestFrameworks,
  type RunningApp
} from '../support/frameworks.ts'
import { password } from '../support/people.ts'
import { holds, secretsOf } from '../support/secrets.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'
import { totpCode } from '../support/totp-code.ts'

const origin = 'http://localhost:3000'
const navigation = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
const email_address = 'jo@acme.test'
const mfa_phone_number = '+12025550187'
const person = { email_address, password }

/** Every channel that the sources name. */
const channels = readdirSync(new URL('../../src', import.meta.url), {
  recursive: true,
  encoding: 'utf8'
})
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => [
    ...readFileSync(new URL(`../../src/${name}`, import.meta.url), 'utf8').matchAll(
      /'(membergate\.[\w.]+)'/g
    )
  ])
  .map(([, name = '']) => name)

interface Exchanged {
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

describe.each(newestFrameworks)('one whole journey on $name', ({ open, hasOnRefusal }) => {
  const secrets = new Set<string>()
  const names = new Set<string>()
  const answers: Exchanged[] = []
  const said: string[] = []
  let isAway = false
  let testServer: TestServer
  let app: RunningApp
  let takingOver: RunningApp | undefined

  const listen = (message: unknown) => said.push(inspect(message, { depth: null }))
  const print = (chunk: unknown) => said.push(String(chunk)) > 0

  beforeAll(async () => {
    testServer = await openTestServer([{ ...person, mfa_enrolled: true }], [person])
    app = await open(options(), define)
    if (hasOnRefusal) takingOver = await open({ ...options(), onRefusal: takeOver }, define)
    for (const channel of channels) subscribe(channel, listen)
    jest.spyOn(process.stdout, 'write').mockImplementation(print)
    jest.spyOn(process.stderr, 'write').mockImplementation(print)
    for (const method of ['debug', 'info', 'log', 'warn', 'error'] as const) {
      jest.spyOn(console, method).mockImplementation((...given) => listen(given))
    }
  })
  afterAll(async () => {
    for (const channel of channels) unsubscribe(channel, listen)
    jest.restoreAllMocks()
    await app.close()
    await takingOver?.close()
    await testServer.close()
  })

  function options() {
    const { url, project_id, secret } = testServer.authority
    const paths = { loginPath: '/sign-in', organizationsPath: '/organizations' }
    return { url, project_id, secret, now: testServer.clock.now, origin, fetch: watch, ...paths }
  }

  /** Notes what every call of the API sends and gets. */
  async function watch(...given: Parameters<typeof fetch>): Promise<Response> {
    if (isAway) throw new TypeError('fetch failed')
    const [, init] = given
    const response = await fetch(...given)
    note(JSON.parse(String(init?.body ?? '{}')))
    note(JSON.parse(await response.clone().text()))
    return response
  }

  function note(value: unknown): void {
    for (const secret of secretsOf(value)) if (secret !== '') secrets.add(secret)
    for (const name of namesOf(value)) names.add(name)
  }

  /** An app that answers by itself, and keeps each error as one that logs it would. */
  function takeOver(error: { status: number }, ...context: readonly unknown[]): void {
    listen(error)
    const [ctx, res] = context as [{ status: number; body: string }, ServerResponse | undefined]
    if (res === undefined) Object.assign(ctx, { status: error.status, body: '' })
    else Object.assign(res, { statusCode: error.status }).end()
  }

  /** What the next sign-in of the app is completed with. */
  let result: (auth: Auth) => Promise<AuthenticatingResponse>

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in', async ({ completeSignIn }) => completeSignIn(await result(auth)))
    builder.post('/discover', async ({ completeDiscovery }) => {
      const code = received()
      return completeDiscovery(
        await auth.client.otps.email.discovery.authenticate({ email_address, code })
      )
    })
    builder.mount('post', '/choose', auth.chooseOrganization())
    builder.mount('post', '/switch', auth.switchOrganization())
    builder.mount('post', '/sign-out', auth.signOut({ return_to: '/sign-in' }))
    builder.use(auth.mfaRoutes(), auth.handleMfaRedirect())
    builder.get(
      '/vault',
      auth.requireRecentFactor({ withinMinutes: 5, methods: ['totp'] }),
      () => ({ open: true })
    )
    builder.use(auth.requireMemberSession())
    builder.get('/me', () => ({ in: true }))
    builder.get('/rights', auth.requirePermission('stytch.member', 'update'), () => ({}))
    builder.get(
      '/of/:slug',
      auth.requireMemberSession({
        organization_slug: (source: { params: { slug: string } }) => source.params.slug
      }),
      () => ({ in: true })
    )
    builder.post('/change', () => ({ changed: true }))
  }

  const byPassword = (organization_id: string, typed: string) => (auth: Auth) =>
    auth.client.passwords.authenticate({ organization_id, email_address, password: typed })

  /** The newest message's code, which counts too. */
  function received(): string {
    const [newest] = testServer.authority.outbox()
    note(newest)
    return newest?.code ?? ''
  }

  /** A browser whose answers are all kept. */
  function openBrowser({ url }: Pick<RunningApp, 'url'> = app) {
    const agent = request.agent(url).redirects(0)
    const keep = async (path: string, sent: request.Test) => {
      const { status, headers, text } = await sent
      for (const cookie of [headers['set-cookie'] ?? []].flat()) {
        const [, value = ''] = /^[^=]*=([^;]*)/.exec(cookie) ?? []
        if (value !== '') secrets.add(value)
      }
      answers.push({ path, status, headers, body: text ?? '' })
      return { status, location: String(headers.location ?? ''), text }
    }
    const submit = (path: string, fields: Record<string, string> = {}, headers = {}) => {
      note(fields)
      return keep(
        path,
        agent
          .post(path)
          .type('form')
          .set({ ...navigation, ...headers })
          .send(fields)
      )
    }
    return {
      submit,
      get: (path: string) => keep(path, agent.get(path).set(navigation)),
      script: (path: string) => keep(path, agent.get(path).set('Accept', 'application/json')),
      send(path: string, body: object, headers = {}) {
        note(body)
        return keep(path, agent.post(path).set(headers).send(body))
      },
      async signIn(organization_id = 'acme', typed = password) {
        result = byPassword(organization_id, typed)
        return submit('/sign-in')
      }
    }
  }

  type Browser = ReturnType<typeof openBrowser>

  const wait = (seconds: number) => testServer.clock.advance(seconds)
  const inAMinute = () => wait(61)

  let secret = ''
  let recovery_codes: readonly string[] = []
  const codeNow = () => totpCode(secret, testServer.clock.now())

  async function enterByTotp(browser: Browser): Promise<void> {
    wait(31)
    await browser.signIn()
    expect((await browser.submit('/mfa/totp', { code: codeNow() })).status).toBe(303)
  }

  test('enrols an authenticator, then signs in by it', async () => {
    const browser = openBrowser()
    await browser.get('/me')
    await browser.signIn()
    for (const path of ['/me', '/mfa', '/mfa/enroll', '/mfa/totp']) await browser.get(path)
    await browser.script('/me')
    const shown = await browser.send('/mfa/totp/create', {})
    ;({ secret, recovery_codes } = JSON.parse(shown.text))
    await browser.submit('/mfa/totp', { code: 'not-a-code' })
    const done = await browser.submit('/mfa/totp', {
      code: codeNow(),
      set_mfa_enrollment: 'enroll'
    })
    expect(done).toMatchObject({ status: 303, location: '/me' })
    expect((await browser.get('/me')).status).toBe(200)
    await browser.submit('/sign-out')

    wait(31)
    await browser.signIn()
    for (const path of ['/me', '/mfa', '/mfa/recovery', '/mfa/sms']) await browser.get(path)
    await browser.submit('/mfa/method', { method: 'sms_otp' })
    await browser.submit('/mfa/totp', { code: codeNow() })
    expect((await browser.get('/me')).status).toBe(200)
  })

  test('adds a phone, then signs in by it', async () => {
    const browser = openBrowser()
    await enterByTotp(browser)
    const sent = await browser.submit('/mfa/step-up/sms/send', {
      mfa_phone_number,
      return_to: '/me?a=1'
    })
    await browser.get(sent.location)
    await browser.submit('/mfa/step-up/sms', { code: '111111', return_to: '/me?a=1' })
    const added = await browser.submit('/mfa/step-up/sms', {
      code: received(),
      set_default_mfa: 'true',
      return_to: '/me?a=1'
    })
    expect(added).toMatchObject({ status: 303, location: '/me?a=1' })
    await browser.submit('/sign-out')

    inAMinute()
    const half = openBrowser()
    await half.signIn()
    expect((await half.get('/me')).location).toMatch('/mfa/')
    await half.submit('/mfa/sms/send')
    inAMinute()
    await half.send('/mfa/sms/send', {})
    expect((await half.submit('/mfa/sms', { code: received() })).status).toBe(303)
    expect((await half.get('/me')).status).toBe(200)
  })

  test('comes in by a recovery code, and steps up', async () => {
    const browser = openBrowser()
    const [recovery_code = ''] = recovery_codes
    await browser.signIn()
    await browser.submit('/mfa/recovery', { recovery_code: 'aaaa-bbbb-cccc' })
    await browser.submit('/mfa/recovery', { recovery_code: codeNow() })
    const done = await browser.submit('/mfa/recovery', { recovery_code })
    expect(done.status).toBe(303)
    await browser.signIn()
    await browser.submit('/mfa/recovery', { recovery_code })

    wait(400)
    const other = openBrowser()
    await enterByTotp(other)
    wait(301)
    await other.script('/vault')
    const sent = await other.get('/vault')
    expect(sent.location).toMatch('/mfa/step-up')
    await other.get((await other.get(sent.location)).location)
    await other.submit('/mfa/step-up/totp', { code: '000000', return_to: '/vault' })
    await other.submit('/mfa/step-up/totp', { code: codeNow(), return_to: '/vault' })
    expect((await other.get('/vault')).status).toBe(200)
  })

  test('goes over to another organization, and finds its own by its address', async () => {
    const browser = openBrowser()
    await enterByTotp(browser)
    await browser.get('/of/globex')
    await browser.submit('/switch', { organization_id: 'nowhere' })
    await browser.submit('/switch?return_to=%2Fof%2Fglobex', { organization_id: 'globex' })
    await browser.signIn('globex')
    expect((await browser.get('/of/globex')).status).toBe(200)
    await browser.get('/rights')
    await browser.submit('/sign-out')

    await app.auth.client.otps.email.discovery.send({ email_address })
    await browser.submit('/discover')
    await browser.get('/me')
    await browser.script('/me')
    await browser.submit('/choose', { organization_id: 'nowhere' })
    await browser.submit('/choose', { organization_id: 'globex' })
    expect((await browser.get('/of/globex')).status).toBe(200)
    await browser.submit('/switch', { organization_id: 'acme' })
    await browser.get('/mfa')
    inAMinute()
    await browser.submit('/mfa/totp', { code: codeNow() })
    expect((await browser.get('/of/acme')).status).toBe(200)
  })

  test.each([
    ['answered', () => app] as const,
    ...(hasOnRefusal ? [['taken over by the app', () => takingOver] as const] : [])
  ])('fails in every way, and is %s', async (_, appOf) => {
    const { url } = appOf() ?? app
    const browser = openBrowser({ url })
    const crossSite = { Origin: 'https://evil.example' }
    wait(601)
    await browser.signIn('acme', 'canary-password')
    await browser.signIn()
    await browser.send('/mfa/totp', { code: '424242' })
    await browser.send('/mfa/totp', { code: 'canary-code-in-letters' })
    await browser.send('/mfa/totp', { code: codeNow() }, crossSite)
    await browser.submit('/mfa/sms/send', { mfa_phone_number: '+1202canary0187' })
    await browser.send('/mfa/recovery', { recovery_code: 'canary-recovery' })
    await browser.send('/mfa/totp', { code: 'x'.repeat(5000) })
    await browser.submit('/choose', { organization_id: 'acme' })
    isAway = true
    await browser.submit('/mfa/totp', { code: codeNow() })
    isAway = false
    for (let count = 0; count < 12; count += 1) await browser.submit('/mfa/sms/send')
    wait(601)
    await browser.get('/me')
    await browser.submit('/mfa/totp', { code: codeNow() })

    await enterByTotp(browser)
    await browser.submit('/change', {}, crossSite)
    await browser.submit('/switch', { organization_id: 'globex' }, crossSite)
    await browser.get('/rights')
    wait(601)
    await browser.send('/mfa/step-up/totp/create', {})
    isAway = true
    await browser.get('/me')
    await browser.submit('/switch', { organization_id: 'globex' })
    await browser.submit('/sign-out')
    isAway = false
    for (const Authorization of ['Bearer canary-token', 'Bearer canary.json.token']) {
      note({ token: Authorization.slice(7) })
      const { status, headers, text } = await request(url).get('/me').set({ Authorization })
      answers.push({ path: '/me', status, headers, body: text })
    }
    await enterByTotp(browser)
    const { member_id } = (await byPassword('acme', password)(app.auth)).member
    await app.auth.client.sessions.revoke({ member_id })
    wait(310)
    await browser.get('/me')
  })

  test('MF-14 leaves no token, code or id in a URL, an error, an event or a log', () => {
    const urls = answers.flatMap(({ path, headers }) => [path, String(headers.location ?? '')])
    for (const url of urls.map(decodeURIComponent)) {
      expect([url, [...secrets, ...names].filter((text) => holds(url, text))]).toEqual([url, []])
    }
    for (const { path, status, headers, body } of answers) {
      const { 'set-cookie': _, ...rest } = headers
      const isShown = path.endsWith('/totp/create') && status === 200
      const visible = `${JSON.stringify(rest)} ${isShown ? '' : body}`
      const found = [...secrets].filter((text) => holds(visible, text))
      expect([path, status, found]).toEqual([path, status, []])
    }
    for (const line of said) {
      expect([line, [...secrets].filter((text) => holds(line, text))]).toEqual([line, []])
    }
  })

  test('went through everything', () => {
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].sort()).toEqual([200, 303, 400, 401, 403, 429, 500, 503])
    expect(channels).toContain('membergate.refusal')
    expect(said.length).toBeGreaterThan(30)
    expect(secrets.size).toBeGreaterThan(60)
    expect(names.size).toBeGreaterThan(10)
  })
})

/** Who a member is, as no URL should tell. */
function namesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const isName =
      /^(organization|member|member_session|email|phone|totp_registration|password|request)_id$/
    if (isName.test(name) || ['email_address', 'mfa_phone_number', 'phone_number'].includes(name)) {
      return [child]
        .flat()
        .map(String)
        .filter((text) => text.length > 8)
    }
    return namesOf(child)
  })
}
