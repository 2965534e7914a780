import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { cookiesOf, type Jar, pendingOf, sessionOf } from '../support/cookies.ts'
import {
  type AppBuilder,
  type Auth,
  newestFrameworks,
  type RunningApp
} from '../support/frameworks.ts'
import { openSharedCache, type SharedCache } from '../support/shared-cache.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const origin = 'http://localhost:3000'
const page = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }

const routes = [
  '/me',
  '/me?a=1',
  '/optional',
  '/fresh',
  '/of/acme',
  '/of/globex',
  '/rights',
  '/vault',
  '/missing',
  '/pending',
  '/sign-out',
  '/switch',
  '/choose',
  '/mfa',
  '/mfa/style.css',
  '/mfa/enroll',
  '/mfa/totp',
  '/mfa/sms',
  '/mfa/sms/send',
  '/mfa/recovery',
  '/mfa/locked',
  '/mfa/step-up',
  '/mfa/step-up/totp',
  '/mfa/step-up/enroll'
]

describe.each(newestFrameworks)('CS-15 behind a cache that all share, on $name', ({ open }) => {
  let testServer: TestServer
  let app: RunningApp
  let cache: SharedCache
  let count = 0

  beforeAll(async () => {
    testServer = await openTestServer()
    const { url, project_id, secret } = testServer.authority
    const paths = { loginPath: '/sign-in', organizationsPath: '/organizations' }
    const options = { url, project_id, secret, now: testServer.clock.now, origin, ...paths }
    app = await open(options, define)
    cache = await openSharedCache(app.url)
  })
  afterAll(async () => {
    cache.close()
    await app.close()
    await testServer.close()
  })

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await testServer.authenticate(`${params.name}@acme.test`))
    )
    builder.get('/public', () => ({ count: ++count }))
    builder.get('/pending', auth.requireMemberSession({ optional: true }), ({ pendingSignIn }) =>
      pendingSignIn()
    )
    builder.get('/optional', auth.requireMemberSession({ optional: true }), (exchange) => ({
      of: exchange.memberSession ?? null
    }))
    for (const method of ['get', 'post'] as const) {
      builder.mount(method, '/sign-out', auth.signOut())
      builder.mount(method, '/switch', auth.switchOrganization())
      builder.mount(method, '/choose', auth.chooseOrganization())
    }
    builder.use(auth.mfaRoutes(), auth.handleMfaRedirect())
    const recent = auth.requireRecentFactor({ withinMinutes: 10 })
    builder.get('/vault', recent, ({ memberOf }) => memberOf())
    builder.get('/fresh', auth.requireMemberSession({ max_token_age_seconds: 0 }), ({ memberOf }) =>
      memberOf()
    )
    builder.use(auth.requireMemberSession())
    builder.get('/me', ({ memberOf }) => memberOf())
    builder.get('/rights', auth.requirePermission('documents', 'write'), ({ memberOf }) =>
      memberOf()
    )
    builder.get(
      '/of/:slug',
      auth.requireMemberSession({
        organization_slug: (source: { params: { slug: string } }) => source.params.slug
      }),
      ({ memberOf }) => memberOf()
    )
  }

  interface Visitor {
    readonly name: string
    readonly headers: Record<string, string>
    /** What no other visitor may be given. */
    readonly own: Set<string>
  }

  async function come(name: string, carry: (jar: Jar) => Record<string, string>): Promise<Visitor> {
    const { member } = await testServer.authenticate(`${name}@acme.test`)
    const jar = cookiesOf(await request(app.url).post(`/sign-in/${name}`))
    const own = new Set([member.member_id, ...valuesOf(jar)])
    return { name, headers: carry(jar), own }
  }

  const byCookie = (jar: Jar) => ({ Cookie: sessionOf(jar) })
  const byBearer = (jar: Jar) => ({ Authorization: `Bearer ${jar.stytch_session_jwt?.value}` })
  const halfway = (jar: Jar) => ({ Cookie: pendingOf(jar) })
  const anonymous: Visitor = { name: 'anonymous', headers: {}, own: new Set() }

  test('keeps what is public, so that it would keep the rest', async () => {
    const get = () => request(cache.url).get('/public')
    const [first, second] = [await get(), await get()]
    expect(second.body).toEqual(first.body)
    expect(second.headers['x-cache']).toBe('hit')
  })

  test.each([
    ['pages', page],
    ['data', {}]
  ])('no visitor is given the %s or the cookies of another', async (_, kind) => {
    const visitors = [
      await come('editor', byCookie),
      await come('member', byCookie),
      await come('admin', byBearer),
      await come('totp', halfway),
      await come('enroll', halfway),
      anonymous
    ]
    testServer.clock.advance(310)
    let refreshed = 0
    for (const route of routes) {
      for (const { name, headers, own } of visitors) {
        const answer = await request(cache.url).get(route).redirects(0).set(kind).set(headers)
        const values = valuesOf(cookiesOf(answer))
        if (values.length > 0) refreshed += 1
        for (const value of values) own.add(value)
        const others = visitors.filter((visitor) => visitor.own !== own)
        const received = `${JSON.stringify(answer.headers)} ${answer.text}`
        const ofOthers = others.flatMap((other) =>
          [...other.own].filter((text) => received.includes(text)).map(() => other.name)
        )
        const hit = answer.headers['x-cache']
        expect([route, name, hit, ofOthers]).toEqual([route, name, 'miss', []])
      }
    }
    expect(refreshed).toBeGreaterThan(10)
  })
})

function valuesOf(jar: Jar): string[] {
  return Object.values(jar)
    .map(({ value }) => value)
    .filter((value) => value !== '')
}
