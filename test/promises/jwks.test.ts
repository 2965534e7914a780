import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, importJWK, jwtVerify } from 'jose'
import { clientOn } from '../support/clients.ts'
import { describeOnEachDatabase } from '../support/databases.ts'
import { describeOnEachEngine, type Fixture, openFixture } from '../support/fixture.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixture-server.ts'
import { claimsOf, headerOf, newForger } from '../support/session-jwts.ts'

describe('sessions.getJWKS', () => {
  describeOnEachEngine((fixture) => {
    const getJWKS = () => fixture.client.sessions.getJWKS({ project_id: fixture.project_id })

    test('S-JWK-01: every key is complete and public', async () => {
      const { keys, status_code } = await getJWKS()
      expect(status_code).toBe(200)
      expect(keys.length).toBeGreaterThan(0)
      for (const key of keys) {
        expect(Object.keys(key).sort()).toEqual(
          ['alg', 'e', 'key_ops', 'kid', 'kty', 'n', 'use', 'x5c', 'x5tS256'].sort()
        )
        expect(key).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig', key_ops: ['verify'] })
        expect(key.kid).toMatch(/^jwk-test-[0-9a-f-]{36}$/)
        expect(Buffer.from(key.n, 'base64url').length).toBeGreaterThanOrEqual(256)
        expect(key.x5c.length).toBeGreaterThan(0)
        expect(key.x5tS256.length).toBeGreaterThan(0)
      }
    })

    test('S-JWK-02: exactly one key has the kid of a session JWT, and verifies it', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      const { keys } = await getJWKS()
      const matching = keys.filter(({ kid }) => kid === headerOf(session_jwt).kid)
      expect(matching).toHaveLength(1)
      const [jwk] = matching
      if (jwk === undefined) throw new Error('No key has the kid.')
      const { payload } = await jwtVerify(session_jwt, await importJWK({ ...jwk }, 'RS256'))
      expect(payload.aud).toEqual([fixture.project_id])
    })

    test('S-JWK-08: a JWT that names one key and is signed with another of the same set is refused', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      const forger = await newForger()
      const { keys } = await getJWKS()
      const undo = fixture.tap.override('/v1/b2b/sessions/jwks/', {
        status_code: 200,
        request_id: 'request-id-test-stub',
        keys: [...keys, forger.jwk]
      })
      try {
        const client = fixture.newClient()
        const named = await forger.sign(claimsOf(session_jwt), { kid: String(keys[0]?.kid) })
        const call = client.sessions.authenticateJwtLocal({ session_jwt: named })
        expect(await fixture.codeOf(call)).toBe('jwt_invalid')

        const honest = await forger.sign(claimsOf(session_jwt))
        const session = await client.sessions.authenticateJwtLocal({ session_jwt: honest })
        expect(session.member_id).toBe(claimsOf(session_jwt).sub)
      } finally {
        undo()
      }
    })

    test('S-JWK-09: two projects have no key in common', async () => {
      const ours = await getJWKS()
      const theirs = await fixture.other.client.sessions.getJWKS({
        project_id: fixture.other.project_id
      })
      expect(theirs.keys.length).toBeGreaterThan(0)
      const moduli = new Set(ours.keys.map(({ n }) => n))
      const kids = new Set(ours.keys.map(({ kid }) => kid))
      expect(theirs.keys.filter(({ n, kid }) => moduli.has(n) || kids.has(kid))).toEqual([])

      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      const local = createLocalJWKSet({ keys: theirs.keys })
      await expect(jwtVerify(session_jwt, local)).rejects.toMatchObject({
        code: 'ERR_JWKS_NO_MATCHING_KEY'
      })
    })

    test('S-JWK-10: an unknown project is a 404', async () => {
      for (const project_id of ['project-test-00000000-0000-4000-8000-000000000000', 'nonsense']) {
        const call = fixture.client.sessions.getJWKS({ project_id })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'project_not_found'
        })
      }
    })
  })
})

/** Rotations move the clock by months, so each test has an authority of its own. */
describe('a rotation of signing keys', () => {
  describeOnEachDatabase((create, engine) => {
    const through = clientOn(engine)
    describe(`through ${through}`, () => {
      let fixtureServer: FixtureServer
      let fixture: Fixture

      beforeEach(async () => {
        fixtureServer = await openFixtureServer(create)
        fixture = openFixture(fixtureServer, through)
      })
      afterEach(() => fixtureServer.close())

      const days = (count: number) => count * 86_400
      const listKids = async () => {
        const { project_id } = fixture
        const { keys } = await fixture.newClient().sessions.getJWKS({ project_id })
        return keys.map(({ kid }) => kid)
      }

      /** Until the moment when the second key begins to sign. */
      async function passRotation(): Promise<{ earlier: string; later: string }> {
        const [earlier = ''] = await listKids()
        fixture.clock.advance(days(179))
        const kids = await listKids()
        fixture.clock.advance(days(1))
        const [later = ''] = kids.filter((kid) => kid !== earlier)
        return { earlier, later }
      }

      test('caches may keep the set for half a minute, and are told while it has not changed', async () => {
        const path = `/v1/b2b/sessions/jwks/${fixture.project_id}`
        const ask = (headers: Record<string, string> = {}) =>
          fetch(new URL(path, fixtureServer.url), { headers })
        const first = await ask()
        const etag = String(first.headers.get('etag'))
        expect(etag).toMatch(/^W\/"[\w-]+"$/)
        expect(first.headers.get('cache-control')).toBe('max-age=30')
        for (const named of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
          const same = await ask({ 'If-None-Match': named })
          expect([same.status, await same.text()]).toEqual([304, ''])
          expect(same.headers.get('etag')).toBe(etag)
          expect(same.headers.get('cache-control')).toBe('max-age=30')
        }
        expect((await ask({ 'If-None-Match': 'W/"other"' })).status).toBe(200)
        fixture.clock.advance(days(179))
        const rotated = await ask({ 'If-None-Match': etag })
        expect(rotated.status).toBe(200)
        expect(rotated.headers.get('etag')).not.toBe(etag)
      })

      test('S-JWK-03: right after it new JWTs carry the new kid, and both keys are returned', async () => {
        const person = await fixture.newPerson()
        const { earlier, later } = await passRotation()
        const { session_jwt } = await fixture.signIn(person)
        expect(headerOf(session_jwt).kid).toBe(later)
        expect((await listKids()).sort()).toEqual([earlier, later].sort())
      })

      test('S-JWK-04: a JWT signed before it is verified locally until its exp', async () => {
        const person = await fixture.newPerson()
        await listKids()
        fixture.clock.advance(days(179))
        await listKids()
        fixture.clock.advance(days(1) - 60)
        const { session_jwt, session_token } = await fixture.signIn(person)
        fixture.clock.advance(60)
        const { session_jwt: younger } = await fixture.client.sessions.authenticate({
          session_token
        })
        expect(headerOf(younger).kid).not.toBe(headerOf(session_jwt).kid)
        fixture.clock.advance(239)
        for (const client of [fixture.client, fixture.newClient()]) {
          const session = await client.sessions.authenticateJwtLocal({ session_jwt })
          expect(session.member_id).toBe(person.member_id)
        }
      })

      test('S-JWK-05: one month less a minute after it the old key is still returned, and after the month it is not', async () => {
        const { earlier, later } = await passRotation()
        fixture.clock.advance(days(30) - 60)
        expect((await listKids()).sort()).toEqual([earlier, later].sort())
        fixture.clock.advance(60)
        expect(await listKids()).toEqual([later])
      })

      test('S-JWK-06: a key about six months old is rotated by itself, a day after the next was published', async () => {
        const person = await fixture.newPerson()
        const [earlier = ''] = await listKids()
        fixture.clock.advance(days(179) - 2)
        expect(await listKids()).toEqual([earlier])
        fixture.clock.advance(2)
        const [later] = (await listKids()).filter((kid) => kid !== earlier)
        fixture.clock.advance(days(1) - 1)
        expect(headerOf((await fixture.signIn(person)).session_jwt).kid).toBe(earlier)
        fixture.clock.advance(1)
        expect(headerOf((await fixture.signIn(person)).session_jwt).kid).toBe(later)
      })

      test('S-JWK-07: clients run through it without restart or error', async () => {
        const person = await fixture.newPerson()
        const { session_jwt } = await fixture.signIn(person)
        await fixture.client.sessions.authenticateJwtLocal({ session_jwt })
        await passRotation()
        const { session_jwt: later } = await fixture.signIn(person)
        expect(headerOf(later).kid).not.toBe(headerOf(session_jwt).kid)
        const session = await fixture.client.sessions.authenticateJwtLocal({ session_jwt: later })
        expect(session.member_id).toBe(person.member_id)
      })
    })
  })
})
