import { describe, expect, test } from '@jest/globals'
import type { MemberSession } from 'membergate/client'
import { insertIntermediateSession, magicLinkFactor } from '../support/factors.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { newPhone, type Person, type Phoned } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'
import { lifetimeOf, secondsOf } from '../support/session-jwts.ts'
import { otherThan } from '../support/totp-code.ts'

const unknownCode = { status_code: 404, error_type: 'otp_code_not_found' }
const usedCode = { status_code: 401, error_type: 'unable_to_auth_otp_code' }
const locked = { status_code: 429, error_type: 'user_lock_limit_reached' }
const goneIntermediate = { status_code: 404, error_type: 'intermediate_session_not_found' }

const typesOf = (session: MemberSession | null | undefined) =>
  session?.authentication_factors.map(({ type }) => type)

describe('otps.sms.authenticate', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    const use = (person: Person, code: string, options: Record<string, unknown> = {}) =>
      fixture.client.otps.sms.authenticate({ ...named(person), code, ...options })

    /** A sign-in that waits for the code that it sent. */
    async function begin(person: Phoned) {
      await fixture.resetSendCounts()
      const intermediate_session_token = await fixture.beginSignIn(person)
      return { intermediate_session_token, code: fixture.lastCode(person.mfa_phone_number) }
    }

    async function complete(person: Phoned, options: Record<string, unknown> = {}) {
      const { intermediate_session_token, code } = await begin(person)
      return use(person, code, { intermediate_session_token, ...options })
    }

    /** A session without the second factor, and a code for it. */
    async function beginStepUp(fields = {}) {
      const person = await fixture.newPhoned(fields, { mfa_enrolled: false })
      const pair = await fixture.signIn(person)
      const { session_token } = pair
      return { ...pair, person, code: await fixture.newSms(person, { session_token }) }
    }

    const isAsked = async (person: Person) =>
      !(await fixture.authenticate(person)).member_authenticated

    test('S-SMA-01 S-SMA-13: an intermediate session and the right code make a session of 60 minutes with both factors', async () => {
      const person = await fixture.newPhoned()
      const { member_session, session_token, status_code } = await complete(person)
      expect(status_code).toBe(200)
      expect(lifetimeOf(member_session as MemberSession)).toBe(3600)
      expect(member_session?.authentication_factors).toMatchObject([
        { type: 'password' },
        {
          type: 'otp',
          delivery_method: 'sms',
          sequence_order: 'SECONDARY',
          phone_number_factor: {
            phone_id: expect.stringMatching(/^phone-number-test-/),
            phone_number: person.mfa_phone_number
          }
        }
      ])
      const again = await fixture.client.sessions.authenticate({ session_token })
      expect(again.member_session.member_session_id).toBe(member_session?.member_session_id)
    })

    test('S-SMA-02: the same intermediate session with a new right code is gone', async () => {
      const person = await fixture.newPhoned()
      const { intermediate_session_token, code } = await begin(person)
      await use(person, code, { intermediate_session_token })
      const next = await begin(person)
      const call = use(person, next.code, { intermediate_session_token })
      expect(await fixture.errorOf(call)).toMatchObject(goneIntermediate)
    })

    test('where the organization allows only TOTP by now, a right code starts no session and stays good', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPhoned({ organization_id })
      const { intermediate_session_token, code } = await begin(person)
      const authenticate = () => use(person, code, { intermediate_session_token })
      await fixture.client.organizations.update({
        organization_id,
        mfa_methods: 'RESTRICTED',
        allowed_mfa_methods: ['totp']
      })
      expect(await fixture.errorOf(authenticate())).toMatchObject({
        status_code: 403,
        error_type: 'operation_restricted_by_organization_mfa_methods'
      })
      expect(await fixture.sessionsOf(person)).toEqual([])
      await fixture.client.organizations.update({ organization_id, mfa_methods: 'ALL_ALLOWED' })
      await authenticate()
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test.each(['session_token', 'session_jwt'] as const)(
      'S-SMA-03: with a %s the same session gains the factor',
      async (name) => {
        const { person, code, ...pair } = await beginStepUp()
        const { member_session, session_token } = await use(person, code, { [name]: pair[name] })
        expect(session_token).toBe(pair.session_token)
        expect(member_session?.member_session_id).toBe(pair.member_session.member_session_id)
        expect(typesOf(member_session)).toEqual(['password', 'otp'])
        expect(await fixture.sessionsOf(person)).toHaveLength(1)
      }
    )

    test('S-SMA-04 AO-14: without any token it is refused: SMS is never a primary factor', async () => {
      const { person, code, session_token } = await beginStepUp()
      expect(await fixture.errorOf(use(person, code))).toMatchObject({
        status_code: 400,
        error_type: 'no_session_arguments'
      })
      expect((await use(person, code, { session_token })).status_code).toBe(200)
    })

    test('S-SMA-05: two and three of the tokens are refused', async () => {
      const { person, session_token, session_jwt } = await beginStepUp()
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const { intermediate_session_token, code } = await begin(person)
      for (const tokens of [
        { session_token, session_jwt },
        { session_token, intermediate_session_token },
        { session_jwt, intermediate_session_token },
        { session_token, session_jwt, intermediate_session_token }
      ]) {
        expect(await fixture.errorOf(use(person, code, tokens))).toMatchObject({
          status_code: 400,
          error_type: 'too_many_session_arguments'
        })
      }
      expect((await use(person, code, { session_token })).status_code).toBe(200)
    })

    test('S-SMA-06: a used code is 401, also when its session has ended', async () => {
      const { person, session_token, code } = await beginStepUp()
      await use(person, code, { session_token })
      expect(await fixture.errorOf(use(person, code, { session_token }))).toMatchObject(usedCode)
      const other = await fixture.signIn(person)
      await fixture.client.sessions.revoke({ session_token })
      const call = use(person, code, { session_token: other.session_token })
      expect(await fixture.errorOf(call)).toMatchObject(usedCode)
    })

    test('S-SMA-06: an expired code is 401 where it is right, and 404 where it is guessed', async () => {
      const { person, session_token, code } = await beginStepUp()
      fixture.clock.advance(120)
      expect(await fixture.errorOf(use(person, code, { session_token }))).toMatchObject(usedCode)
      const call = use(person, otherThan(code), { session_token })
      expect(await fixture.errorOf(call)).toMatchObject(unknownCode)
    })

    test('S-SMA-06: a wrong code, and one where none was sent, are one 404', async () => {
      const { person, session_token, code, member_session } = await beginStepUp()
      const wrong = await fixture.errorOf(use(person, otherThan(code), { session_token }))
      expect(wrong).toMatchObject(unknownCode)
      const unsent = await fixture.newPhoned({}, { mfa_enrolled: false })
      const pair = await fixture.signIn(unsent)
      const none = await fixture.errorOf(use(unsent, code, { session_token: pair.session_token }))
      expect({ ...none, request_id: '' }).toEqual({ ...wrong, request_id: '' })
      expect(await fixture.sessionsOf(person)).toEqual([member_session])
      expect((await use(person, code, { session_token })).status_code).toBe(200)
    })

    test('S-SMA-06: the code of another member is refused', async () => {
      const mine = await beginStepUp()
      const theirs = await beginStepUp()
      const { session_token } = mine
      if (mine.code === theirs.code) return
      const call = use(mine.person, theirs.code, { session_token })
      expect(await fixture.errorOf(call)).toMatchObject(unknownCode)
    })

    test('S-SMA-07 AO-04: of two members with one number, in two organizations, neither can use the code of the other', async () => {
      const mfa_phone_number = newPhone()
      const { organization_id } = fixture.B
      const inA = await beginStepUp({ mfa_phone_number })
      const inB = await beginStepUp({ mfa_phone_number, organization_id })
      for (const [own, other] of [
        [inA, inB],
        [inB, inA]
      ] as const) {
        const { person, session_token } = own
        if (own.code === other.code) continue
        const call = use(person, other.code, { session_token })
        expect(await fixture.errorOf(call)).toMatchObject(unknownCode)
        expect((await use(person, own.code, { session_token })).status_code).toBe(200)
      }
    })

    test.each(['12345', '1234567', 'abcdef', '12 456', '１２３４５６', ' 123456', '1e5000', ''])(
      'AT-09: %p is no code: 400, and no failed guess',
      async (wrong) => {
        const { person, session_token, code } = await beginStepUp()
        for (let count = 0; count < 6; count += 1) {
          expect(await fixture.errorOf(use(person, wrong, { session_token }))).toMatchObject({
            status_code: 400,
            error_type: 'invalid_code'
          })
        }
        expect((await use(person, code, { session_token })).status_code).toBe(200)
      }
    )

    test('S-SMA-08: it completes an intermediate session of a primary sign-in, and one of a discovery sign-in', async () => {
      const person = await fixture.newPhoned()
      expect(typesOf((await complete(person)).member_session)).toEqual(['password', 'otp'])
      const { email_address } = person
      const intermediate_session_token = await insertIntermediateSession(fixture.database, {
        project_id: fixture.project_id,
        email_address,
        authentication_factors: [magicLinkFactor(email_address, fixture.clock.now())],
        now: fixture.clock.now()
      })
      const code = await fixture.newSms(person, { intermediate_session_token })
      const { member_session } = await use(person, code, { intermediate_session_token })
      expect(typesOf(member_session)).toEqual(['magic_link', 'otp'])
    })

    test('S-SMA-09 S-SMA-10: where MFA is required of all the member is enrolled, also against "unenroll"', async () => {
      const { organization_id } = await fixture.newOrganization({ mfa_policy: 'REQUIRED_FOR_ALL' })
      for (const set_mfa_enrollment of [undefined, 'unenroll']) {
        const person = await fixture.newPhoned({ organization_id }, { mfa_enrolled: false })
        const { member } = await complete(person, { set_mfa_enrollment })
        expect(member.mfa_enrolled).toBe(true)
      }
    })

    test('S-SMA-11: where MFA is optional, "enroll" and "unenroll" are followed, and without them it stays', async () => {
      for (const mfa_enrolled of [true, false]) {
        for (const [set_mfa_enrollment, expected] of [
          ['enroll', true],
          ['unenroll', false],
          [undefined, mfa_enrolled]
        ] as const) {
          const person = await fixture.newPhoned({}, { mfa_enrolled: false })
          const { session_token } = await fixture.signIn(person)
          await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled })
          const code = await fixture.newSms(person, { session_token })
          const { member } = await use(person, code, { session_token, set_mfa_enrollment })
          expect(member.mfa_enrolled).toBe(expected)
          expect(await isAsked(person)).toBe(expected)
        }
      }
    })

    test('S-SMA-12: where MFA is optional, the next sign-in follows what an update says of mfa_enrolled', async () => {
      const person = await fixture.newPhoned({}, { mfa_enrolled: false })
      for (const mfa_enrolled of [true, false]) {
        await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled })
        expect(await isAsked(person)).toBe(mfa_enrolled)
      }
    })

    test('S-SMA-14: the very first MFA verifies the number and makes sms_otp the default, and the answer shows it', async () => {
      const person = await fixture.newPhoned({}, { verified: false })
      expect(person.member).toMatchObject({
        default_mfa_method: '',
        mfa_phone_number_verified: false
      })
      const { member } = await complete(person)
      expect(member).toMatchObject({
        default_mfa_method: 'sms_otp',
        mfa_phone_number_verified: true,
        mfa_phone_number: person.mfa_phone_number
      })
      const stored = await fixture.client.organizations.members.get(named(person))
      expect(stored.member).toEqual(member)
    })

    test.each([
      [true, 'sms_otp'],
      [false, 'totp'],
      [undefined, 'totp']
    ])(
      'S-SMA-15: where the default is totp, set_default_mfa %p makes it %s',
      async (set_default_mfa, expected) => {
        const person = await fixture.newBoth()
        const intermediate_session_token = await fixture.beginSignIn(person)
        const code = await fixture.newSms(person, { intermediate_session_token })
        const { member } = await use(person, code, { intermediate_session_token, set_default_mfa })
        expect(member.default_mfa_method).toBe(expected)
      }
    )

    test('S-SMA-16 AO-03: of a hundred calls at once with one right code exactly one succeeds', async () => {
      const { person, session_token, code } = await beginStepUp()
      const answers = await Promise.allSettled(
        Array.from({ length: 100 }, () => use(person, code, { session_token }))
      )
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    test('S-SMA-17: an SMS factor that is verified again stays one, and is as young as its code', async () => {
      const { person, session_token, code } = await beginStepUp()
      await use(person, code, { session_token, session_duration_minutes: 600 })
      fixture.clock.advance(3600)
      const again = await fixture.newSms(person, { session_token })
      const { member_session } = await use(person, again, { session_token })
      expect(typesOf(member_session)).toEqual(['password', 'otp'])
      const [, factor] = member_session?.authentication_factors ?? []
      expect(secondsOf(factor?.last_authenticated_at ?? '')).toBe(fixture.clock.now() / 1000)
    })

    test('a code of a number that the member has no more is worth nothing', async () => {
      const { person, session_token, code } = await beginStepUp()
      await forgetNumber(fixture.database, person)
      expect(await fixture.errorOf(use(person, code, { session_token }))).toMatchObject(unknownCode)
    })

    test('a first code is refused once the member has another second factor', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const mfa_phone_number = newPhone()
      const code = await fixture.newSms(person, { session_token, mfa_phone_number })
      const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
      await fixture.client.totps.migrate({ ...named(person), secret, recovery_codes: [] })
      expect(await fixture.errorOf(use(person, code, { session_token }))).toMatchObject({
        status_code: 401,
        error_type: 'insufficient_factors'
      })
      await fixture.client.totps.authenticate({
        ...named(person),
        session_token,
        code: fixture.nextCode(secret)
      })
      expect((await use(person, code, { session_token })).status_code).toBe(200)
    })

    test('AO-02: five wrong guesses end a code, and a new one gives five more until such codes are locked', async () => {
      const { person, session_token, code } = await beginStepUp()
      const guess = async (sent: string) => {
        for (let count = 0; count < 5; count += 1) {
          const call = use(person, otherThan(sent), { session_token })
          expect(await fixture.errorOf(call)).toMatchObject(unknownCode)
        }
      }
      await guess(code)
      expect(await fixture.errorOf(use(person, code, { session_token }))).toMatchObject(unknownCode)
      const second = await fixture.newSms(person, { session_token })
      await guess(second)
      const { member } = await fixture.client.organizations.members.get(named(person))
      expect(member.is_locked).toBe(true)
      expect(await fixture.errorOf(use(person, second, { session_token }))).toMatchObject(locked)
      const send = fixture.client.otps.sms.send({ ...named(person), session_token })
      expect(await fixture.errorOf(send)).toMatchObject(locked)
    })

    test('AO-02: five wrong codes, whether or not they are of one message, end an intermediate session', async () => {
      const person = await fixture.newPhoned()
      const { intermediate_session_token, code } = await begin(person)
      for (let count = 0; count < 3; count += 1) {
        await fixture.errorOf(use(person, otherThan(code), { intermediate_session_token }))
      }
      const next = await fixture.newSms(person, { intermediate_session_token })
      for (let count = 0; count < 2; count += 1) {
        await fixture.errorOf(use(person, otherThan(next), { intermediate_session_token }))
      }
      const call = use(person, next, { intermediate_session_token })
      expect(await fixture.errorOf(call)).toMatchObject(goneIntermediate)
    })
  })
})

async function forgetNumber(database: string, { member_id }: Person): Promise<void> {
  await runSql(
    database,
    `update members set mfa_phone_number = null, phone_id = '', mfa_phone_number_verified = 0,
       version = version + 1
     where member_id = $1`,
    [member_id]
  )
}
