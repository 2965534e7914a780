import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'

describe('sessions.get', () => {
  describeOnEachEngine((world) => {
    test('S-GET-01: lists the active session, not the revoked and not the expired one', async () => {
      const person = await world.newPerson()
      const active = await world.signIn(person)
      const revoked = await world.signIn(person)
      await world.signIn(person, { session_duration_minutes: 5 })
      await world.client.sessions.revoke({ session_token: revoked.session_token })
      world.clock.advance(5 * 60)

      const sessions = await world.sessionsOf(person)
      expect(sessions.map(({ member_session_id }) => member_session_id)).toEqual([
        active.member_session.member_session_id
      ])
    })

    test('S-GET-02: lists three active sessions as full objects', async () => {
      const person = await world.newPerson()
      const pairs = [
        await world.signIn(person),
        await world.signIn(person, { session_custom_claims: { plan: 'pro' } }),
        await world.signIn(person)
      ]
      const byId = (a: { member_session_id: string }, b: { member_session_id: string }) =>
        a.member_session_id < b.member_session_id ? -1 : 1
      const expected = pairs.map(({ member_session }) => member_session).sort(byId)
      expect((await world.sessionsOf(person)).sort(byId)).toEqual(expected)
    })

    test('S-GET-03: a member without sessions has none', async () => {
      const { organization_id, member_id } = await world.newPerson()
      const answer = await world.client.sessions.get({ organization_id, member_id })
      expect(answer).toMatchObject({ status_code: 200, member_sessions: [] })
    })

    test('S-GET-04: one address in two organizations: lists the session of the one asked for', async () => {
      const email_address = `twin-${world.clock.now()}@acme.example`
      const inA = await world.newPerson({ email_address })
      const inB = await world.newPerson({
        email_address,
        organization_id: world.B.organization_id
      })
      const { member_session } = await world.signIn(inA)
      await world.signIn(inB)
      expect(await world.sessionsOf(inA)).toEqual([member_session])
      world.clock.advance(1)
    })

    test('S-GET-05: no token and no JWT is anywhere in the answer', async () => {
      const person = await world.newPerson()
      const { session_token } = await world.signIn(person)
      const [call] = await world.tap.watch(() => world.sessionsOf(person))
      expect(call?.status).toBe(200)
      expect(call?.response).toContain('"member_session_id"')
      expect(call?.response).not.toContain(session_token)
      expect(call?.response).not.toMatch(/"session_(token|jwt)"|eyJ/)
    })

    test('S-GET-06: organization_id and member_id are both needed', async () => {
      const { organization_id, member_id } = await world.newPerson()
      for (const data of [{ organization_id }, { member_id }, {}]) {
        expect(await world.errorOf(world.send('sessions.get', data))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_argument'
        })
      }
    })
  })
})
