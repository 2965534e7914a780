import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { otherThan } from '../support/totp-code.ts'

const unknown = { status_code: 404, error_type: 'otp_code_not_found' }
const over = { status_code: 401, error_type: 'unable_to_auth_otp_code' }

describe('one-time codes by e-mail', () => {
  describeOnEachEngine((fixture) => {
    type Addressed = Pick<Person, 'organization_id' | 'email_address'>
    const otps = () => fixture.client.otps.email

    const send = ({ organization_id, email_address }: Addressed, options = {}) =>
      otps().loginOrSignup({ organization_id, email_address, ...options })

    async function newCode(person: Addressed, options = {}) {
      await send(person, options)
      return fixture.lastCode(person.email_address)
    }

    const use = ({ organization_id, email_address }: Addressed, code: string, options = {}) =>
      otps().authenticate({ organization_id, email_address, code, ...options })

    test('a code signs the member in, by an email_otp factor of the address', async () => {
      const person = await fixture.newPerson()
      const { email_address, member_id } = person
      const sent = await send(person)
      expect(sent).toMatchObject({ member_id, member_created: false })
      const code = fixture.lastCode(email_address)
      expect(code).toMatch(/^\d{6}$/)
      const answer = await use({ ...person, email_address: email_address.toUpperCase() }, code)
      expect(answer).toMatchObject({ member_id, member_authenticated: true })
      expect(answer.member_session?.authentication_factors).toMatchObject([
        { type: 'email_otp', email_factor: { email_id: answer.method_id, email_address } }
      ])
    })

    test('an address of an allowed domain becomes a pending member, whom the code makes active', async () => {
      const domain = `${randomUUID()}.example`
      const { organization_id } = await fixture.newOrganization({
        email_jit_provisioning: 'RESTRICTED',
        email_allowed_domains: [domain]
      })
      await fixture.newPerson({ organization_id, email_address: `first@${domain}` })
      const applicant = { organization_id, email_address: `ada@${domain}` }
      await fixture.breakDelivery(async () => {
        expect(await fixture.errorOf(send(applicant))).toMatchObject({ status_code: 503 })
      })
      const sent = await send(applicant)
      expect(sent).toMatchObject({ member_created: true, member: { status: 'pending' } })
      const { member } = await use(applicant, fixture.lastCode(applicant.email_address))
      expect(member).toMatchObject({ status: 'active', email_address_verified: true })
    })

    test('only the newest code works, and once', async () => {
      const person = await fixture.newPerson()
      const first = await newCode(person)
      const second = await newCode(person)
      if (first !== second) {
        expect(await fixture.errorOf(use(person, first))).toMatchObject(unknown)
      }
      await use(person, second)
      expect(await fixture.errorOf(use(person, second))).toMatchObject(over)
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test('while delivery fails the code before stays good', async () => {
      const person = await fixture.newPerson()
      const code = await newCode(person)
      await fixture.breakDelivery(async () => {
        expect(await fixture.errorOf(send(person))).toMatchObject({ status_code: 503 })
      })
      await use(person, code)
    })

    test('a code lives 10 minutes, or as long as the call says', async () => {
      const [person, other, third] = [
        await fixture.newPerson(),
        await fixture.newPerson(),
        await fixture.newPerson()
      ]
      const code = await newCode(person)
      const late = await newCode(other)
      const short = await newCode(third, { login_expiration_minutes: 2 })
      fixture.clock.advance(120)
      expect(await fixture.errorOf(use(third, short))).toMatchObject(over)
      fixture.clock.advance(479)
      await use(person, code)
      fixture.clock.advance(1)
      expect(await fixture.errorOf(use(other, late))).toMatchObject(over)
    })

    test.each([1, 16, 2.5, 'x'])('a life of %s minutes is refused', async (minutes) => {
      const call = send(await fixture.newPerson(), { login_expiration_minutes: minutes })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 400,
        error_type: 'invalid_expiration_otp'
      })
    })

    test.each(['', '12345', '1234567', 'abcdef', '１２３４５６'])(
      'a code of another form is malformed: %j',
      async (code) => {
        const person = await fixture.newPerson()
        await send(person)
        expect(await fixture.errorOf(use(person, code))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_code'
        })
      }
    )

    test('an address that is nobody’s, and one without a code, are answered as a wrong code', async () => {
      const { organization_id } = fixture.A
      const person = await fixture.newPerson()
      expect(await fixture.errorOf(use(person, '123456'))).toMatchObject(unknown)
      const nobody = { organization_id, email_address: `${randomUUID()}@acme.example` }
      expect(await fixture.errorOf(use(nobody, '123456'))).toMatchObject(unknown)
      const wrong = otherThan(await newCode(person))
      expect(await fixture.errorOf(use(person, wrong))).toMatchObject(unknown)
    })

    test('five wrong guesses end a code', async () => {
      const person = await fixture.newPerson()
      const code = await newCode(person)
      for (let count = 1; count <= 5; count += 1) {
        expect(await fixture.errorOf(use(person, otherThan(code)))).toMatchObject(unknown)
      }
      expect(await fixture.errorOf(use(person, code))).toMatchObject(unknown)
      await use(person, await newCode(person))
    })

    test('AO-02: guesses count towards the lock of such codes, however many are sent', async () => {
      const person = await fixture.newPerson()
      for (let round = 1; round <= 2; round += 1) {
        const wrong = otherThan(await newCode(person))
        for (let count = 1; count <= 5; count += 1) await fixture.errorOf(use(person, wrong))
      }
      const code = await newCode(person)
      expect(await fixture.errorOf(use(person, code))).toMatchObject({
        status_code: 429,
        error_type: 'user_lock_limit_reached'
      })
    })

    test('a code is good for its member in its organization only', async () => {
      const person = await fixture.newPerson()
      const { email_address } = person
      const { organization_id } = await fixture.newOrganization()
      const namesake = await fixture.newPerson({ organization_id, email_address })
      const code = await newCode(person)
      expect(await fixture.errorOf(use(namesake, code))).toMatchObject(unknown)
      const asDiscovery = otps().discovery.authenticate({ email_address, code })
      expect(await fixture.errorOf(asDiscovery)).toMatchObject(unknown)
      await use(person, code)
    })

    test('where such codes do not sign in none is sent', async () => {
      const { organization_id } = await fixture.newOrganization({
        auth_methods: 'RESTRICTED',
        allowed_auth_methods: ['magic_link']
      })
      const person = await fixture.newPerson({ organization_id })
      expect(await fixture.errorOf(send(person))).toMatchObject({
        status_code: 403,
        error_type: 'operation_restricted_by_organization_auth_methods'
      })
      expect(fixture.sentTo(person.email_address)).toEqual([])
    })

    describe('in discovery', () => {
      const discover = (email_address: string, options = {}) =>
        otps().discovery.send({ email_address, ...options })
      const enter = (email_address: string, code: string) =>
        otps().discovery.authenticate({ email_address, code })

      test('a code lists where its address may enter, and its intermediate session completes MFA', async () => {
        const person = await fixture.newEnrolled()
        const { organization_id, member_id, email_address, secret } = person
        await discover(email_address)
        const answer = await enter(email_address, fixture.lastCode(email_address))
        expect(answer.email_address).toBe(email_address)
        expect(answer.discovered_organizations).toMatchObject([
          { organization: { organization_id }, member_authenticated: false }
        ])
        const { intermediate_session_token } = answer
        const { member_session } = await fixture.client.totps.authenticate({
          organization_id,
          member_id,
          intermediate_session_token,
          code: fixture.nextCode(secret)
        })
        expect(member_session?.authentication_factors.map(({ type }) => type)).toEqual([
          'email_otp',
          'totp'
        ])
      })

      test('a code works once, five guesses end it, and a member’s code is none', async () => {
        const email_address = `${randomUUID()}@nobody.example`
        await discover(email_address)
        const code = fixture.lastCode(email_address)
        await enter(email_address, code)
        expect(await fixture.errorOf(enter(email_address, code))).toMatchObject(over)
        await discover(email_address)
        const next = fixture.lastCode(email_address)
        for (let count = 1; count <= 5; count += 1) {
          expect(await fixture.errorOf(enter(email_address, otherThan(next)))).toMatchObject(
            unknown
          )
        }
        expect(await fixture.errorOf(enter(email_address, next))).toMatchObject(unknown)
      })
    })
  })
})
