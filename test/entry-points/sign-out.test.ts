import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { cookiesOf, sessionOf } from '../support/cookies.ts'
import { createCountingFetch } from '../support/counting-fetch.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import type { Pair } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

describe.each(frameworks)('signing out on $name', ({ open }) => {
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
    return { url, project_id, secret, now: testServer.clock.now, origin }
  }

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in/:email', async ({ params, completeSignIn }) =>
      completeSignIn(await testServer.authenticate(`${params.email}@acme.test`))
    )
    builder.mount('post', '/sign-out', auth.signOut())
    builder.mount('get', '/sign-out', auth.signOut())
    builder.mount('post', '/sign-out-to', auth.signOut({ return_to: '/bye' }))
    builder.use(auth.requireMemberSession())
    builder.get('/me', ({ memberOf }) => memberOf())
  }

  const isAlive = ({ session_token }: { session_token: string }) =>
    testServer.client.sessions.authenticate({ session_token }).then(
      () => true,
      () => false
    )

  test('CK-06 ends the session, clears every cookie and is seen at once', async () => {
    const jar = cookiesOf(await request(app.url).post('/sign-in/member'))
    const Cookie = sessionOf(jar)
    await request(app.url).get('/me').set({ Cookie }).expect(200)
    const answer = await request(app.url).post('/sign-out').set({ Cookie })
    expect(answer.status).toBe(204)
    const cleared = cookiesOf(answer)
    expect(Object.keys(cleared)).toHaveLength(4)
    for (const { flags } of Object.values(cleared)) expect(flags).toContain('Max-Age=0')
    await request(app.url).get('/me').set({ Cookie }).expect(401)
    await expect(
      testServer.client.sessions.authenticate({ session_token: jar.stytch_session?.value ?? '' })
    ).rejects.toMatchObject({ error_type: 'session_not_found' })
  })

  test('ends the sessions of both cookies, where they are of two members', async () => {
    const jars = [
      cookiesOf(await request(app.url).post('/sign-in/member')),
      cookiesOf(await request(app.url).post('/sign-in/editor'))
    ] as const
    const [token, other] = jars.map((jar) => jar.stytch_session?.value ?? '')
    const Cookie = `stytch_session=${token}; stytch_session_jwt=${jars[1].stytch_session_jwt?.value}`
    await request(app.url).post('/sign-out').set({ Cookie }).expect(204)
    for (const session_token of [token ?? '', other ?? '']) {
      await expect(
        testServer.client.sessions.authenticate({ session_token })
      ).rejects.toMatchObject({ error_type: 'session_not_found' })
    }
    for (const jar of jars) {
      await request(app.url)
        .get('/me')
        .set({ Cookie: sessionOf(jar) })
        .expect(401)
    }
  })

  test('ends no session by a token that was not accepted, and makes no call for a malformed one', async () => {
    const jar = cookiesOf(await request(app.url).post('/sign-in/member'))
    const Cookie = sessionOf(jar)
    const jwt = jar.stytch_session_jwt?.value ?? ''
    let calls = 0
    const other = await open(
      {
        ...options(),
        fetch: (...given) => {
          calls += 1
          return fetch(...given)
        }
      },
      define
    )
    await request(other.url).get('/me').set({ Cookie }).expect(200)
    const before = calls
    const forged = `${jwt.slice(0, jwt.lastIndexOf('.'))}.${'A'.repeat(342)}`
    for (const [token, status] of [
      [forged, 200],
      ['a.b.c', 204],
      ['malformed', 204]
    ]) {
      const answer = await request(other.url)
        .post('/sign-out')
        .set('Authorization', `Bearer ${token}`)
      expect(answer.status).toBe(status)
    }
    expect(calls).toBe(before)
    await request(other.url).get('/me').set({ Cookie }).expect(200)
    await other.close()
  })

  test.each([429, 401, 500])('does not take a refusal with %i for a revocation', async (status) => {
    const jar = cookiesOf(await request(app.url).post('/sign-in/member'))
    const refusing = await open(
      {
        ...options(),
        fetch: (input, init) =>
          String(input).endsWith('/revoke')
            ? Promise.resolve(
                new Response('{"error_type":"too_many_requests","error_message":""}', {
                  status
                })
              )
            : fetch(input, init)
      },
      define
    )
    const Cookie = sessionOf(jar)
    await request(refusing.url).post('/sign-out').set({ Cookie }).expect(202)
    await request(refusing.url).get('/me').set({ Cookie }).expect(401)
    await refusing.close()
  })

  test('CK-14 CS-09 is POST only, and denied to another site', async () => {
    const jar = cookiesOf(await request(app.url).post('/sign-in/member'))
    const Cookie = sessionOf(jar)
    await request(app.url).get('/sign-out').set({ Cookie }).expect(405).expect('Allow', 'POST')
    await request(app.url)
      .post('/sign-out')
      .set({ Cookie, 'Sec-Fetch-Site': 'cross-site' })
      .expect(403)
    await request(app.url).get('/me').set({ Cookie }).expect(200)
  })

  test('goes to return_to by 303, also without a session', async () => {
    const answer = await request(app.url).post('/sign-out-to')
    expect(answer.status).toBe(303)
    expect(answer.headers.location).toBe('/bye')
  })

  test('clears the cookies also when a client of another make fails in its own way', async () => {
    const jar = cookiesOf(await request(app.url).post('/sign-in/member'))
    const fail = () => Promise.reject(new Error('ECONNREFUSED'))
    const client = {
      sessions: { authenticate: fail, revoke: fail },
      rbac: { policy: fail, organizations: { getOrgPolicy: fail } }
    }
    const other = await open({ ...options(), client }, define)
    const answer = await request(other.url).post('/sign-out').set('Cookie', sessionOf(jar))
    expect(answer.status).toBe(202)
    expect(Object.keys(cookiesOf(answer))).toHaveLength(4)
    await other.close()
  })

  test('CK-13 clears the cookies while the authority is away, and says that the revocation is outstanding', async () => {
    const jar = cookiesOf(await request(app.url).post('/sign-in/member'))
    const away = await open(
      { ...options(), fetch: () => Promise.reject(new TypeError('fetch failed')) },
      define
    )
    const answer = await request(away.url).post('/sign-out').set('Cookie', sessionOf(jar))
    expect(answer.status).toBe(202)
    expect(answer.body).toEqual({ revocation: 'outstanding' })
    expect(Object.keys(cookiesOf(answer))).toHaveLength(4)
    await away.close()
  })

  describe('ends the session whatever stands beside it', () => {
    const planted = 'p'.repeat(44)
    const beside: [string, number, (pair: Pair) => Record<string, string>][] = [
      [
        'a second token before it',
        204,
        ({ session_token }) => ({
          Cookie: `stytch_session=${planted}; stytch_session=${session_token}`
        })
      ],
      [
        'a second token behind it and its JWT',
        204,
        ({ session_token, session_jwt }) => ({
          Cookie: `stytch_session=${session_token}; stytch_session_jwt=${session_jwt}; stytch_session=${planted}`
        })
      ],
      [
        'more planted tokens than are tried, once this process knows it',
        200,
        ({ session_token }) => ({
          Cookie: Array.from({ length: 20 }, (_, index) => `stytch_session=${planted}${index}`)
            .concat(`stytch_session=${session_token}`)
            .join('; ')
        })
      ],
      [
        'a malformed second token',
        204,
        ({ session_token }) => ({ Cookie: `stytch_session=x; stytch_session=${session_token}` })
      ],
      [
        'a second JWT before its own, and no opaque token',
        200,
        ({ session_jwt }) => ({
          Cookie: `stytch_session_jwt=${forge(session_jwt)}; stytch_session_jwt=${session_jwt}`
        })
      ],
      [
        'a Bearer token that is none of ours',
        204,
        ({ session_token }) => ({
          Cookie: `stytch_session=${session_token}`,
          Authorization: `Bearer ${planted}`
        })
      ],
      [
        'a malformed Bearer token',
        204,
        ({ session_token }) => ({
          Cookie: `stytch_session=${session_token}`,
          Authorization: 'Bearer x'
        })
      ],
      [
        'a JWT that was tampered with',
        204,
        ({ session_token, session_jwt }) => ({
          Cookie: `stytch_session=${session_token}; stytch_session_jwt=${forge(session_jwt)}`
        })
      ]
    ]

    test.each(beside)('%s', async (name, status, headersOf) => {
      const pair = await testServer.signIn('member@acme.test')
      if (name.includes('knows')) {
        const { session_token } = pair
        await request(app.url)
          .get('/me')
          .set('Cookie', `stytch_session=${session_token}`)
          .expect(200)
      }
      const answer = await request(app.url).post('/sign-out').set(headersOf(pair))
      expect(await isAlive(pair)).toBe(false)
      expect(answer.status).toBe(status)
      expect(answer.text).toBe(status === 204 ? '' : '{"revocation":"unproven"}')
      expect(Object.keys(cookiesOf(answer))).toHaveLength(4)
    })

    test('two sessions in two Bearer headers, and a third in the cookies', async () => {
      const pairs = [
        await testServer.signIn('member@acme.test'),
        await testServer.signIn('member@acme.test'),
        await testServer.signIn('editor@acme.test')
      ]
      const [first, second, third] = pairs.map(({ session_token }) => session_token)
      const answer = await fetchWithHeaders(`${app.url}/sign-out`, [
        ['Authorization', `Bearer ${first}`],
        ['Authorization', `Bearer ${second}`],
        ['Cookie', `stytch_session=${third}`]
      ])
      expect(answer).toBe(204)
      expect(await Promise.all(pairs.map(isAlive))).toEqual([false, false, false])
    })
  })

  describe('claims nothing', () => {
    test.each([
      ['is forged', forge],
      [
        'is of a key that the key set does not have',
        (jwt: string) => withHeader(jwt, { kid: 'unknown' })
      ]
    ])(
      'where a lone JWT %s: its session goes on, and the cookies are cleared',
      async (_, change) => {
        const pair = await testServer.signIn('member@acme.test')
        const Cookie = `stytch_session_jwt=${change(pair.session_jwt)}`
        const answer = await request(app.url).post('/sign-out').set({ Cookie })
        expect([answer.status, answer.body]).toEqual([200, { revocation: 'unproven' }])
        expect(answer.headers['cache-control']).toBe('private, no-store')
        expect(Object.keys(cookiesOf(answer))).toHaveLength(4)
        const sentOn = await request(app.url).post('/sign-out-to').set({ Cookie })
        expect(sentOn.status).toBe(303)
        expect(await isAlive(pair)).toBe(true)
      }
    )

    test('and lets the authority decide about a lone JWT whose keys cannot be fetched', async () => {
      const pair = await testServer.signIn('member@acme.test')
      const withoutKeys = await open(
        {
          ...options(),
          fetch: (input, init) =>
            String(input).includes('/jwks')
              ? Promise.reject(new TypeError('fetch failed'))
              : fetch(input, init)
        },
        define
      )
      const Cookie = `stytch_session_jwt=${pair.session_jwt}`
      await request(withoutKeys.url).post('/sign-out').set({ Cookie }).expect(204)
      expect(await isAlive(pair)).toBe(false)
      await withoutKeys.close()
    })

    test('and tries no more than a bounded number of tokens', async () => {
      const network = createCountingFetch()
      const counted = await open({ ...options(), fetch: network.fetch }, define)
      const Cookie = Array.from(
        { length: 40 },
        (_, index) => `stytch_session=${'q'.repeat(40)}${index}`
      )
      const answer = await request(counted.url).post('/sign-out').set('Cookie', Cookie.join('; '))
      expect([answer.status, answer.body]).toEqual([200, { revocation: 'unproven' }])
      expect(network.count('/authenticate')).toBe(8)
      await counted.close()
    })
  })

  test('says once more that a revocation is outstanding, where this process denies the session already', async () => {
    const pair = await testServer.signIn('member@acme.test')
    const network = createCountingFetch()
    const away = await open({ ...options(), fetch: network.fetch }, define)
    const Cookie = `stytch_session_jwt=${pair.session_jwt}`
    await request(away.url).get('/me').set({ Cookie }).expect(200)
    network.cut(true)
    await request(away.url).post('/sign-out').set({ Cookie }).expect(202)
    await request(away.url).post('/sign-out').set({ Cookie }).expect(202)
    network.cut(false)
    await request(away.url).post('/sign-out').set({ Cookie }).expect(204)
    expect(await isAlive(pair)).toBe(false)
    await away.close()
  })
})

function forge(jwt: string): string {
  return `${jwt.slice(0, jwt.lastIndexOf('.'))}.${'A'.repeat(342)}`
}

function withHeader(jwt: string, changed: object): string {
  const [header = '', ...rest] = jwt.split('.')
  const read = JSON.parse(Buffer.from(header, 'base64url').toString())
  return [Buffer.from(JSON.stringify({ ...read, ...changed })).toString('base64url'), ...rest].join(
    '.'
  )
}

/** Supertest and `fetch` send a header once. */
function fetchWithHeaders(url: string, headers: readonly [string, string][]): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST' }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    for (const name of new Set(headers.map(([name]) => name))) {
      sent.setHeader(
        name,
        headers.filter((pair) => pair[0] === name).map((pair) => pair[1])
      )
    }
    sent.on('error', reject)
    sent.end()
  })
}
