import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { cookiesOf, type Jar, pendingOf, sessionOf } from '../support/cookies.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

describe.each(frameworks)('signing in on $name', ({ open }) => {
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
    const origin = 'http://localhost:3000'
    return { url, project_id, secret, now: testServer.clock.now, origin, loginPath: '/sign-in' }
  }

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in/:email', async ({ params, completeSignIn }) => {
      const answer = await testServer.authenticate(`${params.email}@acme.test`)
      return completeSignIn(answer, {
        return_to: params.email === 'totp' ? '/deep?x=1' : undefined
      })
    })
    builder.post('/sign-in-large', async ({ completeSignIn }) => {
      const session_custom_claims = { large: 'x'.repeat(3000) }
      const { session_token } = await testServer.signIn('member@acme.test')
      const answer = await testServer.client.sessions.authenticate({
        session_token,
        session_custom_claims
      })
      return completeSignIn({ ...answer, member_id: answer.member.member_id })
    })
    builder.post('/sign-in-odd', async ({ completeSignIn }) =>
      completeSignIn({
        ...(await testServer.authenticate('member@acme.test')),
        session_token: 'canary; Domain=evil.example'
      })
    )
    builder.get('/pending', ({ pendingSignIn }) => pendingSignIn())
    builder.post('/mfa/totp', async ({ pendingSignIn, completeSignIn }) => {
      const pending = await pendingSignIn()
      if (pending === null) return { expired: true }
      const { organization_id, member_id, intermediate_session_token } = pending
      const answer = await testServer.client.totps.authenticate({
        organization_id,
        member_id,
        intermediate_session_token,
        code: testServer.totpCode()
      })
      return completeSignIn(answer)
    })
    builder.get('/mfa/totp', auth.handleMfaRedirect(), auth.requireMemberSession(), () => ({}))
    builder.get('/public', () => ({ open: true }))
    builder.use(auth.handleMfaRedirect())
    builder.use(auth.requireMemberSession())
    builder.get('/me', ({ memberOf }) => memberOf())
  }

  const navigation = {
    Accept: 'text/html',
    'Sec-Fetch-Mode': 'navigate',
    'Sec-Fetch-Dest': 'document'
  }

  test('CK-01 CK-07 CK-10 a complete answer becomes both session cookies, with the flags that keep them', async () => {
    const answer = await request(app.url).post('/sign-in/member')
    expect(answer.body).toEqual({ member_authenticated: true, return_to: '/', next: '/' })
    const jar = cookiesOf(answer)
    expect(Object.keys(jar).sort()).toEqual([
      'membergate_sign_in',
      'stytch_intermediate_session',
      'stytch_session',
      'stytch_session_jwt'
    ])
    for (const name of ['stytch_session', 'stytch_session_jwt']) {
      expect(jar[name]?.flags).toEqual([
        'HttpOnly',
        expect.stringMatching(/^Max-Age=(3600|359\d)$/),
        'Path=/',
        'SameSite=Lax'
      ])
    }
    expect(jar.membergate_sign_in?.flags).toContain('Max-Age=0')
    await request(app.url).get('/me').set('Cookie', sessionOf(jar)).expect(200)
  })

  test('CK-05 a JWT that is too large for a cookie leaves no earlier one behind', async () => {
    const jar = cookiesOf(await request(app.url).post('/sign-in-large'))
    expect(jar.stytch_session?.flags).not.toContain('Max-Age=0')
    expect(jar.stytch_session_jwt?.flags).toContain('Max-Age=0')
  })

  test('CK-04 a token that no cookie can hold is denied, and not quoted', async () => {
    const answer = await request(app.url).post('/sign-in-odd')
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain('canary')
  })

  test('CK-01 CK-03 on an https origin every cookie is Secure, and hostPrefix puts __Host- before each', async () => {
    const secure = await open(
      { ...options(), origin: 'https://app.example', cookies: { hostPrefix: true } },
      define
    )
    const jar = cookiesOf(await request(secure.url).post('/sign-in/member'))
    expect(Object.keys(jar).sort()).toEqual([
      '__Host-membergate_sign_in',
      '__Host-stytch_intermediate_session',
      '__Host-stytch_session',
      '__Host-stytch_session_jwt'
    ])
    for (const { flags } of Object.values(jar)) expect(flags).toContain('Secure')
    await request(secure.url).get('/me').set('Cookie', sessionOf(jar)).expect(200)
    const unprefixed = sessionOf(jar).replaceAll('__Host-', '')
    await request(secure.url).get('/me').set('Cookie', unprefixed).expect(401)
    await secure.close()
  })

  test('MF-14 MF-16 an incomplete answer becomes an intermediate session and a sealed state, which MFA completes', async () => {
    const answer = await request(app.url).post('/sign-in/totp')
    expect(answer.body).toEqual({
      member_authenticated: false,
      return_to: '/deep?x=1',
      next: '/mfa/totp'
    })
    const jar = cookiesOf(answer)
    expect(Object.keys(jar).sort()).toEqual(['membergate_sign_in', 'stytch_intermediate_session'])
    for (const { flags } of Object.values(jar)) {
      expect(flags).toEqual(['HttpOnly', 'Max-Age=600', 'Path=/', 'SameSite=Lax'])
    }
    const Cookie = pendingOf(jar)
    const pending = await request(app.url).get('/pending').set({ Cookie })
    expect(pending.body).toMatchObject({
      return_to: '/deep?x=1',
      primary_required: null,
      mfa_required: { secondary_auth_initiated: null }
    })
    expect(pending.body.intermediate_session_token).toBe(jar.stytch_intermediate_session?.value)

    const completed = await request(app.url).post('/mfa/totp').set({ Cookie })
    expect(completed.body).toMatchObject({ member_authenticated: true, return_to: '/deep?x=1' })
    const signedIn = cookiesOf(completed)
    expect(signedIn.stytch_intermediate_session?.flags).toContain('Max-Age=0')
    const me = await request(app.url).get('/me').set('Cookie', sessionOf(signedIn))
    expect(me.body.authentication_factors).toHaveLength(2)
    testServer.clock.advance(30)
  })

  describe('a browser with a pending sign-in', () => {
    test.each([
      ['totp', '/mfa/totp'],
      ['enroll', '/mfa/enroll']
    ])('of %s goes on to %s', async (member, path) => {
      const jar = cookiesOf(await request(app.url).post(`/sign-in/${member}`))
      const answer = await request(app.url)
        .get('/me')
        .set({ Cookie: pendingOf(jar), ...navigation })
      expect(answer.status).toBe(303)
      expect(answer.headers.location).toBe(path)
    })

    test('MF-01 resumes at the page it wanted last', async () => {
      const jar = cookiesOf(await request(app.url).post('/sign-in/totp'))
      const answer = await request(app.url)
        .get('/me?deep=1')
        .set({ Cookie: pendingOf(jar), ...navigation })
      const moved = { ...jar, ...cookiesOf(answer) }
      const completed = await request(app.url).post('/mfa/totp').set('Cookie', pendingOf(moved))
      expect(completed.body).toMatchObject({ member_authenticated: true, return_to: '/me?deep=1' })
      testServer.clock.advance(30)
    })

    test('MF-01 MF-14 hears as a script what is required, and no id or token', async () => {
      const jar = cookiesOf(await request(app.url).post('/sign-in/totp'))
      const answer = await request(app.url).get('/me').set('Cookie', pendingOf(jar))
      expect(answer.status).toBe(401)
      expect(answer.body).toMatchObject({
        code: 'mfa_required',
        mfa_required: { secondary_auth_initiated: null }
      })
      expect(answer.headers['www-authenticate']).toContain('insufficient_user_authentication')
      expect(answer.text).not.toContain(jar.stytch_intermediate_session?.value)
    })

    test('MF-20 is not sent in circles by a page of its own step that is guarded', async () => {
      const jar = cookiesOf(await request(app.url).post('/sign-in/totp'))
      const answer = await request(app.url)
        .get('/mfa/totp')
        .set({ Cookie: pendingOf(jar), ...navigation })
      expect(answer.status).toBe(401)
      expect(answer.body.code).toBe('mfa_required')
    })

    test('sees public pages all the same', async () => {
      const jar = cookiesOf(await request(app.url).post('/sign-in/totp'))
      await request(app.url)
        .get('/public')
        .set({ Cookie: pendingOf(jar), ...navigation })
        .expect(200)
    })

    test('MF-12 starts over when the ten minutes are up, and forgets what is left', async () => {
      const jar = cookiesOf(await request(app.url).post('/sign-in/totp'))
      testServer.clock.advance(600)
      const Cookie = pendingOf(jar)
      const answer = await request(app.url)
        .get('/me')
        .set({ Cookie, ...navigation })
      expect(answer.headers.location).toBe('/sign-in?return_to=%2Fme')
      expect(Object.keys(cookiesOf(answer)).sort()).toEqual([
        'membergate_sign_in',
        'stytch_intermediate_session'
      ])
      expect((await request(app.url).post('/mfa/totp').set({ Cookie })).body).toEqual({
        expired: true
      })
      const script = await request(app.url).get('/me').set({ Cookie })
      expect(script.body.code).toBe('session_required')
    })

    test.each([
      [
        'forged',
        (jar: Jar) => ({ ...jar, membergate_sign_in: { value: 'e30.x.y.z.w', flags: [] } })
      ],
      [
        'of another intermediate session',
        (jar: Jar) => ({
          ...jar,
          stytch_intermediate_session: { value: 'x'.repeat(44), flags: [] }
        })
      ]
    ])('MF-12 MF-22 with a state that is %s is not signed in at all', async (_, change) => {
      const jar = cookiesOf(await request(app.url).post('/sign-in/totp'))
      const answer = await request(app.url)
        .get('/me')
        .set('Cookie', pendingOf(change(jar)))
      expect(answer.body.code).toBe('session_required')
    })
  })

  test('CS-09 a sign-in that another site sent is denied, and its session revoked', async () => {
    const { member_id } = (await testServer.authenticate('editor@acme.test')).member
    await testServer.client.sessions.revoke({ member_id })
    const answer = await request(app.url)
      .post('/sign-in/editor')
      .set('Sec-Fetch-Site', 'cross-site')
    expect(answer.status).toBe(403)
    expect(Object.keys(cookiesOf(answer))).toEqual([])
    const { member_sessions } = await testServer.client.sessions.get({
      organization_id: 'acme',
      member_id
    })
    expect(member_sessions).toEqual([])
  })
})
