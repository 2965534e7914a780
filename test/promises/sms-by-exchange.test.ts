import { describe, expect, test } from '@jest/globals'
import type { B2BDiscoveryIntermediateSessionsExchangeResponse } from 'membergate/client'
import { beginDiscovery, signInElsewhere } from '../support/entering.ts'
import { insertIntermediateSession, magicLinkFactor, oauthFactor } from '../support/factors.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import type { Phoned } from '../support/people.ts'

type Entering = (
  fixture: Fixture,
  person: Phoned
) => Promise<B2BDiscoveryIntermediateSessionsExchangeResponse>

const bySession: Entering = async (fixture, person) => {
  const { organization_id } = person
  const { session_token } = await signInElsewhere(fixture, person)
  return fixture.client.sessions.exchange({ organization_id, session_token })
}

const byDiscovery: Entering = async (fixture, { organization_id, email_address }) => {
  const intermediate_session_token = await beginDiscovery(fixture, email_address)
  const request = { organization_id, intermediate_session_token }
  return fixture.client.discovery.intermediateSessions.exchange(request)
}

describe('an SMS that an exchange sends by itself', () => {
  describeOnEachEngine((fixture) => {
    describe.each([
      ['sessions.exchange', 'S-XCH-16', bySession],
      ['discovery.intermediateSessions.exchange', 'S-ISX-17', byDiscovery]
    ] as const)('%s', (_name, id, enter) => {
      test(`${id}: goes to the member's phone, once, and its code completes`, async () => {
        const person = await fixture.newPhoned()
        const { organization_id, member_id, mfa_phone_number } = person
        const answer = await enter(fixture, person)
        expect(answer).toMatchObject({
          member_authenticated: false,
          primary_required: null,
          mfa_required: { secondary_auth_initiated: 'sms_otp' }
        })
        expect(fixture.sentTo(mfa_phone_number)).toHaveLength(1)
        const { intermediate_session_token } = answer
        const code = fixture.lastCode(mfa_phone_number)
        const completed = await fixture.client.otps.sms.authenticate({
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
        const person = await fixture.newPhoned({}, { mfa_enrolled: false })
        expect((await enter(fixture, person)).member_authenticated).toBe(true)
        expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
      })

      test('S-XCH-19: is not sent where the authenticator is the default', async () => {
        const person = await fixture.newBoth()
        const answer = await enter(fixture, person)
        expect(answer.mfa_required?.secondary_auth_initiated ?? null).toBeNull()
        expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
      })

      test('is not sent while a primary factor is missing', async () => {
        const { organization_id } = await fixture.newOrganization({
          auth_methods: 'RESTRICTED',
          allowed_auth_methods: ['password']
        })
        const person = await fixture.newPhoned({ organization_id })
        const answer = await enter(fixture, person)
        expect(answer.primary_required).not.toBeNull()
        expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
      })
    })

    test('S-XCH-17: is not sent where there is no phone', async () => {
      const person = await fixture.newEnrolled()
      const answer = await bySession(fixture, { ...person, mfa_phone_number: '' })
      expect(answer.member_authenticated).toBe(false)
      expect(answer.mfa_required?.secondary_auth_initiated ?? null).toBeNull()
    })

    test('6.3: is not sent where the e-mail address is merely claimed', async () => {
      const { organization_id, email_address, mfa_phone_number } = await fixture.newPhoned()
      const now = fixture.clock.now()
      const intermediate_session_token = await insertIntermediateSession(fixture.database, {
        project_id: fixture.project_id,
        email_address,
        authentication_factors: [oauthFactor('github', 'attacker', now)],
        now
      })
      await fixture.client.discovery.intermediateSessions.exchange({
        organization_id,
        intermediate_session_token
      })
      expect(fixture.sentTo(mfa_phone_number)).toEqual([])
    })

    test('8.1: is not sent by listing', async () => {
      const { email_address, mfa_phone_number } = await fixture.newPhoned()
      const now = fixture.clock.now()
      const intermediate_session_token = await insertIntermediateSession(fixture.database, {
        project_id: fixture.project_id,
        email_address,
        authentication_factors: [magicLinkFactor(email_address, now)],
        now
      })
      const { discovered_organizations } = await fixture.client.discovery.organizations.list({
        intermediate_session_token
      })
      const [found] = discovered_organizations
      expect(found?.mfa_required?.secondary_auth_initiated).toBeNull()
      expect(fixture.sentTo(mfa_phone_number)).toEqual([])
    })
  })
})
