import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { cookiesOf, sessionOf } from '../support/cookies.ts'
import {
  type AppBuilder,
  type Auth,
  type Exchange,
  frameworks,
  type RunningApp
} from '../support/frameworks.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const served = frameworks.filter(({ canBegin }) => canBegin)

describe.each(served)('what caches may keep, on $name', ({ open }) => {
  let testServer: TestServer
  let app: RunningApp

  beforeAll(async () => {
    testServer = await openTestServer()
    const { url, project_id, secret } = testServer.authority
    const origin = 'http://localhost:3000'
    app = await open({ url, project_id, secret, now: testServer.clock.now, origin }, define)
  })
  afterAll(async () => {
    await app.close()
    await testServer.close()
  })

  function define(builder: AppBuilder, auth: Auth): void {
    const session = auth.requireMemberSession()
    const makePublic = ({ setHeader }: Exchange) => {
      setHeader('Cache-Control', 'public, max-age=60')
      setHeader('Vary', 'Accept-Encoding')
    }
    builder.use(auth.requireMemberSession({ optional: true }))
    builder.post('/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await testServer.authenticate(`${params.name}@acme.test`))
    )
    builder.post('/sign-in-twice', async ({ completeSignIn }) => {
      await completeSignIn(await testServer.authenticate('totp@acme.test'))
      return completeSignIn(await testServer.authenticate('member@acme.test'))
    })
    builder.use(auth.mfaRoutes())
    builder.get('/guarded', builder.step(makePublic), session, () => ({}))
    builder.get('/of-the-app', session, (exchange) => {
      makePublic(exchange)
      return {}
    })
  }

  const signIn = async () => {
    const { session_token, session_jwt } = await testServer.signIn('member@acme.test')
    return `stytch_session=${session_token}; stytch_session_jwt=${session_jwt}`
  }
  const namesOf = ({ headers }: { headers: Record<string, unknown> }) =>
    ((headers['set-cookie'] ?? []) as string[]).map((cookie) => cookie.split('=', 1)[0] ?? '')

  test('an answer sets no cookie twice, and what was decided last is true', async () => {
    const Cookie = await signIn()
    testServer.clock.advance(310)
    const again = await request(app.url).post('/sign-in/editor').set({ Cookie })
    const twice = await request(app.url).post('/sign-in-twice')
    for (const answer of [again, twice]) {
      expect(answer.status).toBe(200)
      const names = namesOf(answer)
      expect(names.sort()).toEqual([...new Set(names)])
      const jar = cookiesOf(answer)
      expect(jar.stytch_intermediate_session?.value).toBe('')
      await request(app.url).get('/guarded').set('Cookie', sessionOf(jar)).expect(200)
    }
    const { member } = await testServer.authenticate('editor@acme.test')
    const session_token = cookiesOf(again).stytch_session?.value ?? ''
    const { member_session } = await testServer.client.sessions.authenticate({ session_token })
    expect(member_session.member_id).toBe(member.member_id)
  })

  test('CS-12 a guard makes its answer private again, whatever was said before it', async () => {
    const answer = await request(app.url)
      .get('/guarded')
      .set('Cookie', await signIn())
    expect(answer.status).toBe(200)
    expect(answer.headers['cache-control']).toBe('private, no-store')
    expect(answer.headers.vary).toBe('Accept-Encoding, Cookie, Authorization')
  })

  test('CS-12 what a handler says of caches is left as it is', async () => {
    const answer = await request(app.url)
      .get('/of-the-app')
      .set('Cookie', await signIn())
    expect(answer.headers['cache-control']).toBe('public, max-age=60')
  })

  test('CS-14 the stylesheet of the MFA pages is kept by the browser alone: a guard may have set cookies', async () => {
    const live = await signIn()
    testServer.clock.advance(310)
    for (const Cookie of [live, 'stytch_session=malformed', '']) {
      const answer = await request(app.url).get('/mfa/style.css').set({ Cookie })
      expect(answer.status).toBe(200)
      expect(answer.headers['cache-control']).toBe('private, max-age=3600')
      expect(namesOf(answer).length > 0).toBe(Cookie !== '')
    }
  })
})
