import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { setCookies } from '../../src/adapters/response.ts'
import { readOptions } from '../../src/core/options.ts'
import { cookiesOf, pendingOf, sessionOf } from '../support/cookies.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import { openWorld, type World } from '../support/world.ts'

/*
 * Threats to redirects (MF), cookies (CK) and requests from elsewhere (CS). The tests that meet them carry their ids: here,
 * in the other specs of this folder, and in test/core (return-to, recent-factor, outstanding-revocations, options).
 *
 * These cannot happen, by design:
 *
 * MF-11  There is no list of foreign origins to return to: only paths of the app are kept.
 * CK-02  No option sets `Domain` or `Path`.
 * CK-11  No option sets `SameSite`.
 * CS-07  No route is exempt from the CSRF check by a list of paths.
 * CS-10  Content types of the authority are tested in test/authority/transport.test.ts.
 * CS-11  Guards are not mounted on `upgrade`; `createAuthenticator` decides there, as on any request.
 */

const origin = 'http://localhost:3000'
const navigation = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' }

describe.each(frameworks)('on $name', ({ open }) => {
  let world: World
  let app: RunningApp

  beforeAll(async () => {
    world = await openWorld()
    app = await open(options(), define)
  })
  afterAll(async () => {
    await app.close()
    await world.close()
  })

  function options() {
    const { url, project_id, secret } = world.authority
    const paths = { loginPath: '/app/sign-in', mfaPath: '/app/mfa' }
    return { url, project_id, secret, now: world.clock.now, origin, ...paths }
  }

  let return_to: unknown

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/app/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await world.authenticate(`${params.name}@acme.test`), { return_to })
    )
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
    `/${'a'.repeat(2048)}`
  ])('MF-03 MF-09 MF-10 return_to %j is not returned to', async (value) => {
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
    const foreign = await request(app.url)
      .post('/change')
      .set({ Host: 'evil.example', Origin: 'http://evil.example' })
      .set('Cookie', sessionOf(cookiesOf(await signIn('member'))))
    expect([foreign.status, foreign.body.code]).toEqual([403, 'csrf_rejected'])
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

  test('CK-08 CS-15 a public page gets no cookie and no header of ours', async () => {
    const Cookie = sessionOf(cookiesOf(await signIn('member')))
    world.clock.advance(310)
    const { headers } = await request(app.url).get('/public').set({ Cookie })
    expect(headers['set-cookie']).toBeUndefined()
    expect(headers['cache-control']).toBeUndefined()
  })

  test('CK-09 CS-12 CS-13 CS-14 what is of one member is kept by no cache', async () => {
    const signedIn = await signIn('member')
    const Cookie = sessionOf(cookiesOf(signedIn))
    world.clock.advance(310)
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

test('CK-12 a sign-in whose answer is on its way is a mistake that is named', async () => {
  const response = {
    headersSent: true,
    getHeader: () => undefined,
    setHeader: () => undefined,
    appendHeader: () => undefined
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
  ['CK-04', { cookies: { session_jwt: 'a;b' } }],
  ['CK-04', { cookies: { session_jwt: 'a\r\nb' } }],
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
  expect(() => readOptions({ ...project, ...options }, {})).toThrow(
    expect.objectContaining({ code: 'config_invalid' })
  )
})
