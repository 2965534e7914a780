import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Enrolled, Person } from '../support/people.ts'
import { totpCode, wrongCode } from '../support/totp-code.ts'

const wrong = { status_code: 401, error_type: 'unable_to_authenticate_totp' }
const goneIntermediate = { status_code: 404, error_type: 'intermediate_session_not_found' }

const typesOf = (session: { authentication_factors: { type: string }[] } | null | undefined) =>
  session?.authentication_factors.map(({ type }) => type)

describe('totps.authenticate', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    /** Signs in as far as the second factor, and gives the next code. */
    async function complete(person: Enrolled, options: Record<string, unknown> = {}) {
      return fixture.client.totps.authenticate({
        ...named(person),
        intermediate_session_token: await fixture.beginSignIn(person),
        code: fixture.nextCode(person.secret),
        ...options
      })
    }

    /** A member of an organization with optional MFA who has an authenticator, enrolled or not. */
    const newMember = (mfa_enrolled: boolean) =>
      fixture.newEnrolled({}, { set_mfa_enrollment: mfa_enrolled ? 'enroll' : 'unenroll' })

    /** Steps up a session of a member, whether or not that member is asked for a second factor. */
    async function stepUp(person: Enrolled, session_token: string, options = {}) {
      return fixture.client.totps.authenticate({
        ...named(person),
        session_token,
        code: fixture.nextCode(person.secret),
        ...options
      })
    }

    async function isAsked(person: Person) {
      const answer = await fixture.authenticate(person)
      expect(answer.member_authenticated).toBe(answer.intermediate_session_token === '')
      return !answer.member_authenticated
    }

    test('S-TOA-01: an intermediate session and the right code make a session, once', async () => {
      const person = await fixture.newEnrolled()
      const intermediate_session_token = await fixture.beginSignIn(person)
      const answer = await fixture.client.totps.authenticate({
        ...named(person),
        intermediate_session_token,
        code: fixture.nextCode(person.secret)
      })
      expect(answer.status_code).toBe(200)
      expect(typesOf(answer.member_session)).toEqual(['password', 'totp'])
      const again = await fixture.client.sessions.authenticate({
        session_token: answer.session_token
      })
      expect(again.member_session.member_session_id).toBe(answer.member_session?.member_session_id)
      const call = fixture.client.totps.authenticate({
        ...named(person),
        intermediate_session_token,
        code: fixture.nextCode(person.secret)
      })
      expect(await fixture.errorOf(call)).toMatchObject(goneIntermediate)
    })

    test('S-TOA-02: a session token and the right code add a factor to that session', async () => {
      const person = await newMember(false)
      const { session_token, member_session } = await fixture.signIn(person)
      expect(typesOf(member_session)).toEqual(['password'])
      const answer = await stepUp(person, session_token)
      expect(answer.session_token).toBe(session_token)
      expect(answer.member_session?.member_session_id).toBe(member_session.member_session_id)
      expect(typesOf(answer.member_session)).toEqual(['password', 'totp'])
    })

    test('S-TOA-03: a wrong code leaves intermediate session and session as they were', async () => {
      const person = await newMember(false)
      const { session_token, member_session } = await fixture.signIn(person)
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      fixture.clock.advance(60)
      const code = wrongCode(person.secret, fixture.clock.now())
      for (const token of [{ session_token }, { intermediate_session_token }]) {
        const call = fixture.client.totps.authenticate({ ...named(person), ...token, code })
        expect(await fixture.errorOf(call)).toMatchObject(wrong)
      }
      expect(await fixture.sessionsOf(person)).toEqual([member_session])
      const answer = await fixture.client.totps.authenticate({
        ...named(person),
        intermediate_session_token,
        code: totpCode(person.secret, fixture.clock.now())
      })
      expect(typesOf(answer.member_session)).toEqual(['password', 'totp'])
    })

    test('S-TOA-04: none, two and three of the session arguments are refused', async () => {
      const person = await newMember(false)
      const { session_token, session_jwt } = await fixture.signIn(person)
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      const code = fixture.nextCode(person.secret)
      const call = (tokens: object) =>
        fixture.errorOf(fixture.client.totps.authenticate({ ...named(person), code, ...tokens }))
      expect(await call({})).toMatchObject({
        status_code: 400,
        error_type: 'no_session_arguments'
      })
      for (const tokens of [
        { session_token, session_jwt },
        { session_token, intermediate_session_token },
        { session_jwt, intermediate_session_token },
        { session_token, session_jwt, intermediate_session_token }
      ]) {
        expect(await call(tokens)).toMatchObject({
          status_code: 400,
          error_type: 'too_many_session_arguments'
        })
      }
    })

    test("S-TOA-05: another member's intermediate session or session is refused, and the code stays unused", async () => {
      const person = await newMember(false)
      const { session_token: own } = await fixture.signIn(person)
      const other = await newMember(false)
      const { session_token, session_jwt } = await fixture.signIn(other)
      await fixture.client.organizations.members.update({ ...named(other), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(other)
      const code = fixture.nextCode(person.secret)
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const call = fixture.client.totps.authenticate({ ...named(person), code, ...token })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'member_session_member_id_mismatch'
        })
      }
      const answer = await fixture.client.totps.authenticate({
        ...named(person),
        session_token: own,
        code
      })
      expect(typesOf(answer.member_session)).toEqual(['password', 'totp'])
    })

    test('S-TOA-06: where MFA is optional, "enroll" has the next sign-in ask for it', async () => {
      const person = await newMember(false)
      const { session_token } = await fixture.signIn(person)
      const { member } = await stepUp(person, session_token, { set_mfa_enrollment: 'enroll' })
      expect(member.mfa_enrolled).toBe(true)
      expect(await isAsked(person)).toBe(true)
    })

    test('S-TOA-07: where MFA is optional, "unenroll" has the next sign-in not ask for it', async () => {
      const person = await newMember(true)
      const { member } = await complete(person, { set_mfa_enrollment: 'unenroll' })
      expect(member.mfa_enrolled).toBe(false)
      expect(await isAsked(person)).toBe(false)
    })

    test('S-TOA-08: where MFA is optional and nothing is said, the enrolment stays', async () => {
      const enrolled = await newMember(true)
      expect((await complete(enrolled)).member.mfa_enrolled).toBe(true)
      expect(await isAsked(enrolled)).toBe(true)

      const free = await newMember(false)
      const { session_token } = await fixture.signIn(free)
      expect((await stepUp(free, session_token)).member.mfa_enrolled).toBe(false)
      expect(await isAsked(free)).toBe(false)
    })

    test('S-TOA-09: where MFA is required of all, "unenroll" is ignored', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newEnrolled({ organization_id })
      await fixture.client.organizations.update({ organization_id, mfa_policy: 'REQUIRED_FOR_ALL' })
      const { member } = await complete(person, { set_mfa_enrollment: 'unenroll' })
      expect(member.mfa_enrolled).toBe(true)
      expect(await isAsked(person)).toBe(true)
    })

    test.each(['ENROLL', 'yes', '', 5, true])(
      'S-TOA-10: set_mfa_enrollment %p is refused',
      async (set_mfa_enrollment) => {
        const person = await newMember(false)
        const { session_token } = await fixture.signIn(person)
        const code = fixture.nextCode(person.secret)
        const request = { ...named(person), session_token, code }
        const call = fixture.send('totps.authenticate', { ...request, set_mfa_enrollment })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_argument'
        })
        expect((await fixture.client.totps.authenticate(request)).member.mfa_enrolled).toBe(false)
      }
    )

    test('S-TOA-11: "enroll" with a wrong code changes no enrolment', async () => {
      const person = await newMember(false)
      const { session_token } = await fixture.signIn(person)
      fixture.clock.advance(60)
      const call = fixture.client.totps.authenticate({
        ...named(person),
        session_token,
        code: wrongCode(person.secret, fixture.clock.now()),
        set_mfa_enrollment: 'enroll'
      })
      expect(await fixture.errorOf(call)).toMatchObject(wrong)
      const { member } = await fixture.client.organizations.members.get(named(person))
      expect(member.mfa_enrolled).toBe(false)
      expect(await isAsked(person)).toBe(false)
    })

    test.each([
      ['S-TOA-13', true, 'totp'],
      ['S-TOA-14', false, 'sms_otp'],
      ['S-TOA-14', undefined, 'sms_otp']
    ])(
      '%s: where the default is sms_otp, set_default_mfa %p makes it or leaves it',
      async (_id, set_default_mfa, expected) => {
        const { both } = fixture
        const default_mfa_method = 'sms_otp'
        await fixture.client.organizations.members.update({ ...named(both), default_mfa_method })
        const { session_token } = await fixture.signIn(both)
        const { member } = await stepUp(both, session_token, { set_default_mfa })
        expect(member.default_mfa_method).toBe(expected)
        const stored = await fixture.client.organizations.members.get(named(both))
        expect(stored.member.default_mfa_method).toBe(expected)
      }
    )

    test('S-TOA-12 S-TOA-15: the very first MFA makes totp the default, and the answer shows all of it', async () => {
      const person = await fixture.newPerson()
      expect(person.member.default_mfa_method).toBe('')
      const { secret, totp_registration_id } = await fixture.client.totps.create(named(person))
      const { session_token } = await fixture.signIn(person)
      const { member } = await stepUp({ ...person, secret, totp_registration_id }, session_token, {
        set_mfa_enrollment: 'enroll'
      })
      expect(member).toMatchObject({
        default_mfa_method: 'totp',
        mfa_enrolled: true,
        totp_registration_id
      })
      const stored = await fixture.client.organizations.members.get(named(person))
      expect(stored.member).toEqual(member)
    })
  })
})
