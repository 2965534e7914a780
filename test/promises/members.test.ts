import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { addFactor, giveSsoRole, samlFactor } from '../support/factors.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { newPhone } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'

const noTotp = { status_code: 404, error_type: 'totp_not_found' }
const noEmail = { status_code: 404, error_type: 'email_not_found' }

describe('members', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })
    const members = () => fixture.client.organizations.members
    const newEmail = () => `${randomUUID()}@acme.example`
    const memberOf = async (person: Person) => (await members().get(named(person))).member

    /** A member with a verified number and an authenticator, which is the default. */
    async function withBoth(): Promise<Person> {
      const mfa_phone_number = newPhone()
      const person = await fixture.newPerson({ mfa_phone_number, set_phone_number_verified: true })
      const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
      await fixture.client.totps.migrate({ ...named(person), secret, recovery_codes: [] })
      return person
    }

    test('S-SMA-12: mfa_enrolled toggles whether the next sign-in asks for a second factor', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const isAsked = async () => !(await fixture.authenticate(person)).member_authenticated
      const { session_token } = await fixture.signIn(person)
      for (const mfa_enrolled of [true, false, true]) {
        const { member } = await members().update({ ...named(person), mfa_enrolled })
        expect(member.mfa_enrolled).toBe(mfa_enrolled)
        expect(await isAsked()).toBe(mfa_enrolled)
      }
      expect((await fixture.client.sessions.authenticate({ session_token })).status_code).toBe(200)
    })

    describe('deleteMFAPhoneNumber', () => {
      test('frees the number, and lets the member have another', async () => {
        const mfa_phone_number = newPhone()
        const person = await fixture.newPerson({ mfa_phone_number })
        const { member, member_id } = await members().deleteMFAPhoneNumber(named(person))
        expect(member_id).toBe(person.member_id)
        expect(member).toMatchObject({ mfa_phone_number: '', mfa_phone_number_verified: false })
        expect(await memberOf(person)).toEqual(member)
        const heir = await fixture.newPerson({ mfa_phone_number })
        expect(heir.member.mfa_phone_number).toBe(mfa_phone_number)
        const other = newPhone()
        const changed = await members().update({ ...named(person), mfa_phone_number: other })
        expect(changed.member.mfa_phone_number).toBe(other)
      })

      test('is a 404 without one', async () => {
        const call = members().deleteMFAPhoneNumber(named(await fixture.newPerson()))
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'member_phone_number_not_found'
        })
      })

      test('makes the factor that is left the default', async () => {
        const remote = await withBoth()
        await members().update({ ...named(remote), default_mfa_method: 'sms_otp' })
        const { member } = await members().deleteMFAPhoneNumber(named(remote))
        expect(member.default_mfa_method).toBe('totp')
        const other = await withBoth()
        const kept = await members().deleteMFAPhoneNumber(named(other))
        expect(kept.member.default_mfa_method).toBe('totp')
      })
    })

    describe('deleteTOTP', () => {
      test('takes the recovery codes along, and ends no session, not even one that it proved', async () => {
        const person = await fixture.newEnrolled()
        const intermediate_session_token = await fixture.beginSignIn(person)
        const { session_token } = await fixture.client.totps.authenticate({
          ...named(person),
          intermediate_session_token,
          code: fixture.nextCode(person.secret)
        })
        const { member } = await members().deleteTOTP(named(person))
        expect(member).toMatchObject({ totp_registration_id: '', default_mfa_method: '' })
        expect(await memberOf(person)).toEqual(member)
        const codes = fixture.client.recoveryCodes.get(named(person))
        expect(await fixture.errorOf(codes)).toMatchObject({
          error_type: 'recovery_codes_not_found'
        })
        const { member_session } = await fixture.client.sessions.authenticate({ session_token })
        expect(member_session.authentication_factors.map(({ type }) => type)).toEqual([
          'password',
          'totp'
        ])
      })

      test('leaves the member enrolled: the next sign-in has to enrol another', async () => {
        const person = await fixture.newEnrolled()
        await members().deleteTOTP(named(person))
        const { mfa_required } = await fixture.authenticate(person)
        expect(mfa_required?.member_options).toBeNull()
        expect((await memberOf(person)).mfa_enrolled).toBe(true)
        const { totp_registration_id } = await fixture.client.totps.create(named(person))
        expect(totp_registration_id).not.toBe(person.totp_registration_id)
      })

      test('makes a verified number the default', async () => {
        const person = await withBoth()
        expect((await memberOf(person)).default_mfa_method).toBe('totp')
        const { member } = await members().deleteTOTP(named(person))
        expect(member.default_mfa_method).toBe('sms_otp')
      })

      test('takes one that waits for its first code, and is a 404 without any', async () => {
        const person = await fixture.newPerson()
        expect(await fixture.errorOf(members().deleteTOTP(named(person)))).toMatchObject(noTotp)
        const { secret } = await fixture.client.totps.create(named(person))
        await members().deleteTOTP(named(person))
        const { session_token } = await fixture.signIn(person)
        const code = fixture.nextCode(secret)
        const finish = fixture.client.totps.authenticate({ ...named(person), session_token, code })
        expect(await fixture.errorOf(finish)).toMatchObject(noTotp)
      })
    })

    describe('deletePassword', () => {
      test('ends no session, and nobody signs in with it any more', async () => {
        const person = await fixture.newPerson()
        const { session_token } = await fixture.signIn(person)
        const { organization_id } = person
        const { member_password_id } = person.member
        const request = { organization_id, member_password_id }
        const { member, member_id } = await members().deletePassword(request)
        expect(member_id).toBe(person.member_id)
        expect(member.member_password_id).toBe('')
        expect(await memberOf(person)).toEqual(member)
        expect(await fixture.errorOf(fixture.signIn(person))).toMatchObject({
          error_type: 'unauthorized_credentials'
        })
        expect((await fixture.client.sessions.authenticate({ session_token })).status_code).toBe(
          200
        )
        expect(await fixture.errorOf(members().deletePassword(request))).toMatchObject({
          status_code: 404,
          error_type: 'password_not_found'
        })
      })

      test('finds no password of another organization', async () => {
        const person = await fixture.newPerson()
        const call = members().deletePassword({
          organization_id: fixture.B.organization_id,
          member_password_id: person.member.member_password_id
        })
        expect(await fixture.errorOf(call)).toMatchObject({ error_type: 'password_not_found' })
        expect((await fixture.authenticate(person)).member_authenticated).toBe(true)
      })
    })

    describe('unlinkRetiredEmail', () => {
      async function withRetired() {
        const person = await fixture.newPerson()
        const retired = person.email_address
        const { member } = await members().update({ ...named(person), email_address: newEmail() })
        const [{ email_id } = { email_id: '' }] = member.retired_email_addresses
        return { person, retired, email_id, member }
      }

      test('frees the address, by its id, by itself, or by both', async () => {
        const forms = [
          ({ email_id }: { email_id: string }) => ({ email_id }),
          ({ retired }: { retired: string }) => ({ email_address: retired.toUpperCase() }),
          ({ email_id, retired }: { email_id: string; retired: string }) => ({
            email_id,
            email_address: retired
          })
        ]
        for (const form of forms) {
          const subject = await withRetired()
          const { person, retired, member } = subject
          const { organization_id } = person
          const take = () => members().create({ organization_id, email_address: retired })
          expect(await fixture.errorOf(take())).toMatchObject({
            error_type: 'retired_member_email'
          })
          const answer = await members().unlinkRetiredEmail({ ...named(person), ...form(subject) })
          expect(answer).toMatchObject({ organization_id, member_id: person.member_id })
          expect(answer.member).toEqual({
            ...member,
            retired_email_addresses: [],
            updated_at: answer.member.updated_at
          })
          expect((await take()).member.email_address).toBe(retired)
        }
      })

      test('unlinks nothing where the two do not agree, or name no retired address', async () => {
        const { person, retired, email_id, member } = await withRetired()
        const other = await withRetired()
        const unlink = (identifiers: object) =>
          members().unlinkRetiredEmail({ ...named(person), ...identifiers })
        for (const identifiers of [
          { email_id, email_address: other.retired },
          { email_id: other.email_id, email_address: retired },
          { email_id: other.email_id },
          { email_address: other.retired },
          { email_address: member.email_address }
        ]) {
          expect(await fixture.errorOf(unlink(identifiers))).toMatchObject(noEmail)
        }
        expect(await fixture.errorOf(unlink({}))).toMatchObject({
          status_code: 400,
          error_type: 'retired_email_missing_email_identifiers'
        })
        expect(await memberOf(person)).toEqual(member)
      })
    })

    test('deleteExternalId frees the external id, and is content without one', async () => {
      const external_id = randomUUID()
      const person = await fixture.newPerson({ external_id })
      for (let count = 1; count <= 2; count += 1) {
        const { member } = await members().deleteExternalId(named(person))
        expect(member.external_id).toBeNull()
      }
      const { organization_id } = person
      const look = members().get({ organization_id, member_id: external_id })
      expect(await fixture.errorOf(look)).toMatchObject({ error_type: 'member_not_found' })
      expect((await fixture.newPerson({ external_id })).member.external_id).toBe(external_id)
    })

    test.each(['mfa_phone_numbers', 'passwords'])(
      'an external id that is a word of a path is refused: %s',
      async (external_id) => {
        const person = await fixture.newPerson()
        const call = members().update({ ...named(person), external_id })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_argument'
        })
      }
    )

    test('an external id like the last word of a path names a member all the same', async () => {
      const { organization_id } = await fixture.newOrganization()
      const mfa_phone_number = newPhone()
      const person = await fixture.newPerson({
        organization_id,
        external_id: 'totp',
        mfa_phone_number
      })
      const { member } = await members().deleteMFAPhoneNumber({
        organization_id,
        member_id: 'totp'
      })
      expect(member).toMatchObject({ member_id: person.member_id, mfa_phone_number: '' })
    })

    describe('preserve_existing_sessions', () => {
      const connection = 'saml-connection-test-_%1'

      /** A member with a role from an SSO connection and, beside it, directly; with sessions of three kinds. */
      async function withSessions({ role_id = 'editor' } = {}) {
        const person = await fixture.newPerson({ roles: ['editor', 'reader'] })
        await giveSsoRole(fixture.database, person.member_id, role_id, connection)
        const begin = async (...connections: string[]) => {
          const { session_token, member_session } = await fixture.signIn(person)
          const { member_session_id } = member_session
          for (const id of connections) {
            const factor = samlFactor(id, fixture.clock.now())
            await addFactor(fixture.database, member_session_id, factor)
          }
          return session_token
        }
        const bySso = await begin(connection)
        const byOther = await begin('saml-connection-test-xx1')
        const byPassword = await begin()
        const alive = async () => {
          const left: string[] = []
          for (const [name, session_token] of Object.entries({ bySso, byOther, byPassword })) {
            const call = fixture.client.sessions.authenticate({ session_token })
            const isAlive = await call.then(
              () => true,
              () => false
            )
            if (isAlive) left.push(name)
          }
          return left
        }
        return { person, alive }
      }

      test('AB-10: losing a direct role that SSO gives as well ends the sessions by that connection', async () => {
        const { person, alive } = await withSessions()
        const { member } = await members().update({ ...named(person), roles: ['reader'] })
        expect(member.roles.map(({ role_id }) => role_id)).toEqual([
          'stytch_member',
          'reader',
          'editor'
        ])
        expect(await alive()).toEqual(['byOther', 'byPassword'])
      })

      test('preserve_existing_sessions spares them', async () => {
        const { person, alive } = await withSessions()
        const preserve_existing_sessions = true
        await members().update({ ...named(person), roles: [], preserve_existing_sessions })
        expect(await alive()).toEqual(['bySso', 'byOther', 'byPassword'])
      })

      test('no session ends by a role that SSO does not give, or that is kept', async () => {
        const { person, alive } = await withSessions()
        await members().update({ ...named(person), roles: ['editor'] })
        await members().update({ ...named(person), name: 'Max' })
        expect(await alive()).toEqual(['bySso', 'byOther', 'byPassword'])
        const other = await withSessions({ role_id: 'accountant' })
        await members().update({ ...named(other.person), roles: [] })
        expect(await other.alive()).toEqual(['bySso', 'byOther', 'byPassword'])
      })

      test("another member's sessions by the connection go on", async () => {
        const { person } = await withSessions()
        const other = await withSessions()
        await members().update({ ...named(person), roles: [] })
        expect(await other.alive()).toEqual(['bySso', 'byOther', 'byPassword'])
      })

      test('passwords.migrate ends them as well, and spares them when told', async () => {
        for (const preserve_existing_sessions of [false, true]) {
          const { person, alive } = await withSessions()
          await runSql(fixture.database, 'delete from passwords where member_id = $1', [
            person.member_id
          ])
          await fixture.newPerson({
            email_address: person.email_address,
            roles: ['reader'],
            preserve_existing_sessions
          })
          const expected = ['byOther', 'byPassword']
          if (preserve_existing_sessions) expected.unshift('bySso')
          expect(await alive()).toEqual(expected)
        }
      })
    })
  })
})
