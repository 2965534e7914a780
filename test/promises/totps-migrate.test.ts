import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { wrongCode } from '../support/totp-code.ts'

/** 80 bits, the least that is taken, and 160. */
const secrets = ['JBSWY3DPEHPK3PXP', 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP']
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

describe('totps.migrate', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    const migrate = (person: Person, recovery_codes: string[] = []) =>
      fixture.client.totps.migrate({ ...named(person), secret, recovery_codes })

    async function recover(person: Person, recovery_code: string) {
      const { session_token } = await fixture.signIn(person)
      return fixture.client.recoveryCodes.recover({
        ...named(person),
        session_token,
        recovery_code
      })
    }

    test.each([...secrets, 'jbsw y3dp ehpk 3pxp', 'JBSWY3DPEHPK3PXPJA======'])(
      'S-TOM-01: a code of the migrated secret %p is accepted at once',
      async (given) => {
        const person = await fixture.newPerson()
        const answer = await fixture.client.totps.migrate({
          ...named(person),
          secret: given,
          recovery_codes: []
        })
        expect(answer.totp_registration_id).toMatch(/^member-totp-test-/)
        expect(answer.member).toMatchObject({
          totp_registration_id: answer.totp_registration_id,
          default_mfa_method: 'totp',
          mfa_enrolled: false
        })
        const { session_token } = await fixture.signIn(person)
        const code = fixture.nextCode(given.replaceAll(' ', '').replace(/=+$/, '').toUpperCase())
        const completed = await fixture.client.totps.authenticate({
          ...named(person),
          session_token,
          code
        })
        expect(completed.member_session?.authentication_factors).toHaveLength(2)
        expect(completed.member.totp_registration_id).toBe(answer.totp_registration_id)
      }
    )

    test('S-TOM-01: a wrong code of it is refused', async () => {
      const person = await fixture.newPerson()
      await migrate(person)
      const { session_token } = await fixture.signIn(person)
      const code = wrongCode(secret, fixture.clock.now())
      const call = fixture.client.totps.authenticate({ ...named(person), session_token, code })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 401,
        error_type: 'unable_to_authenticate_totp'
      })
    })

    test('S-TOM-02: migrated recovery codes are returned as they are and work once', async () => {
      const person = await fixture.newPerson()
      const given = ['Old-Code-1', 'OLD CODE 2', '12345678']
      expect((await migrate(person, given)).recovery_codes).toEqual(given)
      const { recovery_codes } = await fixture.client.recoveryCodes.get(named(person))
      expect([...recovery_codes].sort()).toEqual([...given].sort())
      for (const code of given) {
        expect((await recover(person, code)).status_code).toBe(200)
        expect(await fixture.errorOf(recover(person, code))).toMatchObject({
          status_code: 401,
          error_type: 'unable_to_authenticate_recovery_code'
        })
      }
    })

    test.each([1, 5, 12])('S-TOM-03: %i recovery codes are accepted as they are', async (count) => {
      const person = await fixture.newPerson()
      const given = Array.from({ length: count }, (_, index) => `code number ${index}`)
      expect((await migrate(person, given)).recovery_codes).toEqual(given)
      const { recovery_codes_remaining } = await recover(person, 'code number 0')
      expect(recovery_codes_remaining).toBe(count - 1)
    })

    test.each([
      ['absent', {}],
      ['null', { recovery_codes: null }],
      ['empty', { recovery_codes: [] }]
    ])('S-TOM-04: with %s recovery codes ten are minted and work', async (_, none) => {
      const person = await fixture.newPerson()
      const answer = await fixture.send('totps.migrate', { ...named(person), secret, ...none })
      const codes = answer.recovery_codes as string[]
      expect(codes).toHaveLength(10)
      for (const code of codes) expect(code).toMatch(/^[a-z0-9]{4}(-[a-z0-9]{4}){2}$/)
      expect((await recover(person, codes[3] ?? '')).recovery_codes_remaining).toBe(9)
    })

    test.each(['', ' ', 'no base32!', 'JBSWY3DPEHPK3PX', '0189018901890189', 5, undefined])(
      'S-TOM-05: the secret %p is refused, and nothing is registered',
      async (wrong) => {
        const person = await fixture.newPerson()
        const call = fixture.send('totps.migrate', { ...named(person), secret: wrong })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_argument'
        })
        const { member } = await fixture.client.organizations.members.get(named(person))
        expect(member).toMatchObject({ totp_registration_id: '', default_mfa_method: '' })
      }
    )

    test.each([[['']], [['a', '  ']], [['x'.repeat(129)]]])(
      'the recovery codes %j are refused',
      async (recovery_codes) => {
        const call = migrate(await fixture.newPerson(), recovery_codes)
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_recovery_code'
        })
      }
    )

    test('S-TOM-06: a member with an active TOTP is refused, and keeps it and its codes', async () => {
      const person = await fixture.newEnrolled()
      const before = await fixture.client.recoveryCodes.get(named(person))
      expect(await fixture.errorOf(migrate(person, ['mine']))).toMatchObject({
        status_code: 400,
        error_type: 'active_totp_exists'
      })
      const { member, recovery_codes } = await fixture.client.recoveryCodes.get(named(person))
      expect(recovery_codes).toEqual(before.recovery_codes)
      expect(member.totp_registration_id).toBe(person.totp_registration_id)
    })

    test('a registration that waits for its first code is replaced, with its recovery codes', async () => {
      const person = await fixture.newPerson()
      await fixture.client.totps.create(named(person))
      await migrate(person, ['mine'])
      const { recovery_codes } = await fixture.client.recoveryCodes.get(named(person))
      expect(recovery_codes).toEqual(['mine'])
    })

    test('a default and an enrolment of the member stay, and a verified number need not be verified again', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({
        organization_id,
        mfa_phone_number: '+12025550162',
        set_phone_number_verified: true
      })
      const changes = { default_mfa_method: 'sms_otp', mfa_enrolled: true }
      await fixture.client.organizations.members.update({ ...named(person), ...changes })
      expect((await migrate(person)).member).toMatchObject(changes)
    })

    test('S-ADR-01 S-ADR-02 S-ADR-03 S-ADR-05: organization and member go by their other names', async () => {
      const organization = await fixture.newOrganization({
        organization_slug: `s-${crypto.randomUUID()}`,
        organization_external_id: `x.${crypto.randomUUID()}`
      })
      const { organization_id, organization_slug, organization_external_id } = organization
      for (const alias of [organization_id, organization_slug, organization_external_id ?? '']) {
        for (const external_id of [undefined, `m.${crypto.randomUUID()}`]) {
          const person = await fixture.newPerson({ organization_id, external_id })
          const answer = await fixture.client.totps.migrate({
            organization_id: alias,
            member_id: external_id ?? person.member_id,
            secret,
            recovery_codes: []
          })
          expect(answer.member_id).toBe(person.member_id)
          expect(answer.organization.organization_id).toBe(organization_id)
        }
      }
    })

    test('S-ADR-08 S-ADR-09 S-ADR-10: unknown organizations and members are a 404', async () => {
      const person = await fixture.newPerson()
      const known = { secret, recovery_codes: [] }
      for (const [organization_id, member_id, error_type] of [
        ['nowhere', person.member_id, 'organization_not_found'],
        [person.organization_id, 'nobody', 'member_not_found'],
        [fixture.B.organization_id, person.member_id, 'member_not_found']
      ] as const) {
        const call = fixture.client.totps.migrate({ organization_id, member_id, ...known })
        expect(await fixture.errorOf(call)).toMatchObject({ status_code: 404, error_type })
      }
    })
  })
})
