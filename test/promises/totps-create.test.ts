import { describe, expect, test } from '@jest/globals'
import jsQR from 'jsqr'
import type { AuthenticationFactor } from 'membergate/client'
import { URI } from 'otpauth'
import { PNG } from 'pngjs'
import { addIntermediateFactor } from '../support/factors.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { newPhone, type Person } from '../support/people.ts'
import { totpCode } from '../support/totp-code.ts'

const insufficient = { status_code: 401, error_type: 'insufficient_factors' }
const mismatch = { status_code: 400, error_type: 'member_session_member_id_mismatch' }

/** What a phone sees in the picture. */
function scan(qr_code: string): string {
  const [kind, base64] = qr_code.split(/, ?/)
  expect(kind).toBe('data:image/png;base64')
  const { data, width, height } = PNG.sync.read(Buffer.from(base64 ?? '', 'base64'))
  return jsQR.default(new Uint8ClampedArray(data), width, height)?.data ?? ''
}

describe('totps.create', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    const withVerifiedPhone = (fields = {}) =>
      fixture.newPerson({
        mfa_phone_number: newPhone(),
        set_phone_number_verified: true,
        ...fields
      })

    /** The first code of a registration. */
    async function confirm(person: Person, secret: string) {
      const { session_token } = await fixture.signIn(person)
      return fixture.client.totps.authenticate({
        ...named(person),
        session_token,
        code: totpCode(secret, fixture.clock.now())
      })
    }

    test('S-TOC-01: a member without a factor registers without any token', async () => {
      const person = await fixture.newPerson()
      const answer = await fixture.client.totps.create(named(person))
      expect(answer.status_code).toBe(200)
      expect(answer.member_id).toBe(person.member_id)
      expect(answer.member.member_id).toBe(person.member_id)
      expect(answer.organization.organization_id).toBe(person.organization_id)
      expect(answer.totp_registration_id).toMatch(/^member-totp-test-[0-9a-f-]{36}$/)
      expect(answer.secret).toMatch(/^[A-Z2-7]{32}$/)
      expect(answer.qr_code).toMatch(/^data:image\/png;base64, /)
      expect(answer.recovery_codes).toHaveLength(10)
    })

    test('S-TOC-02: the QR code is an otpauth address with the secret', async () => {
      const person = await fixture.newPerson()
      const { qr_code, secret } = await fixture.client.totps.create(named(person))
      const content = scan(qr_code)
      expect(content).toMatch(/^otpauth:\/\/totp\//)
      expect(new URL(content).searchParams.get('secret')).toBe(secret)
    })

    test('S-TOC-03: the scanned and the typed secret make the same code, which is accepted', async () => {
      const person = await fixture.newPerson()
      const { qr_code, secret } = await fixture.client.totps.create(named(person))
      const scanned = URI.parse(scan(qr_code)).generate({ timestamp: fixture.clock.now() })
      expect(scanned).toBe(totpCode(secret, fixture.clock.now()))
      const { session_token } = await fixture.signIn(person)
      const answer = await fixture.client.totps.authenticate({
        ...named(person),
        session_token,
        code: scanned
      })
      expect(answer.status_code).toBe(200)
    })

    test.each([
      ['S-TOC-04', undefined, 60],
      ['S-TOC-05', 5, 5],
      ['S-TOC-05', 1440, 1440]
    ])(
      '%s: with expiration_minutes %p the first code is accepted until %i minutes are over',
      async (_id, expiration_minutes, minutes) => {
        const early = await fixture.newPerson()
        const late = await fixture.newPerson()
        const registrations = [
          await fixture.client.totps.create({ ...named(early), expiration_minutes }),
          await fixture.client.totps.create({ ...named(late), expiration_minutes })
        ] as const
        fixture.clock.advance(minutes * 60 - 1)
        const answer = await confirm(early, registrations[0].secret)
        expect(answer.member.totp_registration_id).toBe(registrations[0].totp_registration_id)
        fixture.clock.advance(1)
        expect(await fixture.errorOf(confirm(late, registrations[1].secret))).toMatchObject({
          status_code: 400,
          error_type: 'expired_totp'
        })
      }
    )

    test.each([4, 1441, 0, -5, 5.5, '60', true])(
      'S-TOC-06: expiration_minutes %p is refused',
      async (expiration_minutes) => {
        const person = await fixture.newPerson()
        const call = fixture.send('totps.create', { ...named(person), expiration_minutes })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_expiration'
        })
      }
    )

    test('S-TOC-07: after a registration expired a new one has another secret, and only its codes count', async () => {
      const person = await fixture.newPerson()
      const first = await fixture.client.totps.create({ ...named(person), expiration_minutes: 5 })
      fixture.clock.advance(300)
      const second = await fixture.client.totps.create(named(person))
      expect(second.secret).not.toBe(first.secret)
      expect(second.totp_registration_id).not.toBe(first.totp_registration_id)
      expect(await fixture.errorOf(confirm(person, first.secret))).toMatchObject({
        status_code: 401,
        error_type: 'unable_to_authenticate_totp'
      })
      const { member } = await confirm(person, second.secret)
      expect(member.totp_registration_id).toBe(second.totp_registration_id)
    })

    test('S-TOC-08: a registration without its first code changes no sign-in', async () => {
      const person = await fixture.newPerson()
      const { member } = await fixture.client.totps.create(named(person))
      expect(member).toMatchObject({ totp_registration_id: '', mfa_enrolled: false })
      const answer = await fixture.authenticate(person)
      expect(answer.member_authenticated).toBe(true)
      expect(answer.mfa_required ?? null).toBe(null)
      expect(answer.member).toMatchObject({
        totp_registration_id: '',
        default_mfa_method: '',
        mfa_enrolled: false
      })
    })

    test('S-TOC-09: a member with a verified phone does not register without a token', async () => {
      const person = await withVerifiedPhone()
      const call = fixture.client.totps.create(named(person))
      expect(await fixture.errorOf(call)).toMatchObject(insufficient)
    })

    test('S-TOC-10: nor with an intermediate session or a session that lacks the second factor', async () => {
      const person = await withVerifiedPhone()
      const { session_token, session_jwt } = await fixture.signIn(person)
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const call = fixture.client.totps.create({ ...named(person), ...token })
        expect(await fixture.errorOf(call)).toMatchObject(insufficient)
      }
      const { member } = await fixture.client.organizations.members.get(named(person))
      expect(member.totp_registration_id).toBe('')
    })

    test('S-TOC-11: a member with a phone registers with an intermediate session, session or JWT that carries the SMS factor', async () => {
      const person = await fixture.newPhoned()
      const begun = await fixture.beginSignIn(person)
      const { session_token, session_jwt } = await fixture.client.otps.sms.authenticate({
        ...named(person),
        intermediate_session_token: begun,
        code: fixture.lastCode(person.mfa_phone_number)
      })
      const intermediate_session_token = await fixture.beginSignIn(person)
      const factor = await smsFactorOf(session_token)
      await addIntermediateFactor(fixture.database, intermediate_session_token, factor)
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const answer = await fixture.client.totps.create({ ...named(person), ...token })
        expect(answer.secret).toMatch(/^[A-Z2-7]{32}$/)
      }
    })

    async function smsFactorOf(session_token: string): Promise<AuthenticationFactor> {
      const { member_session } = await fixture.client.sessions.authenticate({ session_token })
      const factor = member_session.authentication_factors.find(({ type }) => type === 'otp')
      if (factor === undefined) throw new Error('The session has no SMS factor.')
      return factor
    }

    test('S-TOC-12: the intermediate session, token or JWT of another member is refused', async () => {
      const person = await fixture.newPerson()
      const other = await fixture.newPerson()
      const { session_token, session_jwt } = await fixture.signIn(other)
      await fixture.client.organizations.members.update({ ...named(other), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(other)
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const call = fixture.client.totps.create({ ...named(person), ...token })
        expect(await fixture.errorOf(call)).toMatchObject(mismatch)
      }
      const { session_token: own } = await fixture.signIn(person)
      const call = fixture.client.totps.authenticate({
        ...named(person),
        session_token: own,
        code: '123456'
      })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 404,
        error_type: 'totp_not_found'
      })
    })

    test("S-TOC-13: the member's own intermediate session, token or JWT is accepted", async () => {
      const person = await fixture.newPerson()
      const { session_token, session_jwt } = await fixture.signIn(person)
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      const secrets = new Set<string>()
      for (const token of [{ session_token }, { session_jwt }, { intermediate_session_token }]) {
        const answer = await fixture.client.totps.create({ ...named(person), ...token })
        expect(answer.member_id).toBe(person.member_id)
        secrets.add(answer.secret)
      }
      expect(secrets.size).toBe(3)
    })

    test('S-TOC-14: the recovery codes are not empty and all different', async () => {
      const person = await fixture.newPerson()
      const { recovery_codes } = await fixture.client.totps.create(named(person))
      expect(recovery_codes.length).toBeGreaterThan(0)
      expect(new Set(recovery_codes).size).toBe(recovery_codes.length)
      for (const code of recovery_codes) expect(code).toMatch(/^[a-z0-9]{4}(-[a-z0-9]{4}){2}$/)
    })
  })
})
