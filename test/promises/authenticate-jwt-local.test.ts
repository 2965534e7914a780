import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { SharedClient } from '../support/clients.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import {
  claimsOf,
  type Forger,
  headerOf,
  newForger,
  withOtherSignature
} from '../support/session-jwts.ts'

type Params = Parameters<SharedClient['sessions']['authenticateJwtLocal']>[0]

/** A fixture in which this test too can sign: its key stands in the key set that clients fetch. */
function useForger(fixture: Fixture) {
  let forger: Forger | undefined
  let undo = () => {}
  beforeAll(async () => {
    forger = await newForger()
    const { keys } = await fixture.client.sessions.getJWKS({ project_id: fixture.project_id })
    undo = fixture.tap.override('/v1/b2b/sessions/jwks/', {
      status_code: 200,
      request_id: 'request-id-test-stub',
      keys: [...keys, forger.jwk]
    })
  })
  afterAll(() => undo())

  /** A session JWT of a new member; claims that are given replace those of the authority. */
  return async function sign(
    changes: (now: number) => Record<string, unknown> = () => ({}),
    header?: { kid?: string; alg?: string; typ?: string }
  ): Promise<string> {
    if (forger === undefined) throw new Error('There is no key to sign with.')
    const { session_jwt } = await fixture.signIn(await fixture.newPerson())
    const now = fixture.clock.now() / 1000
    return forger.sign({ ...claimsOf(session_jwt), ...changes(now) }, header)
  }
}

describe('sessions.authenticateJwtLocal', () => {
  describeOnEachEngine((fixture) => {
    const sign = useForger(fixture)
    const local = (params: Params) => fixture.client.sessions.authenticateJwtLocal(params)
    const accepted = async (params: Params) => {
      expect(await local(params)).toMatchObject({ member_id: claimsOf(params.session_jwt).sub })
    }
    const refused = async (code: string, params: Params) => {
      expect(await fixture.codeOf(local(params))).toBe(code)
    }

    test('S-LCL-01 S-LCL-18: the session of the claims, with custom claims and no registered one among them', async () => {
      const person = await fixture.newPerson({ roles: ['editor'] })
      const { session_jwt, member_session } = await fixture.signIn(person, {
        session_custom_claims: { plan: 'pro', nested: { seats: [1, 2] } }
      })
      const session = await local({ session_jwt })
      const whole = { ...session, expires_at: Date.parse(session.expires_at) }
      expect(JSON.parse(JSON.stringify(whole))).toEqual({
        ...member_session,
        expires_at: Date.parse(member_session.expires_at)
      })
      expect(session.member_id).toBe(person.member_id)
      expect(session.organization_slug).toBe(fixture.A.organization_slug)
      expect(session.roles).toEqual(expect.arrayContaining(['stytch_member', 'editor']))
      expect(Object.keys(session.custom_claims ?? {}).sort()).toEqual(['nested', 'plan'])
    })

    test('S-LCL-02: valid, expired, forged and unauthorized JWTs never cause a call about the session', async () => {
      const person = await fixture.newPerson({ roles: ['reader'] })
      const { session_jwt } = await fixture.signIn(person)
      const authorization_check = {
        organization_id: person.organization_id,
        resource_id: 'documents',
        action: 'write'
      }
      const calls = await fixture.tap.watch(async () => {
        await local({ session_jwt })
        await refused('jwt_invalid', { session_jwt: withOtherSignature(session_jwt) })
        await refused('invalid_permissions', { session_jwt, authorization_check })
        fixture.clock.advance(301)
        await refused('jwt_invalid', { session_jwt })
      })
      expect(calls.filter(({ path }) => path.includes('/sessions/authenticate'))).toEqual([])
    })

    test('S-LCL-03: an expired JWT is refused', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(301)
      await refused('jwt_invalid', { session_jwt })
    })

    test('S-LCL-04: without tolerance a JWT whose exp is this second or whose nbf is one second ahead is refused', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(299)
      await accepted({ session_jwt })
      fixture.clock.advance(1)
      await refused('jwt_invalid', { session_jwt })
      await refused('jwt_invalid', { session_jwt: await sign((now) => ({ nbf: now + 1 })) })
      await accepted({ session_jwt: await sign((now) => ({ nbf: now })) })
    })

    test('S-LCL-05: with a tolerance of 10 an exp 9 s ago is accepted, 10 s ago refused', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(309)
      await accepted({ session_jwt, clock_tolerance_seconds: 10 })
      fixture.clock.advance(1)
      await refused('jwt_invalid', { session_jwt, clock_tolerance_seconds: 10 })
    })

    test('S-LCL-06: with a tolerance of 10 an nbf 10 s ahead is accepted, 11 s ahead refused', async () => {
      const near = await sign((now) => ({ nbf: now + 10 }))
      await accepted({ session_jwt: near, clock_tolerance_seconds: 10 })
      const far = await sign((now) => ({ nbf: now + 11 }))
      await refused('jwt_invalid', { session_jwt: far, clock_tolerance_seconds: 10 })
    })

    test('S-LCL-07: with max_token_age_seconds 60 a JWT issued 61 s ago is too old', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(59)
      await accepted({ session_jwt, max_token_age_seconds: 60 })
      fixture.clock.advance(2)
      await refused('jwt_too_old', { session_jwt, max_token_age_seconds: 60 })
    })

    test('S-LCL-08: with max_token_age_seconds 0 every JWT is too old', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      await refused('jwt_too_old', { session_jwt, max_token_age_seconds: 0 })
      fixture.clock.advance(200)
      await refused('jwt_too_old', { session_jwt, max_token_age_seconds: 0 })
    })

    test('S-LCL-10: without max_token_age_seconds a JWT 299 s old is accepted', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(299)
      await accepted({ session_jwt })
    })

    test('S-LCL-11: a current_date inside the life of an expired JWT is what counts', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      const current_date = new Date(fixture.clock.now() + 100_000)
      fixture.clock.advance(1000)
      await refused('jwt_invalid', { session_jwt })
      await accepted({ session_jwt, current_date })
    })

    test('S-LCL-12: current_date is compared with exp, nbf and iat', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      const at = (seconds: number) => new Date((claimsOf(session_jwt).iat + seconds) * 1000)
      await accepted({ session_jwt, current_date: at(1) })
      await refused('jwt_invalid', { session_jwt, current_date: at(301) })
      await refused('jwt_invalid', { session_jwt, current_date: at(-1) })
      await accepted({ session_jwt, current_date: at(59), max_token_age_seconds: 60 })
      await refused('jwt_too_old', {
        session_jwt,
        current_date: at(61),
        max_token_age_seconds: 60
      })
    })

    test('S-LCL-13: without current_date the present moment counts', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      await accepted({ session_jwt })
      fixture.clock.advance(300)
      await refused('jwt_invalid', { session_jwt })
    })

    test('S-LCL-14: a check that passes answers the session, without a verdict', async () => {
      const person = await fixture.newPerson({ roles: ['editor'] })
      const { session_jwt } = await fixture.signIn(person)
      const { organization_id } = person
      const authorization_check = { organization_id, resource_id: 'documents', action: 'write' }
      const session = await local({ session_jwt, authorization_check })
      expect(session.member_id).toBe(person.member_id)
      expect(Object.keys(session)).not.toContain('verdict')
    })

    test('S-LCL-15: a check for another organization is refused whatever the roles', async () => {
      const { session_jwt } = await fixture.signIn(
        await fixture.newPerson({ roles: ['editor', 'stytch_admin'] })
      )
      for (const organization_id of [fixture.B.organization_id, 'nowhere']) {
        const authorization_check = { organization_id, resource_id: 'documents', action: 'write' }
        await refused('tenancy_mismatch', { session_jwt, authorization_check })
      }
    })

    test('S-LCL-16: a check that no role permits is refused', async () => {
      const person = await fixture.newPerson({ roles: ['reader'] })
      const { session_jwt } = await fixture.signIn(person)
      const { organization_id } = person
      for (const [resource_id, action] of [
        ['documents', 'write'],
        ['invoices', 'read'],
        ['unicorns', 'read']
      ] as const) {
        const authorization_check = { organization_id, resource_id, action }
        await refused('invalid_permissions', { session_jwt, authorization_check })
      }
    })

    test('S-LCL-17: a wrong signature, audience, issuer or type, and alg none, are refused', async () => {
      await accepted({ session_jwt: await sign() })

      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      await refused('jwt_invalid', { session_jwt: withOtherSignature(session_jwt) })
      const foreign = await newForger()
      const kid = String(headerOf(session_jwt).kid)
      for (const header of [{}, { kid }]) {
        const forged = await foreign.sign(claimsOf(session_jwt), header)
        await refused('jwt_invalid', { session_jwt: forged })
      }

      const { project_id } = fixture.other
      for (const changes of [
        { aud: [project_id] },
        { aud: undefined },
        { iss: `stytch.com/${project_id}` },
        { iss: undefined }
      ]) {
        await refused('jwt_invalid', { session_jwt: await sign(() => changes) })
      }
      await refused('jwt_invalid', { session_jwt: await sign(undefined, { typ: 'at+jwt' }) })

      const [, payload] = session_jwt.split('.')
      const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid })).toString(
        'base64url'
      )
      await refused('jwt_invalid', { session_jwt: `${header}.${payload}.` })
      await refused('jwt_invalid', { session_jwt: 'nonsense' })
    })
  })

  describeOnEachEngine(
    (fixture) => {
      const sign = useForger(fixture)

      test('S-LCL-09: with max_token_age_seconds 0 and tolerance 5 a JWT from two seconds ahead is too old', async () => {
        const session_jwt = await sign((now) => ({ iat: now + 2, nbf: now + 2, exp: now + 302 }))
        const { authenticateJwtLocal } = fixture.client.sessions
        const tolerant = { session_jwt, clock_tolerance_seconds: 5 }
        await authenticateJwtLocal(tolerant)
        const call = authenticateJwtLocal({ ...tolerant, max_token_age_seconds: 0 })
        expect(await fixture.codeOf(call)).toBe('jwt_too_old')
      })
    },
    { through: ['our client'] }
  )
})
