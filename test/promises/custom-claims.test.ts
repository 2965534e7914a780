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
  call(fixture: Fixture, person: Enrolled, options: Options): Promise<Answer>
}

async function send(fixture: Fixture, operation: string, data: Options): Promise<Answer> {
  return (await fixture.send(operation, data)) as unknown as Answer
}

async function withoutMfa(fixture: Fixture, person: Enrolled): Promise<Enrolled> {
  const { organization_id, member_id } = person
  await fixture.client.organizations.members.update({
    organization_id,
    member_id,
    mfa_enrolled: false
  })
  return person
}

const starting: readonly Operation[] = [
  {
    name: 'sessions.exchange',
    async call(fixture, person, options) {
      const { organization_id } = await withoutMfa(fixture, person)
      const { session_token } = await signInElsewhere(fixture, person)
      return send(fixture, 'sessions.exchange', { organization_id, session_token, ...options })
    }
  },
  {
    name: 'discovery.intermediateSessions.exchange',
    async call(fixture, person, options) {
      const { organization_id, email_address } = await withoutMfa(fixture, person)
      const intermediate_session_token = await beginDiscovery(fixture, email_address)
      const request = { organization_id, intermediate_session_token, ...options }
      return send(fixture, 'discovery.intermediateSessions.exchange', request)
    }
  },
  {
    name: 'passwords.authenticate',
    async call(fixture, person, options) {
      const { organization_id, email_address } = await withoutMfa(fixture, person)
      const request = { organization_id, email_address, password }
      return send(fixture, 'passwords.authenticate', { ...request, ...options })
    }
  },
  {
    name: 'sessions.attest',
    async call(fixture, person, options) {
      // A member who is asked for a second factor needs a profile that stands for one.
      const token = await trustedToken(fixture, person, { profile: 'strong' })
      return send(fixture, 'sessions.attest', { profile_id: profiles.strong, token, ...options })
    }
  },
  {
    name: 'sessions.migrate',
    async call(fixture, { organization_id, member_id, email_address }, options) {
      await fixture.client.organizations.members.update({
        organization_id,
        member_id,
        mfa_enrolled: false
      })
      const session_token = fixture.identity.credentialFor({
        email: email_address,
        email_verified: true
      })
      return send(fixture, 'sessions.migrate', { organization_id, session_token, ...options })
    }
  },
  {
    name: 'totps.authenticate',
    async call(fixture, person, options) {
      const { organization_id, member_id, secret } = person
      return send(fixture, 'totps.authenticate', {
        organization_id,
        member_id,
        intermediate_session_token: await fixture.beginSignIn(person),
        code: fixture.nextCode(secret),
        ...options
      })
    }
  },
  {
    name: 'otps.sms.authenticate',
    async call(fixture, person, options) {
      const { organization_id, member_id } = person
      const intermediate_session_token = await fixture.beginSignIn(person)
      const code = await fixture.newSms(person, { intermediate_session_token })
      const request = { organization_id, member_id, intermediate_session_token, code }
      return send(fixture, 'otps.sms.authenticate', { ...request, ...options })
    }
  }
]

/** Operations that go on with the session of `session_token`. */
const continuing: readonly Operation[] = [
  {
    name: 'sessions.authenticate',
    call: (fixture, _person, options) => send(fixture, 'sessions.authenticate', options)
  },
  {
    name: 'totps.authenticate',
    call: (fixture, { organization_id, member_id, secret }, options) =>
      send(fixture, 'totps.authenticate', {
        organization_id,
        member_id,
        code: fixture.nextCode(secret),
        ...options
      })
  },
  {
    name: 'otps.sms.authenticate',
    async call(fixture, person, options) {
      const { organization_id, member_id } = person
      const { session_token } = options
      const code = await fixture.newSms(person, { session_token })
      return send(fixture, 'otps.sms.authenticate', {
        organization_id,
        member_id,
        code,
        ...options
      })
    }
  },
  {
    name: 'passwords.authenticate',
    call: (fixture, { organization_id, email_address }, options) =>
      send(fixture, 'passwords.authenticate', {
        organization_id,
        email_address,
        password,
        ...options
      })
  },
  {
    name: 'sessions.attest',
    async call(fixture, person, options) {
      const token = await trustedToken(fixture, person)
      return send(fixture, 'sessions.attest', { profile_id: profiles.plain, token, ...options })
    }
  },
  {
    name: 'sessions.exchangeAccessToken',
    async call(fixture, _person, { session_token, ...options }) {
      const access_token = await accessTokenOf(fixture, { session_token: String(session_token) })
      return send(fixture, 'sessions.exchangeAccessToken', { access_token, ...options })
    }
  },
  {
    name: 'passwords.sessions.reset',
    // Only a session with a young factor may reset: the password is verified before, and stays what it is.
    async call(fixture, { organization_id, email_address }, options) {
      const { session_token } = options
      const request = { organization_id, email_address, password, session_token }
      await send(fixture, 'passwords.authenticate', request)
      return send(fixture, 'passwords.sessions.reset', { organization_id, password, ...options })
    }
  }
]

const tooLarge = { status_code: 400, error_type: 'custom_claims_too_large' }
const registered = { iss: 'x', sub: 'x', aud: 'x', exp: 1, nbf: 1, iat: 1, jti: 'x' }

/** Claims whose compact JSON has so many bytes, half of them by characters of two. */
function claimsOfSize(bytes: number, key = 'k'): Record<string, string> {
  const left = bytes - Buffer.byteLength(JSON.stringify({ [key]: '' }))
  const half = Math.floor(left / 4)
  const claims = { [key]: 'é'.repeat(half) + 'x'.repeat(left - 2 * half) }
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
  describeOnEachEngine((fixture) => {
    describe.each(starting.map((operation) => [operation.name, operation] as const))(
      '%s starts a session',
      (_name, operation) => {
        let person: Enrolled
        beforeAll(async () => {
          person = await fixture.newBoth()
        })
        beforeEach(() => fixture.client.sessions.revoke({ member_id: person.member_id }))

        test('S-CLM-01: the claims are in the session and, at top level, in the JWT', async () => {
          const session_custom_claims = { plan: 'pro', seats: 3, nested: { a: [1, null] } }
          const answer = await operation.call(fixture, person, {
            session_duration_minutes: 30,
            session_custom_claims
          })
          expectClaims(answer, session_custom_claims)
          expect(lifetimeOf(answer.member_session)).toBe(1800)
        })

        test('S-CLM-04: the seven registered claims are ignored, the other key is stored', async () => {
          const answer = await operation.call(fixture, person, {
            session_duration_minutes: 30,
            session_custom_claims: { ...registered, plan: 'pro' }
          })
          expectClaims(answer, { plan: 'pro' })
          const now = fixture.clock.now() / 1000
          const { jti, ...claims } = claimsOf(answer.session_jwt)
          expect(jti).not.toBe('x')
          expect(claims).toMatchObject({
            iss: `stytch.com/${fixture.project_id}`,
            sub: person.member_id,
            aud: [fixture.project_id],
            iat: now,
            nbf: now,
            exp: now + 300
          })
        })

        test('S-CLM-05 S-CLM-07: 4,096 bytes of compact JSON are accepted, one more is refused and starts no session', async () => {
          const call = operation.call(fixture, person, {
            session_custom_claims: claimsOfSize(4097)
          })
          expect(await fixture.errorOf(call)).toMatchObject(tooLarge)
          expect(await fixture.sessionsOf(person)).toEqual([])

          await fixture.client.organizations.members.update({
            organization_id: person.organization_id,
            member_id: person.member_id,
            mfa_enrolled: true
          })
          const answer = await operation.call(fixture, person, {
            session_custom_claims: claimsOfSize(4096)
          })
          expectClaims(answer, claimsOfSize(4096))
          const { session_jwt } = answer
          expectClaims(
            await send(fixture, 'sessions.authenticate', { session_jwt }),
            claimsOfSize(4096)
          )
          const local = await fixture.client.sessions.authenticateJwtLocal({ session_jwt })
          expect({ ...local.custom_claims }).toEqual(claimsOfSize(4096))
        })

        test('S-CLM-10: claims without a duration are stored in the session of 60 minutes', async () => {
          const answer = await operation.call(fixture, person, {
            session_custom_claims: { plan: 'pro' }
          })
          expectClaims(answer, { plan: 'pro' })
          expect(lifetimeOf(answer.member_session)).toBe(3600)
        })

        test.each([[['a']], ['text'], [5], [true]])(
          'S-CLM-12: claims that are %p are refused',
          async (session_custom_claims) => {
            const call = operation.call(fixture, person, { session_custom_claims })
            expect(await fixture.errorOf(call)).toMatchObject({
              status_code: 400,
              error_type: 'invalid_argument'
            })
            expect(await fixture.sessionsOf(person)).toEqual([])
          }
        )
      }
    )

    describe.each(continuing.map((operation) => [operation.name, operation] as const))(
      '%s goes on with a session',
      (_name, operation) => {
        let person: Enrolled
        beforeAll(async () => {
          // A password is set for a member with a second factor only with that.
          person =
            operation.name === 'passwords.sessions.reset'
              ? { ...(await fixture.newPerson()), secret: '', totp_registration_id: '' }
              : await fixture.newBoth({}, { mfa_enrolled: false })
        })

        /** The only session of the member. */
        async function begin(session_custom_claims?: Record<string, unknown>) {
          await fixture.client.sessions.revoke({ member_id: person.member_id })
          const { session_token, member_session } = await fixture.signIn(person, {
            session_duration_minutes: 30,
            session_custom_claims
          })
          return { session_token, member_session }
        }

        test('S-CLM-02: a new value replaces the old one, the other keys stay', async () => {
          const { session_token } = await begin({ a: 1, b: 2 })
          const answer = await operation.call(fixture, person, {
            session_token,
            session_custom_claims: { a: 9 }
          })
          expectClaims(answer, { a: 9, b: 2 })
          const [kept] = await fixture.sessionsOf(person)
          expect(kept?.custom_claims).toEqual({ a: 9, b: 2 })
        })

        test('S-CLM-03: null deletes a key, in session and JWT', async () => {
          const { session_token } = await begin({ a: 1, b: 2 })
          const answer = await operation.call(fixture, person, {
            session_token,
            session_custom_claims: { a: null }
          })
          expectClaims(answer, { b: 2 })
          expect(Object.keys(claimsOf(answer.session_jwt))).not.toContain('a')
        })

        test('S-CLM-04: the seven registered claims are ignored here too', async () => {
          const { session_token } = await begin({ a: 1 })
          const answer = await operation.call(fixture, person, {
            session_token,
            session_custom_claims: { ...registered, b: 2 }
          })
          expectClaims(answer, { a: 1, b: 2 })
          expect(claimsOf(answer.session_jwt)).toMatchObject({
            sub: person.member_id,
            iss: `stytch.com/${fixture.project_id}`,
            exp: fixture.clock.now() / 1000 + 300
          })
        })

        test('S-CLM-05 S-CLM-06: what makes the whole map too large is refused; the session keeps claims, end and factors', async () => {
          const { session_token, member_session } = await begin(claimsOfSize(3072, 'first'))
          const call = operation.call(fixture, person, {
            session_token,
            session_duration_minutes: 300,
            session_custom_claims: claimsOfSize(3072, 'other')
          })
          expect(await fixture.errorOf(call)).toMatchObject(tooLarge)
          expect(await fixture.sessionsOf(person)).toEqual([member_session])

          const merged = await operation.call(fixture, person, {
            session_token,
            session_custom_claims: claimsOfSize(1025, 'other')
          })
          expectClaims(merged, { ...claimsOfSize(3072, 'first'), ...claimsOfSize(1025, 'other') })
        })

        test('S-CLM-08: without the parameter the claims are still there', async () => {
          const { session_token } = await begin({ a: 1 })
          fixture.clock.advance(301)
          expectClaims(await operation.call(fixture, person, { session_token }), { a: 1 })
        })

        test('S-CLM-09: claims without a duration are added, and the end stays', async () => {
          const { session_token, member_session } = await begin()
          fixture.clock.advance(10)
          const answer = await operation.call(fixture, person, {
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
            const call = operation.call(fixture, person, { session_token, session_custom_claims })
            expect(await fixture.errorOf(call)).toMatchObject({
              status_code: 400,
              error_type: 'invalid_argument'
            })
            expect(await fixture.sessionsOf(person)).toEqual([member_session])
          }
        )
      }
    )

    test('S-CLM-07 S-ANY-07: a session with 4,096 bytes of claims and twenty roles of 47 characters works by token, by JWT and locally', async () => {
      const { organization_id } = await fixture.newOrganization()
      const roles = Array.from({ length: 20 }, (_, index) => `role-${index}-`.padEnd(47, 'x'))
      const org_policy = {
        roles: roles.map((role_id) => ({ role_id, description: '', permissions: [] }))
      }
      await fixture.client.rbac.organizations.setOrgPolicy({ organization_id, org_policy })
      const person = await fixture.newPerson({ organization_id, roles })
      const { session_token, session_jwt, member_session } = await fixture.signIn(person, {
        session_custom_claims: claimsOfSize(4096)
      })
      const { member_session_id } = member_session
      for (const credential of [{ session_token }, { session_jwt }]) {
        const again = await fixture.client.sessions.authenticate(credential)
        expect(again.member_session.member_session_id).toBe(member_session_id)
      }
      const local = await fixture.client.sessions.authenticateJwtLocal({ session_jwt })
      expect(local.member_session_id).toBe(member_session_id)
    })

    test('S-CLM-11: duration and claims of a call that ends in an intermediate session are not kept for its completion', async () => {
      const person = await fixture.newEnrolled()
      const { organization_id, member_id, secret } = person
      const intermediate_session_token = await fixture.beginSignIn(person, {
        session_duration_minutes: 500,
        session_custom_claims: { plan: 'pro' }
      })
      const answer = await send(fixture, 'totps.authenticate', {
        organization_id,
        member_id,
        intermediate_session_token,
        code: fixture.nextCode(secret)
      })
      expectClaims(answer, {})
      expect(lifetimeOf(answer.member_session)).toBe(3600)
    })
  })
})
