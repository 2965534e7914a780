import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MemberSession } from 'membergate/client'
import { beginDiscovery, signInElsewhere } from '../support/entering.ts'
import { accessTokenOf, profiles, trustedToken } from '../support/external.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import { type Enrolled, password } from '../support/people.ts'
import { claimsOf, lifetimeOf, secondsOf } from '../support/session-jwts.ts'

interface Answer {
  readonly session_token: string
  readonly session_jwt: string
  readonly member_session: MemberSession
}

type Options = Record<string, unknown>

interface Operation {
  readonly name: string
  call(world: Fixture, person: Enrolled, options: Options): Promise<Answer>
}

async function send(world: Fixture, operation: string, data: Options): Promise<Answer> {
  return (await world.send(operation, data)) as unknown as Answer
}

async function withoutMfa(world: Fixture, person: Enrolled): Promise<Enrolled> {
  const { organization_id, member_id } = person
  await world.client.organizations.members.update({
    organization_id,
    member_id,
    mfa_enrolled: false
  })
  return person
}

const starting: readonly Operation[] = [
  {
    name: 'sessions.exchange',
    async call(world, person, options) {
      const { organization_id } = await withoutMfa(world, person)
      const { session_token } = await signInElsewhere(world, person)
      return send(world, 'sessions.exchange', { organization_id, session_token, ...options })
    }
  },
  {
    name: 'discovery.intermediateSessions.exchange',
    async call(world, person, options) {
      const { organization_id, email_address } = await withoutMfa(world, person)
      const intermediate_session_token = await beginDiscovery(world, email_address)
      const request = { organization_id, intermediate_session_token, ...options }
      return send(world, 'discovery.intermediateSessions.exchange', request)
    }
  },
  {
    name: 'passwords.authenticate',
    async call(world, person, options) {
      const { organization_id, email_address } = await withoutMfa(world, person)
      const request = { organization_id, email_address, password }
      return send(world, 'passwords.authenticate', { ...request, ...options })
    }
  },
  {
    name: 'sessions.attest',
    async call(world, person, options) {
      // A member who is asked for a second factor needs a profile that stands for one.
      const token = await trustedToken(world, person, { profile: 'strong' })
      return send(world, 'sessions.attest', { profile_id: profiles.strong, token, ...options })
    }
  },
  {
    name: 'sessions.migrate',
    async call(world, { organization_id, member_id, email_address }, options) {
      await world.client.organizations.members.update({
        organization_id,
        member_id,
        mfa_enrolled: false
      })
      const session_token = world.identity.credentialFor({ email: email_address })
      return send(world, 'sessions.migrate', { organization_id, session_token, ...options })
    }
  },
  {
    name: 'totps.authenticate',
    async call(world, person, options) {
      const { organization_id, member_id, secret } = person
      return send(world, 'totps.authenticate', {
        organization_id,
        member_id,
        intermediate_session_token: await world.beginSignIn(person),
        code: world.nextCode(secret),
        ...options
      })
    }
  },
  {
    name: 'otps.sms.authenticate',
    async call(world, person, options) {
      const { organization_id, member_id } = person
      const intermediate_session_token = await world.beginSignIn(person)
      const code = await world.newSms(person, { intermediate_session_token })
      const request = { organization_id, member_id, intermediate_session_token, code }
      return send(world, 'otps.sms.authenticate', { ...request, ...options })
    }
  }
]

/** Operations that go on with the session of `session_token`. */
const continuing: readonly Operation[] = [
  {
    name: 'sessions.authenticate',
    call: (world, _person, options) => send(world, 'sessions.authenticate', options)
  },
  {
    name: 'totps.authenticate',
    call: (world, { organization_id, member_id, secret }, options) =>
      send(world, 'totps.authenticate', {
        organization_id,
        member_id,
        code: world.nextCode(secret),
        ...options
      })
  },
  {
    name: 'otps.sms.authenticate',
    async call(world, person, options) {
      const { organization_id, member_id } = person
      const { session_token } = options
      const code = await world.newSms(person, { session_token })
      return send(world, 'otps.sms.authenticate', { organization_id, member_id, code, ...options })
    }
  },
  {
    name: 'passwords.authenticate',
    call: (world, { organization_id, email_address }, options) =>
      send(world, 'passwords.authenticate', {
        organization_id,
        email_address,
        password,
        ...options
      })
  },
  {
    name: 'sessions.attest',
    async call(world, person, options) {
      const token = await trustedToken(world, person)
      return send(world, 'sessions.attest', { profile_id: profiles.plain, token, ...options })
    }
  },
  {
    name: 'sessions.exchangeAccessToken',
    async call(world, _person, { session_token, ...options }) {
      const access_token = await accessTokenOf(world, { session_token: String(session_token) })
      return send(world, 'sessions.exchangeAccessToken', { access_token, ...options })
    }
  },
  {
    name: 'passwords.sessions.reset',
    // Only a session with a young factor may reset: the password is proven before, and stays what it is.
    async call(world, { organization_id, email_address }, options) {
      const { session_token } = options
      const proof = { organization_id, email_address, password, session_token }
      await send(world, 'passwords.authenticate', proof)
      return send(world, 'passwords.sessions.reset', { organization_id, password, ...options })
    }
  }
]

const tooLarge = { status_code: 400, error_type: 'custom_claims_too_large' }
const registered = { iss: 'x', sub: 'x', aud: 'x', exp: 1, nbf: 1, iat: 1, jti: 'x' }

/** Claims whose compact JSON has so many bytes, half of them by characters of two. */
function claimsOfSize(bytes: number, key = 'k'): Record<string, string> {
  const room = bytes - Buffer.byteLength(JSON.stringify({ [key]: '' }))
  const half = Math.floor(room / 4)
  const claims = { [key]: 'é'.repeat(half) + 'x'.repeat(room - 2 * half) }
  if (Buffer.byteLength(JSON.stringify(claims)) !== bytes) throw new Error('Wrong size.')
  return claims
}

/** The custom claims of a JWT. */
function customClaimsOf(session_jwt: string): Record<string, unknown> {
  const { iss, sub, aud, exp, nbf, iat, ...rest } = claimsOf(session_jwt)
  return Object.fromEntries(
    Object.entries(rest).filter(([name]) => !name.startsWith('https://stytch.com/'))
  )
}

function expectClaims(answer: Answer, claims: Record<string, unknown>): void {
  expect(answer.member_session.custom_claims).toEqual(claims)
  expect(customClaimsOf(answer.session_jwt)).toEqual(claims)
}

describe('custom claims', () => {
  describeOnEachEngine((world) => {
    describe.each(starting.map((operation) => [operation.name, operation] as const))(
      '%s starts a session',
      (_name, operation) => {
        let person: Enrolled
        beforeAll(async () => {
          person = await world.newBoth()
        })
        beforeEach(() => world.client.sessions.revoke({ member_id: person.member_id }))

        test('S-CLM-01: the claims are in the session and, at top level, in the JWT', async () => {
          const session_custom_claims = { plan: 'pro', seats: 3, nested: { a: [1, null] } }
          const answer = await operation.call(world, person, {
            session_duration_minutes: 30,
            session_custom_claims
          })
          expectClaims(answer, session_custom_claims)
          expect(lifetimeOf(answer.member_session)).toBe(1800)
        })

        test('S-CLM-04: the seven registered claims are ignored, the other key is stored', async () => {
          const answer = await operation.call(world, person, {
            session_duration_minutes: 30,
            session_custom_claims: { ...registered, plan: 'pro' }
          })
          expectClaims(answer, { plan: 'pro' })
          const now = world.clock.now() / 1000
          const { jti, ...claims } = claimsOf(answer.session_jwt)
          expect(jti).not.toBe('x')
          expect(claims).toMatchObject({
            iss: `stytch.com/${world.project_id}`,
            sub: person.member_id,
            aud: [world.project_id],
            iat: now,
            nbf: now,
            exp: now + 300
          })
        })

        test('S-CLM-05 S-CLM-07: 4,096 bytes of compact JSON are accepted, one more is refused and starts no session', async () => {
          const call = operation.call(world, person, {
            session_custom_claims: claimsOfSize(4097)
          })
          expect(await world.errorOf(call)).toMatchObject(tooLarge)
          expect(await world.sessionsOf(person)).toEqual([])

          await world.client.organizations.members.update({
            organization_id: person.organization_id,
            member_id: person.member_id,
            mfa_enrolled: true
          })
          const answer = await operation.call(world, person, {
            session_custom_claims: claimsOfSize(4096)
          })
          expectClaims(answer, claimsOfSize(4096))
          const { session_jwt } = answer
          expectClaims(
            await send(world, 'sessions.authenticate', { session_jwt }),
            claimsOfSize(4096)
          )
          const local = await world.client.sessions.authenticateJwtLocal({ session_jwt })
          expect({ ...local.custom_claims }).toEqual(claimsOfSize(4096))
        })

        test('S-CLM-10: claims without a duration are stored in the session of 60 minutes', async () => {
          const answer = await operation.call(world, person, {
            session_custom_claims: { plan: 'pro' }
          })
          expectClaims(answer, { plan: 'pro' })
          expect(lifetimeOf(answer.member_session)).toBe(3600)
        })

        test.each([[['a']], ['text'], [5], [true]])(
          'S-CLM-12: claims that are %p are refused',
          async (session_custom_claims) => {
            const call = operation.call(world, person, { session_custom_claims })
            expect(await world.errorOf(call)).toMatchObject({
              status_code: 400,
              error_type: 'invalid_argument'
            })
            expect(await world.sessionsOf(person)).toEqual([])
          }
        )
      }
    )

    describe.each(continuing.map((operation) => [operation.name, operation] as const))(
      '%s goes on with a session',
      (_name, operation) => {
        let person: Enrolled
        beforeAll(async () => {
          person = await world.newBoth({}, { mfa_enrolled: false })
        })

        /** The only session of the member. */
        async function begin(session_custom_claims?: Record<string, unknown>) {
          await world.client.sessions.revoke({ member_id: person.member_id })
          const { session_token, member_session } = await world.signIn(person, {
            session_duration_minutes: 30,
            session_custom_claims
          })
          return { session_token, member_session }
        }

        test('S-CLM-02: a new value replaces the old one, the other keys stay', async () => {
          const { session_token } = await begin({ a: 1, b: 2 })
          const answer = await operation.call(world, person, {
            session_token,
            session_custom_claims: { a: 9 }
          })
          expectClaims(answer, { a: 9, b: 2 })
          const [kept] = await world.sessionsOf(person)
          expect(kept?.custom_claims).toEqual({ a: 9, b: 2 })
        })

        test('S-CLM-03: null deletes a key, in session and JWT', async () => {
          const { session_token } = await begin({ a: 1, b: 2 })
          const answer = await operation.call(world, person, {
            session_token,
            session_custom_claims: { a: null }
          })
          expectClaims(answer, { b: 2 })
          expect(Object.keys(claimsOf(answer.session_jwt))).not.toContain('a')
        })

        test('S-CLM-04: the seven registered claims are ignored here too', async () => {
          const { session_token } = await begin({ a: 1 })
          const answer = await operation.call(world, person, {
            session_token,
            session_custom_claims: { ...registered, b: 2 }
          })
          expectClaims(answer, { a: 1, b: 2 })
          expect(claimsOf(answer.session_jwt)).toMatchObject({
            sub: person.member_id,
            iss: `stytch.com/${world.project_id}`,
            exp: world.clock.now() / 1000 + 300
          })
        })

        test('S-CLM-05 S-CLM-06: what makes the whole map too large is refused; the session keeps claims, end and factors', async () => {
          const { session_token, member_session } = await begin(claimsOfSize(3072, 'first'))
          const call = operation.call(world, person, {
            session_token,
            session_duration_minutes: 300,
            session_custom_claims: claimsOfSize(3072, 'other')
          })
          expect(await world.errorOf(call)).toMatchObject(tooLarge)
          expect(await world.sessionsOf(person)).toEqual([member_session])

          const merged = await operation.call(world, person, {
            session_token,
            session_custom_claims: claimsOfSize(1025, 'other')
          })
          expectClaims(merged, { ...claimsOfSize(3072, 'first'), ...claimsOfSize(1025, 'other') })
        })

        test('S-CLM-08: without the parameter the claims are still there', async () => {
          const { session_token } = await begin({ a: 1 })
          world.clock.advance(301)
          expectClaims(await operation.call(world, person, { session_token }), { a: 1 })
        })

        test('S-CLM-09: claims without a duration are added, and the end stays', async () => {
          const { session_token, member_session } = await begin()
          world.clock.advance(10)
          const answer = await operation.call(world, person, {
            session_token,
            session_custom_claims: { a: 1 }
          })
          expectClaims(answer, { a: 1 })
          expect(secondsOf(answer.member_session.expires_at)).toBe(
            secondsOf(member_session.expires_at)
          )
        })

        test.each([[['a']], ['text'], [5], [true]])(
          'S-CLM-12: claims that are %p are refused',
          async (session_custom_claims) => {
            const { session_token, member_session } = await begin({ a: 1 })
            const call = operation.call(world, person, { session_token, session_custom_claims })
            expect(await world.errorOf(call)).toMatchObject({
              status_code: 400,
              error_type: 'invalid_argument'
            })
            expect(await world.sessionsOf(person)).toEqual([member_session])
          }
        )
      }
    )

    test('S-CLM-07 S-ANY-07: a session with 4,096 bytes of claims and twenty roles of 47 characters works by token, by JWT and locally', async () => {
      const { organization_id } = await world.newOrganization()
      const roles = Array.from({ length: 20 }, (_, index) => `role-${index}-`.padEnd(47, 'x'))
      const org_policy = {
        roles: roles.map((role_id) => ({ role_id, description: '', permissions: [] }))
      }
      await world.client.rbac.organizations.setOrgPolicy({ organization_id, org_policy })
      const person = await world.newPerson({ organization_id, roles })
      const { session_token, session_jwt, member_session } = await world.signIn(person, {
        session_custom_claims: claimsOfSize(4096)
      })
      const { member_session_id } = member_session
      for (const credential of [{ session_token }, { session_jwt }]) {
        const again = await world.client.sessions.authenticate(credential)
        expect(again.member_session.member_session_id).toBe(member_session_id)
      }
      const local = await world.client.sessions.authenticateJwtLocal({ session_jwt })
      expect(local.member_session_id).toBe(member_session_id)
    })

    test('S-CLM-11: duration and claims of a call that ends in an intermediate session are not kept for its completion', async () => {
      const person = await world.newEnrolled()
      const { organization_id, member_id, secret } = person
      const intermediate_session_token = await world.beginSignIn(person, {
        session_duration_minutes: 500,
        session_custom_claims: { plan: 'pro' }
      })
      const answer = await send(world, 'totps.authenticate', {
        organization_id,
        member_id,
        intermediate_session_token,
        code: world.nextCode(secret)
      })
      expectClaims(answer, {})
      expect(lifetimeOf(answer.member_session)).toBe(3600)
    })
  })
})
