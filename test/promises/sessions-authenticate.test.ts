import { describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { Member } from 'membergate/client'
import { addFactor, giveSsoRole, samlFactor } from '../support/factors.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import {
  claimsOf,
  newForger,
  secondsOf,
  sessionClaim,
  withOtherSignature
} from '../support/session-jwts.ts'

const gone = { status_code: 404, error_type: 'session_not_found' }

describe('sessions.authenticate', () => {
  describeOnEachEngine((fixture) => {
    test('S-AUTH-01: a session token answers session, pair, member and organization, and extends nothing', async () => {
      const person = await fixture.newPerson()
      const { session_token, member_session } = await fixture.signIn(person)
      fixture.clock.advance(60)
      const answer = await fixture.client.sessions.authenticate({ session_token })
      expect(answer.status_code).toBe(200)
      expect(answer.session_token).toBe(session_token)
      expect(answer.member_session).toEqual({
        ...member_session,
        last_accessed_at: new Date(fixture.clock.now()).toISOString().replace('.000', '')
      })
      expect(answer.member.member_id).toBe(person.member_id)
      expect(answer.organization.organization_id).toBe(person.organization_id)
      expect(claimsOf(answer.session_jwt).sub).toBe(person.member_id)
    })

    test('S-AUTH-02: a session JWT answers the same as the token', async () => {
      const person = await fixture.newPerson()
      const { session_token, session_jwt, member_session } = await fixture.signIn(person)
      fixture.clock.advance(60)
      const byToken = await fixture.client.sessions.authenticate({ session_token })
      const byJwt = await fixture.client.sessions.authenticate({ session_jwt })
      expect(byJwt.member_session.expires_at).toBe(member_session.expires_at)
      expect({ ...byJwt, request_id: '' }).toEqual({ ...byToken, request_id: '' })
    })

    test('S-AUTH-03: a duration sets the end to that many minutes from now', async () => {
      const { session_token } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(60)
      const { member_session } = await fixture.client.sessions.authenticate({
        session_token,
        session_duration_minutes: 90
      })
      expect(secondsOf(member_session.expires_at)).toBe(fixture.clock.now() / 1000 + 90 * 60)
    })

    test('S-AUTH-04: token and JWT together are refused, even of one session', async () => {
      const { session_token, session_jwt } = await fixture.signIn(await fixture.newPerson())
      const call = fixture.client.sessions.authenticate({ session_token, session_jwt })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 400,
        error_type: 'too_many_session_arguments'
      })
    })

    test('S-AUTH-05: neither token nor JWT is refused', async () => {
      expect(await fixture.errorOf(fixture.client.sessions.authenticate({}))).toMatchObject({
        status_code: 400,
        error_type: 'no_session_arguments'
      })
    })

    test('S-AUTH-06: an expired JWT with the right signature is refreshed', async () => {
      const { session_jwt, member_session } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(301)
      const answer = await fixture.client.sessions.authenticate({ session_jwt })
      expect(answer.member_session.member_session_id).toBe(member_session.member_session_id)
      expect(claimsOf(answer.session_jwt).exp).toBe(fixture.clock.now() / 1000 + 300)
      expect(claimsOf(answer.session_jwt).exp).toBeGreaterThan(claimsOf(session_jwt).exp)

      const { keys } = await fixture.client.sessions.getJWKS({ project_id: fixture.project_id })
      const verified = await jwtVerify(answer.session_jwt, createLocalJWKSet({ keys }))
      expect(verified.payload.sub).toBe(member_session.member_id)
    })

    test('S-AUTH-07: an expired JWT with one bit of the signature changed is refused', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(301)
      const forged = withOtherSignature(session_jwt)
      const call = fixture.client.sessions.authenticate({ session_jwt: forged })
      expect(await fixture.errorOf(call)).toMatchObject(gone)
      await fixture.client.sessions.authenticate({ session_jwt })
    })

    test('S-AUTH-08: an expired JWT of a revoked session is refused', async () => {
      const { session_jwt, session_token } = await fixture.signIn(await fixture.newPerson())
      await fixture.client.sessions.revoke({ session_token })
      fixture.clock.advance(301)
      expect(
        await fixture.errorOf(fixture.client.sessions.authenticate({ session_jwt }))
      ).toMatchObject(gone)
    })

    test('S-AUTH-09: an expired JWT of an expired session is refused', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson(), {
        session_duration_minutes: 5
      })
      fixture.clock.advance(300)
      expect(
        await fixture.errorOf(fixture.client.sessions.authenticate({ session_jwt }))
      ).toMatchObject(gone)
    })

    test('S-AUTH-10: a fresh JWT of a revoked session is refused', async () => {
      const { session_jwt, member_session } = await fixture.signIn(await fixture.newPerson())
      const { member_session_id } = member_session
      await fixture.client.sessions.revoke({ member_session_id })
      expect(
        await fixture.errorOf(fixture.client.sessions.authenticate({ session_jwt }))
      ).toMatchObject(gone)
    })

    test('S-AUTH-11: a JWT of another project or by a foreign key is refused', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      const { client } = fixture.other
      expect(await fixture.errorOf(client.sessions.authenticate({ session_jwt }))).toMatchObject(
        gone
      )

      const forger = await newForger()
      const { kid } = JSON.parse(
        Buffer.from(session_jwt.split('.')[0] ?? '', 'base64url').toString()
      )
      for (const header of [{}, { kid }]) {
        const forged = await forger.sign(claimsOf(session_jwt), header)
        const call = fixture.client.sessions.authenticate({ session_jwt: forged })
        expect(await fixture.errorOf(call)).toMatchObject(gone)
      }
    })

    test('S-AUTH-12: without an authorization_check there is no verdict', async () => {
      const { session_token } = await fixture.signIn(await fixture.newPerson())
      const answer = await fixture.client.sessions.authenticate({ session_token })
      expect(Object.keys(answer)).not.toContain('verdict')
    })

    test('S-AUTH-15: the answer has no member_id of its own; the member is in member', async () => {
      const { session_token, member_session } = await fixture.signIn(await fixture.newPerson())
      const answer = await fixture.client.sessions.authenticate({ session_token })
      expect(Object.keys(answer)).not.toContain('member_id')
      expect(answer.member.member_id).toBe(member_session.member_id)
    })

    describe('with a role by an SSO connection', () => {
      async function withSsoRole() {
        const person = await fixture.newPerson()
        const { session_token, member_session } = await fixture.signIn(person)
        await giveSsoRole(fixture.database, person.member_id, 'editor', 'saml-connection-test-1')
        return { session_token, member_session_id: member_session.member_session_id }
      }
      const rolesOf = ({ member }: { member: Member }) => member.roles.map(({ role_id }) => role_id)

      test('S-AUTH-13: without a factor of it the member shows the role, the session does not', async () => {
        const { session_token } = await withSsoRole()
        const answer = await fixture.client.sessions.authenticate({ session_token })
        expect(rolesOf(answer)).toEqual(['stytch_member', 'editor'])
        expect(answer.member_session.roles).toEqual(['stytch_member'])
        expect(claimsOf(answer.session_jwt)[sessionClaim].roles).toEqual(['stytch_member'])
      })

      test('S-AUTH-14: with a factor of it both show the role', async () => {
        const { session_token, member_session_id } = await withSsoRole()
        const factor = samlFactor('saml-connection-test-1', fixture.clock.now())
        await addFactor(fixture.database, member_session_id, factor)
        const answer = await fixture.client.sessions.authenticate({ session_token })
        expect(rolesOf(answer)).toEqual(['stytch_member', 'editor'])
        expect(answer.member_session.roles).toEqual(['stytch_member', 'editor'])
        expect(claimsOf(answer.session_jwt)[sessionClaim].roles).toEqual([
          'stytch_member',
          'editor'
        ])
      })
    })
  })
})
