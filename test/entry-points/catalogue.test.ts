import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createMemberAuth } from 'membergate'
import type { AuthenticatingResponse } from 'membergate/express'
import request from 'supertest'
import { setCookies } from '../../src/adapters/response.ts'
import { readOptions } from '../../src/core/options.ts'
import { cookiesOf, pendingOf, sessionOf } from '../support/cookies.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'
import { totpCode } from '../support/totp-code.ts'

/*
 * Threats to redirects (MF), cookies (CK) and requests from elsewhere (CS). The tests that meet them carry their ids: here,
 * in the other specs of this folder, and in test/core (return-to, recent-factor, outstanding-revocations, options).
 */

const origin = 'http://localhost:3000'
const navigation = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' }

describe.each(frameworks)('on $name', ({ open }) => {
  let testServer: TestServer
  let app: RunningApp

  beforeAll(async () => {
    testServer = await openTestServer()
    app = await open(options(), define)
  })
  afterAll(async () => {
    await app.close()
    await testServer.close()
  })

  function options() {
    const { url, project_id, secret } = testServer.authority
    const paths = { loginPath: '/app/sign-in', mfaPath: '/app/mfa' }
    const trustedOrigins = ['https://partner.example']
    return { url, project_id, secret, now: testServer.clock.now, origin, trustedOrigins, ...paths }
  }

  let return_to: unknown
  let result: AuthenticatingResponse

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/app/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await testServer.authenticate(`${params.name}@acme.test`), { return_to })
    )
    builder.post('/app/sign-in', ({ completeSignIn }) => completeSignIn(result))
    builder.get('/public', () => ({ open: true }))
    builder.use(auth.mfaRoutes(), auth.handleMfaRedirect(), auth.requireMemberSession())
    builder.get('/me', ({ memberOf }) => memberOf())
    builder.post('/change', () => ({ changed: true }))
  }

  const signIn = (name: string) => request(app.url).post(`/app/sign-in/${name}`)

  test.each([
    '/app/sign-in',
    '/app/sign-in?again=1',
    '/app/mfa/totp',
    '//evil.example',
    'https://evil.example/',
    ['/a', '/b'],
    { path: '/a' },
    '/%zz',
    `/${'a'.repeat(2048)}`,
    origin,
    `${origin}/me`,
    'https://partner.example/',
    'https://partner.example@evil.example/',
    'https://sub.partner.example/'
  ])('MF-03 MF-09 MF-10 MF-11 return_to %j is not returned to', async (value) => {
    return_to = value
    const answer = await signIn('member')
    return_to = undefined
    expect([answer.status, answer.body.return_to]).toEqual([200, '/'])
  })

  test('MF-13 MF-21 CS-08 no header of the request turns a redirect elsewhere', async () => {
    const jar = cookiesOf(await signIn('totp'))
    const headers = {
      ...navigation,
      Host: 'evil.example',
      Referer: 'https://evil.example/a',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Prefix': '//evil.example'
    }
    const anonymous = await request(app.url).get('/me').set(headers)
    expect(anonymous.headers.location).toBe('/app/sign-in?return_to=%2Fme')
    const pending = await request(app.url)
      .get('/me')
      .set({ ...headers, Cookie: pendingOf(jar) })
    expect(pending.headers.location).toBe('/app/mfa/totp')
    const crossSite = await request(app.url)
      .post('/change')
      .set({ Host: 'evil.example', Origin: 'http://evil.example' })
      .set('Cookie', sessionOf(cookiesOf(await signIn('member'))))
    expect([crossSite.status, crossSite.body.code]).toEqual([403, 'csrf_rejected'])
  })

  test.each([
    '//evil.example/me',
    '/\\evil.example/me',
    'http://evil.example/me',
    '/..//evil.example'
  ])('MF-13 MF-21 the request target %s leads nowhere else', async (target) => {
    const jar = cookiesOf(await signIn('totp'))
    for (const Cookie of ['', pendingOf(jar)]) {
      const { location } = await send(app.url, target, { ...navigation, Cookie })
      expect(['/app/sign-in', '/app/mfa/totp', undefined]).toContain(location)
    }
  })

  test('MF-02 a POST that needs MFA is not repeated, and its path not returned to', async () => {
    const jar = cookiesOf(await signIn('totp'))
    const answer = await request(app.url)
      .post('/change')
      .set({ ...navigation, Cookie: pendingOf(jar) })
    expect([answer.status, answer.headers.location]).toEqual([303, '/app/mfa/totp'])
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('CS-05 a method that a header or a field claims changes nothing', async () => {
    const Cookie = sessionOf(cookiesOf(await signIn('member')))
    for (const method of ['GET', 'DELETE']) {
      const answer = await request(app.url)
        .post(`/change?_method=${method}`)
        .set({ Cookie, 'X-HTTP-Method-Override': method, 'Sec-Fetch-Site': 'cross-site' })
      expect([answer.status, answer.body.code]).toEqual([403, 'csrf_rejected'])
    }
  })

  test('CS-07 no spelling of a path is exempt from the check', async () => {
    const Cookie = sessionOf(cookiesOf(await signIn('member')))
    const post = (path: string) =>
      request(app.url).post(path).set({ Cookie, 'Sec-Fetch-Site': 'cross-site' })
    for (const path of [
      '/change',
      '/CHANGE',
      '/change/',
      '//change',
      '/%63hange',
      '/change?a=/app/mfa'
    ]) {
      expect([path, (await post(path)).status]).toEqual([path, 403])
    }
    for (const path of ['/app/mfa/totp', '/app/mfa/../change', '/app/mfa/x/../../../change']) {
      expect([path, (await post(path)).status]).toEqual([path, 403])
    }
  })

  test.each(['text/plain', 'multipart/form-data; boundary=x', 'application/xml'])(
    'CS-10 a body of type "%s" is read by no action, whatever it says',
    async (type) => {
      const jar = cookiesOf(await signIn('totp'))
      const body = JSON.stringify({ code: testServer.totpCode() })
      const sent = request(app.url).post('/app/mfa/totp').set('Cookie', pendingOf(jar))
      const answer = await sent.set('Content-Type', type).send(body)
      expect([answer.status, answer.body.code]).toEqual([400, 'request_malformed'])
    }
  )

  describe('CS-11 a WebSocket handshake', () => {
    const handshake = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }

    test.each<[Record<string, string>, number]>([
      [{ Origin: origin }, 200],
      [{ 'Sec-Fetch-Site': 'same-origin' }, 200],
      [{ Origin: 'https://partner.example' }, 200],
      [{}, 200],
      [{ Origin: 'https://evil.example' }, 403],
      [{ Origin: 'null' }, 403],
      [{ Origin: 'http://localhost:3001' }, 403],
      [{ Origin: 'https://evil.example', Upgrade: 'h2c, WebSocket' }, 403],
      [{ 'Sec-Fetch-Site': 'same-site' }, 403]
    ])('with cookies and %j is answered %i', async (headers, status) => {
      const Cookie = sessionOf(cookiesOf(await signIn('member')))
      const answer = await request(app.url)
        .get('/me')
        .set({ ...handshake, ...headers, Cookie })
      expect(answer.status).toBe(status)
    })

    test('with a Bearer token is not checked, nor is another upgrade', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const crossSite = { ...handshake, Origin: 'https://evil.example' }
      const Authorization = `Bearer ${session_jwt}`
      await request(app.url)
        .get('/me')
        .set({ ...crossSite, Authorization })
        .expect(200)
      const Cookie = `stytch_session_jwt=${session_jwt}`
      await request(app.url)
        .get('/me')
        .set({ ...crossSite, Upgrade: 'h2c', Cookie })
        .expect(200)
    })
  })

  test('MF-18 primary factors add up to no second factor, however many and however often', async () => {
    const email_address = 'enroll@acme.test'
    let jar = cookiesOf(await signIn('enroll'))
    for (const round of [1, 2]) {
      const { client } = app.auth
      await client.otps.email.loginOrSignup({ organization_id: 'acme', email_address })
      const [{ code = '' } = {}] = testServer.authority.outbox()
      const intermediate_session_token = jar.stytch_intermediate_session?.value ?? ''
      result = await client.otps.email.authenticate({
        organization_id: 'acme',
        email_address,
        code,
        intermediate_session_token
      })
      const answer = await request(app.url).post('/app/sign-in').set('Cookie', pendingOf(jar))
      expect([round, answer.body.member_authenticated]).toEqual([round, false])
      expect(answer.body.next).toBe('/app/mfa/enroll')
      jar = { ...jar, ...cookiesOf(answer) }
      expect(sessionOf(jar)).toBe('')
      const me = await request(app.url).get('/me').set('Cookie', pendingOf(jar))
      expect([me.status, me.body.code]).toEqual([401, 'mfa_required'])
    }
    const { body } = await request(app.url)
      .post('/app/mfa/totp/create')
      .set('Cookie', pendingOf(jar))
    const code = totpCode(body.secret, testServer.clock.now())
    const done = await request(app.url)
      .post('/app/mfa/totp')
      .set('Cookie', pendingOf(jar))
      .send({ code })
    expect(done.body.member_authenticated).toBe(true)
    await request(app.url)
      .get('/me')
      .set('Cookie', sessionOf(cookiesOf(done)))
      .expect(200)
  })

  test('CK-08 CS-15 a public page gets no cookie and no header of ours', async () => {
    const Cookie = sessionOf(cookiesOf(await signIn('member')))
    testServer.clock.advance(310)
    const { headers } = await request(app.url).get('/public').set({ Cookie })
    expect(headers['set-cookie']).toBeUndefined()
    expect(headers['cache-control']).toBeUndefined()
  })

  test('CK-09 CS-12 CS-13 CS-14 what is of one member is kept by no cache', async () => {
    const signedIn = await signIn('member')
    const Cookie = sessionOf(cookiesOf(signedIn))
    testServer.clock.advance(310)
    const refreshed = await request(app.url).get('/me').set({ Cookie })
    expect(cookiesOf(refreshed)).toHaveProperty('stytch_session_jwt')
    const refused = await request(app.url).get('/me').set('If-None-Match', '*')
    expect(refused.status).toBe(401)
    const redirected = await request(app.url).get('/me').set(navigation)
    expect(redirected.status).toBe(303)
    const half = await signIn('totp')
    for (const { headers } of [signedIn, refreshed, refused, redirected, half]) {
      expect(headers['cache-control']).toBe('private, no-store')
      expect(headers.vary).toContain('Cookie')
    }
  })
})

/** Sends a request target as it is, which clients of more comfort would change. */
async function send(
  base: string,
  path: string,
  headers: Record<string, string>
): Promise<IncomingHttpHeaders> {
  const { hostname, port } = new URL(base)
  const sent = http.get({ hostname, port, path, headers })
  const [answer] = await once(sent, 'response')
  answer.resume()
  return answer.headers
}

test('CS-11 authenticate decides about handshakes where no middleware runs', async () => {
  const testServer = await openTestServer()
  const { url, project_id, secret } = testServer.authority
  const { authenticate } = createMemberAuth({ url, project_id, secret, origin })
  const server = http.createServer().listen(0, '127.0.0.1')
  server.on('upgrade', async (req, socket) => {
    const { accepted, ...decision } = await authenticate(req)
    const status = accepted ? 101 : Object(decision).status
    socket.end(`HTTP/1.1 ${status} -\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  })
  await once(server, 'listening')
  const { session_token } = await testServer.signIn('member@acme.test')
  const Cookie = `stytch_session=${session_token}`

  async function open(headers: Record<string, string>): Promise<number> {
    const { port } = server.address() as AddressInfo
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', ...headers }
    const sent = http.get({ hostname: '127.0.0.1', port, headers: upgrade, agent: false })
    const [answer] = await Promise.race([once(sent, 'response'), once(sent, 'upgrade')])
    answer.destroy()
    return answer.statusCode
  }

  const answers = [
    await open({}),
    await open({ Cookie: 'stytch_session=x' }),
    await open({ Cookie, Origin: origin }),
    await open({ Cookie, Origin: 'https://evil.example' })
  ]
  server.close()
  await testServer.close()
  expect(answers).toEqual([401, 401, 101, 403])
})

test('CK-12 a sign-in whose answer is on its way is a mistake that is named', async () => {
  const response = {
    headersSent: true,
    getHeader: () => undefined,
    setHeader: () => undefined,
    writeHead: () => undefined
  }
  const decide = () => Promise.resolve({ headers: [], done: true })
  const late = { ...response, headersSent: false }
  const decideLate = async () => {
    late.headersSent = true
    return decide()
  }
  for (const attempt of [
    () => setCookies(response, 'completeSignIn', decide),
    () => setCookies(late, 'completeSignIn', decideLate)
  ]) {
    await expect(attempt()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('completeSignIn')
    })
  }
})

test.each([
  ['CK-03', { cookies: { hostPrefix: true }, origin: 'http://localhost:3000' }],
  ['CK-02', { cookies: { hostPrefix: true, domain: 'app.example' } }],
  ['CK-02', { cookies: { domain: 'app.example' } }],
  ['CK-02', { cookies: { hostPrefix: true, path: '/app' } }],
  ['CK-04', { cookies: { session_jwt: 'a;b' } }],
  ['CK-04', { cookies: { session_jwt: 'a\r\nb' } }],
  ['CK-11', { cookies: { sameSite: 'none' } }],
  ['CK-11', { cookies: { secure: false } }],
  ['CS-07', { csrf: { except: ['/hook/'] } }],
  ['CS-07', { csrf: false }],
  ['CS-06', { trustedOrigins: ['https://a.example/'] }],
  ['CS-06', { trustedOrigins: ['https://a.example/path'] }],
  ['CS-06', { trustedOrigins: ['*.example'] }],
  ['CS-06', { trustedOrigins: ['https://*.example'] }],
  ['CS-06', { trustedOrigins: ['null'] }],
  ['CS-06', { trustedOrigins: ['a.example'] }],
  ['MF-13', { organizationsPath: '//evil.example' }],
  ['MF-13', { mfaPath: 'https://evil.example/mfa' }]
])('%s the options %j stop the boot', (_, options) => {
  const project = { project_id: 'project-test-1', secret: 'secret' }
  expect(() => readOptions({ ...project, ...(options as object) }, {})).toThrow(
    expect.objectContaining({ code: 'config_invalid' })
  )
})
