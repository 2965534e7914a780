import { describe, expect, test } from '@jest/globals'
import express, { type RequestHandler } from 'express'
import { createMemberAuth } from 'membergate/express'
import supertest from 'supertest'
import { describeOnEachEngine, type Session } from '../support/fixture.ts'
import type { Pair, Person } from '../support/people.ts'

const gone = { status_code: 404, error_type: 'session_not_found' }
const credentials: readonly Session[] = ['session_token', 'session_jwt']

describe('sessions.revoke', () => {
  describeOnEachEngine((fixture) => {
    async function threeSessions() {
      const person = await fixture.newPerson()
      const pairs = [
        await fixture.signIn(person),
        await fixture.signIn(person),
        await fixture.signIn(person)
      ] as const
      return { person, pairs }
    }

    async function idsOf(person: Person) {
      const sessions = await fixture.sessionsOf(person)
      return sessions.map(({ member_session_id }) => member_session_id).sort()
    }

    const idOf = ({ member_session }: Pair) => member_session.member_session_id

    test('S-REV-01: by member_session_id one session ends, the others stay', async () => {
      const { person, pairs } = await threeSessions()
      await fixture.client.sessions.revoke({ member_session_id: idOf(pairs[1]) })
      expect(await idsOf(person)).toEqual([idOf(pairs[0]), idOf(pairs[2])].sort())
    })

    test('S-REV-02: by session_token one session ends, the others stay', async () => {
      const { person, pairs } = await threeSessions()
      await fixture.client.sessions.revoke({ session_token: pairs[1].session_token })
      expect(await idsOf(person)).toEqual([idOf(pairs[0]), idOf(pairs[2])].sort())
    })

    test('S-REV-03: by session_jwt one session ends, the others stay', async () => {
      const { person, pairs } = await threeSessions()
      await fixture.client.sessions.revoke({ session_jwt: pairs[1].session_jwt })
      expect(await idsOf(person)).toEqual([idOf(pairs[0]), idOf(pairs[2])].sort())
    })

    test("S-REV-04: by member_id all sessions of the member end, other members' stay", async () => {
      const { person } = await threeSessions()
      const other = await fixture.newPerson()
      const kept = await fixture.signIn(other)
      await fixture.client.sessions.revoke({ member_id: person.member_id })
      expect(await idsOf(person)).toEqual([])
      expect(await idsOf(other)).toEqual([idOf(kept)])
    })

    test('S-REV-05: by the member id of one organization the sessions in another stay', async () => {
      const inA = await fixture.newPerson()
      const { email_address } = inA
      const inB = await fixture.newPerson({
        email_address,
        organization_id: fixture.B.organization_id
      })
      await fixture.signIn(inA)
      const kept = await fixture.signIn(inB)
      await fixture.client.sessions.revoke({ member_id: inA.member_id })
      expect(await idsOf(inA)).toEqual([])
      expect(await idsOf(inB)).toEqual([idOf(kept)])
    })

    test('S-REV-06: a revoked session takes its token and every JWT ever issued for it along', async () => {
      const { session_token, session_jwt } = await fixture.signIn(await fixture.newPerson())
      const jwts = [session_jwt]
      for (let count = 0; count < 3; count += 1) {
        fixture.clock.advance(100)
        jwts.push((await fixture.client.sessions.authenticate({ session_token })).session_jwt)
      }
      expect(new Set(jwts).size).toBe(4)
      await fixture.client.sessions.revoke({ session_token })
      const calls = [{ session_token }, ...jwts.map((jwt) => ({ session_jwt: jwt }))]
      for (const credential of calls) {
        expect(
          await fixture.errorOf(fixture.client.sessions.authenticate(credential))
        ).toMatchObject(gone)
      }
    })

    test('S-REV-08: an expired JWT with the right signature revokes its session', async () => {
      const person = await fixture.newPerson()
      const { session_jwt } = await fixture.signIn(person)
      fixture.clock.advance(301)
      await fixture.client.sessions.revoke({ session_jwt })
      expect(await idsOf(person)).toEqual([])
    })

    test('S-REV-09: no selector and two selectors are refused, and nothing ends', async () => {
      const { person, pairs } = await threeSessions()
      const [{ session_token, session_jwt }] = pairs
      const { member_id } = person
      expect(await fixture.errorOf(fixture.client.sessions.revoke({}))).toMatchObject({
        status_code: 400,
        error_type: 'no_session_revoke_arguments'
      })
      for (const selectors of [
        { session_token, session_jwt },
        { member_session_id: idOf(pairs[0]), member_id },
        { session_jwt, member_id },
        { member_session_id: idOf(pairs[0]), session_token }
      ]) {
        expect(await fixture.errorOf(fixture.client.sessions.revoke(selectors))).toMatchObject({
          status_code: 400,
          error_type: 'too_many_session_revoke_arguments'
        })
      }
      expect(await idsOf(person)).toHaveLength(3)
    })

    describe.each(credentials)('with the authorization of a %s', (name) => {
      const suffix = name === 'session_jwt' ? 'S-REV-13 ' : ''

      async function authorizationOf(person: Person, options?: Record<string, unknown>) {
        const pair = await fixture.signIn(person, options)
        return { pair, options: { authorization: { [name]: pair[name] } } }
      }

      test(`${suffix}S-REV-10: an admin revokes another member's session`, async () => {
        const admin = await fixture.newPerson({ roles: ['stytch_admin'] })
        const target = await fixture.newPerson()
        const { options, pair } = await authorizationOf(admin)
        const other = await fixture.signIn(target)
        await fixture.client.sessions.revoke({ member_session_id: idOf(other) }, options)
        expect(await idsOf(target)).toEqual([])
        expect(await idsOf(admin)).toEqual([idOf(pair)])
      })

      test(`${suffix}S-REV-11: an ordinary member revokes an own session`, async () => {
        const person = await fixture.newPerson()
        const { options, pair } = await authorizationOf(person)
        const own = await fixture.signIn(person)
        await fixture.client.sessions.revoke({ session_token: own.session_token }, options)
        expect(await idsOf(person)).toEqual([idOf(pair)])
      })

      test(`${suffix}S-REV-12: an ordinary member does not revoke another member's session`, async () => {
        const target = await fixture.newPerson()
        const other = await fixture.signIn(target)
        const { options } = await authorizationOf(await fixture.newPerson())
        for (const selector of [
          { member_session_id: idOf(other) },
          { session_token: other.session_token },
          { session_jwt: other.session_jwt },
          { member_id: target.member_id }
        ]) {
          const call = fixture.client.sessions.revoke(selector, options)
          expect(await fixture.errorOf(call)).toMatchObject({
            status_code: 403,
            error_type: 'session_authorization_error'
          })
        }
        expect(await idsOf(target)).toEqual([idOf(other)])
      })

      test(`${suffix}S-REV-14: with a revoked or expired session nothing ends`, async () => {
        const target = await fixture.newPerson()
        const other = await fixture.signIn(target)
        const admin = await fixture.newPerson({ roles: ['stytch_admin'] })
        const revoked = await authorizationOf(admin)
        await fixture.client.sessions.revoke({ member_session_id: idOf(revoked.pair) })
        const expired = await authorizationOf(admin, { session_duration_minutes: 5 })
        fixture.clock.advance(300)
        for (const { options } of [revoked, expired]) {
          const call = fixture.client.sessions.revoke({ member_session_id: idOf(other) }, options)
          expect(await fixture.errorOf(call)).toMatchObject(gone)
        }
        expect(await idsOf(target)).toEqual([idOf(other)])
      })

      test(`${suffix}S-REV-15: an admin of one organization does not revoke a session in another`, async () => {
        const target = await fixture.newPerson({ organization_id: fixture.B.organization_id })
        const other = await fixture.signIn(target)
        const { options } = await authorizationOf(
          await fixture.newPerson({ roles: ['stytch_admin'] })
        )
        for (const selector of [
          { member_session_id: idOf(other) },
          { member_id: target.member_id },
          { session_token: other.session_token }
        ]) {
          const call = fixture.client.sessions.revoke(selector, options)
          expect(await fixture.errorOf(call)).toMatchObject({
            status_code: 403,
            error_type: 'session_authorization_tenancy_error'
          })
        }
        expect(await idsOf(target)).toEqual([idOf(other)])
      })
    })

    test('S-REV-16: without authorization any session of the project ends, and none of another project', async () => {
      const inA = await fixture.newPerson()
      const inB = await fixture.newPerson({ organization_id: fixture.B.organization_id })
      for (const person of [inA, inB]) {
        const pair = await fixture.signIn(person)
        const { client } = fixture.other
        const call = client.sessions.revoke({ member_session_id: idOf(pair) })
        expect(await fixture.errorOf(call)).toMatchObject(gone)
        expect(await idsOf(person)).toEqual([idOf(pair)])
        await fixture.client.sessions.revoke({ member_session_id: idOf(pair) })
        expect(await idsOf(person)).toEqual([])
      }
    })

    test('S-REV-17: the answer holds request_id and status_code only', async () => {
      const { session_token } = await fixture.signIn(await fixture.newPerson())
      const answer = await fixture.client.sessions.revoke({ session_token })
      expect(Object.keys(answer).sort()).toEqual(['request_id', 'status_code'])
      expect(answer.status_code).toBe(200)
    })
  })

  describeOnEachEngine(
    (fixture) => {
      test('S-REV-07: a session revoked through auth.client is refused by that app at once, though its JWT has minutes left', async () => {
        const auth = createMemberAuth({
          project_id: fixture.project_id,
          secret: fixture.secret,
          url: fixture.tap.url,
          now: fixture.clock.now
        })
        const whoAmI: RequestHandler = (req, res) => {
          res.json({ member_id: auth.memberOf(req).member_id })
        }
        const app = express().get('/', auth.requireMemberSession(), whoAmI)
        const ask = (jwt: string) => supertest(app).get('/').set('Authorization', `Bearer ${jwt}`)

        const person = await fixture.newPerson()
        const selectors = [
          ({ session_token }: Pair) => ({ session_token }),
          ({ session_jwt }: Pair) => ({ session_jwt }),
          (pair: Pair) => ({ member_session_id: idOf(pair) }),
          () => ({ member_id: person.member_id })
        ]
        for (const selector of selectors) {
          const pair = await fixture.signIn(person)
          const other = await fixture.signIn(await fixture.newPerson())
          const before = await ask(pair.session_jwt)
          expect([before.status, before.body]).toEqual([200, { member_id: person.member_id }])
          await auth.client.sessions.revoke(selector(pair))
          const after = await ask(pair.session_jwt)
          expect([after.status, after.body.code]).toEqual([401, 'session_invalid'])
          expect((await ask(other.session_jwt)).status).toBe(200)
          fixture.clock.advance(60)
        }
      })

      const idOf = ({ member_session }: Pair) => member_session.member_session_id
    },
    { through: ['our client'] }
  )
})
