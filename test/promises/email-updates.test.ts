import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import { type Person, password } from '../support/people.ts'

describe('organizations.members.startEmailUpdate', () => {
  describeOnEachEngine((fixture) => {
    const newAddress = () => `${randomUUID()}@acme.example`
    const tokenOf = (email_address: string) => fixture.sentTo(email_address)[0]?.token ?? ''
    const follow = (magic_links_token: string, options = {}) =>
      fixture.client.magicLinks.authenticate({ magic_links_token, ...options })

    const start = ({ organization_id, member_id }: Person, email_address: string, options = {}) =>
      fixture.client.organizations.members.startEmailUpdate({
        organization_id,
        member_id,
        email_address,
        ...options
      })

    const get = async ({ organization_id, member_id }: Person) =>
      (await fixture.client.organizations.members.get({ organization_id, member_id })).member

    test('the link makes the new address the member’s, verified, and signs in with it', async () => {
      const person = await fixture.newPerson()
      const email_address = newAddress()
      const sent = await start(person, email_address)
      expect(sent.member).toMatchObject({ email_address: person.email_address })
      const answer = await follow(tokenOf(email_address))
      expect(answer).toMatchObject({
        member_id: person.member_id,
        member_authenticated: true,
        member: { email_address, email_address_verified: true, status: 'active' }
      })
      expect(answer.member_session?.authentication_factors).toMatchObject([
        { type: 'magic_link', email_factor: { email_id: answer.method_id, email_address } }
      ])
      expect(await get(person)).toMatchObject({
        email_address,
        email_address_verified: true,
        member_password_id: '',
        retired_email_addresses: [{ email_address: person.email_address }]
      })
      const { organization_id } = person
      const old = { organization_id, email_address: person.email_address, password }
      expect(await fixture.errorOf(fixture.client.passwords.authenticate(old))).toMatchObject({
        status_code: 401
      })
    })

    test('the code does the same, given with the new address', async () => {
      const person = await fixture.newPerson()
      const { organization_id } = person
      const email_address = newAddress()
      await start(person, email_address, { delivery_method: 'EMAIL_OTP' })
      const code = fixture.lastCode(email_address)
      const answer = await fixture.client.otps.email.authenticate({
        organization_id,
        email_address,
        code
      })
      expect(answer.member).toMatchObject({ email_address, email_address_verified: true })
      expect(await get(person)).toMatchObject({ email_address })
      const again = fixture.client.otps.email.authenticate({ organization_id, email_address, code })
      expect(await fixture.errorOf(again)).toMatchObject({ status_code: 404 })
    })

    test('a session of the member goes on with the new factor', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const email_address = newAddress()
      await start(person, email_address)
      const answer = await follow(tokenOf(email_address), { session_token })
      expect(answer.session_token).toBe(session_token)
      expect(answer.member_session?.authentication_factors).toHaveLength(2)
    })

    test('it lives five minutes, and a newer one ends it', async () => {
      const person = await fixture.newPerson()
      const [first, second] = [newAddress(), newAddress()]
      await start(person, first)
      await start(person, second, { delivery_method: 'EMAIL_OTP' })
      expect(await fixture.errorOf(follow(tokenOf(first)))).toMatchObject({ status_code: 404 })
      await start(person, first)
      const { organization_id } = person
      const code = fixture.lastCode(second)
      const late = fixture.client.otps.email.authenticate({
        organization_id,
        email_address: second,
        code
      })
      expect(await fixture.errorOf(late)).toMatchObject({ status_code: 404 })
      fixture.clock.advance(300)
      expect(await fixture.errorOf(follow(tokenOf(first)))).toMatchObject({
        status_code: 401,
        error_type: 'unable_to_auth_magic_link'
      })
      expect(await get(person)).toMatchObject({ email_address: person.email_address })
    })

    test('the member may come back to an own retired address', async () => {
      const person = await fixture.newPerson()
      const email_address = newAddress()
      await start(person, email_address)
      await follow(tokenOf(email_address))
      await start(person, person.email_address)
      await follow(tokenOf(person.email_address))
      expect(await get(person)).toMatchObject({
        email_address: person.email_address,
        retired_email_addresses: [{ email_address }]
      })
    })

    test('an address that another member has, had, or is about to take is refused', async () => {
      const person = await fixture.newPerson()
      const other = await fixture.newPerson()
      const wanted = newAddress()
      await start(other, wanted)
      const refused = (error_type: string) => ({ status_code: 400, error_type })
      expect(await fixture.errorOf(start(person, other.email_address))).toMatchObject(
        refused('duplicate_member_email')
      )
      expect(await fixture.errorOf(start(person, person.email_address))).toMatchObject(
        refused('duplicate_member_email')
      )
      expect(await fixture.errorOf(start(person, wanted))).toMatchObject(
        refused('desired_email_updating_for_different_member')
      )
      await follow(tokenOf(wanted))
      expect(await fixture.errorOf(start(person, other.email_address))).toMatchObject(
        refused('desired_email_deactivated_by_different_member')
      )
      const later = newAddress()
      await start(other, later)
      fixture.clock.advance(300)
      await start(person, later)
    })

    test('an e-mail address that another member took meanwhile is not taken over, and the link stays unused', async () => {
      const person = await fixture.newPerson()
      const email_address = newAddress()
      await start(person, email_address)
      await fixture.newPerson({ email_address })
      for (let count = 1; count <= 2; count += 1) {
        expect(await fixture.errorOf(follow(tokenOf(email_address)))).toMatchObject({
          status_code: 400,
          error_type: 'unable_to_verify_member_email_update'
        })
      }
      expect(await get(person)).toMatchObject({ email_address: person.email_address })
      expect(await fixture.sessionsOf(person)).toEqual([])
    })

    test('only an active member with a verified address may', async () => {
      const { organization_id } = fixture.A
      for (const [fields, error_type] of [
        [{ create_member_as_pending: true }, 'email_updates_available_only_for_active_members'],
        [{}, 'member_has_no_active_verified_email']
      ] as const) {
        const email_address = newAddress()
        const { member_id, member } = await fixture.client.organizations.members.create({
          organization_id,
          email_address,
          ...fields
        })
        const person = { organization_id, member_id, email_address, member }
        const call = start(person, newAddress())
        expect(await fixture.errorOf(call)).toMatchObject({ status_code: 400, error_type })
      }
    })

    test('a member may do it to itself, and another member may not', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const other = await fixture.newPerson()
      const by = ({ organization_id, member_id }: Person, email_address: string) =>
        fixture.client.organizations.members.startEmailUpdate(
          { organization_id, member_id, email_address },
          { authorization: { session_token } }
        )
      const email_address = newAddress()
      await by(person, email_address)
      expect((await follow(tokenOf(email_address))).member.email_address).toBe(email_address)
      expect(await fixture.errorOf(by(other, newAddress()))).toMatchObject({
        status_code: 403,
        error_type: 'session_authorization_error'
      })
    })

    test('while delivery fails what was sent before stays good', async () => {
      const person = await fixture.newPerson()
      const [first, second] = [newAddress(), newAddress()]
      await start(person, first)
      await fixture.breakDelivery(async () => {
        expect(await fixture.errorOf(start(person, second))).toMatchObject({ status_code: 503 })
      })
      await follow(tokenOf(first))
    })
  })
})
