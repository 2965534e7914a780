import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express from 'express'
import { createMemberAuth, memberOf } from 'membergate/express'
import { openAuthority } from 'membergate/testing'
import request from 'supertest'
import { createCountingFetch } from '../support/counting-fetch.ts'
import {
  type AppBuilder,
  type Auth,
  newestFrameworks,
  type RunningApp
} from '../support/frameworks.ts'
import { importedHash, type Pair, seed } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const authenticateCalls = '/sessions/authenticate'

describe.each(newestFrameworks)('guards on $name', ({ open, hasOnRefusal, canBegin }) => {
  let testServer: TestServer
  let app: RunningApp
  const upstream = createCountingFetch()

  beforeAll(async () => {
    testServer = await openTestServer()
    app = await open(appOptions(), defineApp)
  })
  afterAll(async () => {
    await app.close()
    await testServer.close()
  })
  beforeEach(() => {
    upstream.cut(false)
    upstream.reset()
  })

  function appOptions() {
    const { url, project_id, secret } = testServer.authority
    return {
      url,
      project_id,
      secret,
      fetch: upstream.fetch,
      now: testServer.clock.now,
      origin: 'https://app.example',
      trustedOrigins: ['https://partner.example'],
      loginPath: '/sign-in'
    }
  }

  /** Another process: nothing is cached in it yet. */
  async function openAnother(options: object, define = defineApp) {
    return open({ ...appOptions(), ...options }, define)
  }

  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
  const cookies = ({ session_token, session_jwt }: Partial<Pair>) => ({
    Cookie: [
      session_token === undefined ? [] : `stytch_session=${session_token}`,
      session_jwt === undefined ? [] : `stytch_session_jwt=${session_jwt}`
    ]
      .flat()
      .join('; ')
  })

  describe('a session', () => {
    test('is required: without a credential the answer is 401 session_required, and no call is made', async () => {
      const answer = await request(app.url).get('/me')
      expect(answer.status).toBe(401)
      expect(answer.type).toBe('application/problem+json')
      expect(answer.body).toMatchObject({ status: 401, code: 'session_required' })
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(answer.headers['cache-control']).toBe('private, no-store')
      expect(answer.headers.vary).toBe('Cookie, Authorization')
      expect(upstream.count('')).toBe(0)
    })

    test('in a JWT passes without a remote check, and is attached', async () => {
      const pair = await testServer.signIn('member@acme.test')
      const { session_jwt, member_session } = pair
      for (const headers of [bearer(session_jwt), cookies(pair)]) {
        const answer = await request(app.url).get('/me').set(headers)
        expect(answer.status).toBe(200)
        expect(answer.body.memberSession).toEqual(member_session)
        expect(answer.body.memberOf).toEqual(member_session)
        expect(answer.body.freeMemberOf).toEqual(member_session)
        expect(answer.headers['cache-control']).toBe('private, no-store')
        expect(answer.headers['set-cookie']).toBeUndefined()
      }
      expect(upstream.count(authenticateCalls)).toBe(0)
    })

    test('in an opaque token is checked remotely on every request', async () => {
      const { session_token, member_session } = await testServer.signIn('member@acme.test')
      for (const headers of [bearer(session_token), cookies({ session_token })]) {
        const answer = await request(app.url).get('/me').set(headers)
        expect(answer.status).toBe(200)
        expect(answer.body.memberOf.member_session_id).toBe(member_session.member_session_id)
      }
      expect(upstream.count(authenticateCalls)).toBe(2)
    })

    test('can be named in calls of the API by what showed whose it is, and by the newest JWT', async () => {
      const { session_token, session_jwt } = await testServer.signIn('member@acme.test')
      const named = async (jar: Partial<Pair>) =>
        (await request(app.url).get('/authorization').set(cookies(jar))).body
      expect(await named({ session_token, session_jwt })).toEqual({ session_jwt })
      expect(await named({ session_jwt })).toEqual({ session_jwt })
      expect(await named({ session_token })).toEqual({ session_token })
      testServer.clock.advance(310)
      expect(await named({ session_token, session_jwt })).toEqual({ session_token })
      const renewed = await named({ session_jwt })
      expect(Object.keys(renewed)).toEqual(['session_jwt'])
      expect(renewed.session_jwt).not.toBe(session_jwt)
      await testServer.client.sessions.authenticate(renewed)
      expect((await request(app.url).get('/no-authorization')).status).toBe(500)
    })

    test('of a member lends nothing to the token of another beside it: a request is of one of them', async () => {
      const ada = await testServer.signIn('admin@acme.test')
      const mallory = await testServer.signIn('member@acme.test')
      const mixed = cookies({ session_token: mallory.session_token, session_jwt: ada.session_jwt })
      const { member_id } = ada.member_session
      const me = await request(app.url).get('/me').set(mixed)
      expect(me.body.memberOf.member_id).toBe(member_id)
      const authorization = await request(app.url).get('/authorization').set(mixed)
      expect(authorization.body).toEqual({ session_jwt: ada.session_jwt })

      testServer.clock.advance(310)
      const later = await request(app.url).get('/me').set(mixed)
      expect(later.body.memberOf.member_id).toBe(mallory.member_session.member_id)
      expect(setNames(later)).toEqual(['stytch_session_jwt'])
      const afterwards = await request(app.url).get('/authorization').set(mixed)
      expect(afterwards.body).toEqual({ session_token: mallory.session_token })
    })

    test('is attached frozen: a handler cannot change what the next request sees', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const headers = bearer(session_jwt)
      await request(app.url).post('/tamper').set(headers)
      const answer = await request(app.url).get('/me').set(headers)
      expect(answer.body.memberOf.roles).toEqual(['stytch_member'])
    })

    test('that has ended is denied with 401, and its cookies are cleared', async () => {
      const signedIn = await testServer.signIn('member@acme.test')
      const { member_session_id } = signedIn.member_session
      await testServer.client.sessions.revoke({ member_session_id })
      const answer = await request(app.url)
        .get('/me')
        .set(cookies({ session_token: signedIn.session_token }))
      expect(answer.status).toBe(401)
      expect(answer.body.code).toBe('session_invalid')
      expect(clearedNames(answer)).toEqual(['stytch_session', 'stytch_session_jwt'])
    })
  })

  describe('a malformed credential', () => {
    const malformed = {
      'a word': 'malformed',
      'an empty token': '',
      'three dots': 'a.b.c.d',
      'two dots': 'a.b.c',
      'a token with a space': `${'a'.repeat(30)} b`,
      'a token that is too long': `${'a'.repeat(9000)}`,
      'a quoted token': `"${'a'.repeat(40)}"`
    }
    test.each(Object.entries(malformed))(
      'in a Bearer header is 401 without a call: %s',
      async (_, token) => {
        const signedIn = await testServer.signIn('member@acme.test')
        upstream.reset()
        const answer = await request(app.url)
          .get('/me')
          .set({ ...cookies(signedIn), ...bearer(token) })
        expect(answer.status).toBe(401)
        expect(answer.body.code).toBe('session_invalid')
        expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
        expect(answer.headers['set-cookie']).toBeUndefined()
        expect(upstream.count(authenticateCalls)).toBe(0)
      }
    )

    test('in the cookies is 401 without a call, and clears nothing', async () => {
      const answer = await request(app.url)
        .get('/me')
        .set(cookies({ session_token: 'malformed', session_jwt: 'malformed' }))
      expect(answer.status).toBe(401)
      expect(answer.headers['set-cookie']).toBeUndefined()
      expect(upstream.count(authenticateCalls)).toBe(0)
    })

    test('under another scheme is ignored: the cookie decides', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const answer = await request(app.url)
        .get('/me')
        .set({ ...cookies({ session_jwt }), Authorization: 'Basic Zm9vOmJhcg==' })
      expect(answer.status).toBe(200)
    })

    test('forged with strange kids causes no authenticate and at most one key fetch', async () => {
      const fresh = await openAnother({})
      const { session_jwt } = await testServer.signIn('member@acme.test')
      upstream.reset()
      const forged = Array.from({ length: 50 }, (_, index) => forge(session_jwt, `kid-${index}`))
      const answers = await Promise.all(
        forged.map((token) => request(fresh.url).get('/me').set(bearer(token)))
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
      expect(upstream.count(authenticateCalls)).toBe(0)
      expect(upstream.count(testServer.authority.project_id)).toBeLessThanOrEqual(1)
      await fresh.close()
    })

    test('in the JWT cookie does not spoil the opaque one: its answer replaces the JWT', async () => {
      const { session_token, session_jwt, member_session } =
        await testServer.signIn('member@acme.test')
      const answer = await request(app.url)
        .get('/me')
        .set(cookies({ session_token, session_jwt: forge(session_jwt, 'elsewhere') }))
      expect(answer.status).toBe(200)
      expect(answer.body.memberOf.member_session_id).toBe(member_session.member_session_id)
      expect(setNames(answer)).toEqual(['stytch_session_jwt'])
    })

    test('sent as two Authorization headers is rejected, whichever comes first', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const good = `Bearer ${session_jwt}`
      const good2 = `bearer ${session_jwt}`
      for (const values of [
        [good, 'Bearer evil'],
        ['Bearer evil', good],
        [good, good2],
        [good, 'Basic Zm9vOmJhcg=='],
        ['Basic Zm9vOmJhcg==', good],
        ['Digest realm="a", qop="b"', good],
        ['Bearer', good]
      ]) {
        const raw = values.flatMap((value) => ['Authorization', value])
        const Cookie = ['Cookie', `stytch_session_jwt=${session_jwt}`]
        expect([values, await rawStatus(`${app.url}/me`, raw)]).toEqual([values, 401])
        expect(await rawStatus(`${app.url}/me`, [...raw, ...Cookie])).toBe(401)
      }
    })

    test('sent as two headers of another name is rejected, whichever comes first', async () => {
      const other = await openAnother({ sources: [{ header: 'x-session' }, 'cookie'] })
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const me = `${other.url}/me`
      expect(await rawStatus(me, ['X-Session', session_jwt])).toBe(200)
      for (const values of [
        [session_jwt, 'evil'],
        ['evil', session_jwt],
        [session_jwt, session_jwt],
        ['', session_jwt]
      ]) {
        const raw = values.flatMap((value) => ['X-Session', value])
        const Cookie = ['Cookie', `stytch_session_jwt=${session_jwt}`]
        expect([values, await rawStatus(me, [...raw, ...Cookie])]).toEqual([values, 401])
      }
      await other.close()
    })

    test('sent as two Cookie headers is one cookie header: neither hides the other', async () => {
      const { session_jwt, session_token } = await testServer.signIn('member@acme.test')
      const good = `stytch_session_jwt=${session_jwt}`
      for (const [values, status] of [
        [[good, `stytch_session=${session_token}`], 200],
        [['theme=dark', good], 200],
        [[good, 'stytch_session_jwt=evil'], 401],
        [['stytch_session_jwt=evil', good], 401],
        [[`theme=, ${good}`], 401]
      ] as const) {
        const raw = values.flatMap((value) => ['Cookie', value])
        expect([values, await rawStatus(`${app.url}/me`, raw)]).toEqual([values, status])
      }
    })

    test('sent as one cookie twice with different values is denied; twice the same is fine', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const good = `stytch_session_jwt=${session_jwt}`
      for (const [Cookie, status] of [
        [`${good}; stytch_session_jwt=evil`, 401],
        [`stytch_session_jwt=evil; ${good}`, 401],
        [`${good}; ${good}`, 200]
      ] as const) {
        const answer = await request(app.url).get('/me').set({ Cookie })
        expect(answer.status).toBe(status)
      }
    })
  })

  describe('an old JWT', () => {
    test('is checked remotely once by 100 concurrent requests, and all of them get the new cookie', async () => {
      const { session_jwt, session_token } = await testServer.signIn('member@acme.test')
      testServer.clock.advance(301 + 5)
      upstream.reset()
      const answers = await Promise.all(
        Array.from({ length: 100 }, () =>
          request(app.url).get('/me').set(cookies({ session_jwt, session_token }))
        )
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      expect(upstream.count(authenticateCalls)).toBe(1)
      const issued = new Set(answers.map((answer) => cookieValue(answer, 'stytch_session_jwt')))
      expect(issued.size).toBe(1)
      expect([...issued][0]).not.toBe(session_jwt)

      const [refreshed = ''] = issued
      upstream.reset()
      const next = await request(app.url)
        .get('/me')
        .set(cookies({ session_jwt: refreshed, session_token }))
      expect(next.status).toBe(200)
      expect(upstream.count(authenticateCalls)).toBe(0)
    })

    test('is given the new one again for as long as it is presented, without another call', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      testServer.clock.advance(310)
      const first = await request(app.url).get('/me').set(cookies({ session_jwt }))
      const second = await request(app.url).get('/me').set(cookies({ session_jwt }))
      expect(cookieValue(second, 'stytch_session_jwt')).toBe(
        cookieValue(first, 'stytch_session_jwt')
      )
      expect(upstream.count(authenticateCalls)).toBe(1)
    })

    test('in a header is refreshed without a cookie', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      testServer.clock.advance(310)
      const answer = await request(app.url).get('/me').set(bearer(session_jwt))
      expect(answer.status).toBe(200)
      expect(answer.headers['set-cookie']).toBeUndefined()
    })
  })

  describe('max_token_age_seconds', () => {
    test('0 checks every time, also when iat lies ahead of our clock', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      testServer.clock.advance(-3)
      for (let round = 0; round < 3; round += 1) {
        const answer = await request(app.url).get('/fresh').set(bearer(session_jwt))
        expect(answer.status).toBe(200)
      }
      expect(upstream.count(authenticateCalls)).toBe(3)
      testServer.clock.advance(3)
    })

    test('60 denies a session that was revoked elsewhere at most 60 seconds later', async () => {
      const { session_jwt, member_session } = await testServer.signIn('member@acme.test')
      const { member_session_id } = member_session
      const get = () => request(app.url).get('/within-a-minute').set(bearer(session_jwt))
      expect((await get()).status).toBe(200)
      await testServer.client.sessions.revoke({ member_session_id })
      testServer.clock.advance(58)
      expect((await get()).status).toBe(200)
      testServer.clock.advance(2)
      expect((await get()).status).toBe(401)
    })

    test('60 lets an opaque token be checked once a minute', async () => {
      const { session_token } = await testServer.signIn('member@acme.test')
      const get = () => request(app.url).get('/within-a-minute').set(bearer(session_token))
      await get()
      await get()
      expect(upstream.count(authenticateCalls)).toBe(1)
      testServer.clock.advance(60)
      await get()
      expect(upstream.count(authenticateCalls)).toBe(2)
    })

    test('of a stricter guard on the same request checks once more, of a laxer one not', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      await request(app.url).get('/lax-then-strict').set(bearer(session_jwt)).expect(200)
      expect(upstream.count(authenticateCalls)).toBe(1)
      upstream.reset()
      await request(app.url).get('/strict-then-lax').set(bearer(session_jwt)).expect(200)
      expect(upstream.count(authenticateCalls)).toBe(1)
    })
  })

  describe('a revocation through auth.client', () => {
    test.each(['member_session_id', 'session_token', 'session_jwt', 'member_id'] as const)(
      'by %s is seen by this process at once',
      async (selector) => {
        const signedIn = await testServer.signIn('editor@acme.test')
        const get = () => request(app.url).get('/me').set(bearer(signedIn.session_jwt))
        expect((await get()).status).toBe(200)
        const { member_session_id, member_id } = signedIn.member_session
        const { session_token, session_jwt } = signedIn
        const subjects = { member_session_id, member_id, session_token, session_jwt }
        await app.auth.client.sessions.revoke({ [selector]: subjects[selector] })
        expect((await get()).status).toBe(401)
      }
    )

    test('of all sessions of a member leaves a session that begins afterwards alone', async () => {
      const before = await testServer.signIn('editor@acme.test')
      const { member_id } = before.member_session
      await app.auth.client.sessions.revoke({ member_id })
      const after = await testServer.signIn('editor@acme.test')
      expect((await request(app.url).get('/me').set(bearer(before.session_jwt))).status).toBe(401)
      expect((await request(app.url).get('/me').set(bearer(after.session_jwt))).status).toBe(200)
    })

    test('whose outcome is unknown counts as done, but not on the word of a forged JWT', async () => {
      const { session_jwt, member_session } = await testServer.signIn('editor@acme.test')
      const get = () => request(app.url).get('/me').set(bearer(session_jwt))
      const forged = `${session_jwt.slice(0, session_jwt.lastIndexOf('.'))}.${'A'.repeat(342)}`
      const { member_session_id } = member_session
      const revoke = (data: object) => {
        upstream.cut(true)
        return app.auth.client.sessions
          .revoke(data)
          .catch(({ code }) => code)
          .finally(() => upstream.cut(false))
      }
      await get().expect(200)
      expect(await revoke({ session_jwt: forged })).toBe('authority_unavailable')
      await get().expect(200)
      expect(await revoke({ member_session_id })).toBe('authority_unavailable')
      await get().expect(401)
    })

    test('is seen by a later guard on the same request', async () => {
      const { session_jwt } = await testServer.signIn('editor@acme.test')
      await request(app.url).get('/ends-itself').set(bearer(session_jwt)).expect(401)
    })

    test('while a call is in flight is checked once more, by one call for all', async () => {
      const { session_token, member_session } = await testServer.signIn('editor@acme.test')
      const answer = await testServer.client.sessions.authenticate({ session_token })
      arrivals = 0
      let called: () => void = () => {}
      const isCalled = new Promise<void>((resolve) => {
        called = resolve
      })
      let release: (response: Response) => void = () => {}
      upstream.answerOnce(authenticateCalls, () => {
        called()
        return new Promise((resolve) => {
          release = resolve
        })
      })
      const waiting = Promise.all(
        Array.from({ length: 20 }, () =>
          request(app.url).get('/counted').set(bearer(session_token))
        )
      )
      await isCalled
      while (arrivals < 20) await new Promise((resolve) => setTimeout(resolve, 5))
      await testServer.client.sessions.revoke({ member_id: member_session.member_id })
      app.auth.invalidate({ member_id: member_session.member_id })
      release(Response.json(answer))
      expect(new Set((await waiting).map(({ status }) => status))).toEqual(new Set([401]))
      expect(upstream.count(authenticateCalls)).toBe(2)
    })

    test('can be told by auth.invalidate', async () => {
      const { session_jwt, member_session } = await testServer.signIn('editor@acme.test')
      const { member_session_id } = member_session
      app.auth.invalidate({ member_session_id })
      expect((await request(app.url).get('/me').set(bearer(session_jwt))).status).toBe(401)
      for (const subject of [
        {},
        { member_id: 'member-test-1', organization_id: 'organization-test-1' },
        { member_id: '' },
        { member_id: 7 as never }
      ]) {
        expect(() => app.auth.invalidate(subject)).toThrow(/exactly one/)
      }
    })
  })

  describe('a change through auth.client', () => {
    const documents = (session_jwt: string) =>
      request(app.url).get('/documents').set(bearer(session_jwt))

    test('of the roles of a member counts at once, in every session of it', async () => {
      const email_address = 'changed@acme.test'
      const named = { organization_id: 'acme', email_address }
      const { client } = app.auth
      const { member_id } = await client.organizations.members.create({
        organization_id: 'acme',
        email_address,
        roles: ['editor']
      })
      await client.passwords.migrate({
        ...named,
        hash: await importedHash(),
        hash_type: 'argon_2id'
      })
      const sessions = [
        await testServer.signIn(email_address),
        await testServer.signIn(email_address)
      ]
      for (const { session_jwt } of sessions) await documents(session_jwt).expect(200)
      await client.organizations.members.update({ organization_id: 'acme', member_id, roles: [] })
      for (const { session_jwt } of sessions) await documents(session_jwt).expect(403)
    })

    test('of the roles of an organization counts at once', async () => {
      const { client } = app.auth
      const role = { role_id: 'writer', description: 'Writes' }
      const permissions = [{ resource_id: 'documents', actions: ['write'] }]
      const setRoles = (roles: (typeof role & { permissions: typeof permissions })[]) =>
        client.rbac.organizations.setOrgPolicy({ organization_id: 'acme', org_policy: { roles } })
      await setRoles([{ ...role, permissions }])
      const { member_session } = await testServer.signIn('member@acme.test')
      const { member_id } = member_session
      await client.organizations.members.update({
        organization_id: 'acme',
        member_id,
        roles: ['writer']
      })
      const { session_jwt } = await testServer.signIn('member@acme.test')
      await documents(session_jwt).expect(200)
      await setRoles([{ ...role, permissions: [] }])
      await documents(session_jwt).expect(403)
      await client.organizations.members.update({ organization_id: 'acme', member_id, roles: [] })
      await setRoles([])
      // JWTs of the next tests are then younger by more than the tolerance of clocks.
      testServer.clock.advance(10)
    })
  })

  describe('while the authority is away', () => {
    test('valid JWTs pass, what needs a remote check gets 503 with Retry-After, and no cookie is cleared', async () => {
      const fresh = await testServer.signIn('member@acme.test')
      await request(app.url).get('/me').set(cookies(fresh)).expect(200)
      upstream.cut(true)
      await request(app.url).get('/me').set(cookies(fresh)).expect(200)

      for (const [path, credential] of [
        ['/fresh', cookies(fresh)],
        ['/me', cookies({ session_token: fresh.session_token })],
        ['/me', bearer(fresh.session_token)]
      ] as const) {
        const answer = await request(app.url).get(path).set(credential)
        expect(answer.status).toBe(503)
        expect(answer.body.code).toBe('authority_unavailable')
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
        expect(answer.headers['set-cookie']).toBeUndefined()
      }
      upstream.cut(false)
      await request(app.url).get('/fresh').set(cookies(fresh)).expect(200)
    })

    test('a cold process gets 503 for a JWT, and is well again without a restart', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const cold = await openAnother({})
      upstream.cut(true)
      const answer = await request(cold.url).get('/me').set(cookies({ session_jwt }))
      expect(answer.status).toBe(503)
      expect(answer.headers['set-cookie']).toBeUndefined()
      upstream.cut(false)
      testServer.clock.advance(2)
      await request(cold.url).get('/me').set(cookies({ session_jwt })).expect(200)
      await cold.close()
    })

    test.each([401, 403, 429, 500, 302])(
      'an answer of %i is 503 and keeps the cookies',
      async (status) => {
        const { session_token } = await testServer.signIn('member@acme.test')
        upstream.answerOnce(
          authenticateCalls,
          () =>
            new Response(JSON.stringify({ error_type: 'unauthorized_credentials' }), {
              status,
              headers: { Location: '/elsewhere' }
            })
        )
        const answer = await request(app.url).get('/me').set(cookies({ session_token }))
        expect(answer.status).toBe(503)
        expect(answer.headers['set-cookie']).toBeUndefined()
      }
    )

    test('an answer about another session is 503 authority_answer_mismatch', async () => {
      const mine = await testServer.signIn('member@acme.test')
      const other = await testServer.signIn('admin@acme.test')
      const theirs = await testServer.client.sessions.authenticate({
        session_token: other.session_token
      })
      upstream.answerOnce(authenticateCalls, () => Response.json(theirs))
      const answer = await request(app.url)
        .get('/me')
        .set(cookies({ session_token: mine.session_token }))
      expect(answer.status).toBe(503)
      expect(answer.body.code).toBe('authority_answer_mismatch')
      expect(answer.headers['set-cookie']).toBeUndefined()
    })

    test('unverified tokens that the authority denies use up a budget, and known ones go on', async () => {
      const fresh = await openAnother({})
      const { session_token } = await testServer.signIn('member@acme.test')
      await request(fresh.url).get('/me').set(bearer(session_token)).expect(200)
      const statuses: number[] = []
      await testServer.clock.whileStanding(async () => {
        while (statuses.length < 1000 && statuses.at(-1) !== 503) {
          const token = `${statuses.length}`.padStart(44, 'x')
          statuses.push((await request(fresh.url).get('/me').set(bearer(token))).status)
        }
      })
      expect(new Set(statuses.slice(0, 100))).toEqual(new Set([401]))
      expect(statuses.at(-1)).toBe(503)
      await request(fresh.url).get('/me').set(bearer(session_token)).expect(200)
      await fresh.close()
    })
  })

  describe('a permission', () => {
    test('is decided locally with the roles that granted it', async () => {
      const { session_jwt } = await testServer.signIn('admin@acme.test')
      const answer = await request(app.url).put('/members/x').set(bearer(session_jwt))
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ authorized: true, granting_roles: ['stytch_admin'] })
      expect(upstream.count(authenticateCalls)).toBe(0)
    })

    test('that is missing is 403 permission_denied without a remote check', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const answer = await request(app.url).put('/members/x').set(bearer(session_jwt))
      expect(answer.status).toBe(403)
      expect(answer.body.code).toBe('permission_denied')
      expect(upstream.count(authenticateCalls)).toBe(0)
    })

    test('needs one policy and one organization policy for 100 concurrent cold checks', async () => {
      const cold = await openAnother({})
      const { session_jwt } = await testServer.signIn('editor@acme.test')
      upstream.reset()
      const answers = await Promise.all(
        Array.from({ length: 100 }, () =>
          request(cold.url).get('/documents').set(bearer(session_jwt))
        )
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
      expect(upstream.count('/rbac/policy')).toBe(1)
      expect(upstream.count(`/rbac/organizations/${await organizationId('acme')}`)).toBe(1)
      await cold.close()
    })

    test('without a policy at hand is 503 policy_unavailable, never a denial', async () => {
      const { session_jwt } = await testServer.signIn('admin@acme.test')
      const cold = await openAnother({})
      await request(cold.url).get('/me').set(bearer(session_jwt)).expect(200)
      upstream.cut(true)
      const answer = await request(cold.url).put('/members/x').set(bearer(session_jwt))
      expect(answer.status).toBe(503)
      expect(answer.body.code).toBe('policy_unavailable')
      await cold.close()
    })
  })

  test('a denial behind an earlier guard is the same refusal, with the policy at hand or not', async () => {
    const cold = await openAnother({})
    const { session_jwt } = await testServer.signIn('member@acme.test')
    for (let round = 0; round < 2; round += 1) {
      const answer = await request(cold.url)
        .get('/session-then-permission')
        .set(bearer(session_jwt))
      expect(answer.status).toBe(403)
      expect(answer.type).toBe('application/problem+json')
      expect(answer.body.code).toBe('permission_denied')
    }
    await cold.close()
  })

  test('150 good tokens at once are no reason to hold any of them back', async () => {
    const fresh = await openAnother({})
    const sessions = []
    const { session_token } = await testServer.signIn('member@acme.test')
    for (let index = 0; index < 150; index += 1) sessions.push(session_token)
    const answers = await Promise.all(
      sessions.map((token) => request(fresh.url).get('/fresh').set(bearer(token)))
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    await fresh.close()
  })

  test('a newer JWT is not replaced by what an earlier answer held', async () => {
    const { session_token, session_jwt } = await testServer.signIn('member@acme.test')
    const get = (headers: object) =>
      request(app.url)
        .get('/within-two-minutes')
        .set(headers as Record<string, string>)
    testServer.clock.advance(310)
    await get(cookies({ session_token, session_jwt })).expect(200)
    testServer.clock.advance(2)
    const newer = await testServer.client.sessions.authenticate({
      session_token,
      session_custom_claims: { stepped: 'up' }
    })
    const answer = await get(cookies({ session_token, session_jwt: newer.session_jwt }))
    expect(answer.body.custom_claims).toEqual({ stepped: 'up' })
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('an error that requests share takes no cookies of one to the other', async () => {
    const mine = await testServer.signIn('member@acme.test')
    const other = await testServer.signIn('editor@acme.test')
    testServer.clock.advance(310)
    const [first, second, third] = await Promise.all([
      request(app.url).get('/throws-one-for-all').set(cookies(mine)),
      request(app.url).get('/throws-one-for-all').set(bearer(other.session_token)),
      request(app.url).get('/throws-publicly')
    ])
    expect(first.status).toBe(500)
    expect(setNames(first)).toEqual(['stytch_session_jwt'])
    for (const answer of [second, third]) expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('guards behind the first repeat none of its headers', async () => {
    const { session_jwt } = await testServer.signIn('editor@acme.test')
    testServer.clock.advance(310)
    const answer = await request(app.url)
      .get('/session-then-permission')
      .set(cookies({ session_jwt }))
    expect(answer.status).toBe(200)
    expect(setNames(answer)).toEqual(['stytch_session_jwt'])
  })

  test('what was ended while the policy was fetched is denied', async () => {
    const cold = await openAnother({})
    const { session_jwt, member_session } = await testServer.signIn('editor@acme.test')
    await request(cold.url).get('/me').set(bearer(session_jwt)).expect(200)
    const { policy } = await testServer.client.rbac.policy()
    upstream.answerOnce('/rbac/policy', async () => {
      cold.auth.invalidate({ member_session_id: member_session.member_session_id })
      return Response.json({ status_code: 200, request_id: 'r', policy })
    })
    await request(cold.url).get('/documents').set(bearer(session_jwt)).expect(401)
    await cold.close()
  })

  test('an old JWT of a session that is over makes no other token known', async () => {
    const fresh = await openAnother({})
    const { session_jwt, session_token } = await testServer.signIn('editor@acme.test')
    await testServer.client.sessions.revoke({ session_token })
    testServer.clock.advance(310)
    upstream.reset()
    await testServer.clock.whileStanding(async () => {
      for (let index = 0; index < 300; index += 1) {
        const strange = { session_jwt, session_token: `${index}`.padStart(44, 'y') }
        await request(fresh.url).get('/me').set(cookies(strange))
      }
    })
    expect(upstream.count(authenticateCalls)).toBeLessThan(300)
    await fresh.close()
  })

  test('a tenant function that answers with a promise is a mistake of the app', async () => {
    const { session_jwt } = await testServer.signIn('member@acme.test')
    await request(app.url).get('/tenant-promise').set(bearer(session_jwt)).expect(500)
  })

  if (hasOnRefusal) {
    test('an onRefusal that fails is an error of the app, and ends no process', async () => {
      const failing = await openAnother({
        onRefusal: () => {
          throw new Error('A mistake of the app.')
        }
      })
      await request(failing.url).get('/me').expect(500)
      await request(failing.url).get('/fresh').set(bearer('a.b.c')).expect(500)
      const rejecting = await openAnother({
        onRefusal: async () => Promise.reject(new Error('Too.'))
      })
      await request(rejecting.url).get('/me').expect(500)
      await failing.close()
      await rejecting.close()
    })
  }

  describe('a tenant in the path', () => {
    test.each([
      ['acme', 200],
      ['globex', 403],
      ['ACME', 403],
      ['acme%20', 403]
    ])('%s is answered with %i', async (slug, status) => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      upstream.reset()
      const answer = await request(app.url).get(`/organizations/${slug}`).set(bearer(session_jwt))
      expect(answer.status).toBe(status)
      if (status === 403) expect(answer.body.code).toBe('organization_mismatch')
      expect(upstream.count('')).toBe(0)
    })

    test('is decided before the permission: another tenant fetches no policy', async () => {
      const cold = await openAnother({})
      const { session_jwt } = await testServer.signIn('boss@globex.test', 'globex')
      await request(cold.url).get('/me').set(bearer(session_jwt)).expect(200)
      upstream.reset()
      const answer = await request(cold.url)
        .put('/organizations/acme/members')
        .set(bearer(session_jwt))
      expect(answer.body.code).toBe('organization_mismatch')
      expect(upstream.count('')).toBe(0)
      await cold.close()
    })

    test('that was not named is denied', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const answer = await request(app.url).get('/no-tenant').set(bearer(session_jwt))
      expect(answer.status).toBe(403)
    })
  })

  describe('an optional session', () => {
    test('lets a request without a credential through, anonymously', async () => {
      const answer = await request(app.url).get('/maybe')
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({ anonymous: true })
    })

    test('rejects a malformed header, and clears a malformed cookie', async () => {
      await request(app.url).get('/maybe').set(bearer('malformed')).expect(401)
      const answer = await request(app.url)
        .get('/maybe')
        .set(cookies({ session_jwt: 'malformed' }))
      expect(answer.body).toEqual({ anonymous: true })
      expect(clearedNames(answer)).toEqual(['stytch_session', 'stytch_session_jwt'])
    })

    test('is anonymous when the session of the cookie is over, and 503 when that cannot be told', async () => {
      const { session_token, member_session } = await testServer.signIn('member@acme.test')
      const { member_session_id } = member_session
      await testServer.client.sessions.revoke({ member_session_id })
      const over = await request(app.url).get('/maybe').set(cookies({ session_token }))
      expect(over.body).toEqual({ anonymous: true })
      expect(clearedNames(over)).toHaveLength(2)
      upstream.cut(true)
      await request(app.url).get('/maybe').set(cookies({ session_token })).expect(503)
    })
  })

  describe('an unsafe request with cookies', () => {
    test.each([
      [{ 'Sec-Fetch-Site': 'same-origin' }, 200],
      [{ 'Sec-Fetch-Site': 'none' }, 200],
      [{ 'Sec-Fetch-Site': 'same-site' }, 403],
      [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
      [{ 'Sec-Fetch-Site': 'same-origin, cross-site' }, 403],
      [{ Origin: 'https://app.example' }, 200],
      [{ Origin: 'https://evil.example' }, 403],
      [{ Origin: 'http://app.example' }, 403],
      [{ Origin: 'null' }, 403],
      [{ Origin: 'https://partner.example', 'Sec-Fetch-Site': 'cross-site' }, 200],
      [{ Origin: 'https://partner.example', 'Sec-Fetch-Site': 'none, cross-site' }, 403],
      [{}, 200]
    ])('CS-01 CS-02 from %j is answered with %i', async (headers, status) => {
      const { session_jwt } = await testServer.signIn('admin@acme.test')
      const answer = await request(app.url)
        .put('/members/x')
        .set({ ...cookies({ session_jwt }), ...headers })
      expect(answer.status).toBe(status)
      if (status === 403) expect(answer.body.code).toBe('csrf_rejected')
    })

    test('CS-01 that says twice where it is from is denied, whichever comes first', async () => {
      const { session_jwt } = await testServer.signIn('admin@acme.test')
      const Cookie = ['Cookie', `stytch_session_jwt=${session_jwt}`]
      for (const [name, good, bad] of [
        ['Origin', 'https://app.example', 'https://evil.example'],
        ['Origin', 'https://partner.example', 'https://evil.example'],
        ['Sec-Fetch-Site', 'same-origin', 'cross-site'],
        ['Sec-Fetch-Site', 'none', 'none']
      ] as const) {
        for (const values of [
          [good, bad],
          [bad, good]
        ]) {
          const raw = [...Cookie, ...values.flatMap((value) => [name, value])]
          const status = await rawStatus(`${app.url}/members/x`, raw, 'PUT')
          expect([name, values, status]).toEqual([name, values, 403])
        }
      }
    })

    test('CS-04 from another site passes with a Bearer token, which no browser adds by itself', async () => {
      const { session_jwt } = await testServer.signIn('admin@acme.test')
      await request(app.url)
        .put('/members/x')
        .set({ ...bearer(session_jwt), Origin: 'https://evil.example' })
        .expect(200)
    })

    test('CS-03 that says nothing of its origin is denied when csrf is strict', async () => {
      const strict = await openAnother({ csrf: 'strict' })
      const { session_jwt } = await testServer.signIn('admin@acme.test')
      await request(strict.url).put('/members/x').set(cookies({ session_jwt })).expect(403)
      await strict.close()
    })
  })

  describe('a refusal', () => {
    test('of a navigation goes to loginPath with a path to return to', async () => {
      const answer = await request(app.url).get('/me?tab=1').set('Accept', 'text/html')
      expect(answer.status).toBe(303)
      expect(answer.headers.location).toBe('/sign-in?return_to=%2Fme%3Ftab%3D1')
    })

    test('of a form goes to loginPath alone, for no browser can post it again', async () => {
      const answer = await request(app.url).post('/tamper').set('Accept', 'text/html')
      expect([answer.status, answer.headers.location]).toEqual([303, '/sign-in'])
    })

    test.each([
      { Accept: 'text/html', 'X-Requested-With': 'XMLHttpRequest' },
      { Accept: 'text/html', 'Sec-Fetch-Mode': 'cors' },
      { Accept: 'application/json' }
    ])('MF-01 of a script is a problem: %j', async (headers) => {
      const answer = await request(app.url).get('/me').set(headers)
      expect(answer.status).toBe(401)
    })

    test('CS-17 of a CORS preflight is 204 without CORS headers', async () => {
      const answer = await request(app.url)
        .options('/guarded-options')
        .set({ Origin: 'https://evil.example', 'Access-Control-Request-Method': 'PUT' })
      expect(answer.status).toBe(204)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    })

    test('CS-17 of a CORS preflight is the same with a session: it is none of the member', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      const preflight = {
        Origin: 'https://evil.example',
        'Access-Control-Request-Method': 'PUT',
        ...cookies({ session_jwt })
      }
      const answer = await request(app.url).options('/guarded-options').set(preflight)
      expect([answer.status, answer.text]).toEqual([204, ''])
    })

    if (hasOnRefusal) {
      test("with onRefusal 'next' goes to the framework's own error handling", async () => {
        const other = await openAnother({ onRefusal: 'next' })
        const answer = await request(other.url).get('/me')
        expect(answer.status).toBe(401)
        expect(answer.type).not.toBe('application/problem+json')
        expect(answer.headers['cache-control']).toBe('private, no-store')
        const navigation = await request(other.url).get('/me').set('Accept', 'text/html')
        expect(navigation.headers.location).toBe('/sign-in?return_to=%2Fme')
        await other.close()
      })
    }

    if (canBegin) {
      test.each(['/begun', '/begun-action'])(
        'of a response that has begun destroys its connection, for it must not look complete: %s',
        async (path) => {
          const begin = { method: path === '/begun' ? 'GET' : 'POST', headers: { origin: 'null' } }
          const read = async ({ url }: RunningApp) => (await fetch(`${url}${path}`, begin)).text()
          await expect(read(app)).rejects.toThrow()
          if (!hasOnRefusal) return
          for (const onRefusal of ['next', () => {}] as const) {
            const other = await openAnother({ onRefusal })
            await expect(read(other)).rejects.toThrow()
            await other.close()
          }
        }
      )
    }

    test('keeps our headers when the handler throws', async () => {
      const { session_jwt } = await testServer.signIn('member@acme.test')
      testServer.clock.advance(310)
      const answer = await request(app.url).get('/throws').set(cookies({ session_jwt }))
      expect(answer.status).toBe(500)
      expect(setNames(answer)).toEqual(['stytch_session_jwt'])
      expect(answer.headers['cache-control']).toBe('private, no-store')
    })
  })

  test('two instances of two projects never accept each other’s sessions', async () => {
    const elsewhere = await openAuthority({ projects: seed, now: testServer.clock.now })
    const { url, project_id, secret } = elsewhere
    const other = await open({ url, project_id, secret, now: testServer.clock.now }, defineApp)
    const mine = await testServer.signIn('member@acme.test')
    await request(app.url).get('/me').set(bearer(mine.session_jwt)).expect(200)
    await request(other.url).get('/me').set(bearer(mine.session_jwt)).expect(401)
    await request(other.url).get('/me').set(bearer(mine.session_token)).expect(401)
    await other.close()
    await elsewhere.close()
  })

  async function organizationId(slug: string): Promise<string> {
    const { organization } = await testServer.client.organizations.get({ organization_id: slug })
    return organization.organization_id
  }
})

test('memberOf of one project knows nothing of what another project’s guard accepted', async () => {
  const testServer = await openTestServer()
  const { url, project_id, secret } = testServer.authority
  const auth = createMemberAuth({ url, project_id, secret })
  const other = createMemberAuth({
    url,
    project_id: 'project-test-11111111-1111-4111-8111-111111111111',
    secret: 'another'
  })
  const { session_jwt } = await testServer.signIn('member@acme.test')
  const req = {
    method: 'GET',
    url: '/',
    originalUrl: '/',
    headers: { authorization: `Bearer ${session_jwt}` },
    rawHeaders: ['Authorization', `Bearer ${session_jwt}`]
  }
  const res = {
    headersSent: false,
    statusCode: 200,
    getHeader: () => undefined,
    setHeader: () => {},
    writeHead: () => {},
    end: () => {},
    destroy: () => {}
  }
  await new Promise<unknown>((resolve) => auth.requireMemberSession()(req, res, resolve))
  expect(auth.memberOf(req).organization_slug).toBe('acme')
  expect(() => other.memberOf(req)).toThrow(/requireMemberSession/)
  await testServer.close()
})

test('memberOf of whichever instance is none where two accepted different sessions', async () => {
  const testServer = await openTestServer()
  const { url, project_id, secret } = testServer.authority
  const project = { url, project_id, secret, now: testServer.clock.now }
  const one = createMemberAuth({ ...project, sources: [{ header: 'x-one' }] })
  const other = createMemberAuth({ ...project, sources: [{ header: 'x-other' }] })
  const app = express()
    .use(one.requireMemberSession(), other.requireMemberSession())
    .get('/', (req, res) => {
      res.json(memberOf(req))
    })
    .use((error: Error, _req: express.Request, res: express.Response, _next: () => void) => {
      res.status(500).json({ message: error.message })
    })
  const ada = await testServer.signIn('admin@acme.test')
  const boss = await testServer.signIn('boss@globex.test', 'globex')
  const send = (first: Pair, second: Pair) =>
    request(app).get('/').set({ 'x-one': first.session_jwt, 'x-other': second.session_jwt })
  const same = await send(ada, ada)
  expect([same.status, same.body.organization_slug]).toEqual([200, 'acme'])
  for (const mixed of [await send(ada, boss), await send(boss, ada)]) {
    expect(mixed.status).toBe(500)
    expect(mixed.body.message).toMatch(/two instances/)
  }
  await testServer.close()
})

const sharedError = new Error('One for all.')

/** How many requests came to the guard of /counted. */
let arrivals = 0

function defineApp(app: AppBuilder, auth: Auth): void {
  const session = auth.requireMemberSession()
  const count = app.step(() => {
    arrivals += 1
  })
  app.get('/counted', count, session, () => ({}))
  const slug = (source: { params: Record<string, string> }) => source.params.slug
  app.get('/me', session, ({ memberSession, memberOf, freeMemberOf }) => ({
    memberSession,
    memberOf: memberOf(),
    freeMemberOf: freeMemberOf()
  }))
  app.get('/authorization', session, ({ authorizationOf }) => authorizationOf())
  app.get('/no-authorization', ({ authorizationOf }) => authorizationOf())
  app.post('/tamper', session, ({ memberOf }) => {
    memberOf().roles.push('stytch_admin')
  })
  app.get('/fresh', auth.requireMemberSession({ max_token_age_seconds: 0 }), () => ({}))
  app.get('/within-a-minute', auth.requireMemberSession({ max_token_age_seconds: 60 }), () => ({}))
  app.get(
    '/lax-then-strict',
    session,
    auth.requireMemberSession({ max_token_age_seconds: 0 }),
    () => ({})
  )
  app.get(
    '/strict-then-lax',
    auth.requireMemberSession({ max_token_age_seconds: 0 }),
    session,
    () => ({})
  )
  app.put('/members/:member_id', auth.requirePermission('stytch.member', 'update'), (exchange) =>
    exchange.verdictOf()
  )
  app.get('/documents', auth.requirePermission('documents', 'write'), ({ verdict }) => verdict)
  app.get(
    '/organizations/:slug',
    auth.requireMemberSession({ organization_slug: slug }),
    () => ({})
  )
  app.put(
    '/organizations/:slug/members',
    auth.requirePermission('stytch.member', 'update', { organization_slug: slug }),
    () => ({})
  )
  app.get(
    '/session-then-permission',
    session,
    auth.requirePermission('documents', 'write'),
    () => ({})
  )
  app.get(
    '/within-two-minutes',
    auth.requireMemberSession({ max_token_age_seconds: 120 }),
    ({ memberOf }) => memberOf()
  )
  app.get(
    '/tenant-promise',
    auth.requireMemberSession({ organization_id: () => Promise.reject(new Error('Not found.')) }),
    () => ({})
  )
  app.get('/throws-one-for-all', session, () => {
    throw sharedError
  })
  app.get('/throws-publicly', () => {
    throw sharedError
  })
  const ending = app.step(({ memberSession }) =>
    auth.invalidate({ member_session_id: memberSession?.member_session_id })
  )
  app.get('/ends-itself', session, ending, session, () => ({}))
  app.get('/no-tenant', auth.requireMemberSession({ organization_id: () => undefined }), () => ({}))
  app.get('/maybe', auth.requireMemberSession({ optional: true }), ({ memberSession }) => ({
    anonymous: memberSession === undefined
  }))
  app.get('/begun', app.begin, session, () => ({}))
  app.post('/begun-action', app.begin, auth.signOut(), () => ({}))
  app.get('/throws', session, () => {
    throw new Error('A mistake of the app.')
  })
  app.use(auth.requireMemberSession())
}

interface Answer {
  readonly headers: { readonly 'set-cookie'?: unknown } & Record<string, unknown>
}

function setCookies({ headers }: Answer): string[] {
  return ([headers['set-cookie']].flat() as (string | undefined)[]).filter(
    (cookie) => cookie !== undefined
  )
}

function setNames(answer: Answer): string[] {
  return setCookies(answer)
    .filter((cookie) => !cookie.includes('Max-Age=0'))
    .map((cookie) => cookie.split('=', 1)[0] ?? '')
    .sort()
}

function clearedNames(answer: Answer): string[] {
  return setCookies(answer)
    .filter((cookie) => cookie.includes('Max-Age=0'))
    .map((cookie) => cookie.split('=', 1)[0] ?? '')
    .sort()
}

function cookieValue(answer: Answer, name: string): string | undefined {
  const cookie = setCookies(answer).find((candidate) => candidate.startsWith(`${name}=`))
  return cookie?.slice(name.length + 1).split(';', 1)[0]
}

/** The same token under another key id: well formed, and signed by no key of ours. */
function forge(session_jwt: string, kid: string): string {
  const [, payload, signature] = session_jwt.split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid })).toString(
    'base64url'
  )
  return `${header}.${payload}.${signature}`
}

/** fetch and superagent join or drop a header that is sent twice; Node's own client sends it. */
function rawStatus(
  url: string,
  headers: readonly string[],
  method = 'GET'
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      url,
      { method, headers: ['Host', new URL(url).host, ...headers] },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      }
    )
    call.on('error', reject)
    call.end()
  })
}
