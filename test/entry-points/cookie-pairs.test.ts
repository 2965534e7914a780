import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createCookieJar } from '../support/cookie-jar.ts'
import { type CountingFetch, createCountingFetch } from '../support/counting-fetch.ts'
import {
  type AppBuilder,
  type Auth,
  newestFrameworks,
  type RunningApp
} from '../support/frameworks.ts'
import type { Pair } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

/** A JWT cookie that is not of a pair is no better than what the authority says of it. */

describe.each(newestFrameworks)('a JWT cookie, on $name', ({ open }) => {
  let testServer: TestServer
  let upstream: CountingFetch
  let app: RunningApp

  beforeAll(async () => {
    testServer = await openTestServer()
  })
  afterAll(() => testServer.close())
  beforeEach(async () => {
    testServer.clock.advance(30)
  })

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await testServer.authenticate(`${params.name}@acme.test`))
    )
    builder.mount('post', '/sign-out', auth.signOut())
    builder.get('/me', auth.requireMemberSession(), ({ memberOf }) => memberOf())
    builder.get('/authorization', auth.requireMemberSession(), ({ authorizationOf }) =>
      authorizationOf()
    )
  }

  /** An app that knows nothing yet. */
  async function opened(options: object, run: () => Promise<void>): Promise<void> {
    upstream = createCountingFetch()
    const { url, project_id, secret } = testServer.authority
    const { fetch } = upstream
    const origin = 'http://localhost:3000'
    app = await open(
      { url, project_id, secret, now: testServer.clock.now, origin, fetch, ...options },
      define
    )
    await run().finally(() => app.close())
  }

  const withCookies = ({ session_token, session_jwt }: Partial<Pair>) =>
    createCookieJar(
      app.url,
      new Map([
        ...(session_token === undefined ? [] : [['stytch_session', session_token] as const]),
        ...(session_jwt === undefined ? [] : [['stytch_session_jwt', session_jwt] as const])
      ])
    )
  const checks = () => upstream.count('/sessions/authenticate')

  describe('that lost the opaque cookie beside it', () => {
    test('is checked remotely once, and stays until it ends', () =>
      opened({}, async () => {
        const { session_jwt, member_session } = await testServer.signIn('member@acme.test')
        const { member_session_id } = member_session
        const jar = withCookies({ session_jwt })
        testServer.clock.advance(20)
        for (const path of ['/me', '/me', '/authorization', '/me']) {
          const answer = await jar.visit('GET', path)
          expect(answer.status).toBe(200)
          expect(answer.headers.getSetCookie()).toEqual([])
        }
        expect(checks()).toBe(1)
        testServer.clock.advance(310)
        expect((await jar.visit('GET', '/me')).body).toMatchObject({ member_session_id })
        expect(jar.get('stytch_session_jwt')).not.toBe(session_jwt)
        expect(checks()).toBe(2)
        await jar.visit('GET', '/me')
        await jar.visit('GET', '/me')
        expect(checks()).toBe(3)
      }))

    test.each([
      ['never seen', false, 0],
      ['seen as half of a pair', true, 0],
      ['refreshed as half of a pair', true, 310]
    ])('signs no browser in whose session has ended elsewhere: %s', (_, isSeen, seconds) =>
      opened({}, async () => {
        const { session_jwt, session_token } = await testServer.signIn('member@acme.test')
        testServer.clock.advance(seconds)
        if (isSeen) {
          const pair = withCookies({ session_jwt, session_token })
          expect((await pair.visit('GET', '/me')).status).toBe(200)
        }
        await testServer.client.sessions.revoke({ session_token })
        const jar = withCookies({ session_jwt })
        expect(await jar.visit('GET', '/me')).toMatchObject({
          status: 401,
          body: { code: 'session_invalid' }
        })
        expect(jar.header()).toBe('')
      })
    )

    test('is checked also beside a malformed one', () =>
      opened({}, async () => {
        const { session_jwt } = await testServer.signIn('member@acme.test')
        const jar = withCookies({ session_jwt, session_token: 'undefined' })
        expect((await jar.visit('GET', '/me')).status).toBe(200)
        expect(checks()).toBe(1)
      }))

    test('is answered 503 while the authority is away, and kept', () =>
      opened({}, async () => {
        const known = await testServer.signIn('member@acme.test')
        await withCookies(known).visit('GET', '/me')
        upstream.cut(true)
        const jar = withCookies({ session_jwt: known.session_jwt })
        expect((await jar.visit('GET', '/me')).status).toBe(503)
        expect(jar.get('stytch_session_jwt')).toBe(known.session_jwt)
      }))

    test('is not checked in a header, nor beside its opaque cookie', () =>
      opened({}, async () => {
        const { session_jwt, session_token } = await testServer.signIn('member@acme.test')
        const Authorization = `Bearer ${session_jwt}`
        const me = await fetch(`${app.url}/me`, { headers: { Authorization } })
        expect(me.status).toBe(200)
        await withCookies({ session_jwt, session_token }).visit('GET', '/me')
        expect(checks()).toBe(0)
      }))
  })

  describe('of an app that keeps JWTs only', () => {
    const options = { cookies: { session_token: false } }

    test('is the only one that a sign-in sets, and needs no check', () =>
      opened(options, async () => {
        const jar = createCookieJar(app.url)
        await jar.visit('POST', '/sign-in/member')
        expect(jar.get('stytch_session')).toBeUndefined()
        expect((await jar.visit('GET', '/me')).status).toBe(200)
        expect(checks()).toBe(0)
        testServer.clock.advance(310)
        const refreshed = await jar.visit('GET', '/me')
        expect(refreshed.headers.getSetCookie()).toEqual([
          expect.stringMatching(/^stytch_session_jwt=e/)
        ])
        await jar.visit('GET', '/me')
        expect(checks()).toBe(1)
        const signedOut = await jar.visit('POST', '/sign-out')
        expect(signedOut.status).toBe(204)
        expect(signedOut.headers.getSetCookie().join()).not.toMatch(/stytch_session=/)
        expect(jar.header()).toBe('')
      }))

    test('is alone looked at: an opaque cookie is none of its own', () =>
      opened(options, async () => {
        const { session_token, session_jwt } = await testServer.signIn('member@acme.test')
        const other = await testServer.signIn('editor@acme.test')
        expect((await withCookies({ session_token }).visit('GET', '/me')).body).toMatchObject({
          code: 'session_required'
        })
        testServer.clock.advance(310)
        const jar = withCookies({ session_token: other.session_token, session_jwt })
        expect((await jar.visit('GET', '/authorization')).body).toEqual({
          session_jwt: jar.get('stytch_session_jwt')
        })
      }))
  })

  test.each([
    [{ session_duration_minutes: 60 }, /Max-Age=34560000;/],
    [{}, /Max-Age=(3600|359\d);/]
  ])('ends with its session, and the opaque one beside it not before: %j', (options, age) =>
    opened(options, async () => {
      const jar = createCookieJar(app.url)
      const { headers } = await jar.visit('POST', '/sign-in/member')
      const [opaque, jwt] = headers.getSetCookie()
      expect(opaque).toMatch(/^stytch_session=/)
      expect(opaque).toMatch(age)
      expect(jwt).toMatch(/^stytch_session_jwt=.*Max-Age=(3600|359\d);/)
    })
  )

  describe('of a session that is known by another token than the one beside it', () => {
    /** As a late answer of another process leaves them behind. */
    async function mixed(learn: (earlier: Pair) => Promise<unknown>) {
      const earlier = await testServer.signIn('member@acme.test')
      const newer = await testServer.signIn('member@acme.test')
      await learn(earlier)
      upstream.reset()
      return { newer, jar: withCookies({ ...newer, session_jwt: earlier.session_jwt }) }
    }

    test.each([
      [
        'a remote check',
        ({ session_token }: Pair) => withCookies({ session_token }).visit('GET', '/me')
      ],
      [
        'a remote check, after its JWT was accepted',
        async (earlier: Pair) => {
          await withCookies(earlier).visit('GET', '/me')
          await withCookies({ session_token: earlier.session_token }).visit('GET', '/me')
        }
      ],
      [
        'a refresh',
        async (earlier: Pair) => {
          testServer.clock.advance(310)
          await withCookies(earlier).visit('GET', '/me')
        }
      ]
    ])('is checked remotely, and the answer decides: known by %s', (_, learn) =>
      opened({}, async () => {
        const { newer, jar } = await mixed(learn)
        const { member_session_id } = newer.member_session
        const answer = await jar.visit('GET', '/me')
        expect(answer.body).toMatchObject({ member_session_id })
        expect(checks()).toBe(1)
        await jar.visit('GET', '/me')
        expect(checks()).toBe(1)
        expect((await jar.visit('GET', '/me')).body).toMatchObject({ member_session_id })
      })
    )

    test('is checked remotely after a sign-in here', () =>
      opened({}, async () => {
        const earlier = createCookieJar(app.url)
        await earlier.visit('POST', '/sign-in/member')
        const { session_token, member_session } = await testServer.signIn('member@acme.test')
        const session_jwt = earlier.get('stytch_session_jwt') ?? ''
        const { member_session_id } = member_session
        const jar = withCookies({ session_token, session_jwt })
        expect((await jar.visit('GET', '/me')).body).toMatchObject({ member_session_id })
        expect(checks()).toBe(1)
      }))

    test('of another member is checked remotely as well, and the answer decides', () =>
      opened({}, async () => {
        const earlier = await testServer.signIn('editor@acme.test')
        const { session_token, member_session } = await testServer.signIn('member@acme.test')
        await withCookies({ session_token: earlier.session_token }).visit('GET', '/me')
        const jar = withCookies({ session_token, session_jwt: earlier.session_jwt })
        const { member_session_id } = member_session
        expect((await jar.visit('GET', '/me')).body).toMatchObject({ member_session_id })
        expect(jar.get('stytch_session_jwt')).not.toBe(earlier.session_jwt)
        expect((await jar.visit('GET', '/authorization')).body).not.toEqual({
          session_jwt: earlier.session_jwt
        })
        expect((await jar.visit('GET', '/me')).body).toMatchObject({ member_session_id })
      }))
  })
})
