import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Member } from 'membergate/client'
import { describeOnEachEngine } from '../support/fixture.ts'
import {
  type Enrolled,
  importedHash,
  newPhone,
  type Person,
  password,
  personOf
} from '../support/people.ts'

/** What verifies a member is taken away by that member in a session that was verified lately, and in no older one. */

const insufficient = { status_code: 401, error_type: 'insufficient_factors' }
const tooOld = { status_code: 400, error_type: 'session_too_old_to_reset_password' }
const threeHours = 3 * 3600
const newPassword = 'another horse battery staple'
const long = { session_duration_minutes: 720 }

interface Call {
  readonly operation: string
  readonly fields: (member: Member) => Record<string, unknown>
}

/** Every call by which a member weakens what verifies it. One more needs a line here. */
const calls: Readonly<Record<string, Call>> = {
  'the authenticator is deleted': call('deleteTOTP'),
  'the number is deleted': call('deleteMFAPhoneNumber'),
  'the password is deleted': call('deletePassword', ({ member_password_id }) => ({
    member_password_id
  })),
  'a retired address is unlinked': call('unlinkRetiredEmail', (member) => ({
    email_id: member.retired_email_addresses[0]?.email_id
  })),
  'the address moves': call('startEmailUpdate', () => ({ email_address: newAddress() })),
  'sign-ins need no second factor': call('update', () => ({ mfa_enrolled: false })),
  'another second factor is asked for': call('update', () => ({ default_mfa_method: 'sms_otp' })),
  'all of it is deleted': call('delete')
}

function call(name: string, fields: Call['fields'] = () => ({})): Call {
  return { operation: `organizations.members.${name}`, fields }
}

function newAddress(): string {
  return `${randomUUID()}@acme.example`
}

function named({ organization_id, member_id }: Person) {
  return { organization_id, member_id }
}

describe('what weakens a member', () => {
  describeOnEachEngine((fixture) => {
    /** A member with all that can be taken away, and a session by password from before a second factor was asked for. */
    async function newArmed() {
      const { members } = fixture.client.organizations
      const enrolled = await fixture.newBoth({}, { mfa_enrolled: false })
      const email_address = newAddress()
      await members.update({ ...named(enrolled), email_address })
      const person = { ...enrolled, ...(await fixture.newPerson({ email_address })) }
      const { session_token } = await fixture.signIn(person, long)
      const { member } = await members.update({ ...named(person), mfa_enrolled: true })
      fixture.clock.advance(threeHours)
      return { person: { ...person, member }, session_token }
    }

    function make(
      { operation, fields }: Call,
      { member, ...person }: Person,
      session_token: string
    ) {
      const { organization_id, member_id } = person
      const isByPassword = operation.endsWith('deletePassword')
      const request = { organization_id, ...(isByPassword ? {} : { member_id }), ...fields(member) }
      return fixture.send(operation, request, { authorization: { session_token } })
    }

    const stepUp = {
      totp: (person: Enrolled, session_token: string) =>
        fixture.client.totps.authenticate({
          ...named(person),
          session_token,
          code: fixture.nextCode(person.secret)
        }),
      sms: async (person: Person, session_token: string) =>
        fixture.client.otps.sms.authenticate({
          ...named(person),
          session_token,
          code: await fixture.newSms(person, { session_token })
        }),
      recovery: async (person: Person, session_token: string) => {
        const { recovery_codes } = await fixture.client.recoveryCodes.get(named(person))
        const recovery_code = recovery_codes[0] ?? ''
        return fixture.client.recoveryCodes.recover({
          ...named(person),
          session_token,
          recovery_code
        })
      }
    }

    async function expectUnchanged(person: Person) {
      const { member } = await fixture.client.organizations.members.get(named(person))
      expect(member).toEqual(person.member)
    }

    test.each(Object.keys(calls))(
      'an old session without the second factor is denied where %s',
      async (name) => {
        const { person, session_token } = await newArmed()
        const denied = make(calls[name] as Call, person, session_token)
        expect(await fixture.errorOf(denied)).toMatchObject(insufficient)
        await expectUnchanged(person)
      }
    )

    test.each(Object.keys(calls))('a fresh password is not enough where %s', async (name) => {
      const { person, session_token } = await newArmed()
      await fixture.authenticate(person, { session_token })
      const denied = make(calls[name] as Call, person, session_token)
      expect(await fixture.errorOf(denied)).toMatchObject(insufficient)
      await expectUnchanged(person)
    })

    test.each(Object.keys(calls))(
      'the second factor counts for 300 seconds, and no longer, where %s',
      async (name) => {
        const { person, session_token } = await newArmed()
        await stepUp.totp(person, session_token)
        fixture.clock.advance(301)
        const denied = make(calls[name] as Call, person, session_token)
        expect(await fixture.errorOf(denied)).toMatchObject(insufficient)
        await stepUp.totp(person, session_token)
        fixture.clock.advance(300)
        expect((await make(calls[name] as Call, person, session_token)).status_code).toBe(200)
      }
    )

    test.each(['totp', 'sms', 'recovery'] as const)('%s will do', async (factor) => {
      const { person, session_token } = await newArmed()
      await stepUp[factor](person, session_token)
      const removal = calls['the authenticator is deleted'] as Call
      expect((await make(removal, person, session_token)).status_code).toBe(200)
    })

    test('a session from before enrolment takes no account over', async () => {
      const { person, session_token } = await newArmed()
      const authorization = { session_token }
      const { members } = fixture.client.organizations
      const { totps, passwords } = fixture.client
      const { organization_id } = person
      const request = { ...named(person), session_token }
      const another = { organization_id, session_token, password: newPassword }
      for (const attempt of [
        () => totps.create(request),
        () => members.deleteTOTP(named(person), { authorization }),
        () => members.update({ ...named(person), mfa_enrolled: false }, { authorization }),
        () => members.deleteMFAPhoneNumber(named(person), { authorization })
      ]) {
        expect(await fixture.errorOf(attempt())).toMatchObject(insufficient)
      }
      expect(await fixture.errorOf(passwords.sessions.reset(another))).toMatchObject(tooOld)
      await fixture.authenticate(person, { session_token })
      expect(await fixture.errorOf(passwords.sessions.reset(another))).toMatchObject(insufficient)
      await expectUnchanged(person)
      await stepUp.totp(person, session_token)
      expect((await passwords.sessions.reset(another)).status_code).toBe(200)
    })

    test('the JWT of such a session is denied as its token is', async () => {
      const { person, session_token } = await newArmed()
      const { session_jwt } = await fixture.client.sessions.authenticate({ session_token })
      const { members } = fixture.client.organizations
      const denied = members.deleteTOTP(named(person), { authorization: { session_jwt } })
      expect(await fixture.errorOf(denied)).toMatchObject(insufficient)
    })

    test('without a second factor any other counts, for 300 seconds', async () => {
      const mfa_phone_number = newPhone()
      const person = await fixture.newPerson({ mfa_phone_number })
      const { session_token } = await fixture.signIn(person, long)
      fixture.clock.advance(301)
      for (const name of [
        'the number is deleted',
        'the password is deleted',
        'the address moves'
      ]) {
        const denied = make(calls[name] as Call, person, session_token)
        expect(await fixture.errorOf(denied)).toMatchObject(insufficient)
      }
      await expectUnchanged(person)
      await fixture.authenticate(person, { session_token })
      fixture.clock.advance(300)
      for (const name of [
        'the number is deleted',
        'the address moves',
        'the password is deleted'
      ]) {
        expect((await make(calls[name] as Call, person, session_token)).status_code).toBe(200)
      }
    })

    test('a first second factor is enrolled with an old session, and the name changed', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person, long)
      fixture.clock.advance(threeHours)
      const update = (changes: object) =>
        fixture.client.organizations.members.update(
          { ...named(person), ...changes },
          { authorization: { session_token } }
        )
      for (const changes of [
        { name: 'Ada', untrusted_metadata: { theme: 'dark' } },
        { mfa_phone_number: newPhone() },
        { mfa_enrolled: true }
      ]) {
        expect((await update(changes)).status_code).toBe(200)
      }
      expect((await stepUp.sms(person, session_token)).status_code).toBe(200)
    })

    test.each(['totp', 'sms'])(
      'an own first %s does not end in an old session that one is asked for',
      async (own) => {
        const person = await fixture.newPerson()
        const { session_token } = await fixture.signIn(person, long)
        const { members } = fixture.client.organizations
        await members.update({ ...named(person), mfa_enrolled: true })
        fixture.clock.advance(301)
        const request = { ...named(person), session_token, set_mfa_enrollment: 'unenroll' }
        const enrol = async () => {
          if (own === 'sms') {
            const mfa_phone_number = newPhone()
            const code = await fixture.newSms(person, { mfa_phone_number, session_token })
            return fixture.client.otps.sms.authenticate({ ...request, code })
          }
          const { secret } = await fixture.client.totps.create({ ...named(person), session_token })
          return fixture.client.totps.authenticate({ ...request, code: fixture.nextCode(secret) })
        }
        expect(await fixture.errorOf(enrol())).toMatchObject(insufficient)
        const { member } = await members.get(named(person))
        expect(member).toMatchObject({ mfa_enrolled: true, totp_registration_id: '' })
      }
    )

    test('another factor becomes the default of a member in a session that was verified lately', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token } = await fixture.signIn(person, long)
      await stepUp.totp(person, session_token)
      fixture.clock.advance(301)
      const request = { ...named(person), session_token, set_default_mfa: true }
      const mfa_phone_number = newPhone()
      const code = await fixture.newSms(person, { mfa_phone_number, session_token })
      const enrol = (fields: object) =>
        fixture.client.otps.sms.authenticate({ ...request, ...fields, code })
      expect(await fixture.errorOf(enrol({}))).toMatchObject(insufficient)
      expect((await enrol({ set_default_mfa: false })).member.default_mfa_method).toBe('totp')
    })

    test('a further number is for sessions with the second factor', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token } = await fixture.signIn(person)
      const add = () =>
        fixture.client.organizations.members.update(
          { ...named(person), mfa_phone_number: newPhone() },
          { authorization: { session_token } }
        )
      expect(await fixture.errorOf(add())).toMatchObject(insufficient)
      await stepUp.totp(person, session_token)
      expect((await add()).status_code).toBe(200)
    })

    test('an administrator is not exempted from the rules of the organization by an old session', async () => {
      const person = await fixture.newPerson({ roles: ['stytch_admin'] })
      const { session_token } = await fixture.signIn(person, long)
      fixture.clock.advance(301)
      const exempt = () =>
        fixture.client.organizations.members.update(
          { ...named(person), is_breakglass: true },
          { authorization: { session_token } }
        )
      expect(await fixture.errorOf(exempt())).toMatchObject(insufficient)
      await fixture.authenticate(person, { session_token })
      expect((await exempt()).member.is_breakglass).toBe(true)
    })

    test('what an administrator does to another member needs no recent factor', async () => {
      const admin = await fixture.newPerson({ roles: ['stytch_admin'] })
      const { session_token } = await fixture.signIn(admin, long)
      const { person } = await newArmed()
      // The number is what is asked for first where the authenticator is gone, and the member goes last.
      for (const name of [
        'sign-ins need no second factor',
        'another second factor is asked for',
        'the authenticator is deleted',
        'the number is deleted',
        'the password is deleted',
        'a retired address is unlinked',
        'all of it is deleted'
      ]) {
        const { status_code } = await make(calls[name] as Call, person, session_token)
        expect([name, status_code]).toEqual([name, 200])
      }
    })

    test('a backend without a session does what it did', async () => {
      const { person } = await newArmed()
      const { members } = fixture.client.organizations
      expect((await members.deleteTOTP(named(person))).status_code).toBe(200)
      const changes = { mfa_enrolled: false, is_breakglass: true }
      expect((await members.update({ ...named(person), ...changes })).status_code).toBe(200)
    })

    test('a project may say that a factor is recent for longer', async () => {
      const { client, organization } = fixture.other
      const { organization_id } = organization
      const answer = await client.passwords.migrate({
        organization_id,
        email_address: newAddress(),
        hash: await importedHash(),
        hash_type: 'argon_2id'
      })
      const person = personOf(answer)
      const { email_address } = person
      const request = { organization_id, email_address, password, ...long }
      const { session_token } = await client.passwords.authenticate(request)
      const reset = () =>
        client.passwords.sessions.reset({ organization_id, session_token, password: newPassword })
      const move = () =>
        client.organizations.members.startEmailUpdate(
          { ...named(person), email_address: newAddress(), delivery_method: 'EMAIL_OTP' },
          { authorization: { session_token } }
        )
      fixture.clock.advance(3600)
      expect((await move()).status_code).toBe(200)
      expect((await reset()).status_code).toBe(200)
      fixture.clock.advance(1)
      expect(await fixture.errorOf(move())).toMatchObject(insufficient)
      expect(await fixture.errorOf(reset())).toMatchObject(tooOld)
    })
  })
})
