import { describe, expect, test } from '@jest/globals'
import type { AuthenticationFactor } from 'membergate/client'
import {
  emailIdOf,
  magicLinkFactor,
  oauthFactor,
  setFactors,
  smsFactor
} from '../support/factors.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'
import { claimsOf, lifetimeOf, organizationClaim } from '../support/session-jwts.ts'

describe('sessions.exchange', () => {
  describeOnEachEngine((fixture) => {
    const typesOf = (factors: readonly AuthenticationFactor[] = []) =>
      factors.map(({ type }) => type)

    const newEmail = () => `${crypto.randomUUID()}@acme.example`

    /** Signs the person in with a password, and lets the session have begun by these factors instead. */
    async function signInBy(person: Person, ...factors: readonly AuthenticationFactor[]) {
      const pair = await fixture.signIn(person)
      await setFactors(fixture.database, pair.member_session.member_session_id, factors)
      return pair
    }

    async function linkOf({ email_address, member_id }: Person) {
      const email_id = await emailIdOf(fixture.database, member_id)
      return magicLinkFactor(email_address, fixture.clock.now(), email_id)
    }

    /** One person in A, signed in by magic link, and in another organization. */
    async function newTwin(
      settings: Parameters<typeof fixture.newOrganization>[0] = {},
      fields: Parameters<typeof fixture.newPerson>[0] = {}
    ) {
      const organization = await fixture.newOrganization(settings)
      const { organization_id } = organization
      const email_address = newEmail()
      const inA = await fixture.newPerson({ email_address })
      const inB = await fixture.newPerson({ ...fields, email_address, organization_id })
      const pair = await signInBy(inA, await linkOf(inA))
      return { organization, organization_id, inA, inB, ...pair }
    }

    const passwordOnly = { auth_methods: 'RESTRICTED', allowed_auth_methods: ['password'] }
    const mfa = { mfa_policy: 'REQUIRED_FOR_ALL' }

    test.each(['session_token', 'session_jwt'] as const)(
      'S-XCH-01 S-XCH-02 S-XCH-03 S-XCH-08: by %s the member of B gets a session of B, and the one of A goes on',
      async (name) => {
        const { organization_id, inA, inB, [name]: credential } = await newTwin()
        const answer = await fixture.client.sessions.exchange({
          organization_id,
          [name]: credential
        })
        expect(answer).toMatchObject({
          member_authenticated: true,
          member_id: inB.member_id,
          member: { member_id: inB.member_id, organization_id },
          organization: { organization_id },
          intermediate_session_token: '',
          mfa_required: null,
          primary_required: null
        })
        expect(answer.member_session).toMatchObject({ member_id: inB.member_id, organization_id })
        expect(typesOf(answer.member_session?.authentication_factors)).toEqual(['magic_link'])
        expect(answer.member_session?.authentication_factors[0]?.email_factor?.email_id).toBe(
          await emailIdOf(fixture.database, inB.member_id)
        )
        expect(claimsOf(answer.session_jwt)[organizationClaim].organization_id).toBe(
          organization_id
        )
        const { session_token } = answer
        const again = await fixture.client.sessions.authenticate({ session_token })
        expect(again.member.member_id).toBe(inB.member_id)
        const source = await fixture.client.sessions.authenticate({ [name]: credential })
        expect(source.member.member_id).toBe(inA.member_id)
      }
    )

    test('S-XCH-04: an invitation is accepted', async () => {
      const { organization_id, inB, session_token } = await newTwin()
      await runSql(
        fixture.database,
        "update members set status = 'invited', email_address_verified = 0 where member_id = $1",
        [inB.member_id]
      )
      const answer = await fixture.client.sessions.exchange({ organization_id, session_token })
      expect(answer.member_authenticated).toBe(true)
      expect(answer.member).toMatchObject({ status: 'active', email_address_verified: true })
      const { member } = await fixture.client.organizations.members.get({
        organization_id,
        member_id: inB.member_id
      })
      expect(member).toMatchObject({ status: 'active', email_address_verified: true })
    })

    test('S-XCH-05 AI-14: nobody becomes a member, also where the domain is admitted', async () => {
      const domain = `${crypto.randomUUID()}.example`
      const { organization_id } = await fixture.newOrganization({
        email_jit_provisioning: 'RESTRICTED',
        email_allowed_domains: [domain]
      })
      await fixture.newPerson({ organization_id, email_address: `first@${domain}` })
      const email_address = `second@${domain}`
      const inA = await fixture.newPerson({ email_address })
      const { session_token } = await signInBy(inA, await linkOf(inA))
      const call = fixture.client.sessions.exchange({ organization_id, session_token })
      const refused = { status_code: 404, error_type: 'member_not_found' }
      expect(await fixture.errorOf(call)).toMatchObject(refused)
      const found = fixture.client.organizations.members.get({ organization_id, email_address })
      expect(await fixture.errorOf(found)).toMatchObject(refused)
    })

    test.each([
      ['S-XCH-06 AI-06', mfa, {}],
      ['S-XCH-07', {}, { mfa_enrolled: true }]
    ])('%s: MFA that is needed ends in an intermediate session', async (_id, settings, changes) => {
      const { organization_id, inB, session_token } = await newTwin(settings)
      const { member_id } = inB
      await fixture.client.organizations.members.update({ organization_id, member_id, ...changes })
      const answer = await fixture.client.sessions.exchange({ organization_id, session_token })
      expect(answer).toMatchObject({
        member_authenticated: false,
        session_token: '',
        session_jwt: '',
        primary_required: null,
        mfa_required: { member_options: null, secondary_auth_initiated: null }
      })
      expect(answer.member_session ?? null).toBeNull()
      expect(answer.intermediate_session_token).toMatch(/^[\w-]{44}$/)
      expect(await fixture.sessionsOf(inB)).toEqual([])
    })

    test('S-XCH-09 S-XCH-13: where passwords only are accepted, one completes', async () => {
      const { organization_id, inB, session_token } = await newTwin(passwordOnly)
      const answer = await fixture.client.sessions.exchange({ organization_id, session_token })
      expect(answer).toMatchObject({
        member_authenticated: false,
        primary_required: { allowed_auth_methods: ['password'] }
      })
      const { intermediate_session_token } = answer
      const completed = await fixture.authenticate(inB, { intermediate_session_token })
      expect(completed.member_authenticated).toBe(true)
      expect(typesOf(completed.member_session?.authentication_factors)).toEqual(['password'])
    })

    test('S-XCH-10: passwords are not carried over, which is no error', async () => {
      const { organization_id, inA, inB } = await newTwin()
      const { session_token } = await fixture.signIn(inA)
      const answer = await fixture.client.sessions.exchange({ organization_id, session_token })
      expect(answer.member_authenticated).toBe(false)
      expect(answer.primary_required?.allowed_auth_methods).toContain('magic_link')
      expect(await fixture.sessionsOf(inB)).toEqual([])
    })

    test('S-XCH-11 S-XCH-12: the primary step comes first, then MFA, then there is a session', async () => {
      const { organization_id, inB, session_token } = await newTwin({ ...passwordOnly, ...mfa })
      const { member_id } = inB
      const exchanged = await fixture.client.sessions.exchange({ organization_id, session_token })
      expect(exchanged.primary_required?.allowed_auth_methods).toEqual(['password'])
      const { intermediate_session_token } = exchanged
      const named = { organization_id, member_id, intermediate_session_token }
      expect(await fixture.errorOf(fixture.client.totps.create(named))).toMatchObject({
        status_code: 400,
        error_type: 'action_available_only_once_primary_authentication_is_met'
      })
      const next = await fixture.authenticate(inB, { intermediate_session_token })
      expect(next).toMatchObject({ intermediate_session_token, primary_required: null })
      expect(next.mfa_required).not.toBeNull()
      const { secret } = await fixture.client.totps.create(named)
      const code = fixture.nextCode(secret)
      const { member_session } = await fixture.client.totps.authenticate({ ...named, code })
      expect(typesOf(member_session?.authentication_factors)).toEqual(['password', 'totp'])
    })

    test('S-XCH-12 S-XCH-14 S-XCH-20: the session holds the magic link and the code, and neither password nor claims', async () => {
      const { organization_id, inA, inB } = await newTwin(mfa)
      const { member_id } = inB
      const pair = await fixture.signIn(inA)
      const factors = [...pair.member_session.authentication_factors, await linkOf(inA)]
      await setFactors(fixture.database, pair.member_session.member_session_id, factors)
      const { intermediate_session_token } = await fixture.client.sessions.exchange({
        organization_id,
        session_token: pair.session_token,
        session_duration_minutes: 500,
        session_custom_claims: { plan: 'pro' }
      })
      const named = { organization_id, member_id, intermediate_session_token }
      const { secret } = await fixture.client.totps.create(named)
      const code = fixture.nextCode(secret)
      const answer = await fixture.client.totps.authenticate({ ...named, code })
      const { member_session } = answer
      if (member_session === undefined) throw new Error('There is no session.')
      expect(typesOf(member_session.authentication_factors)).toEqual(['magic_link', 'totp'])
      expect(member_session.custom_claims).toEqual({})
      expect(lifetimeOf(member_session)).toBe(3600)
    })

    test('S-XCH-15: only what the other organization accepts is carried over', async () => {
      const { organization_id, inA, inB } = await newTwin({
        ...mfa,
        auth_methods: 'RESTRICTED',
        allowed_auth_methods: ['google_oauth']
      })
      const { member_id } = inB
      const email_id = await emailIdOf(fixture.database, inA.member_id)
      const google = oauthFactor('google', 'g-1', fixture.clock.now(), email_id)
      const { session_token } = await signInBy(inA, await linkOf(inA), google)
      const { intermediate_session_token } = await fixture.client.sessions.exchange({
        organization_id,
        session_token
      })
      const named = { organization_id, member_id, intermediate_session_token }
      const { secret } = await fixture.client.totps.create(named)
      const code = fixture.nextCode(secret)
      const { member_session } = await fixture.client.totps.authenticate({ ...named, code })
      expect(
        member_session?.authentication_factors.map(({ delivery_method }) => delivery_method)
      ).toEqual(['oauth_google', 'authenticator_app'])
    })

    test('7.4: a sign-in at a provider that verifies no address becomes an exchanged one', async () => {
      const { organization_id, inA, inB } = await newTwin()
      const github = oauthFactor('github', 'h-1', fixture.clock.now())
      const { session_token } = await signInBy(inA, github)
      const { member_session } = await fixture.client.sessions.exchange({
        organization_id,
        session_token
      })
      const [factor] = member_session?.authentication_factors ?? []
      expect(factor).toMatchObject({
        type: 'oauth',
        delivery_method: 'oauth_exchange_github',
        github_oauth_exchange_factor: { email_id: await emailIdOf(fixture.database, inB.member_id) }
      })
      expect(factor).not.toHaveProperty('github_oauth_factor')
    })

    test('7.4: a code by SMS is carried over between members with one verified number', async () => {
      const mfa_phone_number = `+1202555${String(Math.random()).slice(2, 6)}`
      const { organization_id, inA, inB } = await newTwin(mfa, {
        mfa_phone_number,
        set_phone_number_verified: true
      })
      const verified = "update members set mfa_phone_number = $1, phone_id = 'p', "
      const sms = smsFactor(mfa_phone_number, fixture.clock.now())
      const { session_token } = await signInBy(inA, await linkOf(inA), sms)
      const exchange = () => fixture.client.sessions.exchange({ organization_id, session_token })
      expect((await exchange()).member_authenticated).toBe(false)
      await runSql(
        fixture.database,
        `${verified} mfa_phone_number_verified = 1 where member_id = $2`,
        [mfa_phone_number, inA.member_id]
      )
      expect((await exchange()).member_authenticated).toBe(true)
      expect(await fixture.sessionsOf(inB)).toHaveLength(1)
      await runSql(
        fixture.database,
        'update members set mfa_phone_number = null, mfa_phone_number_verified = 0 where member_id = $1',
        [inA.member_id]
      )
    })

    test('S-XCH-21: duration and claims of an exchange that completes are applied', async () => {
      const { organization_id, session_token } = await newTwin()
      const { member_session } = await fixture.client.sessions.exchange({
        organization_id,
        session_token,
        session_duration_minutes: 500,
        session_custom_claims: { plan: 'pro' }
      })
      if (!member_session) throw new Error('There is no session.')
      expect(lifetimeOf(member_session)).toBe(500 * 60)
      expect(member_session.custom_claims).toEqual({ plan: 'pro' })
    })

    test('S-XCH-22: the intermediate session enters a third organization, or a new one', async () => {
      const { organization_id, inB, session_token } = await newTwin(mfa)
      const third = await fixture.newOrganization()
      const { email_address } = inB
      await fixture.newPerson({ organization_id: third.organization_id, email_address })
      const begin = async () =>
        (await fixture.client.sessions.exchange({ organization_id, session_token }))
          .intermediate_session_token

      const entered = await fixture.client.discovery.intermediateSessions.exchange({
        organization_id: third.organization_id,
        intermediate_session_token: await begin()
      })
      expect(entered).toMatchObject({ member_authenticated: true, member: { email_address } })
      const created = await fixture.client.discovery.organizations.create({
        intermediate_session_token: await begin()
      })
      expect(created).toMatchObject({ member_authenticated: true, member: { email_address } })
    })

    test('S-XCH-23 AI-08: a session that was revoked, ended or never was is a 404', async () => {
      const { organization_id, inA, inB, session_token } = await newTwin()
      await fixture.client.sessions.revoke({ session_token })
      const ended = await signInBy(inA, await linkOf(inA))
      fixture.clock.advance(3600)
      for (const token of [session_token, ended.session_token, 'A'.repeat(44)]) {
        const call = fixture.client.sessions.exchange({ organization_id, session_token: token })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'session_not_found'
        })
      }
      expect(await fixture.sessionsOf(inB)).toEqual([])
    })

    test('S-XCH-24: without a session it is refused', async () => {
      const { organization_id } = fixture.B
      const call = fixture.client.sessions.exchange({ organization_id })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 400,
        error_type: 'no_session_arguments'
      })
    })

    describe('S-XCH-25: an e-mail address that is not verified opens nothing', () => {
      test.each(['active', 'pending', 'invited'])('of an %s member', async (status) => {
        const { organization_id, inA, inB } = await newTwin()
        await runSql(
          fixture.database,
          'update members set email_address_verified = 0 where member_id = $1',
          [inA.member_id]
        )
        await runSql(fixture.database, 'update members set status = $1 where member_id = $2', [
          status,
          inB.member_id
        ])
        const github = oauthFactor('github', 'attacker', fixture.clock.now())
        const { session_token } = await signInBy(inA, github)
        const answer = await fixture.client.sessions.exchange({ organization_id, session_token })
        expect(answer.member_authenticated).toBe(false)
        expect(answer.primary_required).not.toBeNull()
        expect(answer.member.status).toBe(status)
        const { intermediate_session_token } = answer
        const { member_id } = inB
        const named = { organization_id, member_id, intermediate_session_token }
        expect(await fixture.errorOf(fixture.client.totps.create(named))).toMatchObject({
          status_code: 400
        })
        const again = await fixture.client.discovery.intermediateSessions.exchange(named)
        expect(again.member_authenticated).toBe(false)
        const { discovered_organizations } = await fixture.client.discovery.organizations.list({
          intermediate_session_token
        })
        expect(discovered_organizations).toEqual([])
        expect(await fixture.sessionsOf(inB)).toEqual([])
      })

      test('although the link was to the address that the member had before', async () => {
        const { organization_id, inA, inB } = await newTwin()
        const before = newEmail()
        const thief = await fixture.newPerson({ email_address: before })
        const { session_token } = await signInBy(
          thief,
          await linkOf(thief),
          oauthFactor(
            'google',
            'thief',
            fixture.clock.now(),
            await emailIdOf(fixture.database, thief.member_id)
          ),
          oauthFactor('google', 'thief-too', fixture.clock.now())
        )
        await fixture.client.organizations.members.update({
          organization_id: fixture.A.organization_id,
          member_id: inA.member_id,
          email_address: newEmail(),
          unlink_email: true
        })
        await fixture.client.organizations.members.update({
          organization_id: fixture.A.organization_id,
          member_id: thief.member_id,
          email_address: inB.email_address
        })
        const answer = await fixture.client.sessions.exchange({ organization_id, session_token })
        expect(answer.member_id).toBe(inB.member_id)
        expect(answer.member_authenticated).toBe(false)
        expect(answer.primary_required).not.toBeNull()
        expect(await fixture.sessionsOf(inB)).toEqual([])

        const stepped = await fixture.client.passwords.sessions.reset({
          organization_id: fixture.A.organization_id,
          session_token,
          password: 'another horse battery staple'
        })
        expect(stepped.member.email_address_verified).toBe(false)
        const signedIn = await fixture.client.passwords.authenticate({
          organization_id: fixture.A.organization_id,
          email_address: inB.email_address,
          password: 'another horse battery staple',
          session_token
        })
        expect(signedIn.member.email_address_verified).toBe(false)
      })
    })

    test('AI-08: beside a revocation, only what came before it has a session', async () => {
      const { organization_id, inB, session_token } = await newTwin()
      const outcomes = await Promise.allSettled([
        ...Array.from({ length: 20 }, () =>
          fixture.client.sessions.exchange({ organization_id, session_token })
        ),
        fixture.client.sessions.revoke({ session_token })
      ])
      const completed = outcomes.filter(
        (outcome) => outcome.status === 'fulfilled' && 'member_session' in outcome.value
      )
      const sessions = await fixture.sessionsOf(inB)
      expect(sessions).toHaveLength(completed.length)
      const late = fixture.client.sessions.exchange({ organization_id, session_token })
      expect(await fixture.errorOf(late)).toMatchObject({ error_type: 'session_not_found' })
      expect(await fixture.sessionsOf(inB)).toHaveLength(sessions.length)
    })

    test('20-25: back into the own organization it is an exchange like any other', async () => {
      const { inA, session_token } = await newTwin()
      const { organization_id } = inA
      const answer = await fixture.client.sessions.exchange({ organization_id, session_token })
      expect(answer).toMatchObject({ member_authenticated: true, member_id: inA.member_id })
      expect(await fixture.sessionsOf(inA)).toHaveLength(2)
    })
  })
})
