import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { cookiesOf } from '../support/cookies.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const elsewhere = { 'Sec-Fetch-Site': 'cross-site' }

describe.each(frameworks)('a request from another site on $name', ({ open }) => {
  let testServer: TestServer
  let app: RunningApp
  let calls: string[] = []

  beforeAll(async () => {
    testServer = await openTestServer()
    const { url, project_id, secret } = testServer.authority
    const countingFetch: typeof fetch = (input, init) => {
      calls.push(new URL(String(input)).pathname)
      return fetch(input, init)
    }
    const given = { url, project_id, secret, now: testServer.clock.now, fetch: countingFetch }
    app = await open({ ...given, origin: 'http://localhost:3000' }, define)
  })
  beforeEach(() => {
    calls = []
  })
  afterAll(async () => {
    await app.close()
    await testServer.close()
  })

  function define(builder: AppBuilder, auth: Auth): void {
    const password = (email_address: string) =>
      auth.client.passwords.authenticate({
        organization_id: 'acme',
        email_address,
        password: 'wrong'
      })
    builder.post('/sign-in', ({ completeSignIn }) =>
      completeSignIn(async () => {
        calls.push('the call')
        return testServer.authenticate('member@acme.test')
      })
    )
    builder.post('/sign-in-wrong', async ({ completeSignIn }) =>
      completeSignIn(() => password('member@acme.test')).catch(({ error_type }) => ({ error_type }))
    )
    builder.post('/discover', ({ completeDiscovery }) =>
      completeDiscovery(() => {
        calls.push('the call')
        return { intermediate_session_token: 'i'.repeat(44), email_address: 'a@b.test' }
      })
    )
    builder.mount('post', '/switch', auth.switchOrganization())
    builder.mount('post', '/choose', auth.chooseOrganization())
    builder.mount('post', '/sign-out', auth.signOut())
    builder.use(auth.mfaRoutes())
  }

  test.each(['/sign-in', '/discover', '/switch', '/choose', '/sign-out', '/mfa/totp'])(
    'is denied at %s before any call of the API',
    async (path) => {
      const { session_token } = await testServer.signIn('member@acme.test')
      const answer = await request(app.url)
        .post(path)
        .set({ ...elsewhere, Cookie: `stytch_session=${session_token}` })
      expect(answer.status).toBe(403)
      expect(calls).toEqual([])
    }
  )

  test('of this site calls once, and signs in', async () => {
    const answer = await request(app.url).post('/sign-in')
    expect(answer.body).toMatchObject({ member_authenticated: true })
    expect(Object.keys(cookiesOf(answer))).toContain('stytch_session')
    expect((await request(app.url).post('/discover')).body).toMatchObject({
      member_authenticated: false
    })
    expect(calls).toEqual(['the call', 'the call'])
  })

  test('of this site gets what the call throws', async () => {
    const { body } = await request(app.url).post('/sign-in-wrong')
    expect(body).toEqual({ error_type: expect.stringMatching(/password|unauthorized/) })
    expect(calls).toEqual(['/v1/b2b/passwords/authenticate'])
  })
})
