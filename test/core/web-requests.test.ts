import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type AuthRequest, addHeaders, createMemberAuth, type MemberAuth } from 'membergate'
import { readFields } from '../../src/core/request/body.ts'
import { targetOf } from '../../src/core/request/request.ts'
import { createCountingFetch } from '../support/counting-fetch.ts'
import type { Pair } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

/*
 * Requests without `rawHeaders`: those of the web, and Node's where something in between has left them out. The cases that
 * a server can be sent are in test/entry-points; here are those that only other runtimes, or careless callers, produce.
 */

const site = 'https://app.example'
const upstream = createCountingFetch()
let testServer: TestServer
let auth: MemberAuth
let signedIn: Pair

beforeAll(async () => {
  testServer = await openTestServer()
  const { url, project_id, secret } = testServer.authority
  const sources = ['bearer', { header: 'x-session' }, 'cookie'] as const
  auth = createMemberAuth({
    ...{ url, project_id, secret, sources, fetch: upstream.fetch },
    origin: site,
    loginPath: '/sign-in',
    now: testServer.clock.now
  })
  signedIn = await testServer.signIn('admin@acme.test')
})
afterAll(() => testServer.close())

type HeadersGiven = Readonly<Record<string, string>>

/** The same request as the web has it, and as Node has it without `rawHeaders`, or with none in them. */
const kinds: Record<string, (headers: HeadersGiven, method: string) => AuthRequest> = {
  'a web Request': (headers, method) => new Request(`${site}/me`, { method, headers }),
  'a Node request without rawHeaders': (headers, method) => ({ method, url: '/me', headers }),
  'a Node request with empty rawHeaders': (headers, method) => ({
    ...{ method, url: '/me', headers, rawHeaders: [] }
  })
}

describe.each(Object.entries(kinds))('%s', (_, requestOf) => {
  const decide = async (headers: HeadersGiven, method = 'GET') => {
    const decision = await auth.requireMemberSession()(requestOf(headers, method))
    return decision.accepted ? 200 : `${decision.status} ${decision.error.code}`
  }
  const jwt = () => signedIn.session_jwt
  const jwtCookie = () => `stytch_session_jwt=${jwt()}`

  test('is accepted by each of its credentials', async () => {
    expect(await decide({ authorization: `Bearer ${jwt()}` })).toBe(200)
    expect(await decide({ 'x-session': jwt() })).toBe(200)
    expect(await decide({ cookie: jwtCookie() })).toBe(200)
    expect(await decide({})).toBe('401 session_required')
  })

  test.each<[string, (good: string) => HeadersGiven]>([
    ['two Bearer headers', (good) => ({ authorization: `Bearer ${good}, Bearer evil` })],
    [
      'two Bearer headers, the good one last',
      (good) => ({ authorization: `Bearer x,Bearer ${good}` })
    ],
    ['Bearer behind another scheme', (good) => ({ authorization: `Basic Zm9v, bearer ${good}` })],
    [
      'Bearer behind parameters',
      (good) => ({ authorization: `Digest a="b", c="d",\tBEARER ${good}` })
    ],
    ['an empty Bearer behind another scheme', () => ({ authorization: 'Basic Zm9v, Bearer' })],
    ['another scheme behind Bearer', (good) => ({ authorization: `bearer ${good}, Basic Zm9v` })],
    ['a bare Bearer and another scheme', () => ({ authorization: 'Bearer, Basic Zm9v' })],
    ['two headers of another name', (good) => ({ 'x-session': `${good}, ${good}` })],
    ['two headers of another name, one empty', (good) => ({ 'x-session': `, ${good}` })]
  ])('with %s is malformed, and no cookie stands in', async (_, headersOf) => {
    upstream.reset()
    const headers = { ...headersOf(jwt()), cookie: jwtCookie() }
    expect(await decide(headers)).toBe('401 session_invalid')
    expect(upstream.count('')).toBe(0)
  })

  test('with another scheme whose parameters hold commas is left to the cookie', async () => {
    const authorization = 'Digest username="Mufasa", realm="bearers", uri="/bearer"'
    expect(await decide({ authorization, cookie: jwtCookie() })).toBe(200)
  })

  test.each<[HeadersGiven]>([
    [{ origin: `${site}, https://evil.example` }],
    [{ origin: `https://evil.example, ${site}` }],
    [{ origin: `${site}, https://evil.example`, 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'same-origin, cross-site' }],
    [{ 'sec-fetch-site': 'none,none', origin: site }]
  ])('CS-01 that says twice where it is from is denied: %j', async (headers) => {
    expect(await decide({ ...headers, cookie: jwtCookie() }, 'PUT')).toBe('403 csrf_rejected')
    expect(await decide({ origin: site, cookie: jwtCookie() }, 'PUT')).toBe(200)
  })

  test.each<[string, (good: string) => string, number | string]>([
    [
      'ours behind a comma is part of the value before it',
      (good) => `a=b, ${good}`,
      '401 session_required'
    ],
    ['two of ours are one value, of no token', (good) => `${good}, ${good}`, '401 session_invalid'],
    ['ours before another one', (good) => `${good}, a=b`, '401 session_invalid'],
    ['a comma in a value of the app', (good) => `a=b,c; ${good}`, 200],
    ['quotes hide nothing', (good) => `a="; ${good}"`, '401 session_invalid']
  ])(
    'with cookies that a runtime joined by commas smuggles none in: %s',
    async (_, of, expected) => {
      expect(await decide({ cookie: of(jwtCookie()) })).toBe(expected)
    }
  )
})

test('a known session and a policy at hand are decided at once, without a promise', async () => {
  const session = auth.requireMemberSession()
  const permission = auth.requirePermission('stytch.member', 'update')
  const requestOf = () => {
    const headers = { Authorization: `Bearer ${signedIn.session_jwt}` }
    return new Request(`${site}/me`, { headers })
  }
  await permission(requestOf())
  for (const guard of [session, permission]) {
    const request = requestOf()
    expect(guard(request)).toMatchObject({ accepted: true })
    expect(auth.memberOf(request)).toEqual(signedIn.member_session)
  }
})

test('an error of the app itself is thrown on, and is no answer', async () => {
  const mistake = new Error('a mistake of the app')
  const guard = auth.requireMemberSession({
    organization_id: () => {
      throw mistake
    }
  })
  const headers = { Authorization: `Bearer ${signedIn.session_jwt}` }
  const request = new Request(`${site}/me`, { headers })
  await expect(async () => guard(request)).rejects.toBe(mistake)
})

test('a sign-out that fails by a mistake of the app is thrown on, and waits for no authority', async () => {
  const mistake = new Error('a mistake of the app')
  let fails = false
  const { url, project_id, secret } = testServer.authority
  const failing = createMemberAuth({
    ...{ url, project_id, secret },
    now() {
      if (!fails) return testServer.clock.now()
      fails = false
      throw mistake
    }
  })
  const { session_jwt } = await testServer.signIn('member@acme.test')
  const headers = { Authorization: `Bearer ${session_jwt}` }
  const request = new Request(`${site}/out`, { method: 'POST', headers })
  fails = true
  await expect(failing.signOut()(request)).rejects.toBe(mistake)
})

test('what others put on a request is not trusted', () => {
  const request = new Request(`${site}/me`)
  Object.assign(request, {
    memberSession: signedIn.member_session,
    authorizationVerdict: { authorized: true, granting_roles: [] },
    user: signedIn.member_session,
    session: signedIn
  })
  expect(() => auth.memberOf(request)).toThrow(/requireMemberSession/)
  expect(() => auth.verdictOf(request)).toThrow(/requirePermission/)
  expect(auth.requireMemberSession()(request)).toMatchObject({ accepted: false, status: 401 })
})

test('a browser is sent back to a path of the app, whatever host the URL names', async () => {
  const headers = { accept: 'text/html' }
  const decision = await auth.authenticate(
    new Request('https://evil.example/me?a=1#b', { headers })
  )
  expect(decision).toMatchObject({
    status: 303,
    headers: expect.arrayContaining([['Location', '/sign-in?return_to=%2Fme%3Fa%3D1']])
  })
})

test.each([
  ['https://app.example/a?b=c#d', '/a?b=c'],
  ['https://app.example', '/'],
  ['https://app.example?b=/c', '/?b=/c'],
  ['https://app.example//evil.example/', '//evil.example/'],
  ['https://user:pass@app.example:8443/a', '/a'],
  ['custom:/a', '/custom:/a'],
  ['/a?b=c', '/a?b=c']
])('the path of the web URL %s is %s', (url, target) => {
  expect(targetOf({ url, headers: new Headers() })).toBe(target)
})

describe('the body of a web Request', () => {
  const type = { 'content-type': 'application/json' }
  const post = (body: string | URLSearchParams | ReadableStream, headers: HeadersGiven = type) =>
    new Request(site, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)
  const read = (request: Request) => readFields(request, request.body)

  /** A body that arrives in pieces, and tells how many were taken. */
  function inPieces(...pieces: readonly (string | Error)[]) {
    const taken: unknown[] = []
    const stream = new ReadableStream(
      {
        pull(controller) {
          const piece = pieces[taken.length]
          taken.push(piece)
          if (piece instanceof Error) controller.error(piece)
          else if (piece === undefined) controller.close()
          else controller.enqueue(Buffer.from(piece))
        }
      },
      { highWaterMark: 0 }
    )
    return { stream, taken }
  }

  test('is read, in one piece or several', async () => {
    expect(await read(post('{"code":"1"}'))).toEqual({ code: '1' })
    expect(await read(post(inPieces('{"co', 'de":"ä', '"}').stream))).toEqual({ code: 'ä' })
    expect(await read(post(new URLSearchParams({ code: '1' }), {}))).toEqual({ code: '1' })
    expect(await read(new Request(site, { method: 'POST' }))).toEqual({})
  })

  test('is read no further than 4 KB', async () => {
    const { stream, taken } = inPieces(...Array.from({ length: 100 }, () => 'x'.repeat(1024)))
    await expect(read(post(stream))).rejects.toMatchObject({ code: 'request_malformed' })
    expect(taken).toHaveLength(5)
  })

  test('is counted in bytes', async () => {
    const pieces = ['{"code":"', 'é'.repeat(1000), 'é'.repeat(1100), '"}']
    await expect(read(post(inPieces(...pieces).stream))).rejects.toMatchObject({
      code: 'request_malformed',
      reason: 'body_too_large'
    })
    expect(await read(post(inPieces('{"code":"', 'é'.repeat(2000), '"}').stream))).toEqual({
      code: 'é'.repeat(2000)
    })
  })

  test('that does not come in bytes is malformed', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue('{"code":"1"}')
        controller.close()
      }
    })
    const request = { method: 'POST', url: '/', headers: type, body }
    await expect(readFields(request, body)).rejects.toMatchObject({
      code: 'request_malformed',
      reason: 'malformed_body'
    })
  })

  test('that breaks off is malformed', async () => {
    const { stream } = inPieces('{"code":', new Error('reset'))
    await expect(read(post(stream))).rejects.toMatchObject({ code: 'request_malformed' })
  })

  test('that was read before, or is being read, is a mistake of the app that is named', async () => {
    const used = post('{"code":"1"}')
    await used.text()
    const locked = post('{"code":"1"}')
    locked.body?.getReader()
    const released = post('{"code":"1"}')
    const reader = released.body?.getReader()
    while (!(await reader?.read())?.done);
    reader?.releaseLock()
    for (const request of [used, locked, released]) {
      await expect(read(request)).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining('unread')
      })
    }
    const kept = post('{"code":"1"}')
    await kept.clone().text()
    expect(await read(kept)).toEqual({ code: '1' })
  })

  test('that was read before fails the action, and is no answer', async () => {
    const headers = { ...type, Cookie: `stytch_session=${signedIn.session_token}` }
    const request = post('{"organization_id":"acme"}', headers)
    await request.text()
    await expect(auth.switchOrganization()(request)).rejects.toMatchObject({
      code: 'config_invalid'
    })
  })
})

test('actions of a web Request answer it, and routes leave alone what is not theirs', async () => {
  const { session_token } = await testServer.signIn('member@acme.test')
  const headers = { Cookie: `stytch_session=${session_token}` }
  const out = await auth.signOut()(new Request(`${site}/out`, { method: 'POST', headers }))
  expect(out).toMatchObject({ status: 204, body: '' })
  const response = new Response(null, { status: out.status })
  addHeaders(response, out)
  expect(response.headers.getSetCookie().length).toBeGreaterThan(3)
  await expect(testServer.client.sessions.authenticate({ session_token })).rejects.toMatchObject({
    error_type: 'session_not_found'
  })
  expect(await auth.mfaRoutes()(new Request(`${site}/other`))).toBeUndefined()
  const style = await auth.mfaRoutes()(new Request(`${site}/mfa/style.css`))
  expect(style?.status).toBe(200)
})

test('a sign-in of a web Request gives what carries it', async () => {
  const answer = await testServer.authenticate('totp@acme.test')
  const completed = await auth.completeSignIn(
    new Request(`${site}/sign-in`, { method: 'POST', headers: { origin: site } }),
    answer
  )
  expect(completed.next).toBe('/mfa/totp')
  const response = new Response()
  addHeaders(response, completed)
  expect(response.headers.get('cache-control')).toBe('private, no-store')
  const cookie = response.headers
    .getSetCookie()
    .map((value) => value.split(';', 1)[0])
    .join('; ')
  const request = new Request(`${site}/me`, { headers: { cookie } })
  expect((await auth.pendingSignIn(request))?.member_id).toBe(answer.member_id)
  const session = auth.requireMemberSession()
  expect(await session(request)).toMatchObject({ error: { code: 'session_required' } })
  auth.handleMfaRedirect()(request)
  expect(await session(request)).toMatchObject({ error: { code: 'mfa_required' } })
})

test('what is mounted has the name of its factory', () => {
  expect([
    auth.requireMemberSession().name,
    auth.requirePermission('a', 'b').name,
    auth.requireRecentFactor({ withinMinutes: 5 }).name,
    auth.handleMfaRedirect().name,
    auth.chooseOrganization().name,
    auth.switchOrganization().name,
    auth.mfaRoutes().name,
    auth.signOut().name
  ]).toEqual([
    'requireMemberSession',
    'requirePermission',
    'requireRecentFactor',
    'handleMfaRedirect',
    'chooseOrganization',
    'switchOrganization',
    'mfaRoutes',
    'signOut'
  ])
})

test('a factory that is passed a request is recognised, and the error says what to write', () => {
  const request = new Request(site)
  const factories = [
    auth.requireMemberSession,
    auth.signOut,
    auth.switchOrganization,
    auth.chooseOrganization,
    auth.mfaRoutes,
    auth.handleMfaRedirect
  ]
  for (const factory of factories as ((given: unknown) => unknown)[]) {
    expect(() => factory(request)).toThrow(/with parentheses/)
  }
})
