import { describe, expect, test } from '@jest/globals'
import type { B2BDiscoveryIntermediateSessionsExchangeResponse } from 'membergate/client'
import { beginDiscovery, signInElsewhere } from '../support/entering.ts'
import { insertIntermediateSession, magicLinkFactor, oauthFactor } from '../support/factors.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import type { Phoned } from '../support/people.ts'

type Entering = (
  world: Fixture,
  person: Phoned
) => Promise<B2BDiscoveryIntermediateSessionsExchangeResponse>

const bySession: Entering = async (world, person) => {
  const { organization_id } = person
  const { session_token } = await signInElsewhere(world, person)
  return world.client.sessions.exchange({ organization_id, session_token })
}

const byDiscovery: Entering = async (world, { organization_id, email_address }) => {
  const intermediate_session_token = await beginDiscovery(world, email_address)
  const request = { organization_id, intermediate_session_token }
  return world.client.discovery.intermediateSessions.exchange(request)
}

describe('an SMS that an exchange sends by itself', () => {
  describeOnEachEngine((world) => {
    describe.each([
      ['sessions.exchange', 'S-XCH-16', bySession],
      ['discovery.intermediateSessions.exchange', 'S-ISX-17', byDiscovery]
    ] as const)('%s', (_name, id, enter) => {
      test(`${id}: goes to the member's phone, once, and its code completes`, async () => {
        const person = await world.newPhoned()
        const { organization_id, member_id, mfa_phone_number } = person
        const answer = await enter(world, person)
        expect(answer).toMatchObject({
          member_authenticated: false,
          primary_required: null,
          mfa_required: { secondary_auth_initiated: 'sms_otp' }
        })
        expect(world.sentTo(mfa_phone_number)).toHaveLength(1)
        const { intermediate_session_token } = answer
        const code = world.lastCode(mfa_phone_number)
        const completed = await world.client.otps.sms.authenticate({
          organization_id,
          member_id,
          intermediate_session_token,
          code
        })
        expect(completed.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
          'magic_link',
          'otp'
        ])
      })

      test('S-XCH-18: is not sent where no second factor is needed', async () => {
        const person = await world.newPhoned({}, { mfa_enrolled: false })
        expect((await enter(world, person)).member_authenticated).toBe(true)
        expect(world.sentTo(person.mfa_phone_number)).toEqual([])
      })

      test('S-XCH-19: is not sent where the authenticator is the default', async () => {
        const person = await world.newBoth()
        const answer = await enter(world, person)
        expect(answer.mfa_required?.secondary_auth_initiated ?? null).toBeNull()
        expect(world.sentTo(person.mfa_phone_number)).toEqual([])
      })

      test('is not sent while a primary factor is missing', async () => {
        const { organization_id } = await world.newOrganization({
          auth_methods: 'RESTRICTED',
          allowed_auth_methods: ['password']
        })
        const person = await world.newPhoned({ organization_id })
        const answer = await enter(world, person)
        expect(answer.primary_required).not.toBeNull()
        expect(world.sentTo(person.mfa_phone_number)).toEqual([])
      })
    })

    test('S-XCH-17: is not sent where there is no phone', async () => {
      const person = await world.newEnrolled()
      const answer = await bySession(world, { ...person, mfa_phone_number: '' })
      expect(answer.member_authenticated).toBe(false)
      expect(answer.mfa_required?.secondary_auth_initiated ?? null).toBeNull()
    })

    test('6.3: is not sent to whoever merely claims the address', async () => {
      const { organization_id, email_address, mfa_phone_number } = await world.newPhoned()
      const now = world.clock.now()
      const intermediate_session_token = await insertIntermediateSession(world.database, {
        project_id: world.project_id,
        email_address,
        authentication_factors: [oauthFactor('github', 'attacker', now)],
        now
      })
      await world.client.discovery.intermediateSessions.exchange({
        organization_id,
        intermediate_session_token
      })
      expect(world.sentTo(mfa_phone_number)).toEqual([])
    })

    test('8.1: is not sent by listing', async () => {
      const { email_address, mfa_phone_number } = await world.newPhoned()
      const now = world.clock.now()
      const intermediate_session_token = await insertIntermediateSession(world.database, {
        project_id: world.project_id,
        email_address,
        authentication_factors: [magicLinkFactor(email_address, now)],
        now
      })
      const { discovered_organizations } = await world.client.discovery.organizations.list({
        intermediate_session_token
      })
      const [found] = discovered_organizations
      expect(found?.mfa_required?.secondary_auth_initiated).toBeNull()
      expect(world.sentTo(mfa_phone_number)).toEqual([])
    })
  })
})
