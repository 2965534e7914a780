import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'

describe('invitations', () => {
  describeOnEachEngine((fixture) => {
    const newAddress = (domain = 'acme.example') => `${randomUUID()}@${domain}`
    const tokenOf = (email_address: string) => fixture.sentTo(email_address)[0]?.token ?? ''
    const use = (magic_links_token: string) =>
      fixture.client.magicLinks.authenticate({ magic_links_token })

    function invite(email_address: string, options: Record<string, unknown> = {}) {
      const { organization_id } = fixture.A
      return fixture.client.magicLinks.email.invite({ organization_id, email_address, ...options })
    }

    test('an invited person becomes an active member by following the link', async () => {
      const email_address = newAddress()
      const sent = await invite(email_address, {
        name: 'Ada',
        roles: ['editor'],
        trusted_metadata: { tier: 1 },
        untrusted_metadata: { theme: 'dark' }
      })
      expect(sent.member).toMatchObject({
        member_id: sent.member_id,
        status: 'invited',
        name: 'Ada',
        email_address_verified: false,
        trusted_metadata: { tier: 1 },
        untrusted_metadata: { theme: 'dark' }
      })
      const answer = await use(tokenOf(email_address))
      expect(answer).toMatchObject({
        member_id: sent.member_id,
        member_authenticated: true,
        member: { status: 'active', email_address_verified: true }
      })
      expect(answer.member_session?.roles).toEqual(['stytch_member', 'editor'].sort().reverse())
    })

    test('an invited person may sign up by any link that verifies the address', async () => {
      const email_address = newAddress()
      const { member_id } = await invite(email_address)
      const { organization_id } = fixture.A
      const sent = await fixture.client.magicLinks.email.loginOrSignup({
        organization_id,
        email_address
      })
      expect(sent).toMatchObject({
        member_id,
        member_created: false,
        member: { status: 'invited' }
      })
      expect((await use(tokenOf(email_address))).member.status).toBe('active')
    })

    test('an invitation lives a week, or as long as it says', async () => {
      const week = newAddress()
      const hour = newAddress()
      await invite(week)
      await invite(hour, { invite_expiration_minutes: 60 })
      fixture.clock.advance(3600)
      const over = { status_code: 401, error_type: 'unable_to_auth_magic_link' }
      expect(await fixture.errorOf(use(tokenOf(hour)))).toMatchObject(over)
      fixture.clock.advance(6 * 24 * 3600)
      await use(tokenOf(week))
    })

    test('who was invited may be invited again; an active member may not', async () => {
      const email_address = newAddress()
      const { member_id } = await invite(email_address, { name: 'Ada' })
      const again = await invite(email_address, { name: 'Ada Lovelace' })
      expect(again).toMatchObject({ member_id, member: { name: 'Ada Lovelace' } })
      await use(tokenOf(email_address))
      const before = fixture.sentTo(email_address).length
      expect(await fixture.errorOf(invite(email_address))).toMatchObject({
        status_code: 400,
        error_type: 'duplicate_member_email'
      })
      expect(fixture.sentTo(email_address)).toHaveLength(before)
    })

    test('a pending member becomes an invited one', async () => {
      const { organization_id } = fixture.A
      const email_address = newAddress()
      const { member_id } = await fixture.client.organizations.members.create({
        organization_id,
        email_address,
        create_member_as_pending: true
      })
      const sent = await invite(email_address)
      expect(sent).toMatchObject({ member_id, member: { status: 'invited' } })
    })

    test('deleting the member revokes the invitation', async () => {
      const email_address = newAddress()
      const { member_id } = await invite(email_address)
      const { organization_id } = fixture.A
      await fixture.client.organizations.members.delete({ organization_id, member_id })
      expect(await fixture.errorOf(use(tokenOf(email_address)))).toMatchObject({
        status_code: 404,
        error_type: 'magic_link_not_found'
      })
    })

    test('email_invites decides who may be invited', async () => {
      const domain = `${randomUUID()}.example`
      const restricted = await fixture.newOrganization({
        email_invites: 'RESTRICTED',
        email_allowed_domains: [domain]
      })
      const closed = await fixture.newOrganization({ email_invites: 'NOT_ALLOWED' })
      const refused = { status_code: 403, error_type: 'invalid_email_for_invites' }
      for (const [{ organization_id }, email_address] of [
        [restricted, newAddress()],
        [closed, newAddress(domain)]
      ] as const) {
        const call = invite(email_address, { organization_id })
        expect(await fixture.errorOf(call)).toMatchObject(refused)
        expect(fixture.sentTo(email_address)).toEqual([])
      }
      const { organization_id } = restricted
      await invite(newAddress(domain), { organization_id })
    })

    test('an unknown inviter or role, and an e-mail address of an earlier member, invite no member', async () => {
      const person = await fixture.newPerson()
      const { organization_id, member_id } = person
      await fixture.client.organizations.members.update({
        organization_id,
        member_id,
        email_address: newAddress()
      })
      const email_address = newAddress()
      const nobody = { invited_by_member_id: 'member-test-nobody' }
      expect(await fixture.errorOf(invite(email_address, nobody))).toMatchObject({
        status_code: 404,
        error_type: 'member_not_found'
      })
      expect(await fixture.errorOf(invite(email_address, { roles: ['none'] }))).toMatchObject({
        status_code: 400,
        error_type: 'invalid_role'
      })
      expect(await fixture.errorOf(invite(person.email_address))).toMatchObject({
        status_code: 400,
        error_type: 'retired_member_email'
      })
      expect(fixture.sentTo(email_address)).toEqual([])
      await invite(email_address, { invited_by_member_id: member_id })
    })

    test('while delivery fails nobody is created or changed', async () => {
      const { organization_id } = fixture.A
      const email_address = newAddress()
      const invited = newAddress()
      await invite(invited, { name: 'Before' })
      await fixture.breakDelivery(async () => {
        for (const address of [email_address, invited]) {
          expect(await fixture.errorOf(invite(address, { name: 'After' }))).toMatchObject({
            status_code: 503
          })
        }
      })
      const get = (address: string) =>
        fixture.client.organizations.members.get({ organization_id, email_address: address })
      expect(await fixture.errorOf(get(email_address))).toMatchObject({ status_code: 404 })
      expect((await get(invited)).member.name).toBe('Before')
    })

    test('a member who invites needs to create members, and may give no role without the right to', async () => {
      const member = await fixture.signIn(await fixture.newPerson())
      const admin = await fixture.signIn(await fixture.newPerson({ roles: ['stytch_admin'] }))
      const { organization_id } = fixture.A
      const by = ({ session_token }: { session_token: string }, options = {}) =>
        fixture.client.magicLinks.email.invite(
          { organization_id, email_address: newAddress(), ...options },
          { authorization: { session_token } }
        )
      expect(await fixture.errorOf(by(member))).toMatchObject({
        status_code: 403,
        error_type: 'session_authorization_error'
      })
      expect(await fixture.errorOf(by(admin, { trusted_metadata: { tier: 9 } }))).toMatchObject({
        status_code: 401,
        error_type: 'cannot_update_trusted_metadata'
      })
      expect((await by(admin, { roles: ['editor'] })).member.status).toBe('invited')
    })
  })
})
