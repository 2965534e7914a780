import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as OTPAuth from 'otpauth'
import request from 'supertest'
import { cookiesOf, type Jar, pendingOf, sessionOf } from '../support/cookies.ts'
import { createCountingFetch } from '../support/counting-fetch.ts'
import {
  type AppBuilder,
  type Auth,
  newestFrameworks,
  type RunningApp
} from '../support/frameworks.ts'
import { password, totp_secret } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const origin = 'http://localhost:3000'
const navigation = {
  Accept: 'text/html',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document'
}

const people = [
  'resend',
  'sms',
  'lock',
  'bare',
  'typo',
  'phone',
  'again',
  'form',
  'strict',
  'recover',
  'late',
  'fresh',
  'numberless'
]

/** Members of their own for every test that uses one up. */
const extra = people.map((name) => ({
  email_address: `${name}@acme.test`,
  password,
  mfa_enrolled: !['bare', 'typo', 'late', 'fresh'].includes(name),
  ...(['lock', 'again', 'recover', 'strict'].includes(name) && { totp_secret })
}))

describe.each(newestFrameworks)('mfaRoutes on $name', ({ open, hasOnRefusal }) => {
  let testServer: TestServer
  let app: RunningApp

  beforeAll(async () => {
    testServer = await openTestServer(extra)
    app = await open(options(), define)
  })
  afterAll(async () => {
    await app.close()
    await testServer.close()
  })

  function options() {
    const { url, project_id, secret } = testServer.authority
    return { url, project_id, secret, now: testServer.clock.now, origin, loginPath: '/sign-in' }
  }

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await testServer.authenticate(`${params.name}@acme.test`), {
        return_to: '/deep?x=1'
      })
    )
    builder.post('/needs-primary', async ({ completeSignIn }) => {
      const primary_required = { allowed_auth_methods: ['sso'] }
      return completeSignIn({
        ...(await testServer.authenticate('totp@acme.test')),
        primary_required
      })
    })
    builder.post('/discover', ({ completeDiscovery }) =>
      completeDiscovery({ intermediate_session_token: 'i'.repeat(44), email_address: 'a@b.test' })
    )
    builder.use(auth.mfaRoutes(), auth.handleMfaRedirect())
    builder.get('/danger', auth.requireRecentFactor({ withinMinutes: 5 }), () => ({ done: true }))
    builder.get(
      '/strict',
      auth.requireRecentFactor({ withinMinutes: 5, max_token_age_seconds: 0 }),
      () => ({ done: true })
    )
    builder.get(
      '/vault',
      auth.requireRecentFactor({ withinMinutes: 5, methods: ['totp'], factors: 1 }),
      () => ({ done: true })
    )
    builder.get(
      '/password',
      auth.requireRecentFactor({ withinMinutes: 5, methods: ['password'] }),
      () => ({})
    )
    builder.use(auth.requireMemberSession())
    builder.get('/me', ({ memberOf }) => memberOf())
    builder.get('/mfa/unknown', () => ({ app: true }))
  }

  async function begin(name: string): Promise<Jar> {
    return cookiesOf(await request(app.url).post(`/sign-in/${name}`))
  }

  const post = (path: string, jar: Jar, body: object = {}) =>
    request(app.url)
      .post(path)
      .set('Cookie', `${pendingOf(jar)}; ${sessionOf(jar)}`)
      .send(body)
  const submit = (path: string, jar: Jar, fields: Record<string, string> = {}) =>
    post(path, jar, new URLSearchParams(fields).toString() as unknown as object)
      .type('form')
      .set(navigation)
  const show = (path: string, jar: Jar) =>
    request(app.url)
      .get(path)
      .set({ Cookie: `${pendingOf(jar)}; ${sessionOf(jar)}`, ...navigation })

  const codeOf = (secret: string) =>
    new OTPAuth.TOTP({ secret }).generate({ timestamp: testServer.clock.now() })
  const smsCode = () =>
    testServer.authority.outbox().find(({ channel }) => channel === 'sms')?.code ?? ''
  const wrong = (code: string) => (code === '000000' ? '000001' : '000000')

  describe('a script', () => {
    test('MF-16 sets up an authenticator and is signed in, once and with new tokens', async () => {
      const jar = await begin('enroll')
      const created = await post('/mfa/totp/create', jar)
      expect(created.status).toBe(200)
      expect(created.headers['cache-control']).toContain('no-store')
      const { secret, qr_code, recovery_codes } = created.body
      expect(qr_code).toMatch(/^data:image\/png;base64/)
      expect(recovery_codes).toHaveLength(10)

      const done = await post('/mfa/totp', jar, { code: codeOf(secret) })
      expect(done.body).toEqual({
        member_authenticated: true,
        return_to: '/deep?x=1',
        next: '/deep?x=1'
      })
      const signedIn = cookiesOf(done)
      expect(signedIn.stytch_intermediate_session?.flags).toContain('Max-Age=0')
      await request(app.url).get('/me').set('Cookie', sessionOf(signedIn)).expect(200)

      testServer.clock.advance(30)
      const again = await post('/mfa/totp', jar, { code: codeOf(secret) })
      expect(again.status).toBe(401)
      expect(again.body.code).toBe('session_required')
      expect(cookiesOf(again)).toEqual({})
    })

    test('enrols a phone: the code is sent, required from then on, and signs in', async () => {
      const jar = await begin('sms')
      const sent = await post('/mfa/sms/send', jar, {
        mfa_phone_number: '+1 (202) 555-0143',
        locale: 'es'
      })
      expect(sent.body).toEqual({ next: '/mfa/sms' })
      expect(sent.text).not.toContain('5550143')
      const moved = { ...jar, ...cookiesOf(sent) }
      const step = await show('/me', moved)
      expect(step.headers.location).toBe('/mfa/sms')
      const code = smsCode()
      const done = await post('/mfa/sms', moved, {
        code: `${code.slice(0, 3)} ${code.slice(3)}`,
        set_mfa_enrollment: 'enroll',
        set_default_mfa: true
      })
      expect(done.body.member_authenticated).toBe(true)
    })

    test('uses a recovery code, and hears how many are left', async () => {
      const { member_id, organization } = await testServer.authenticate('recover@acme.test')
      const { organization_id } = organization
      const { recovery_codes } = await testServer.client.recoveryCodes.get({
        organization_id,
        member_id
      })
      const done = await post('/mfa/recovery', await begin('recover'), {
        recovery_code: recovery_codes[0]
      })
      expect(done.body).toMatchObject({ member_authenticated: true, recovery_codes_remaining: 9 })
    })

    test.each([
      ['/mfa/totp', { code: wrong(codeOfNow()) }, 'unable_to_authenticate_totp'],
      ['/mfa/totp', { code: 'abc' }, 'invalid_totp_code'],
      ['/mfa/recovery', { recovery_code: 'aaaa-bbbb-cccc' }, 'unable_to_authenticate_recovery_code']
    ])('that gives %s %j hears what was wrong and what to do', async (path, body, error_type) => {
      const answer = await post(path, await begin('totp'), body)
      expect(answer.status).toBe(400)
      expect(answer.type).toBe('application/problem+json')
      expect(answer.body).toMatchObject({ code: 'code_rejected', error_type })
      expect(answer.body.hint).not.toBe('')
    })

    test.each([
      ['/mfa/method', { method: 'pigeon' }],
      ['/mfa/sms/send', { mfa_phone_number: 7 }]
    ])('that sends %s nonsense is told so', async (path, body) => {
      const answer = await post(path, await begin('totp'), body)
      expect([answer.status, answer.body.code]).toEqual([400, 'request_malformed'])
    })

    test('MF-15 without a pending sign-in, or with one in the wrong place, is 401', async () => {
      const jar = await begin('totp')
      const token = jar.stytch_intermediate_session?.value ?? ''
      for (const headers of [{}, { Authorization: `Bearer ${token}` }]) {
        const answer = await request(app.url)
          .post('/mfa/totp')
          .set(headers)
          .send({ code: testServer.totpCode() })
        expect([answer.status, answer.body.code]).toEqual([401, 'session_required'])
      }
      const Cookie = `stytch_session=${token}`
      await request(app.url).get('/me').set({ Cookie }).expect(401)
      await request(app.url).post('/mfa/totp').set({ Cookie }).send({}).expect(401)
    })

    test.each([
      ['/needs-primary', 'primary_required'],
      ['/discover', 'organization_required']
    ])('MF-15 cannot go before what a sign-in lacks first: %s', async (path, code) => {
      const jar = cookiesOf(await request(app.url).post(path))
      for (const action of ['/mfa/totp', '/mfa/totp/create', '/mfa/sms/send', '/mfa/recovery']) {
        const answer = await post(action, jar, { code: testServer.totpCode() })
        expect([action, answer.status, answer.body.code]).toEqual([action, 401, code])
      }
    })

    test('MF-15 with malformed cookies of a session is 401, and clears nothing', async () => {
      const answer = await request(app.url)
        .post('/mfa/step-up/totp')
        .set('Cookie', `stytch_session=${'x'.repeat(44)}; stytch_session=${'y'.repeat(44)}`)
        .send({ code: testServer.totpCode() })
      expect([answer.status, answer.body.code]).toEqual([401, 'session_invalid'])
      expect(cookiesOf(answer)).toEqual({})
    })

    test('MF-22 CS-09 of another site is denied before anything is called', async () => {
      const jar = await begin('totp')
      for (const headers of [
        { 'Sec-Fetch-Site': 'cross-site' },
        { Origin: 'https://evil.example' }
      ] as Record<string, string>[]) {
        const answer = await post('/mfa/totp', jar, { code: testServer.totpCode() }).set(headers)
        expect([answer.status, answer.body.code]).toEqual([403, 'csrf_rejected'])
      }
    })

    test('that is too eager is held back, in this sign-in alone', async () => {
      const jar = await begin('strict')
      for (let index = 0; index < 5; index += 1) {
        await post('/mfa/sms/send', jar, { mfa_phone_number: 'x' })
      }
      const answer = await post('/mfa/sms/send', jar, { mfa_phone_number: 'x' })
      expect([answer.status, answer.body.code]).toEqual([429, 'too_many_attempts'])
      expect(answer.headers['retry-after']).toMatch(/^\d+$/)
      const other = await post('/mfa/sms/send', await begin('strict'), { mfa_phone_number: 'x' })
      expect(other.status).not.toBe(429)
    })

    test('sends at most four kilobytes', async () => {
      const answer = await post('/mfa/totp', await begin('totp'), { code: 'x'.repeat(5000) })
      expect([answer.status, answer.body.code]).toEqual([400, 'request_malformed'])
    })

    test('CK-14 reaches actions by POST alone, and paths of the app are its own', async () => {
      await request(app.url).get('/mfa/sms/send').expect(405).expect('Allow', 'POST')
      await request(app.url).delete('/mfa/totp').expect(405)
      const jar = await begin('member')
      const answer = await request(app.url).get('/mfa/unknown').set('Cookie', sessionOf(jar))
      expect(answer.body).toEqual({ app: true })
      await request(app.url).post('/mfa/unknown').set('Cookie', sessionOf(jar)).expect(404)
    })
  })

  test('a member who guessed too often is told of it, also when coming back, and may use another factor', async () => {
    const jars = [await begin('lock'), await begin('lock')]
    const current = await begin('lock')
    for (const jar of jars) {
      for (let guess = 0; guess < 5; guess += 1) {
        await post('/mfa/totp', jar, { code: wrong(testServer.totpCode()) }).expect(400)
      }
    }
    const last = await post('/mfa/totp', current, { code: testServer.totpCode() })
    expect(last.status).toBe(429)
    expect(last.body).toMatchObject({
      code: 'too_many_attempts',
      error_type: 'user_lock_limit_reached'
    })
    const told = await submit('/mfa/totp', current, { code: testServer.totpCode() })
    expect([told.status, told.text.includes('name="code"')]).toEqual([429, false])
    const moved = { ...current, ...cookiesOf(last) }
    const back = await show('/me', moved)
    expect(back.headers.location).toBe('/mfa/locked')
    const page = await show('/mfa/locked', moved)
    expect(page.text).toContain('wait an hour')
    expect(page.text).toContain('href="/mfa/recovery"')
    const script = await request(app.url).get('/me').set('Cookie', pendingOf(moved))
    expect(script.body).toMatchObject({ code: 'mfa_required', locked: true })
  })

  describe('a person', () => {
    test('goes by forms from enrolling to the page that was wanted', async () => {
      const jar = await begin('form')
      const enroll = await show('/mfa', jar)
      expect([enroll.status, enroll.headers.location]).toEqual([303, '/mfa/enroll'])
      expect((await show('/mfa/enroll', jar)).text).toContain('action="/mfa/totp/create"')
      const shown = await submit('/mfa/totp/create', jar)
      expect(shown.status).toBe(200)
      expect(shown.headers['cache-control']).toContain('no-store')
      const [, key = ''] = /<code>([A-Z2-7 ]{20,})<\/code>/.exec(shown.text) ?? []
      const secret = key.replaceAll(' ', '')
      expect((await show('/mfa/totp', jar)).text).not.toContain(key)

      const refused = await submit('/mfa/totp', jar, { code: wrong(codeOf(secret)) })
      expect(refused.status).toBe(400)
      expect(refused.text).toContain('role="alert"')
      expect(refused.text).toContain('That code is not right')
      const done = await submit('/mfa/totp', jar, { code: codeOf(secret) })
      expect([done.status, done.headers.location]).toEqual([303, '/deep?x=1'])
    })

    test('MF-14 CS-16 gets pages that no script, frame or cache can use, without a token', async () => {
      const jar = await begin('again')
      const page = await show('/mfa/totp', jar)
      const { headers, text } = page
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(headers['content-security-policy']).not.toContain('unsafe')
      expect(headers['x-frame-options']).toBe('DENY')
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['referrer-policy']).toBe('same-origin')
      expect(headers['cache-control']).toBe('private, no-store')
      expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=/)
      expect(text).toContain('autocomplete="one-time-code"')
      expect(text).toContain('inputmode="numeric"')
      expect(text).not.toContain(jar.stytch_intermediate_session?.value)
      const sheet = await request(app.url).get('/mfa/style.css')
      expect([sheet.status, sheet.type]).toEqual([200, 'text/css'])
      expect(sheet.headers['set-cookie']).toBeUndefined()
    })

    test('MF-02 MF-20 who comes too late is sent to sign in, once and for all', async () => {
      const jar = await begin('again')
      testServer.clock.advance(600)
      const page = await show('/mfa/totp', jar)
      expect([page.status, page.headers.location]).toEqual([303, '/sign-in'])
      expect(cookiesOf(page).stytch_intermediate_session?.flags).toContain('Max-Age=0')
      const answer = await submit('/mfa/totp', jar, { code: testServer.totpCode() })
      expect(answer.status).toBe(401)
      expect(answer.text).toContain('Please sign in again')
      expect(answer.text).toContain('href="/sign-in"')
    })

    test('chooses a method', async () => {
      const answer = await submit('/mfa/method', await begin('again'), { method: 'sms_otp' })
      expect([answer.status, answer.headers.location]).toEqual([303, '/mfa/sms'])
    })

    test('a code that was sent can be typed also when another one may not be sent yet', async () => {
      const jar = await begin('resend')
      const sent = await submit('/mfa/sms/send', jar, { mfa_phone_number: '+12025550147' })
      const again = await submit('/mfa/sms/send', { ...jar, ...cookiesOf(sent) })
      expect(again.status).toBe(429)
      expect(again.text).toContain('name="code"')
    })

    test('a number that is rejected is to be typed again', async () => {
      const answer = await submit('/mfa/sms/send', await begin('phone'), {
        mfa_phone_number: '12"><b>'
      })
      expect(answer.status).toBe(400)
      expect(answer.text).toContain('name="mfa_phone_number"')
      expect(answer.text).not.toContain('"><b>')
    })
  })

  test('while the authority is away the page says so, and ends nothing', async () => {
    const upstream = createCountingFetch()
    const cut = await open({ ...options(), fetch: upstream.fetch }, define)
    const jar = await begin('again')
    upstream.cut(true)
    const answer = await request(cut.url)
      .post('/mfa/totp')
      .set({ ...navigation, Cookie: pendingOf(jar) })
      .type('form')
      .send({ code: '123456' })
    await cut.close()
    expect([answer.status, answer.type]).toEqual([503, 'text/html'])
    expect(answer.text).toContain('This did not work just now. Try again in a moment.')
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('a field that is absent, null or empty was not given', async () => {
    const jar = await begin('again')
    for (const body of [{}, { code: null }, { code: '' }]) {
      const answer = await post('/mfa/totp', jar, body)
      expect([answer.status, answer.body.code]).toEqual([400, 'code_rejected'])
    }
    const sent = await post('/mfa/sms/send', await begin('numberless'), { mfa_phone_number: '' })
    expect([sent.status, sent.body.error_type]).toEqual([400, 'phone_number_not_found'])
    expect((await post('/mfa/totp', jar, { code: 5 })).body.code).toBe('request_malformed')
  })

  describe('pages: false', () => {
    test('leaves every GET to the app, and answers the actions', async () => {
      const other = await open(options(), (builder, auth) => {
        define(
          {
            ...builder,
            use: (...guards) => builder.use(...guards)
          },
          { ...auth, mfaRoutes: () => auth.mfaRoutes({ pages: false }) }
        )
      })
      const jar = cookiesOf(await request(other.url).post('/sign-in/totp'))
      await request(other.url).get('/mfa/totp').set('Cookie', pendingOf(jar)).expect(401)
      const answer = await request(other.url)
        .post('/mfa/totp')
        .set('Cookie', pendingOf(jar))
        .type('form')
        .send('code=abc')
      expect([answer.status, answer.body.code]).toEqual([400, 'code_rejected'])
      await other.close()
    })
  })

  describe('pages: false, to a browser that posts a form', () => {
    let other: RunningApp

    beforeAll(async () => {
      other = await open(options(), (builder, auth) =>
        define(builder, { ...auth, mfaRoutes: () => auth.mfaRoutes({ pages: false }) })
      )
    })
    afterAll(() => other.close())

    const send = (path: string, jar: Jar, fields: Record<string, string> = {}) =>
      request(other.url)
        .post(path)
        .set({ ...navigation, Cookie: `${pendingOf(jar)}; ${sessionOf(jar)}` })
        .type('form')
        .send(fields)

    test.each([
      ['/mfa/totp', { code: 'abc' }, '/mfa/totp?error=code_rejected'],
      ['/mfa/recovery', { recovery_code: 'x' }, '/mfa/recovery?error=code_rejected'],
      ['/mfa/method', { method: 'pigeon' }, '/mfa/enroll?error=request_malformed'],
      ['/mfa/sms/send', { mfa_phone_number: '12' }, '/mfa/enroll?error=phone_number_rejected']
    ])('%s %j goes back to the page of the app: %s', async (path, fields, location) => {
      const name = path === '/mfa/sms/send' ? 'phone' : 'again'
      const answer = await send(path, await begin(name), fields as Record<string, string>)
      expect([answer.status, answer.headers.location]).toEqual([303, location])
      expect(answer.headers['cache-control']).toBe('private, no-store')
      expect([answer.text, answer.headers['content-type']]).toEqual(['', undefined])
    })

    test('keeps where to go on to', async () => {
      const fields = { code: 'abc', return_to: '/deep?x=1' }
      const answer = await send('/mfa/totp', await begin('again'), fields)
      expect(answer.headers.location).toBe(
        '/mfa/totp?error=code_rejected&return_to=%2Fdeep%3Fx%3D1'
      )
    })

    test('who is signed out goes to sign in, and another site is told nothing', async () => {
      const out = await send('/mfa/totp', {})
      expect([out.status, out.headers.location]).toEqual([303, '/sign-in'])
      const foreign = await send('/mfa/totp', await begin('again')).set('Origin', 'https://x.test')
      expect([foreign.status, foreign.body.code]).toEqual([403, 'csrf_rejected'])
    })

    test('shows the secrets of an authenticator, which a script gets as JSON', async () => {
      const shown = await send('/mfa/totp/create', await begin('bare'))
      expect([shown.status, shown.type]).toEqual([200, 'text/html'])
      expect(shown.text).toContain('data:image/png;base64')
      const script = await request(other.url)
        .post('/mfa/totp/create')
        .set('Cookie', sessionOf(await begin('typo')))
        .type('form')
      expect([script.status, script.type]).toEqual([200, 'application/json'])
    })
  })

  if (hasOnRefusal) {
    test('pages: false lets the app show its own page again, with the hint and the cookies', async () => {
      const onRefusal = (error: object, ...context: readonly unknown[]) => {
        const { status, required } = error as { status: number; required?: { hint?: string } }
        const [ctx, res] = context as [object, ServerResponse | undefined]
        const body = `<p role="alert">${required?.hint}</p>`
        if (res === undefined) Object.assign(ctx, { status, body })
        else Object.assign(res, { statusCode: status }).end(body)
      }
      const other = await open({ ...options(), onRefusal }, (builder, auth) => {
        define(builder, { ...auth, mfaRoutes: () => auth.mfaRoutes({ pages: false }) })
      })
      const begin = async () => cookiesOf(await request(other.url).post('/sign-in/totp'))
      const [jar, another] = [await begin(), await begin()]
      const send = (code: string, pending = jar) =>
        request(other.url)
          .post('/mfa/totp')
          .set({ ...navigation, Cookie: pendingOf(pending) })
          .type('form')
          .send({ code })
      const refused = await send('abc')
      testServer.clock.advance(30)
      const done = await send(testServer.totpCode())
      testServer.clock.advance(601)
      const late = await send(testServer.totpCode(), another)
      await other.close()
      expect([refused.status, refused.text]).toEqual([
        400,
        '<p role="alert">A code has six digits.</p>'
      ])
      expect([done.status, done.headers.location]).toEqual([303, '/deep?x=1'])
      expect(late.status).toBe(401)
      expect(cookiesOf(late).stytch_intermediate_session?.flags).toContain('Max-Age=0')
    })
  }

  describe('a member who is signed in', () => {
    test('MF-19 verifies a factor again by form, and comes back', async () => {
      testServer.clock.advance(30)
      const jar = await begin('totp')
      const signedIn = cookiesOf(await post('/mfa/totp', jar, { code: testServer.totpCode() }))
      await show('/vault', signedIn).expect(200)
      testServer.clock.advance(290)
      await show('/vault', signedIn).expect(200)
      testServer.clock.advance(20)

      const script = await request(app.url).get('/vault').set('Cookie', sessionOf(signedIn))
      expect(script.status).toBe(401)
      expect(script.body).toMatchObject({
        code: 'recent_factor_required',
        recent_factor: { withinMinutes: 5, methods: ['totp'], factors: 1, prove: 'second_factor' }
      })
      expect(script.headers['www-authenticate']).toBe(
        'Bearer error="insufficient_user_authentication", max_age="300"'
      )

      const sent = await show('/vault', signedIn)
      expect(sent.headers.location).toBe('/mfa/step-up?return_to=%2Fvault')
      const moved = await show(sent.headers.location ?? '', signedIn)
      expect(moved.headers.location).toBe('/mfa/step-up/totp?return_to=%2Fvault')
      const page = await show(moved.headers.location ?? '', signedIn)
      expect(page.text).toContain('<input type="hidden" name="return_to" value="/vault">')
      const done = await submit('/mfa/step-up/totp', signedIn, {
        code: testServer.totpCode(),
        return_to: '/vault'
      })
      expect([done.status, done.headers.location]).toEqual([303, '/vault'])
      await show('/vault', { ...signedIn, ...cookiesOf(done) }).expect(200)
    })

    test('goes to sign in where no second factor could help', async () => {
      const jar = await begin('member')
      await show('/password', jar).expect(200)
      testServer.clock.advance(310)
      const answer = await show('/password', jar)
      expect(answer.headers.location).toBe('/sign-in?return_to=%2Fpassword')
    })

    test('goes to sign in where no second factor is set up that could be verified', async () => {
      const jar = await begin('member')
      testServer.clock.advance(310)
      const { headers } = await show('/danger', jar)
      expect(headers.location).toBe('/mfa/step-up?return_to=%2Fdanger')
      const moved = await show(headers.location ?? '', jar)
      expect(moved.headers.location).toBe('/sign-in?return_to=%2Fdanger')
    })

    test('goes to sign in, and into no loop, where the second factor was set up in the same session', async () => {
      const jar = await begin('fresh')
      testServer.clock.advance(400)
      const { secret } = (await post('/mfa/totp/create', jar)).body
      const set_mfa_enrollment = 'enroll'
      const enrolled = await post('/mfa/totp', jar, { code: codeOf(secret), set_mfa_enrollment })
      const signedIn = { ...jar, ...cookiesOf(enrolled) }
      await request(app.url).get('/me').set('Cookie', sessionOf(signedIn)).expect(200)
      const { headers } = await show('/danger', signedIn)
      expect(headers.location).toBe('/sign-in?return_to=%2Fdanger')

      const pending = await begin('fresh')
      testServer.clock.advance(30)
      const done = cookiesOf(await post('/mfa/totp', pending, { code: codeOf(secret) }))
      await show('/danger', done).expect(200)
      testServer.clock.advance(310)
      const later = await show('/danger', done)
      expect(later.headers.location).toBe('/mfa/step-up?return_to=%2Fdanger')
    })

    test('passes with an ended session for a minute at most, and not at all where the guard says so', async () => {
      const jar = await begin('member')
      const get = async (path: string) =>
        (await request(app.url).get(path).set('Cookie', sessionOf(jar))).status
      expect([await get('/danger'), await get('/strict')]).toEqual([200, 200])
      const session_token = jar.stytch_session?.value ?? ''
      await testServer.client.sessions.revoke({ session_token })
      testServer.clock.advance(40)
      expect([await get('/danger'), await get('/me')]).toEqual([200, 200])
      expect(await get('/strict')).toBe(401)
      testServer.clock.advance(20)
      expect(await get('/danger')).toBe(401)
    })

    test('passes with an opaque token alone for as long as its session lives', async () => {
      const { session_token } = await testServer.signIn('member@acme.test')
      const danger = () => request(app.url).get('/danger').auth(session_token, { type: 'bearer' })
      expect((await danger()).status).toBe(200)
      await testServer.client.sessions.revoke({ session_token })
      expect((await danger()).status).toBe(401)
    })

    test('a member who comes back to a page of a sign-in that is done goes on, without another code', async () => {
      const jar = await begin('member')
      for (const page of ['/mfa/totp', '/mfa/sms', '/mfa/recovery', '/mfa/locked']) {
        expect((await show(page, jar)).headers.location).toBe('/')
      }
      const { headers } = await show('/mfa/totp?return_to=%2Fdeep', jar)
      expect(headers.location).toBe('/deep')
      await show('/mfa/enroll', jar).expect(200)
      await show('/mfa/sms?sent=1', jar).expect(200)
      await show('/mfa/step-up/totp', jar).expect(200)
    })

    test('MF-17 completes a pending sign-in without touching the other session', async () => {
      const other = await begin('member')
      testServer.clock.advance(30)
      const done = await post(
        '/mfa/totp',
        { ...other, ...(await begin('totp')) },
        { code: testServer.totpCode() }
      )
      const me = await request(app.url)
        .get('/me')
        .set('Cookie', sessionOf(cookiesOf(done)))
      const before = await request(app.url).get('/me').set('Cookie', sessionOf(other))
      expect(me.body.authentication_factors).toHaveLength(2)
      expect(before.body.authentication_factors).toHaveLength(1)
      expect(me.body.member_id).not.toBe(before.body.member_id)
    })

    test('needs it from then on, also when the first code was mistyped', async () => {
      const jar = await begin('typo')
      const shown = await submit('/mfa/totp/create', jar)
      const [, key = ''] = /<code>([A-Z2-7 ]{20,})<\/code>/.exec(shown.text) ?? []
      const code = codeOf(key.replaceAll(' ', ''))
      const { text } = await submit('/mfa/totp', jar, {
        ...fieldsOf(shown.text),
        code: wrong(code)
      })
      await submit('/mfa/totp', jar, { ...fieldsOf(text), code }).expect(303)
      expect(await begin('typo')).not.toHaveProperty('stytch_session')
    })

    test('may type the code that was sent while no other one is', async () => {
      const jar = await begin('member')
      const mfa_phone_number = '+12025550166'
      const sent = await submit('/mfa/step-up/sms/send', jar, { mfa_phone_number })
      const page = await show(sent.headers.location ?? '', jar)
      const [, again = ''] = /action="(\S*\/sms\/send\S*)"/.exec(page.text) ?? []
      const refused = await submit(again, jar)
      expect(refused.status).toBe(429)
      expect(refused.text).toContain('name="code"')
    })

    test('enrols a second factor soon after signing in, and not with an old session', async () => {
      const jar = await begin('bare')
      const created = await post('/mfa/totp/create', jar)
      const done = await post('/mfa/totp', jar, {
        code: codeOf(created.body.secret),
        set_mfa_enrollment: 'enroll'
      })
      expect(done.body).toMatchObject({ member_authenticated: true, return_to: '/' })
      expect(await begin('bare')).not.toHaveProperty('stytch_session')

      const late = await begin('late')
      testServer.clock.advance(601)
      for (const [path, fields] of [
        ['/mfa/totp/create', {}],
        ['/mfa/sms/send', { mfa_phone_number: '+12025550167' }]
      ] as const) {
        const answer = await post(path, late, fields)
        expect([answer.status, answer.body.code]).toEqual([401, 'recent_factor_required'])
      }
    })
  })
})

/** The hidden fields of a page. */
function fieldsOf(text: string): Record<string, string> {
  const hidden = text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)
  return Object.fromEntries([...hidden].map(([, name = '', value = '']) => [name, value]))
}

function codeOfNow(): string {
  return new OTPAuth.TOTP({ secret: totp_secret }).generate()
}
