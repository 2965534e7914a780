import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import { failAttempts } from '../support/locks.ts'
import { newPhone, type Person, type Phoned } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'

const insufficient = { status_code: 401, error_type: 'insufficient_factors' }
const mismatch = { status_code: 400, error_type: 'member_session_member_id_mismatch' }
const invalidNumber = { status_code: 400, error_type: 'invalid_phone_number' }
const closedCountry = { status_code: 400, error_type: 'invalid_phone_number_country_code' }
const unknownCode = { status_code: 404, error_type: 'otp_code_not_found' }
const lateCode = { status_code: 401, error_type: 'unable_to_auth_otp_code' }
const tooMany = { status_code: 429, error_type: 'too_many_requests' }

let foreignNumbers = 0

/** Germany has numbers of this form, and Afghanistan of the other. */
function newForeign(prefix: '+4915112' | '+93701'): string {
  foreignNumbers += 1
  return `${prefix}${100_000 + foreignNumbers}`
}

describe('otps.sms.send', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    const send = (person: Person, options: Record<string, unknown> = {}) =>
      fixture.client.otps.sms.send({ ...named(person), ...options })

    const withUnverifiedPhone = () =>
      fixture.newPhoned({}, { verified: false, mfa_enrolled: false })

    /** Whether a session of the member takes the code. */
    async function tryCode(person: Person, code: string, session_token: string) {
      return fixture.client.otps.sms.authenticate({ ...named(person), session_token, code })
    }

    /** A session that does without the second factor, and a code sent with it. */
    async function begin() {
      const person = await fixture.newPhoned({}, { mfa_enrolled: false })
      const { session_token, session_jwt } = await fixture.signIn(person)
      const code = await fixture.newSms(person, { session_token })
      return { person, session_token, session_jwt, code }
    }

    async function numberOf(person: Person) {
      return (await fixture.client.organizations.members.get(named(person))).member.mfa_phone_number
    }

    /** The call is refused, sends nothing and links nothing. */
    async function expectNothingSent(
      person: Person,
      call: Promise<unknown>,
      refusal: object,
      recipient: string
    ) {
      const before = await numberOf(person)
      const sent = fixture.sentTo(recipient).length
      expect(await fixture.errorOf(call)).toMatchObject(refusal)
      expect(fixture.sentTo(recipient)).toHaveLength(sent)
      expect(await numberOf(person)).toBe(before)
    }

    test('S-SMS-01 S-SMS-02: a member with a number is sent one SMS there, whether or not the number is given', async () => {
      for (const isGiven of [false, true]) {
        const person = await withUnverifiedPhone()
        const { mfa_phone_number } = person
        const answer = await send(person, isGiven ? { mfa_phone_number } : {})
        expect(answer.member.mfa_phone_number).toBe(mfa_phone_number)
        expect(fixture.sentTo(mfa_phone_number)).toEqual([
          expect.objectContaining({
            to: mfa_phone_number,
            code: expect.stringMatching(/^[0-9]{6}$/)
          })
        ])
      }
    })

    test('S-SMS-03: another number than the one of the member is refused without telling that', async () => {
      const person = await withUnverifiedPhone()
      const mfa_phone_number = newPhone()
      const call = send(person, { mfa_phone_number })
      await expectNothingSent(
        person,
        call,
        { status_code: 400, error_type: 'duplicate_member_phone_number_for_member' },
        mfa_phone_number
      )
      expect(
        JSON.stringify(await fixture.errorOf(send(person, { mfa_phone_number })))
      ).not.toContain(person.mfa_phone_number.slice(-4))
      expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
    })

    test('S-SMS-04: a member without a number is sent one SMS to the given one, which is linked, unverified', async () => {
      const person = await fixture.newPerson()
      const mfa_phone_number = newPhone()
      const { member } = await send(person, { mfa_phone_number })
      expect(member).toMatchObject({ mfa_phone_number, mfa_phone_number_verified: false })
      const stored = await fixture.client.organizations.members.get(named(person))
      expect(stored.member).toEqual(member)
      expect(fixture.sentTo(mfa_phone_number)).toHaveLength(1)
    })

    test('S-SMS-05: without any number it is refused', async () => {
      const person = await fixture.newPerson()
      expect(await fixture.errorOf(send(person))).toMatchObject({
        status_code: 404,
        error_type: 'phone_number_not_found'
      })
    })

    test('the number of another member of the organization is refused, and one of another organization is not', async () => {
      const owner = await fixture.newPhoned()
      const { mfa_phone_number } = owner
      const person = await fixture.newPerson()
      await expectNothingSent(
        person,
        send(person, { mfa_phone_number }),
        { status_code: 400, error_type: 'duplicate_member_phone_number' },
        mfa_phone_number
      )
      const { organization_id } = fixture.B
      const elsewhere = await fixture.newPerson({ organization_id })
      expect((await send(elsewhere, { mfa_phone_number })).status_code).toBe(200)
    })

    test.each([
      [119, undefined],
      [120, lateCode]
    ])('S-SMS-06: after %i seconds a code gets %p', async (seconds, refusal) => {
      const { person, session_token, code } = await begin()
      fixture.clock.advance(seconds)
      const call = tryCode(person, code, session_token)
      if (refusal === undefined) expect((await call).status_code).toBe(200)
      else expect(await fixture.errorOf(call)).toMatchObject(refusal)
    })

    test('S-SMS-07: of two codes within two minutes only the second works', async () => {
      const { person, session_token, code: first } = await begin()
      fixture.clock.advance(60)
      const second = await fixture.newSms(person, { session_token })
      expect(await fixture.errorOf(tryCode(person, first, session_token))).toMatchObject(
        unknownCode
      )
      expect((await tryCode(person, second, session_token)).status_code).toBe(200)
    })

    test('S-SMS-08: of a code that was sent by itself and one of a send only the second works', async () => {
      const person = await fixture.newPhoned()
      const intermediate_session_token = await fixture.beginSignIn(person)
      const first = fixture.lastCode(person.mfa_phone_number)
      const second = await fixture.newSms(person, { intermediate_session_token })
      const use = (code: string) =>
        fixture.client.otps.sms.authenticate({ ...named(person), intermediate_session_token, code })
      expect(await fixture.errorOf(use(first))).toMatchObject(unknownCode)
      expect((await use(second)).status_code).toBe(200)
    })

    test('S-SMS-09: a send that is refused, or that nobody takes, leaves the earlier code', async () => {
      const { person, session_token, code } = await begin()
      const { mfa_phone_number } = person
      const sent = fixture.sentTo(mfa_phone_number).length
      for (const [options, refusal] of [
        [{ session_token, locale: 'xx-YY' }, { error_type: 'invalid_locale' }],
        [{}, insufficient],
        [{ session_token, mfa_phone_number: newPhone() }, { status_code: 400 }],
        [{ session_token }, tooMany]
      ] as const) {
        expect(await fixture.errorOf(send(person, options))).toMatchObject(refusal)
      }
      await fixture.resetSendCounts()
      await fixture.breakDelivery(async () => {
        expect(await fixture.errorOf(send(person, { session_token }))).toMatchObject({
          status_code: 503,
          error_type: 'server_unavailable'
        })
      })
      expect(fixture.sentTo(mfa_phone_number)).toHaveLength(sent)
      expect((await tryCode(person, code, session_token)).status_code).toBe(200)
    })

    test('S-SMS-09: a send that nobody takes links no number', async () => {
      const person = await fixture.newPerson()
      const mfa_phone_number = newPhone()
      await fixture.breakDelivery(() =>
        expectNothingSent(
          person,
          send(person, { mfa_phone_number }),
          { status_code: 503, error_type: 'server_unavailable' },
          mfa_phone_number
        )
      )
    })

    test('S-SMS-12: with an active TOTP and no token a new number is refused', async () => {
      const person = await fixture.newEnrolled()
      const mfa_phone_number = newPhone()
      const call = send(person, { mfa_phone_number })
      await expectNothingSent(person, call, insufficient, mfa_phone_number)
    })

    test('S-SMS-13: nor is it linked with an intermediate session or session of the primary factor only', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token, session_jwt } = await fixture.signIn(person)
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const mfa_phone_number = newPhone()
        const call = send(person, { mfa_phone_number, ...token })
        await expectNothingSent(person, call, insufficient, mfa_phone_number)
      }
    })

    test.each(['session_token', 'session_jwt'] as const)(
      'S-SMS-14: with a %s that holds the TOTP factor it is linked',
      async (name) => {
        const person = await fixture.newEnrolled()
        const pair = await fixture.client.totps.authenticate({
          ...named(person),
          intermediate_session_token: await fixture.beginSignIn(person),
          code: fixture.nextCode(person.secret)
        })
        const mfa_phone_number = newPhone()
        const { member } = await send(person, { mfa_phone_number, [name]: pair[name] })
        expect(member.mfa_phone_number).toBe(mfa_phone_number)
      }
    )

    test('S-SMS-15: an unverified number beside an active TOTP is not challenged with the primary factor only', async () => {
      const person = await fixture.newEnrolled()
      const mfa_phone_number = newPhone()
      await fixture.client.organizations.members.update({ ...named(person), mfa_phone_number })
      const intermediate_session_token = await fixture.beginSignIn(person)
      const call = send(person, { intermediate_session_token })
      await expectNothingSent(person, call, insufficient, mfa_phone_number)
    })

    test('S-SMS-16: a verified number is challenged with the intermediate session or session of the primary factor', async () => {
      const person = await fixture.newPhoned({}, { mfa_enrolled: false })
      const { session_token, session_jwt } = await fixture.signIn(person)
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const code = await fixture.newSms(person, token)
        expect((await tryCode(person, code, session_token)).status_code).toBe(200)
      }
    })

    test('S-SMS-16: a verified number is not challenged without any token', async () => {
      const person = await fixture.newPhoned()
      await expectNothingSent(person, send(person), insufficient, person.mfa_phone_number)
    })

    test('S-SMS-17: the intermediate session, token or JWT of another member is refused', async () => {
      const person = await fixture.newPerson()
      const other = await fixture.newPerson()
      const { session_token, session_jwt } = await fixture.signIn(other)
      await fixture.client.organizations.members.update({ ...named(other), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(other)
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const mfa_phone_number = newPhone()
        const call = send(person, { mfa_phone_number, ...token })
        await expectNothingSent(person, call, mismatch, mfa_phone_number)
      }
    })

    test.each(['session_token', 'session_jwt', 'intermediate_session_token', 'none'] as const)(
      'S-SMS-18: a member without a second factor may send with own %s',
      async (name) => {
        const person = await fixture.newPerson()
        const pair = await fixture.signIn(person)
        await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
        const tokens = {
          ...pair,
          intermediate_session_token: await fixture.beginSignIn(person),
          none: undefined
        }
        const mfa_phone_number = newPhone()
        const token = name === 'none' ? {} : { [name]: tokens[name] }
        const { member } = await send(person, { mfa_phone_number, ...token })
        expect(member.mfa_phone_number).toBe(mfa_phone_number)
      }
    )

    test.each(['+4915112345678', '+33612345678', '+18765550123', '+447400123456'])(
      'S-SMS-19: by default %s, outside of the United States and Canada, is refused',
      async (mfa_phone_number) => {
        const person = await fixture.newPerson()
        const call = send(person, { mfa_phone_number })
        await expectNothingSent(person, call, closedCountry, mfa_phone_number)
      }
    )

    test('S-SMS-19: by default numbers of both are sent to', async () => {
      for (const mfa_phone_number of [newPhone(), newPhone().replace('+1202', '+1416')]) {
        const person = await fixture.newPerson()
        expect((await send(person, { mfa_phone_number })).status_code).toBe(200)
      }
    })

    describe('in a project with countries of its own', () => {
      const newMember = async () => {
        const { client, organization } = fixture.other
        const { member } = await client.organizations.members.create({
          organization_id: organization.organization_id,
          email_address: `${crypto.randomUUID()}@acme.example`
        })
        return member
      }

      test('S-SMS-20: a number of an allowed country is sent to', async () => {
        const { organization_id, member_id } = await newMember()
        const mfa_phone_number = newForeign('+4915112')
        const { member } = await fixture.other.client.otps.sms.send({
          organization_id,
          member_id,
          mfa_phone_number
        })
        expect(member.mfa_phone_number).toBe(mfa_phone_number)
        expect(fixture.sentTo(mfa_phone_number)).toHaveLength(1)
      })

      test.each([
        ['S-SMS-21', 'a country that is allowed and not supported', newForeign('+93701')],
        ['S-SMS-19', 'a country that is not allowed', '+14165550123']
      ])('%s: a number of %s is refused', async (_id, _what, mfa_phone_number) => {
        const { organization_id, member_id } = await newMember()
        const named = { organization_id, member_id }
        const call = fixture.other.client.otps.sms.send({ ...named, mfa_phone_number })
        expect(await fixture.errorOf(call)).toMatchObject(closedCountry)
        expect(fixture.sentTo(mfa_phone_number)).toEqual([])
        const { member } = await fixture.other.client.organizations.members.get(named)
        expect(member.mfa_phone_number).toBe('')
      })
    })

    test.each([
      '12025551234',
      '+1 202 555 1234',
      '+1 (202) 555-1234',
      '0012025551234',
      '+١٢٠٢٥٥٥١٢٣٤',
      '+１２０２５５５１２３４',
      '+12025551234;ext=5',
      '+1202555123',
      '+11234567890',
      '+10000000000',
      '+19005550123',
      '+18005550123',
      '+88161234567',
      '911',
      '',
      ' +12025551234'
    ])('AO-09: %p is no number that is sent to', async (mfa_phone_number) => {
      const person = await fixture.newPerson()
      const call = send(person, { mfa_phone_number })
      await expectNothingSent(person, call, invalidNumber, mfa_phone_number)
    })

    test('S-SMS-22: the answer has the member and the organization, and nowhere the code', async () => {
      const person = await withUnverifiedPhone()
      const calls = await fixture.tap.watch(async () => {
        const answer = await send(person)
        expect(answer.member_id).toBe(person.member_id)
        expect(answer.member.member_id).toBe(person.member_id)
        expect(answer.organization.organization_id).toBe(person.organization_id)
        expect(Object.keys(answer).sort()).toEqual(
          ['member', 'member_id', 'organization', 'request_id', 'status_code'].sort()
        )
      })
      expect(calls).toHaveLength(1)
      expect(calls[0]?.response).not.toContain(fixture.lastCode(person.mfa_phone_number))
    })

    test('AO-08: a number and a member are sent one SMS a minute, five an hour and ten a day', async () => {
      const { person, session_token } = await begin()
      await fixture.resetSendCounts()
      // From the first second of a day, so that no window ends in between.
      fixture.clock.advance(86_400 - ((fixture.clock.now() / 1000) % 86_400))
      const again = await fixture.signIn(person)
      const later = { session_token: again.session_token }
      expect(session_token).not.toBe(again.session_token)
      let sent = 0
      for (let hour = 0; hour < 3; hour += 1) {
        for (let minute = 0; minute < 6; minute += 1) {
          if (sent < 10 && minute < 5) {
            expect((await send(person, later)).status_code).toBe(200)
            sent += 1
          }
          expect(await fixture.errorOf(send(person, later))).toMatchObject(tooMany)
          fixture.clock.advance(60)
        }
        fixture.clock.advance(3600 - 360)
        later.session_token = (await fixture.signIn(person)).session_token
      }
      expect(sent).toBe(10)
      expect(fixture.sentTo(person.mfa_phone_number)).toHaveLength(11)
    })

    test('AO-08: a hundred sends at once make one SMS', async () => {
      const person = await withUnverifiedPhone()
      const answers = await Promise.allSettled(Array.from({ length: 100 }, () => send(person)))
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(fixture.sentTo(person.mfa_phone_number)).toHaveLength(1)
    })

    test('a member whose codes by SMS are locked is sent nothing', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const now = fixture.clock.now()
      await failAttempts(fixture.database, person, ['otp'], { failures: 10, now })
      const mfa_phone_number = newPhone()
      const call = send(person, { session_token, mfa_phone_number })
      await expectNothingSent(
        person,
        call,
        { status_code: 429, error_type: 'user_lock_limit_reached' },
        mfa_phone_number
      )
    })

    test('AO-13: the database does not hold the code', async () => {
      const { code } = await begin()
      const rows = await runSql(fixture.database, 'select code_hash from one_time_codes')
      expect(rows.length).toBeGreaterThan(0)
      for (const { code_hash } of rows) expect(String(code_hash)).not.toContain(code)
    })
  })
})

describe('a code that is sent by itself', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })
    const initiated = async (person: Person) =>
      (await fixture.authenticate(person)).mfa_required?.secondary_auth_initiated ?? null

    const complete = (person: Phoned, intermediate_session_token: string) =>
      fixture.client.otps.sms.authenticate({
        ...named(person),
        intermediate_session_token,
        code: fixture.lastCode(person.mfa_phone_number)
      })

    test('S-SMS-10: an enrolled member with a number is sent one at the sign-in, and it works', async () => {
      for (const verified of [true, false]) {
        const person = await fixture.newPhoned({}, { verified })
        const answer = await fixture.authenticate(person)
        expect(answer.mfa_required).toMatchObject({ secondary_auth_initiated: 'sms_otp' })
        expect(fixture.sentTo(person.mfa_phone_number)).toHaveLength(1)
        const { member_session } = await complete(person, answer.intermediate_session_token)
        expect(member_session?.authentication_factors.map(({ type }) => type)).toEqual([
          'password',
          'otp'
        ])
      }
    })

    test('S-SMS-11: a member with a number who need not is sent none', async () => {
      const person = await fixture.newPhoned({}, { mfa_enrolled: false })
      const answer = await fixture.authenticate(person)
      expect(answer.member_authenticated).toBe(true)
      expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
    })

    test('where TOTP is the default none is sent, where SMS is, or nothing is, one is', async () => {
      const person = await fixture.newBoth()
      expect(person.member.default_mfa_method).toBe('totp')
      expect(await initiated(person)).toBe(null)
      expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
      const default_mfa_method = 'sms_otp'
      await fixture.client.organizations.members.update({ ...named(person), default_mfa_method })
      expect(await initiated(person)).toBe('sms_otp')
    })

    test('an unverified number beside an active TOTP is sent none', async () => {
      const person = await fixture.newEnrolled()
      const mfa_phone_number = newPhone()
      await fixture.client.organizations.members.update({ ...named(person), mfa_phone_number })
      expect(await initiated(person)).toBe(null)
      expect(fixture.sentTo(mfa_phone_number)).toEqual([])
    })

    test('where the organization does not allow SMS none is sent', async () => {
      const { organization_id } = await fixture.newOrganization({
        mfa_methods: 'RESTRICTED',
        allowed_mfa_methods: ['totp']
      })
      const person = await fixture.newPhoned({ organization_id })
      expect(await initiated(person)).toBe(null)
      expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
    })

    test('to a country that is closed none is sent, and the sign-in goes on', async () => {
      const person = await fixture.newPhoned({ mfa_phone_number: newForeign('+4915112') })
      expect(await initiated(person)).toBe(null)
      expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
    })

    test('where too many were sent the sign-in goes on without, and the code before it works', async () => {
      const person = await fixture.newPhoned()
      expect(await initiated(person)).toBe('sms_otp')
      const again = await fixture.authenticate(person)
      expect(again.mfa_required?.secondary_auth_initiated ?? null).toBe(null)
      expect(fixture.sentTo(person.mfa_phone_number)).toHaveLength(1)
      const { member_session } = await complete(person, again.intermediate_session_token)
      expect(member_session?.member_id).toBe(person.member_id)
    })

    test('AO-08: a hundred sign-ins at once send one', async () => {
      const person = await fixture.newPhoned()
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => fixture.authenticate(person))
      )
      const sent = answers.filter(
        ({ mfa_required }) => mfa_required?.secondary_auth_initiated === 'sms_otp'
      )
      expect(sent).toHaveLength(1)
      expect(fixture.sentTo(person.mfa_phone_number)).toHaveLength(1)
    })

    test('S-ANY-05: where nobody takes it the sign-in is a 503, and the code before it works', async () => {
      const person = await fixture.newPhoned()
      const intermediate_session_token = await fixture.beginSignIn(person)
      await fixture.resetSendCounts()
      await fixture.breakDelivery(async () => {
        expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject({
          status_code: 503,
          error_type: 'server_unavailable'
        })
      })
      expect(fixture.sentTo(person.mfa_phone_number)).toHaveLength(1)
      expect((await complete(person, intermediate_session_token)).status_code).toBe(200)
    })

    test('S-ANY-05: where nobody takes it no intermediate session is begun', async () => {
      const person = await fixture.newPhoned()
      const begun = () =>
        runSql(fixture.database, 'select 1 from intermediate_sessions where member_id = $1', [
          person.member_id
        ])
      await fixture.breakDelivery(async () => {
        await fixture.errorOf(fixture.authenticate(person))
      })
      expect(await begun()).toEqual([])
      await fixture.resetSendCounts()
      await fixture.authenticate(person)
      expect(await begun()).toHaveLength(1)
    })
  })
})
