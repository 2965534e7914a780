import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type CookieJar, createCookieJar, type SentAnswer } from '../support/cookie-jar.ts'
import { createCountingFetch } from '../support/counting-fetch.ts'
import {
  type AppBuilder,
  type Auth,
  newestFrameworks,
  type RunningApp
} from '../support/frameworks.ts'
import { createGates } from '../support/gates.ts'
import { password, totp_secret } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

/** No answer to an earlier request makes a browser act as an earlier session, or lose a newer one. */

const stepping = { email_address: 'step@acme.test', password, totp_secret }

describe.each(newestFrameworks)('an answer that comes late, on $name', ({ open }) => {
  const gates = createGates()
  const network = createCountingFetch()
  let testServer: TestServer
  let app: RunningApp
  let count = 0

  beforeAll(async () => {
    testServer = await openTestServer([stepping])
    app = await open(options(), define)
  })
  afterAll(async () => {
    await app.close()
    await testServer.close()
  })
  beforeEach(() => testServer.clock.advance(30))

  function options() {
    const { url, project_id, secret } = testServer.authority
    const origin = 'http://localhost:3000'
    const { fetch } = network
    return { url, project_id, secret, now: testServer.clock.now, origin, fetch }
  }

  function define(builder: AppBuilder, auth: Auth): void {
    const session = auth.requireMemberSession()
    const optional = auth.requireMemberSession({ optional: true })
    const wait = ({ params }: { params: Readonly<Record<string, string>> }) =>
      gates.wait(params.gate ?? '')
    builder.post('/sign-in/:name/:gate', async (exchange) => {
      await exchange.completeSignIn(await authenticate(exchange.params.name))
      await wait(exchange)
      return {}
    })
    builder.post('/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await authenticate(params.name))
    )
    builder.mount('post', '/sign-out', auth.signOut())
    builder.mount('post', '/switch', auth.switchOrganization())
    builder.use(auth.mfaRoutes())
    builder.get('/held/:gate', session, wait)
    builder.get('/failing/:gate', session, async (exchange) => {
      await wait(exchange)
      throw new Error('A mistake of the app.')
    })
    builder.get('/optional/:gate', optional, wait)
    builder.get('/me', session, ({ memberOf }) => memberOf())
    builder.get('/maybe', optional, ({ memberSession }) => memberSession ?? {})
    builder.get(
      '/vault',
      auth.requireRecentFactor({ withinMinutes: 5, methods: ['totp'] }),
      () => ({})
    )
  }

  const authenticate = (name = '') =>
    name === 'boss'
      ? testServer.authenticate('boss@globex.test', 'globex')
      : testServer.authenticate(`${name}@acme.test`)

  async function signIn(name = 'member'): Promise<CookieJar> {
    const jar = createCookieJar(app.url)
    await jar.visit('POST', `/sign-in/${name}`)
    return jar
  }

  /** Sends a request that waits in its handler, while what `meanwhile` does is answered. */
  async function answerLate(
    jar: CookieJar,
    path: string,
    meanwhile: () => unknown,
    method: 'GET' | 'POST' = 'GET'
  ): Promise<SentAnswer> {
    count += 1
    const gate = `gate-${count}`
    const answering = jar.send(method, `${path}/${gate}`)
    await gates.reached(gate)
    await meanwhile()
    gates.open(gate)
    const answer = await answering
    jar.take(answer)
    return answer
  }

  const setBy = ({ headers }: SentAnswer) => headers.getSetCookie()
  const meOf = async (jar: CookieJar) => (await jar.visit('GET', '/me')).body as { code?: string }

  /** What the browser holds before, and how it comes to be refreshed. */
  const kinds = {
    'both cookies': () => {},
    'the opaque one alone': (jar: CookieJar) => jar.drop('stytch_session_jwt')
  }

  describe.each(Object.entries(kinds))('to a browser with %s', (_, prepare) => {
    async function signInBefore(): Promise<CookieJar> {
      const jar = await signIn()
      testServer.clock.advance(310)
      prepare(jar)
      return jar
    }

    test('gives it the new JWT, and never the opaque token again', async () => {
      for (const path of ['/held', '/failing']) {
        const answer = await answerLate(await signInBefore(), path, () => {})
        expect(setBy(answer)).toEqual([expect.stringMatching(/^stytch_session_jwt=e/)])
        expect(answer.headers.get('cache-control')).toBe('private, no-store')
      }
    })

    test.each(['/held', '/failing'])(
      'does not sign it in again that has signed out: %s',
      async (path) => {
        const jar = await signInBefore()
        const answer = await answerLate(jar, path, async () => {
          expect((await jar.visit('POST', '/sign-out')).status).toBe(204)
        })
        expect(setBy(answer)).toEqual([])
        expect(jar.header()).toBe('')
        expect(await meOf(jar)).toMatchObject({ code: 'session_required' })
      }
    )

    test.each(['/held', '/failing'])(
      'does not bring it back to the organization that it left: %s',
      async (path) => {
        const jar = await signInBefore()
        const answer = await answerLate(jar, path, async () => {
          const there = await authenticate('boss')
          network.answerOnce('/exchange', () => Response.json(there))
          const switched = await jar.visit('POST', '/switch', { organization_id: 'globex' })
          expect(switched.status).toBe(200)
        })
        expect(setBy(answer)).toEqual([])
        expect(await meOf(jar)).toMatchObject({ organization_slug: 'globex' })
      }
    )

    test.each(['editor', 'member'])(
      'does not bring back the session before a new sign-in of %s',
      async (name) => {
        const jar = await signInBefore()
        let token: string | undefined
        const answer = await answerLate(jar, '/held', async () => {
          await jar.visit('POST', `/sign-in/${name}`)
          token = jar.get('stytch_session')
        })
        expect(setBy(answer)).toEqual([])
        const { member_session } = await testServer.client.sessions.authenticate({
          session_token: token ?? ''
        })
        const { member_session_id } = member_session
        expect(await meOf(jar)).toMatchObject({ member_session_id })
      }
    )

    test('keeps no session alive that was revoked meanwhile', async () => {
      const jar = await signInBefore()
      const session_token = jar.get('stytch_session') ?? ''
      const answer = await answerLate(jar, '/held', () =>
        app.auth.client.sessions.revoke({ session_token })
      )
      expect(setBy(answer)).toEqual([])
    })
  })

  describe('of an optional guard whose session is over', () => {
    async function signInAndEnd(): Promise<CookieJar> {
      const jar = await signIn()
      testServer.clock.advance(310)
      await testServer.client.sessions.revoke({ session_token: jar.get('stytch_session') ?? '' })
      return jar
    }
    const clears = (answer: SentAnswer) => setBy(answer).filter((one) => one.includes('Max-Age=0'))

    test('clears its cookies, and theirs alone', async () => {
      const jar = await signInAndEnd()
      expect(clears(await answerLate(jar, '/optional', () => {}))).toHaveLength(2)
    })

    test('clears none of a sign-in since', async () => {
      const jar = await signInAndEnd()
      const answer = await answerLate(jar, '/optional', () => jar.visit('POST', '/sign-in/editor'))
      expect(setBy(answer)).toEqual([])
      expect((await jar.visit('GET', '/me')).status).toBe(200)
    })

    test.each([
      ['another answer', 'GET', '/maybe'],
      ['a sign-out', 'POST', '/sign-out']
    ] as const)('clears none where %s did, before a sign-in', async (_, method, path) => {
      const jar = await signInAndEnd()
      const answer = await answerLate(jar, '/optional', async () => {
        await jar.visit(method, path)
        expect(jar.header()).toBe('')
        await jar.visit('POST', '/sign-in/editor')
      })
      expect(setBy(answer)).toEqual([])
      expect((await jar.visit('GET', '/me')).status).toBe(200)
    })

    test('clears them again where an earlier answer was lost', async () => {
      const jar = await signInAndEnd()
      await jar.send('GET', '/maybe')
      expect(clears(await jar.send('GET', '/maybe'))).toHaveLength(2)
    })

    test('clears a malformed cookie, but none of a sign-in since', async () => {
      const malformed = () => createCookieJar(app.url, new Map([['stytch_session', 'undefined']]))
      const jar = malformed()
      const answer = await answerLate(jar, '/optional', async () => {
        await jar.visit('GET', '/maybe')
        await jar.visit('POST', '/sign-in/editor')
      })
      expect(setBy(answer)).toEqual([])
      expect((await jar.visit('GET', '/me')).status).toBe(200)
      await malformed().visit('POST', '/sign-in/editor')
      expect(clears(await malformed().visit('GET', '/maybe'))).toHaveLength(2)
    })

    test('clears none for a token that a sign-in replaced, also where a sign-out had it again', async () => {
      const jar = await signInAndEnd()
      const other = jar.copy()
      await jar.visit('POST', '/sign-in/editor')
      await other.send('POST', '/sign-out')
      expect(clears(await other.send('GET', '/maybe'))).toEqual([])
    })
  })

  test('of a check that began before a sign-in does not bring back its session', async () => {
    const { session_token } = await testServer.signIn('member@acme.test')
    const jar = createCookieJar(app.url, new Map([['stytch_session', session_token]]))
    let answering: Promise<SentAnswer> | undefined
    await new Promise<void>((resolve) => {
      network.answerOnce('/sessions/authenticate', async () => {
        const answer = await testServer.client.sessions.authenticate({ session_token })
        await jar.visit('POST', '/sign-in/editor')
        resolve()
        return Response.json(answer)
      })
      answering = jar.send('GET', '/me')
    })
    expect((await answering)?.headers.getSetCookie()).toEqual([])
  })

  describe('of a sign-out', () => {
    test('clears the cookies again where its answer was lost', async () => {
      const jar = await signIn()
      await jar.send('POST', '/sign-out')
      await jar.visit('POST', '/sign-out')
      expect(jar.header()).toBe('')
    })

    test('clears none of a sign-in that was answered before it', async () => {
      const jar = await signIn()
      let signedOut: Promise<SentAnswer> = Promise.reject(new Error('It was never sent.'))
      signedOut.catch(() => {})
      await new Promise<void>((resolve) => {
        network.answerOnce('/revoke', async () => {
          await jar.visit('POST', '/sign-in/editor')
          resolve()
          return Response.json({ status_code: 200, request_id: 'r' })
        })
        signedOut = jar.send('POST', '/sign-out')
      })
      jar.take(await signedOut)
      expect((await jar.visit('GET', '/me')).status).toBe(200)
    })
  })

  describe('of a sign-in', () => {
    test('signs no browser in whose new session has ended', async () => {
      const jar = createCookieJar(app.url)
      const answer = await answerLate(
        jar,
        '/sign-in/member',
        async () => {
          const { member_sessions } = await testServer.client.sessions.get(await memberOf('member'))
          for (const { member_session_id } of member_sessions) {
            await app.auth.client.sessions.revoke({ member_session_id })
          }
        },
        'POST'
      )
      expect(answer.status).toBe(200)
      expect(setBy(answer)).toEqual([])
    })

    test('takes the place of no later one', async () => {
      const jar = await signIn()
      const answer = await answerLate(
        jar,
        '/sign-in/editor',
        () => jar.visit('POST', '/sign-in/boss'),
        'POST'
      )
      expect(setBy(answer)).toEqual([])
      expect(await meOf(jar)).toMatchObject({ organization_slug: 'globex' })
    })

    async function memberOf(name: string) {
      const { member } = await authenticate(name)
      return { organization_id: member.organization_id, member_id: member.member_id }
    }
  })

  describe('around a step-up', () => {
    const stepUp = (jar: CookieJar) =>
      jar.visit('POST', '/mfa/step-up/totp', { code: testServer.totpCode() })

    test('takes no factor away that was verified since', async () => {
      const jar = await signIn('step')
      testServer.clock.advance(310)
      const answer = await answerLate(jar, '/held', async () => {
        expect((await stepUp(jar)).status).toBe(200)
      })
      expect(setBy(answer)).toEqual([])
      expect((await jar.visit('GET', '/vault')).status).toBe(200)
    })

    test('takes none away also where it presents another JWT of the session', async () => {
      const jar = await signIn('step')
      testServer.clock.advance(310)
      const other = jar.copy()
      const answer = await answerLate(other, '/held', async () => {
        await jar.visit('GET', '/me')
        testServer.clock.advance(30)
        expect((await stepUp(jar)).status).toBe(200)
      })
      jar.take(answer)
      expect((await jar.visit('GET', '/vault')).status).toBe(200)
    })

    test('is not served what was known before it', async () => {
      const jar = await signIn('step')
      jar.drop('stytch_session_jwt')
      expect((await jar.send('GET', '/vault')).status).toBe(401)
      expect((await stepUp(jar)).status).toBe(200)
      jar.drop('stytch_session_jwt')
      expect((await jar.send('GET', '/vault')).status).toBe(200)
    })

    test('does not bring back the session that was left meanwhile', async () => {
      const jar = await signIn('step')
      const other = jar.copy()
      await jar.visit('POST', '/sign-in/boss')
      expect((await stepUp(other)).status).toBe(200)
      expect(await meOf(jar)).toMatchObject({ organization_slug: 'globex' })
    })
  })
})
