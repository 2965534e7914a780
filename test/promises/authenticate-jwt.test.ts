import { describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { claimsOf, newForger } from '../support/session-jwts.ts'

const authenticatePath = '/v1/b2b/sessions/authenticate'

describe('sessions.authenticateJwt', () => {
  describeOnEachEngine((fixture) => {
    /** The answer, and how often the authority was asked about the session for it. */
    async function watched(
      params: Parameters<Fixture['client']['sessions']['authenticateJwt']>[0]
    ) {
      let answer: Awaited<ReturnType<Fixture['client']['sessions']['authenticateJwt']>> | undefined
      const calls = await fixture.tap.watch(async () => {
        answer = await fixture.client.sessions.authenticateJwt(params)
      })
      if (answer === undefined) throw new Error('There is no answer.')
      const asked = calls.filter(({ path }) => path === authenticatePath)
      return { answer, asked }
    }

    const checkOf = ({ organization_id }: Person, action: string) => ({
      organization_id,
      resource_id: 'documents',
      action
    })

    test('S-JWT-01: a valid JWT is verified locally and returned as it is', async () => {
      const { session_jwt, member_session } = await fixture.signIn(await fixture.newPerson())
      const { answer, asked } = await watched({ session_jwt })
      expect(answer.session_jwt).toBe(session_jwt)
      expect(answer.member_session.member_session_id).toBe(member_session.member_session_id)
      expect(asked).toEqual([])
    })

    test('S-JWT-02: an expired JWT of a live session costs one call and is renewed', async () => {
      const { session_jwt, member_session } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(301)
      const { answer, asked } = await watched({ session_jwt })
      expect(asked).toHaveLength(1)
      expect(answer.member_session.member_session_id).toBe(member_session.member_session_id)
      expect(answer.session_jwt).not.toBe(session_jwt)
      const { keys } = await fixture.client.sessions.getJWKS({ project_id: fixture.project_id })
      const verified = await jwtVerify(answer.session_jwt, createLocalJWKSet({ keys }))
      expect(verified.payload.exp).toBe(fixture.clock.now() / 1000 + 300)
    })

    test('S-JWT-03: an expired JWT of a revoked session rejects with the error of the API', async () => {
      const { session_jwt, session_token } = await fixture.signIn(await fixture.newPerson())
      await fixture.client.sessions.revoke({ session_token })
      fixture.clock.advance(301)
      expect(
        await fixture.errorOf(fixture.client.sessions.authenticateJwt({ session_jwt }))
      ).toMatchObject({ status_code: 404, error_type: 'session_not_found' })
    })

    test.each([
      ['S-JWT-04', 59, 0],
      ['S-JWT-04', 61, 1],
      ['S-JWT-05', 60, 1]
    ])(
      '%s: with max_token_age_seconds 60 a JWT issued %i s ago costs %i calls',
      async (_id, age, expected) => {
        const { session_jwt } = await fixture.signIn(await fixture.newPerson())
        fixture.clock.advance(age)
        const { asked } = await watched({ session_jwt, max_token_age_seconds: 60 })
        expect(asked).toHaveLength(expected)
      }
    )

    test('S-JWT-06: with max_token_age_seconds 0 even a JWT of this second is asked about', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      const { asked } = await watched({ session_jwt, max_token_age_seconds: 0 })
      expect(asked).toHaveLength(1)
    })

    test('S-JWT-08: without max_token_age_seconds a JWT 299 s old is verified locally', async () => {
      const { session_jwt } = await fixture.signIn(await fixture.newPerson())
      fixture.clock.advance(299)
      const { answer, asked } = await watched({ session_jwt })
      expect(asked).toEqual([])
      expect(answer.session_jwt).toBe(session_jwt)
    })

    test('S-JWT-09: a check that the member passes is decided locally', async () => {
      const person = await fixture.newPerson({ roles: ['editor'] })
      const { session_jwt } = await fixture.signIn(person)
      const authorization_check = checkOf(person, 'write')
      const { answer, asked } = await watched({ session_jwt, authorization_check })
      expect(asked).toEqual([])
      expect(answer.member_session.member_id).toBe(person.member_id)
    })

    test('S-JWT-10: a check that the member fails rejects', async () => {
      const person = await fixture.newPerson({ roles: ['reader'] })
      const { session_jwt } = await fixture.signIn(person)
      const authorization_check = checkOf(person, 'write')
      const call = fixture.client.sessions.authenticateJwt({ session_jwt, authorization_check })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 403,
        error_type: 'session_authorization_error'
      })
      const crossing = fixture.client.sessions.authenticateJwt({
        session_jwt,
        authorization_check: {
          ...checkOf(person, 'read'),
          organization_id: fixture.B.organization_id
        }
      })
      expect(await fixture.errorOf(crossing)).toMatchObject({
        status_code: 403,
        error_type: 'session_authorization_tenancy_error'
      })
    })

    test('S-JWT-11: with a stale JWT the check travels along and decides at the authority', async () => {
      const person = await fixture.newPerson({ roles: ['editor'] })
      const { session_jwt } = await fixture.signIn(person)
      fixture.clock.advance(301)
      const authorization_check = checkOf(person, 'write')
      const { asked } = await watched({ session_jwt, authorization_check })
      expect(asked.map(({ request }) => JSON.parse(request))).toEqual([
        { session_jwt, authorization_check }
      ])
      const call = fixture.client.sessions.authenticateJwt({
        session_jwt,
        authorization_check: checkOf(person, 'delete')
      })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 403,
        error_type: 'session_authorization_error'
      })
    })

    test('S-JWT-12: while the key set cannot be reached, the authority answers', async () => {
      const { session_jwt, member_session } = await fixture.signIn(await fixture.newPerson())
      const undo = fixture.tap.override('/v1/b2b/sessions/jwks/', 'broken')
      try {
        const answer = await fixture.newClient().sessions.authenticateJwt({ session_jwt })
        expect(answer.member_session.member_session_id).toBe(member_session.member_session_id)
      } finally {
        undo()
      }
    })

    test('S-JWT-13: however often it is called, the session is never extended', async () => {
      const person = await fixture.newPerson()
      const { session_jwt, member_session } = await fixture.signIn(person)
      for (const age of [10, 290, 301, 600, 900]) {
        const elapsed = fixture.clock.now() / 1000 - claimsOf(session_jwt).iat
        fixture.clock.advance(age - elapsed)
        const answer = await fixture.client.sessions.authenticateJwt({ session_jwt })
        expect(Date.parse(answer.member_session.expires_at)).toBe(
          Date.parse(member_session.expires_at)
        )
      }
      const [kept] = await fixture.sessionsOf(person)
      expect(kept?.expires_at).toBe(member_session.expires_at)
    })
  })

  describeOnEachEngine(
    (fixture) => {
      test('S-JWT-07: with max_token_age_seconds 0 a JWT from the future of this clock is asked about too', async () => {
        const { session_jwt } = await fixture.signIn(await fixture.newPerson())
        const { keys } = await fixture.client.sessions.getJWKS({ project_id: fixture.project_id })
        const forger = await newForger()
        const undo = fixture.tap.override('/v1/b2b/sessions/jwks/', {
          status_code: 200,
          request_id: 'request-id-test-stub',
          keys: [...keys, forger.jwk]
        })
        try {
          const iat = claimsOf(session_jwt).iat + 30
          const ahead = await forger.sign({ ...claimsOf(session_jwt), iat, exp: iat + 300 })
          const client = fixture.newClient()
          // It is a JWT that this client takes, so that only its age can be what sends it on.
          const local = await fixture.tap.watch(() =>
            client.sessions.authenticateJwt({ session_jwt: ahead })
          )
          expect(local.filter(({ path }) => path === authenticatePath)).toHaveLength(0)
          const calls = await fixture.tap.watch(async () => {
            const call = client.sessions.authenticateJwt({
              session_jwt: ahead,
              max_token_age_seconds: 0
            })
            // The authority does not know the key that this test signs with.
            expect(await fixture.errorOf(call)).toMatchObject({ error_type: 'session_not_found' })
          })
          expect(calls.filter(({ path }) => path === authenticatePath)).toHaveLength(1)
        } finally {
          undo()
        }
      })
    },
    { through: ['our client'] }
  )
})
