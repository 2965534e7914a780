import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'

describe('sessions.get', () => {
  describeOnEachEngine((fixture) => {
    test('S-GET-01: lists the active session, not the revoked and not the expired one', async () => {
      const person = await fixture.newPerson()
      const active = await fixture.signIn(person)
      const revoked = await fixture.signIn(person)
      await fixture.signIn(person, { session_duration_minutes: 5 })
      await fixture.client.sessions.revoke({ session_token: revoked.session_token })
      fixture.clock.advance(5 * 60)

      const sessions = await fixture.sessionsOf(person)
      expect(sessions.map(({ member_session_id }) => member_session_id)).toEqual([
        active.member_session.member_session_id
      ])
    })

    test('S-GET-02: lists three active sessions as full objects', async () => {
      const person = await fixture.newPerson()
      const pairs = [
        await fixture.signIn(person),
        await fixture.signIn(person, { session_custom_claims: { plan: 'pro' } }),
        await fixture.signIn(person)
      ]
      const byId = (a: { member_session_id: string }, b: { member_session_id: string }) =>
        a.member_session_id < b.member_session_id ? -1 : 1
      const expected = pairs.map(({ member_session }) => member_session).sort(byId)
      expect((await fixture.sessionsOf(person)).sort(byId)).toEqual(expected)
    })

    test('S-GET-03: a member without sessions has none', async () => {
      const { organization_id, member_id } = await fixture.newPerson()
      const answer = await fixture.client.sessions.get({ organization_id, member_id })
      expect(answer).toMatchObject({ status_code: 200, member_sessions: [] })
    })

    test('S-GET-04: one address in two organizations: lists the session of the one asked for', async () => {
      const email_address = `twin-${fixture.clock.now()}@acme.example`
      const inA = await fixture.newPerson({ email_address })
      const inB = await fixture.newPerson({
        email_address,
        organization_id: fixture.B.organization_id
      })
      const { member_session } = await fixture.signIn(inA)
      await fixture.signIn(inB)
      expect(await fixture.sessionsOf(inA)).toEqual([member_session])
      fixture.clock.advance(1)
    })

    test('S-GET-05: no token and no JWT is anywhere in the answer', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const [call] = await fixture.tap.watch(() => fixture.sessionsOf(person))
      expect(call?.status).toBe(200)
      expect(call?.response).toContain('"member_session_id"')
      expect(call?.response).not.toContain(session_token)
      expect(call?.response).not.toMatch(/"session_(token|jwt)"|eyJ/)
    })

    test('S-GET-06: organization_id and member_id are both needed', async () => {
      const { organization_id, member_id } = await fixture.newPerson()
      for (const data of [{ organization_id }, { member_id }, {}]) {
        expect(await fixture.errorOf(fixture.send('sessions.get', data))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_argument'
        })
      }
    })
  })
})
