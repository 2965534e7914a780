import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { cookiesOf, type Jar, pendingOf, sessionOf } from '../support/cookies.ts'
import { createCountingFetch } from '../support/counting-fetch.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const origin = 'http://localhost:3000'
const navigation = {
  Accept: 'text/html',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document'
}

describe.each(frameworks)('organizations on $name', ({ open }) => {
  const network = createCountingFetch()
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
    const organizationsPath = '/organizations'
    const { fetch } = network
    const paths = { loginPath: '/sign-in', organizationsPath }
    return { url, project_id, secret, now: testServer.clock.now, origin, fetch, ...paths }
  }

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in', async ({ completeSignIn }) =>
      completeSignIn(await testServer.authenticate('member@acme.test'))
    )
    builder.post('/discover', ({ completeDiscovery }) =>
      completeDiscovery(
        { intermediate_session_token: 'i'.repeat(44), email_address: 'boss@globex.test' },
        { return_to: '/me' }
      )
    )
    builder.get('/pending', async ({ pendingDiscovery, pendingSignIn }) => ({
      discovery: await pendingDiscovery(),
      signIn: await pendingSignIn()
    }))
    builder.mount('post', '/switch', auth.switchOrganization())
    builder.mount('get', '/switch', auth.switchOrganization())
    builder.mount(
      'post',
      '/switch-to/:slug',
      auth.switchOrganization({
        organization_slug: (source: { params: { slug: string } }) => source.params.slug
      })
    )
    builder.mount('post', '/choose', auth.chooseOrganization())
    builder.mount(
      'post',
      '/choose-in/:slug',
      auth.chooseOrganization({
        organization_slug: (source: { params: { slug: string } }) => source.params.slug
      })
    )
    builder.use(auth.handleMfaRedirect())
    builder.get(
      '/of/:slug',
      auth.requireMemberSession({
        organization_slug: (source: { params: { slug: string } }) => source.params.slug
      }),
      ({ memberOf }) => memberOf()
    )
    builder.use(auth.requireMemberSession())
    builder.get('/me', ({ memberOf }) => memberOf())
  }

  const signIn = async () => cookiesOf(await request(app.url).post('/sign-in'))
  const discover = async () => cookiesOf(await request(app.url).post('/discover'))
  const me = (jar: Jar) => request(app.url).get('/me').set('Cookie', sessionOf(jar))

  /** The next exchange is answered so: what another organization's sign-in answers, done or pending. */
  function answerExchange(answer: object, status = 200): void {
    network.answerOnce('/exchange', () => Response.json(answer, { status }))
  }

  const refusal = (status_code: number, error_type: string) => ({
    status_code,
    request_id: 'r',
    error_type,
    error_message: ''
  })

  describe('switching', () => {
    test('replaces the session by one of the other organization, and leaves the old one valid', async () => {
      const jar = await signIn()
      answerExchange(await testServer.authenticate('boss@globex.test', 'globex'))
      const answer = await request(app.url)
        .post('/switch')
        .set('Cookie', sessionOf(jar))
        .type('form')
        .send({ organization_id: 'globex', return_to: '/of/globex' })
      expect([answer.status, answer.headers.location]).toEqual([303, '/of/globex'])
      expect((await me(cookiesOf(answer))).body.organization_slug).toBe('globex')
      expect((await me(jar)).body.organization_slug).toBe('acme')
    })

    test.each([
      ['?return_to=%2Fof%2Fglobex', '/of/globex'],
      ['?return_to=%2F%2Fevil.example', '/'],
      ['?return_to=%2Fa&return_to=%2Fb', '/']
    ])('by a form that was shown at %s goes on to %s', async (query, place) => {
      const jar = await signIn()
      const submit = (organization_id: string) =>
        request(app.url)
          .post(`/switch${query}`)
          .set('Cookie', sessionOf(jar))
          .type('form')
          .send({ organization_id })
      const there = await submit('acme')
      expect([there.status, there.headers.location]).toEqual([303, place])
      answerExchange(await testServer.authenticate('boss@globex.test', 'globex'))
      const answer = await submit('globex')
      expect([answer.status, answer.headers.location]).toEqual([303, place])
    })

    test('keeps the old session until a factor that the other organization requires is there', async () => {
      const jar = await signIn()
      answerExchange(await testServer.authenticate('totp@acme.test'))
      const answer = await request(app.url)
        .post('/switch')
        .set('Cookie', sessionOf(jar))
        .send({ organization_id: 'elsewhere', return_to: '/of/elsewhere' })
      expect(answer.body).toEqual({
        member_authenticated: false,
        return_to: '/of/elsewhere',
        next: '/mfa/totp'
      })
      expect(Object.keys(cookiesOf(answer)).sort()).toEqual([
        'membergate_sign_in',
        'stytch_intermediate_session'
      ])
      const both = `${sessionOf(jar)}; ${pendingOf(cookiesOf(answer))}`
      const still = await request(app.url).get('/me').set('Cookie', both)
      expect(still.body.organization_slug).toBe('acme')
    })

    test.each([
      [404, 'organization_not_found', 403, 'organization_unavailable'],
      [403, 'operation_restricted_by_organization_auth_methods', 403, 'organization_unavailable'],
      [429, 'too_many_requests', 429, 'too_many_attempts'],
      [503, 'server_unavailable', 503, 'authority_unavailable'],
      [401, 'unauthorized_credentials', 503, 'authority_unavailable']
    ])(
      'that the authority refuses with %i %s is %i %s, and nothing changes',
      async (status, type, expected, code) => {
        const jar = await signIn()
        answerExchange(refusal(status, type), status)
        const answer = await request(app.url)
          .post('/switch')
          .set('Cookie', sessionOf(jar))
          .send({ organization_id: 'globex' })
        expect([answer.status, answer.body.code]).toEqual([expected, code])
        expect(cookiesOf(answer)).toEqual({})
        await me(jar).expect(200)
      }
    )

    test('by a slug denies an organization whose id is spelt so, and ends its session', async () => {
      const jar = await signIn()
      const other = await testServer.authenticate('boss@globex.test', 'globex')
      answerExchange(other)
      const answer = await request(app.url)
        .post('/switch-to/spelt-like-an-id')
        .set('Cookie', sessionOf(jar))
      expect([answer.status, answer.body.code]).toEqual([403, 'organization_unavailable'])
      expect(cookiesOf(answer)).toEqual({})
      const { session_token } = other
      await expect(
        testServer.client.sessions.authenticate({ session_token })
      ).rejects.toMatchObject({
        error_type: 'session_not_found'
      })
    })

    test('while the authority is away is 503, and nothing changes', async () => {
      const jar = await signIn()
      network.answerOnce('/exchange', () => Promise.reject(new TypeError('fetch failed')))
      const answer = await request(app.url)
        .post('/switch')
        .set('Cookie', sessionOf(jar))
        .send({ organization_id: 'globex' })
      expect([answer.status, answer.body.code]).toEqual([503, 'authority_unavailable'])
      expect(cookiesOf(answer)).toEqual({})
      await me(jar).expect(200)
    })

    test('with a session that another process ended is 401, and clears its cookies', async () => {
      const jar = await signIn()
      const session_token = jar.stytch_session?.value ?? ''
      await testServer.client.sessions.revoke({ session_token })
      const answer = await request(app.url)
        .post('/switch')
        .set('Cookie', sessionOf(jar))
        .send({ organization_id: 'globex' })
      expect([answer.status, answer.body.code]).toEqual([401, 'session_invalid'])
      const cleared = cookiesOf(answer)
      expect(Object.keys(cleared).sort()).toEqual(['stytch_session', 'stytch_session_jwt'])
      for (const { flags } of Object.values(cleared)) expect(flags).toContain('Max-Age=0')
    })

    test('goes by the cookies alone: a new session must find its way to the browser', async () => {
      const jar = await signIn()
      const answer = await request(app.url)
        .post('/switch')
        .set('Authorization', `Bearer ${jar.stytch_session?.value}`)
        .send({ organization_id: 'globex' })
      expect([answer.status, answer.body.code]).toEqual([401, 'session_required'])
    })

    test('with malformed cookies is 401, without a call', async () => {
      const jar = await signIn()
      network.reset()
      for (const Cookie of [
        'stytch_session=malformed',
        `${sessionOf(jar)}; stytch_session=${'x'.repeat(44)}`
      ]) {
        const answer = await request(app.url)
          .post('/switch')
          .set({ Cookie })
          .send({ organization_id: 'globex' })
        expect([answer.status, answer.body.code]).toEqual([401, 'session_invalid'])
      }
      expect(network.count('')).toBe(0)
    })

    test('S-XCH-10 at the authority itself asks for the password of the other organization', async () => {
      const jar = await signIn()
      const member = { organization_id: 'globex', email_address: 'member@acme.test' }
      await testServer.client.organizations.members.create(member).catch(() => {})
      const answer = await request(app.url)
        .post('/switch')
        .set('Cookie', sessionOf(jar))
        .type('form')
        .send({ organization_id: 'globex', return_to: '/of/globex' })
      expect([answer.status, answer.headers.location]).toEqual([303, '/sign-in'])
      const pending = await request(app.url)
        .get('/pending')
        .set('Cookie', pendingOf(cookiesOf(answer)))
      expect(pending.body.signIn).toMatchObject({
        return_to: '/of/globex',
        primary_required: { allowed_auth_methods: expect.any(Array) }
      })
      await me(jar).expect(200)
    })

    test('to where the member is makes no call', async () => {
      const jar = await signIn()
      network.reset()
      const answer = await request(app.url)
        .post('/switch')
        .set('Cookie', sessionOf(jar))
        .send({ organization_id: 'acme', return_to: '/me' })
      expect(answer.body.next).toBe('/me')
      expect(network.count('/exchange')).toBe(0)
    })

    test('CS-09 CK-14 is POST only, needs a session, and is denied to another site', async () => {
      const jar = await signIn()
      await request(app.url).get('/switch').expect(405).expect('Allow', 'POST')
      const anonymous = await request(app.url).post('/switch').send({ organization_id: 'globex' })
      expect([anonymous.status, anonymous.body.code]).toEqual([401, 'session_required'])
      const crossSite = await request(app.url)
        .post('/switch')
        .set({ Cookie: sessionOf(jar), 'Sec-Fetch-Site': 'cross-site' })
        .send({ organization_id: 'globex' })
      expect([crossSite.status, crossSite.body.code]).toEqual([403, 'csrf_rejected'])
      network.reset()
      for (const fields of [{}, { organization_id: '' }, { organization_id: ['globex'] }]) {
        const unnamed = await request(app.url)
          .post('/switch')
          .set('Cookie', sessionOf(jar))
          .send(fields)
        expect([unnamed.status, unnamed.body.code]).toEqual([400, 'request_malformed'])
      }
      expect(network.count('/exchange')).toBe(0)
    })
  })

  test('MF-10 a page of another organization sends browsers to choose it, without a call', async () => {
    const jar = await signIn()
    network.reset()
    const Cookie = sessionOf(jar)
    const answer = await request(app.url)
      .get('/of/globex?x=1')
      .set({ Cookie, ...navigation })
    expect([answer.status, answer.headers.location]).toEqual([
      303,
      '/organizations?return_to=%2Fof%2Fglobex%3Fx%3D1'
    ])
    const script = await request(app.url).get('/of/globex').set({ Cookie })
    expect([script.status, script.body.code]).toEqual([403, 'organization_mismatch'])
    expect(script.body.switch_at).toBe('/organizations')
    expect(network.count('/exchange') + network.count('/authenticate')).toBe(0)
  })

  describe('a discovery sign-in', () => {
    test('waits for an organization, and says so', async () => {
      const answer = await request(app.url).post('/discover')
      expect(answer.body).toEqual({
        member_authenticated: false,
        return_to: '/me',
        next: '/organizations'
      })
      const Cookie = pendingOf(cookiesOf(answer))
      const pending = await request(app.url).get('/pending').set({ Cookie })
      expect(pending.body).toEqual({
        discovery: {
          email_address: 'boss@globex.test',
          return_to: '/me',
          intermediate_session_token: 'i'.repeat(44)
        },
        signIn: null
      })
      const browser = await request(app.url)
        .get('/me')
        .set({ Cookie, ...navigation })
      expect(browser.headers.location).toBe('/organizations')
      const script = await request(app.url).get('/me').set({ Cookie })
      expect([script.status, script.body.code]).toEqual([401, 'organization_required'])
    })

    test('MF-22 is none without both of its cookies', async () => {
      const jar = await discover()
      for (const [name, { value }] of Object.entries(jar)) {
        const one = await request(app.url).get('/pending').set('Cookie', `${name}=${value}`)
        expect(one.body).toEqual({ discovery: null, signIn: null })
      }
      const none = await request(app.url).get('/pending')
      expect(none.body).toEqual({ discovery: null, signIn: null })
    })

    test('is finished in the organization that is chosen, and resumes', async () => {
      const jar = await discover()
      answerExchange(await testServer.authenticate('boss@globex.test', 'globex'))
      const answer = await request(app.url)
        .post('/choose')
        .set('Cookie', pendingOf(jar))
        .send({ organization_id: 'globex' })
      expect(answer.body).toEqual({ member_authenticated: true, return_to: '/me', next: '/me' })
      expect((await me(cookiesOf(answer))).body.organization_slug).toBe('globex')
    })

    test('CS-09 that another site sent is denied, and leaves no cookie', async () => {
      for (const headers of [
        { 'Sec-Fetch-Site': 'cross-site' },
        { Origin: 'https://evil.example' }
      ]) {
        const answer = await request(app.url).post('/discover').set(headers)
        expect(answer.status).toBe(403)
        expect(cookiesOf(answer)).toEqual({})
      }
    })

    test('by a slug denies an organization whose id is spelt so, and ends its session', async () => {
      const jar = await discover()
      const other = await testServer.authenticate('boss@globex.test', 'globex')
      answerExchange(other)
      const answer = await request(app.url)
        .post('/choose-in/spelt-like-an-id')
        .set('Cookie', pendingOf(jar))
      expect([answer.status, answer.body.code]).toEqual([403, 'organization_unavailable'])
      expect(cookiesOf(answer)).toEqual({})
      const { session_token } = other
      await expect(
        testServer.client.sessions.authenticate({ session_token })
      ).rejects.toMatchObject({ error_type: 'session_not_found' })
    })

    test('goes on to MFA where that is required', async () => {
      const jar = await discover()
      answerExchange(await testServer.authenticate('enroll@acme.test'))
      const answer = await request(app.url)
        .post('/choose')
        .set('Cookie', pendingOf(jar))
        .type('form')
        .send({ organization_id: 'acme' })
      expect(answer.headers.location).toBe('/mfa/enroll')
    })

    test('MF-14 that is over is cleared', async () => {
      const jar = await discover()
      answerExchange(refusal(404, 'intermediate_session_not_found'), 404)
      const answer = await request(app.url)
        .post('/choose')
        .set('Cookie', pendingOf(jar))
        .send({ organization_id: 'acme' })
      expect([answer.status, answer.body.code]).toEqual([401, 'session_required'])
      expect(cookiesOf(answer).stytch_intermediate_session?.flags).toContain('Max-Age=0')
    })
  })
})
