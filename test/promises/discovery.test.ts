import { describe, expect, test } from '@jest/globals'
import type { AuthenticationFactor, DiscoveredOrganization } from 'membergate/client'
import {
  emailIdOf,
  insertIntermediateSession,
  magicLinkFactor,
  oauthFactor,
  setFactors
} from '../support/factors.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import { runSql } from '../support/run-sql.ts'
import { lifetimeOf } from '../support/session-jwts.ts'

const mfa = { mfa_policy: 'REQUIRED_FOR_ALL' }
const passwordOnly = { auth_methods: 'RESTRICTED', allowed_auth_methods: ['password'] }
const gone = { status_code: 404, error_type: 'intermediate_session_not_found' }

interface Begun {
  readonly factors?: readonly AuthenticationFactor[]
  readonly oauth_tenants?: readonly { provider: string; tenant: string }[]
}

/** An intermediate session of a discovery sign-in: by magic link unless said otherwise. */
function begin(fixture: Fixture, email_address: string, { factors, oauth_tenants }: Begun = {}) {
  const now = fixture.clock.now()
  return insertIntermediateSession(fixture.database, {
    project_id: fixture.project_id,
    email_address,
    oauth_tenants,
    authentication_factors: factors ?? [magicLinkFactor(email_address, now)],
    now
  })
}

const typesOf = (factors: readonly AuthenticationFactor[] = []) => factors.map(({ type }) => type)

describe('discovery', () => {
  describeOnEachEngine((fixture) => {
    const newDomain = () => `${crypto.randomUUID()}.example`

    /** An organization that admits a domain, and has a member of it. */
    async function newHome(settings: Parameters<Fixture['newOrganization']>[0] = {}) {
      const domain = newDomain()
      const organization = await fixture.newOrganization({
        email_jit_provisioning: 'RESTRICTED',
        email_allowed_domains: [domain],
        ...settings
      })
      const { organization_id } = organization
      const domainMember = await fixture.newPerson({
        organization_id,
        email_address: `first@${domain}`
      })
      return { organization_id, domain, domainMember, email_address: `second@${domain}` }
    }

    async function newMembership(settings: Parameters<Fixture['newOrganization']>[0] = {}) {
      const { organization_id } = await fixture.newOrganization(settings)
      const person = await fixture.newPerson({ organization_id })
      return { ...person, person }
    }

    const exchange = (
      intermediate_session_token: string,
      organization_id: string,
      options: object = {}
    ) =>
      fixture.client.discovery.intermediateSessions.exchange({
        intermediate_session_token,
        organization_id,
        ...options
      })

    async function memberAt(organization_id: string, email_address: string) {
      return fixture.client.organizations.members.get({ organization_id, email_address })
    }

    function setStatus(member_id: string, status: string) {
      return runSql(
        fixture.database,
        'update members set status = $1, email_address_verified = 0 where member_id = $2',
        [status, member_id]
      )
    }

    describe('discovery.intermediateSessions.exchange', () => {
      test('S-ISX-01 S-ISX-15 S-IST-06: an active member gets a session, and the token is used up', async () => {
        const { organization_id, member_id, email_address } = await newMembership()
        const token = await begin(fixture, email_address)
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({
          member_authenticated: true,
          member_id,
          intermediate_session_token: '',
          mfa_required: null,
          primary_required: null
        })
        const [factor] = answer.member_session?.authentication_factors ?? []
        expect(factor?.email_factor).toEqual({
          email_id: await emailIdOf(fixture.database, member_id),
          email_address
        })
        expect(await fixture.errorOf(exchange(token, organization_id))).toMatchObject(gone)
      })

      test.each(['invited', 'pending'])(
        'S-ISX-02: an %s member is active now, and has a session',
        async (status) => {
          const { organization_id, member_id, email_address } = await newMembership()
          await setStatus(member_id, status)
          const answer = await exchange(await begin(fixture, email_address), organization_id)
          expect(answer.member_authenticated).toBe(true)
          expect(answer.member).toMatchObject({ status: 'active', email_address_verified: true })
          const { member } = await memberAt(organization_id, email_address)
          expect(member).toMatchObject({ status: 'active', email_address_verified: true })
        }
      )

      test('S-ISX-03: an applicant with an e-mail address of an admitted domain becomes a member', async () => {
        const { organization_id, email_address } = await newHome()
        const answer = await exchange(await begin(fixture, email_address), organization_id)
        expect(answer.member_authenticated).toBe(true)
        expect(answer.member).toMatchObject({
          email_address,
          status: 'active',
          email_address_verified: true,
          is_admin: false
        })
        const { member } = await memberAt(organization_id, email_address)
        expect(member.member_id).toBe(answer.member_id)
        expect(member).toMatchObject({ status: 'active', email_address_verified: true })
      })

      test('S-ISX-04: an applicant who comes from an admitted tenant becomes a member', async () => {
        const { organization_id } = await fixture.newOrganization({
          oauth_tenant_jit_provisioning: 'RESTRICTED',
          allowed_oauth_tenants: { slack: ['T1', 'T2'] }
        })
        const oauth_tenants = [{ provider: 'slack', tenant: 'T2' }]
        const now = fixture.clock.now()
        const verified = `${crypto.randomUUID()}@gmail.com`
        const complete = await exchange(
          await begin(fixture, verified, { oauth_tenants }),
          organization_id
        )
        expect(complete).toMatchObject({ member_authenticated: true, member: { status: 'active' } })

        const claimed = `${crypto.randomUUID()}@gmail.com`
        const factors = [oauthFactor('slack', 's-1', now)]
        const token = await begin(fixture, claimed, { factors, oauth_tenants })
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: token,
          member: { status: 'pending', email_address_verified: false, oauth_registrations: [] }
        })
        expect(answer.primary_required?.allowed_auth_methods).toContain('magic_link')

        const foreign = await begin(fixture, `x${claimed}`, {
          oauth_tenants: [{ provider: 'hubspot', tenant: 'T2' }]
        })
        expect(await fixture.errorOf(exchange(foreign, organization_id))).toMatchObject({
          status_code: 403,
          error_type: 'invalid_oauth_tenant_for_jit_provisioning'
        })
      })

      test('S-ISX-05 AI-14: nobody else becomes a member, and the token stays usable', async () => {
        const { organization_id: closed } = await fixture.newOrganization()
        const { organization_id: home, domain } = await newHome()
        const { organization_id: lure } = await fixture.newOrganization({
          email_jit_provisioning: 'RESTRICTED',
          email_allowed_domains: [domain]
        })
        const stranger = `${crypto.randomUUID()}@acme.example`
        const domainMember = `second@${domain}`
        for (const [email_address, organization_id, error_type] of [
          [stranger, closed, 'email_jit_provisioning_not_allowed'],
          [stranger, home, 'invalid_email_for_jit_provisioning'],
          [`x@sub.${domain}`, home, 'invalid_email_for_jit_provisioning'],
          [`x@evil${domain}`, home, 'invalid_email_for_jit_provisioning'],
          [domainMember, lure, 'invalid_email_for_jit_provisioning']
        ] as const) {
          const token = await begin(fixture, email_address)
          const refusal = await fixture.errorOf(exchange(token, organization_id))
          expect(refusal).toMatchObject({ status_code: 403, error_type })
          expect(await fixture.errorOf(memberAt(organization_id, email_address))).toMatchObject({
            error_type: 'member_not_found'
          })
          const created = await fixture.client.discovery.organizations.create({
            intermediate_session_token: token
          })
          expect(created.member_authenticated).toBe(true)
        }
      })

      test('6.5: a domain member whose address is not verified, or who is gone, lures nobody in', async () => {
        const { organization_id, email_address, domainMember } = await newHome()
        await runSql(
          fixture.database,
          'update members set email_address_verified = 0 where member_id = $1',
          [domainMember.member_id]
        )
        const call = exchange(await begin(fixture, email_address), organization_id)
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 403,
          error_type: 'invalid_email_for_jit_provisioning'
        })
      })

      test('3.1: where another organization claims the domain, nobody joins or creates', async () => {
        const { organization_id, domain, email_address, domainMember } = await newHome()
        const owner = await fixture.newOrganization({ claimed_email_domains: [domain] })
        const claimed = {
          status_code: 400,
          error_type: 'action_not_allowed_email_domain_is_claimed'
        }
        const token = await begin(fixture, email_address)
        expect(await fixture.errorOf(exchange(token, organization_id))).toMatchObject(claimed)
        const create = fixture.client.discovery.organizations.create({
          intermediate_session_token: token
        })
        expect(await fixture.errorOf(create)).toMatchObject(claimed)
        const member = await begin(fixture, domainMember.email_address)
        expect((await exchange(member, organization_id)).member_authenticated).toBe(true)
        expect(owner.claimed_email_domains).toEqual([domain])
      })

      test('an address that another member had before is refused', async () => {
        const { organization_id, domain, domainMember } = await newHome()
        await fixture.newPerson({ organization_id, email_address: `third@${domain}` })
        await fixture.client.organizations.members.update({
          organization_id,
          member_id: domainMember.member_id,
          email_address: `new@${domain}`
        })
        const token = await begin(fixture, domainMember.email_address)
        expect(await fixture.errorOf(exchange(token, organization_id))).toMatchObject({
          status_code: 400,
          error_type: 'retired_member_email'
        })
      })

      test('S-ISX-06 S-ISX-19: joining by an address that is merely claimed makes a pending member, who completes by proving it', async () => {
        const { organization_id, email_address } = await newHome()
        const factors = [oauthFactor('github', 'attacker', fixture.clock.now())]
        const token = await begin(fixture, email_address, { factors })
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: token,
          session_token: '',
          primary_required: {
            allowed_auth_methods: ['magic_link', 'email_otp', 'google_oauth', 'microsoft_oauth']
          },
          member: { status: 'pending', email_address_verified: false, oauth_registrations: [] }
        })
        expect(answer.member_id).toBe(answer.member.member_id)
        const named = {
          organization_id,
          member_id: answer.member_id,
          intermediate_session_token: token
        }
        expect(await fixture.errorOf(fixture.client.totps.create(named))).toMatchObject({
          error_type: 'action_available_only_for_active_members'
        })
        const again = await exchange(token, organization_id)
        expect(again).toMatchObject({
          member_authenticated: false,
          member_id: answer.member_id,
          member: { status: 'pending' }
        })
        const verified = await exchange(await begin(fixture, email_address), organization_id)
        expect(verified).toMatchObject({
          member_authenticated: true,
          member_id: answer.member_id,
          member: { status: 'active', oauth_registrations: [] }
        })
        expect((await exchange(token, organization_id)).member_authenticated).toBe(false)
      })

      test('S-ISX-07: a claimed address opens no existing membership, unless the sign-in was bound to that member', async () => {
        const { organization_id, member_id, email_address, person } = await newMembership(mfa)
        const factors = [oauthFactor('github', 'subject-1', fixture.clock.now())]
        const token = await begin(fixture, email_address, { factors })
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({ member_authenticated: false, member_id })
        expect(answer.primary_required).not.toBeNull()
        const named = { organization_id, member_id, intermediate_session_token: token }
        expect(await fixture.errorOf(fixture.client.totps.create(named))).toMatchObject({
          error_type: 'action_available_only_once_primary_authentication_is_met'
        })
        expect(await fixture.sessionsOf(person)).toEqual([])

        const register = (provider_subject: string) =>
          runSql(
            fixture.database,
            'update members set oauth_registrations = $1 where member_id = $2',
            [
              JSON.stringify([
                { member_oauth_registration_id: 'r', provider_type: 'github', provider_subject }
              ]),
              member_id
            ]
          )
        await register('subject-2')
        expect((await exchange(token, organization_id)).primary_required).not.toBeNull()
        await register('subject-1')
        expect(await exchange(token, organization_id)).toMatchObject({
          primary_required: null,
          mfa_required: { member_options: null }
        })
      })

      test('S-ISX-08 S-ISX-09 S-ISX-11 S-ISX-18: MFA with the very same token completes, also by enrolling', async () => {
        const { organization_id, member_id, email_address } = await newMembership(mfa)
        const token = await begin(fixture, email_address)
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: token,
          session_token: '',
          session_jwt: '',
          primary_required: null,
          mfa_required: { member_options: null, secondary_auth_initiated: null }
        })
        const named = { organization_id, member_id, intermediate_session_token: token }
        const { secret } = await fixture.client.totps.create(named)
        const code = fixture.nextCode(secret)
        const { member_session } = await fixture.client.totps.authenticate({ ...named, code })
        expect(typesOf(member_session?.authentication_factors)).toEqual(['magic_link', 'totp'])
        expect(await fixture.errorOf(exchange(token, organization_id))).toMatchObject(gone)
      })

      test('S-ISX-08: an applicant who lacks only the second factor is active, and completes', async () => {
        const { organization_id, email_address } = await newHome(mfa)
        const token = await begin(fixture, email_address)
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({
          member_authenticated: false,
          primary_required: null,
          member: { status: 'active', email_address_verified: true }
        })
        const named = {
          organization_id,
          member_id: answer.member_id,
          intermediate_session_token: token
        }
        const { secret } = await fixture.client.totps.create(named)
        const code = fixture.nextCode(secret)
        const done = await fixture.client.totps.authenticate({ ...named, code })
        expect(done.member_id).toBe(answer.member_id)
      })

      test('S-ISX-10 S-ISX-12 S-IST-07 S-IST-10 AI-05: a password that is missing completes with both factors', async () => {
        const { organization_id, email_address, person } = await newMembership(passwordOnly)
        const token = await begin(fixture, email_address)
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: token,
          primary_required: { allowed_auth_methods: ['password'] }
        })
        const completed = await fixture.authenticate(person, { intermediate_session_token: token })
        expect(completed.member_authenticated).toBe(true)
        expect(typesOf(completed.member_session?.authentication_factors)).toEqual([
          'magic_link',
          'password'
        ])
      })

      test('S-IST-11: without the token the session holds the password alone', async () => {
        const { organization_id, email_address, person } = await newMembership(passwordOnly)
        await exchange(await begin(fixture, email_address), organization_id)
        const { member_session } = await fixture.authenticate(person)
        expect(typesOf(member_session?.authentication_factors)).toEqual(['password'])
      })

      test('S-ISX-13 S-ISX-14: after an attempt that lacks MFA it enters another organization, or a new one', async () => {
        const { organization_id, email_address } = await newMembership(mfa)
        const other = await fixture.newOrganization()
        await fixture.newPerson({ organization_id: other.organization_id, email_address })
        const first = await begin(fixture, email_address)
        await exchange(first, organization_id)
        expect(await exchange(first, other.organization_id)).toMatchObject({
          member_authenticated: true,
          organization: { organization_id: other.organization_id }
        })
        const second = await begin(fixture, email_address)
        await exchange(second, organization_id)
        const created = await fixture.client.discovery.organizations.create({
          intermediate_session_token: second
        })
        expect(created.member_authenticated).toBe(true)
      })

      test('S-ISX-16: both requirements open: the primary one is met first', async () => {
        const { organization_id, email_address, person } = await newMembership({
          ...passwordOnly,
          ...mfa
        })
        const token = await begin(fixture, email_address)
        expect((await exchange(token, organization_id)).primary_required).not.toBeNull()
        const next = await fixture.authenticate(person, { intermediate_session_token: token })
        expect(next).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: token,
          primary_required: null
        })
        expect(next.mfa_required).not.toBeNull()
      })

      test('S-ISX-20 S-IST-02 S-IST-12: an unknown or ended token is a 404, a malformed one a 400', async () => {
        const { organization_id, email_address, person } = await newMembership()
        const token = await begin(fixture, email_address)
        const { session_token } = await fixture.signIn(person)
        fixture.clock.advance(600)
        for (const wrong of [token, session_token, 'A'.repeat(44)]) {
          expect(await fixture.errorOf(exchange(wrong, organization_id))).toMatchObject(gone)
        }
        expect(await fixture.errorOf(exchange('short', organization_id))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_session_token'
        })
      })

      test('S-ISX-21: duration and claims are applied by a complete exchange, and not kept by another', async () => {
        const { organization_id, member_id, email_address } = await newMembership(mfa)
        const options = { session_duration_minutes: 500, session_custom_claims: { plan: 'pro' } }
        const token = await begin(fixture, email_address)
        await exchange(token, organization_id, options)
        const named = { organization_id, member_id, intermediate_session_token: token }
        const { secret } = await fixture.client.totps.create(named)
        const code = fixture.nextCode(secret)
        const { member_session } = await fixture.client.totps.authenticate({ ...named, code })
        if (!member_session) throw new Error('There is no session.')
        expect(lifetimeOf(member_session)).toBe(3600)
        expect(member_session.custom_claims).toEqual({})

        const free = await newMembership()
        const complete = await exchange(
          await begin(fixture, free.email_address),
          free.organization_id,
          options
        )
        if (!complete.member_session) throw new Error('There is no session.')
        expect(lifetimeOf(complete.member_session)).toBe(30_000)
        expect(complete.member_session.custom_claims).toEqual({ plan: 'pro' })
      })

      test('AI-02 AI-07: a hundred at once with one token are one session', async () => {
        const { organization_id, domain } = await newHome()
        const token = await begin(fixture, `hundred@${domain}`)
        const elsewhere = await fixture.newOrganization()
        const email_address = `hundred@${domain}`
        await fixture.newPerson({ organization_id: elsewhere.organization_id, email_address })
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            exchange(token, index % 2 ? organization_id : elsewhere.organization_id).then(
              ({ member_authenticated }) => member_authenticated,
              (error) => error.error_type
            )
          )
        )
        expect(outcomes.filter((outcome) => outcome === true)).toHaveLength(1)
        expect(new Set(outcomes)).toEqual(new Set([true, gone.error_type]))
      }, 30_000)

      test('two tokens of one applicant at once make one member', async () => {
        const { organization_id, email_address } = await newHome()
        const tokens = await Promise.all(
          Array.from({ length: 10 }, () => begin(fixture, email_address))
        )
        const answers = await Promise.all(tokens.map((token) => exchange(token, organization_id)))
        expect(new Set(answers.map(({ member_id }) => member_id)).size).toBe(1)
        expect(answers.every(({ member_authenticated }) => member_authenticated)).toBe(true)
      })

      test('a member’s own intermediate session enters elsewhere with what proves the address, and completes there', async () => {
        const { email_address, organization_id, member_id } = await newMembership(mfa)
        const other = await fixture.newOrganization(mfa)
        const there = await fixture.newPerson({
          organization_id: other.organization_id,
          email_address
        })
        const now = fixture.clock.now()
        const email_id = await emailIdOf(fixture.database, member_id)
        const factor = passwordFactorOf(fixture)
        const token = await insertIntermediateSession(fixture.database, {
          project_id: fixture.project_id,
          member_id,
          organization_id,
          email_address,
          authentication_factors: [magicLinkFactor(email_address, now, email_id), factor],
          now
        })
        expect(await exchange(token, other.organization_id)).toMatchObject({
          intermediate_session_token: token,
          primary_required: null
        })
        const named = {
          organization_id: other.organization_id,
          member_id: there.member_id,
          intermediate_session_token: token
        }
        const { secret } = await fixture.client.totps.create(named)
        const code = fixture.nextCode(secret)
        const { member_session } = await fixture.client.totps.authenticate({ ...named, code })
        expect(typesOf(member_session?.authentication_factors)).toEqual(['magic_link', 'totp'])
      })

      test('AI-04: an intermediate session by password proves nothing elsewhere', async () => {
        const here = await fixture.newEnrolled()
        const other = await fixture.newOrganization()
        const { organization_id } = other
        const { email_address } = here
        const there = await fixture.newPerson({ organization_id, email_address })
        const token = await fixture.beginSignIn(here)
        const answer = await exchange(token, organization_id)
        expect(answer).toMatchObject({ member_authenticated: false, member_id: there.member_id })
        expect(answer.primary_required).not.toBeNull()
        expect(await fixture.sessionsOf(there)).toEqual([])
      })

      test('a provider that verifies the address is bound to the member that it makes', async () => {
        const { organization_id, email_address } = await newHome()
        const factors = [oauthFactor('google', 'g-subject', fixture.clock.now())]
        const token = await begin(fixture, email_address, { factors })
        const answer = await exchange(token, organization_id)
        expect(answer.member_authenticated).toBe(true)
        expect(answer.member.oauth_registrations).toEqual([
          expect.objectContaining({ provider_type: 'google', provider_subject: 'g-subject' })
        ])
      })
    })

    describe('discovery.organizations.create', () => {
      const create = (intermediate_session_token: string, fields: object = {}) =>
        fixture.client.discovery.organizations.create({ intermediate_session_token, ...fields })

      test('S-IST-08: makes an organization of the member who signed in, as its admin', async () => {
        const domain = newDomain()
        const email_address = `ada@${domain}`
        const token = await begin(fixture, email_address)
        const answer = await create(token, {
          organization_name: 'Initech',
          organization_slug: `initech-${domain}`,
          session_duration_minutes: 5,
          session_custom_claims: { plan: 'pro' }
        })
        expect(answer).toMatchObject({
          member_authenticated: true,
          intermediate_session_token: '',
          member: { email_address, status: 'active', email_address_verified: true, is_admin: true },
          organization: {
            organization_name: 'Initech',
            organization_slug: `initech-${domain}`,
            email_invites: 'ALL_ALLOWED'
          }
        })
        expect(answer.member_session?.roles).toEqual(['stytch_member', 'stytch_admin'])
        expect(answer.member_session?.custom_claims).toEqual({ plan: 'pro' })
        const { organization_id } = answer.organization
        const { member } = await memberAt(organization_id, email_address)
        expect(member).toMatchObject({ status: 'active', is_admin: true })
        expect(await fixture.errorOf(create(token))).toMatchObject(gone)
      })

      test.each([
        ['ada@acme.example', 'acme.example', /^acme-example-[0-9a-f]{8}$/],
        ['ada.l@gmail.com', 'ada.l', /^ada-l-[0-9a-f]{8}$/],
        ['ada@cs.mit.edu', 'ada', /^ada-[0-9a-f]{8}$/]
      ])('8.2: names what is not named after %s', async (email_address, name, slug) => {
        const { organization } = await create(await begin(fixture, email_address))
        expect(organization.organization_name).toBe(name)
        expect(organization.organization_slug).toMatch(slug)
      })

      test('8.2: where it requires MFA, the token completes the sign-in to what is there already', async () => {
        const token = await begin(fixture, `ada@${newDomain()}`)
        const answer = await create(token, mfa)
        expect(answer).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: token,
          primary_required: null,
          member: { status: 'active' }
        })
        const named = {
          organization_id: answer.organization.organization_id,
          member_id: answer.member_id,
          intermediate_session_token: token
        }
        const { secret } = await fixture.client.totps.create(named)
        const code = fixture.nextCode(secret)
        const done = await fixture.client.totps.authenticate({ ...named, code })
        expect(done.member_session?.roles).toContain('stytch_admin')
      })

      test('8.2: an address that is merely claimed is asked to be verified, and its member is pending', async () => {
        const email_address = `ada@${newDomain()}`
        const factors = [oauthFactor('github', 'h', fixture.clock.now())]
        const token = await begin(fixture, email_address, { factors })
        const answer = await create(token)
        expect(answer).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: token,
          member: { status: 'pending', email_address_verified: false, oauth_registrations: [] }
        })
        expect(answer.primary_required?.allowed_auth_methods).toContain('magic_link')
      })

      test('nobody claims a domain by signing up', async () => {
        const domain = newDomain()
        const { organization } = await create(await begin(fixture, `ada@${domain}`), {
          claimed_email_domains: [domain]
        })
        expect(organization.claimed_email_domains).toEqual([])
      })

      test('what is refused leaves the token, and no organization', async () => {
        const token = await begin(fixture, `ada@${newDomain()}`)
        for (const [fields, error_type] of [
          [{ organization_slug: fixture.A.organization_slug }, 'organization_slug_already_used'],
          [{ mfa_policy: 'SOMETIMES' }, 'invalid_organization_mfa_policy'],
          [{ organization_name: '' }, 'invalid_organization_name'],
          [{ organization_name: ' ' }, 'invalid_organization_name'],
          [{ session_duration_minutes: 4 }, 'invalid_session_duration_minutes']
        ] as const) {
          const refusal = await fixture.errorOf(create(token, fields))
          expect(refusal).toMatchObject({ status_code: 400, error_type })
        }
        expect((await create(token)).member_authenticated).toBe(true)
      })

      test('a hundred at once with one token are one organization and one session', async () => {
        const domain = newDomain()
        const token = await begin(fixture, `ada@${domain}`)
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, () =>
            create(token, { organization_slug: domain }).then(
              ({ member_authenticated }) => member_authenticated,
              (error) => error.error_type
            )
          )
        )
        expect(outcomes.filter((outcome) => outcome === true)).toHaveLength(1)
        expect(new Set(outcomes)).toEqual(new Set([true, gone.error_type]))
        const { results_metadata } = await fixture.client.organizations.search({
          query: {
            operator: 'AND',
            operands: [{ filter_name: 'member_emails', filter_value: [`ada@${domain}`] }]
          }
        })
        expect(results_metadata.total).toBe(1)
      }, 30_000)
    })

    describe('discovery.organizations.list', () => {
      const listOf = async (credential: object) =>
        fixture.client.discovery.organizations.list(credential)
      const byId = (found: readonly DiscoveredOrganization[]) =>
        new Map(found.map((entry) => [entry.organization?.organization_id, entry]))

      test('8.1: lists what an exchange would answer: memberships and organizations to join', async () => {
        const home = await newHome()
        const { email_address } = home
        const tenant = `"${crypto.randomUUID()}%_`
        const active = await fixture.newOrganization()
        const secured = await fixture.newOrganization({ ...passwordOnly, ...mfa })
        const invited = await fixture.newOrganization()
        const byTenant = await fixture.newOrganization({
          oauth_tenant_jit_provisioning: 'RESTRICTED',
          allowed_oauth_tenants: { github: [tenant] }
        })
        const closed = await fixture.newOrganization({
          oauth_tenant_jit_provisioning: 'RESTRICTED',
          allowed_oauth_tenants: { github: [`${tenant}x`] }
        })
        for (const { organization_id } of [active, secured, invited]) {
          await fixture.newPerson({ organization_id, email_address })
        }
        const { member } = await memberAt(invited.organization_id, email_address)
        await setStatus(member.member_id, 'invited')
        const token = await begin(fixture, email_address, {
          oauth_tenants: [{ provider: 'github', tenant }]
        })
        const answer = await listOf({ intermediate_session_token: token })
        expect(answer.email_address).toBe(email_address)
        expect(answer.organization_id_hint ?? null).toBeNull()
        const found = byId(answer.discovered_organizations)
        expect([...found.keys()].sort()).toEqual(
          [home, active, secured, invited, byTenant]
            .map(({ organization_id }) => organization_id)
            .sort()
        )
        expect(found.has(closed.organization_id)).toBe(false)
        const complete = { member_authenticated: true, primary_required: null, mfa_required: null }
        expect(found.get(active.organization_id)).toMatchObject({
          ...complete,
          membership: { type: 'active_member', details: null, member: { email_address } }
        })
        expect(found.get(invited.organization_id)).toMatchObject({
          ...complete,
          membership: { type: 'invited_member', member: { status: 'invited' } }
        })
        expect(found.get(secured.organization_id)).toMatchObject({
          member_authenticated: false,
          primary_required: { allowed_auth_methods: ['password'] },
          mfa_required: { member_options: null, secondary_auth_initiated: null }
        })
        expect(found.get(home.organization_id)).toMatchObject({
          ...complete,
          membership: {
            type: 'eligible_to_join_by_email_domain',
            details: { domain: home.domain },
            member: null
          }
        })
        expect(found.get(byTenant.organization_id)).toMatchObject({
          ...complete,
          membership: {
            type: 'eligible_to_join_by_oauth_tenant',
            details: { provider: 'github', tenant },
            member: null
          }
        })
        for (const [organization_id, entry] of found) {
          const { member_authenticated } = await exchange(
            await begin(fixture, email_address, {
              oauth_tenants: [{ provider: 'github', tenant }]
            }),
            organization_id ?? ''
          )
          expect(member_authenticated).toBe(entry.member_authenticated)
        }
        expect((await listOf({ intermediate_session_token: token })).status_code).toBe(200)
      })

      test('AI-11: an e-mail address that is not verified lists no membership and no domain', async () => {
        const { email_address } = await newHome()
        const other = await fixture.newOrganization()
        await fixture.newPerson({ organization_id: other.organization_id, email_address })
        const factors = [oauthFactor('github', 'attacker', fixture.clock.now())]
        const token = await begin(fixture, email_address, { factors })
        const { discovered_organizations } = await listOf({ intermediate_session_token: token })
        expect(discovered_organizations).toEqual([])
      })

      test('an organization that another claims the domain of is not offered', async () => {
        const { domain, email_address } = await newHome()
        await fixture.newOrganization({ claimed_email_domains: [domain] })
        const token = await begin(fixture, email_address)
        const { discovered_organizations } = await listOf({ intermediate_session_token: token })
        expect(discovered_organizations).toEqual([])
      })

      test.each(['session_token', 'session_jwt'] as const)(
        '8.1: by %s it lists memberships only',
        async (name) => {
          const { domain, email_address } = await newHome()
          const mine = await fixture.newOrganization({ email_jit_provisioning: 'NOT_ALLOWED' })
          const other = await fixture.newOrganization()
          const { organization_id } = mine
          const person = await fixture.newPerson({ organization_id, email_address })
          await fixture.newPerson({ organization_id: other.organization_id, email_address })
          const pair = await fixture.signIn(person)
          const now = fixture.clock.now()
          const email_id = await emailIdOf(fixture.database, person.member_id)
          await setFactors(fixture.database, pair.member_session.member_session_id, [
            magicLinkFactor(email_address, now, email_id)
          ])
          const answer = await listOf({ [name]: pair[name] })
          expect(answer.email_address).toBe(`second@${domain}`)
          expect(answer.organization_id_hint ?? null).toBeNull()
          const found = byId(answer.discovered_organizations)
          expect([...found.keys()].sort()).toEqual([organization_id, other.organization_id].sort())
          for (const entry of found.values()) {
            expect(entry).toMatchObject({
              member_authenticated: true,
              membership: { type: 'active_member' }
            })
          }
        }
      )

      test('8.1: an intermediate session of a member hints at its organization', async () => {
        const person = await fixture.newEnrolled()
        const token = await fixture.beginSignIn(person)
        const answer = await listOf({ intermediate_session_token: token })
        expect(answer.organization_id_hint).toBe(person.organization_id)
        expect(byId(answer.discovered_organizations).get(person.organization_id)).toMatchObject({
          member_authenticated: false,
          primary_required: null,
          mfa_required: { member_options: { totp_registration_id: person.totp_registration_id } }
        })
      })

      test('8.1: it needs exactly one credential, of a form that it knows', async () => {
        const person = await fixture.newPerson()
        const { session_token, session_jwt } = await fixture.signIn(person)
        for (const [credential, status_code, error_type] of [
          [{}, 400, 'no_session_arguments'],
          [{ session_token, session_jwt }, 400, 'too_many_session_arguments'],
          [{ intermediate_session_token: 'short' }, 400, 'invalid_session_token'],
          [{ intermediate_session_token: session_token }, 404, gone.error_type],
          [{ session_token: 'A'.repeat(44) }, 404, 'session_not_found']
        ] as const) {
          expect(await fixture.errorOf(listOf(credential))).toMatchObject({
            status_code,
            error_type
          })
        }
      })

      test('an address of another project is not known here', async () => {
        const { organization_id } = fixture.other.organization
        const email_address = `${crypto.randomUUID()}@acme.example`
        await fixture.other.client.organizations.members.create({ organization_id, email_address })
        const token = await begin(fixture, email_address)
        const { discovered_organizations } = await listOf({ intermediate_session_token: token })
        expect(discovered_organizations).toEqual([])
      })
    })
  })
})

function passwordFactorOf(fixture: Fixture): AuthenticationFactor {
  const moment = new Date(fixture.clock.now()).toISOString()
  return {
    type: 'password',
    delivery_method: 'knowledge',
    sequence_order: 'PRIMARY',
    created_at: moment,
    updated_at: moment,
    last_authenticated_at: moment
  }
}
