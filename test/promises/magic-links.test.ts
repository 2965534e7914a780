import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import { redirect_urls } from '../support/fixture-server.ts'
import type { Person } from '../support/people.ts'

const malformed = { status_code: 400, error_type: 'invalid_token' }
const unknown = { status_code: 404, error_type: 'magic_link_not_found' }
const over = { status_code: 401, error_type: 'unable_to_auth_magic_link' }
const forbidden = {
  status_code: 403,
  error_type: 'operation_restricted_by_organization_auth_methods'
}
const verifier = 'v'.repeat(43)
const pkce_code_challenge = createHash('sha256').update(verifier).digest('base64url')

describe('magic links', () => {
  describeOnEachEngine((fixture) => {
    const magicLinks = () => fixture.client.magicLinks
    const organizations = () => fixture.client.organizations

    /** An organization whose members with an address of the domain may join, with one who is there. */
    async function newOpenOrganization(fields = {}) {
      const domain = `${randomUUID()}.example`
      const { organization_id } = await fixture.newOrganization({
        email_jit_provisioning: 'RESTRICTED',
        email_allowed_domains: [domain],
        ...fields
      })
      await fixture.newPerson({ organization_id, email_address: `first@${domain}` })
      return { organization_id, domain }
    }

    const send = (
      { organization_id, email_address }: Pick<Person, 'organization_id' | 'email_address'>,
      options: Record<string, unknown> = {}
    ) => magicLinks().email.loginOrSignup({ organization_id, email_address, ...options })

    const tokenOf = (email_address: string) => fixture.sentTo(email_address)[0]?.token ?? ''

    /** The token of a link that was just sent. */
    async function newToken(
      person: Pick<Person, 'organization_id' | 'email_address'>,
      options = {}
    ) {
      await send(person, options)
      return tokenOf(person.email_address)
    }

    const use = (magic_links_token: string, options: Record<string, unknown> = {}) =>
      magicLinks().authenticate({ magic_links_token, ...options })

    const getMember = async (organization_id: string, email_address: string) =>
      (await organizations().members.get({ organization_id, email_address })).member

    test('a link signs an active member in, by a magic_link factor of the address', async () => {
      const person = await fixture.newPerson()
      const sent = await send(person)
      expect(sent).toMatchObject({ member_id: person.member_id, member_created: false })
      const answer = await use(tokenOf(person.email_address))
      expect(answer).toMatchObject({
        member_id: person.member_id,
        organization_id: person.organization_id,
        member_authenticated: true,
        reset_sessions: false,
        intermediate_session_token: ''
      })
      expect(answer.member_session?.authentication_factors).toMatchObject([
        {
          type: 'magic_link',
          delivery_method: 'email',
          email_factor: { email_id: answer.method_id, email_address: person.email_address }
        }
      ])
      const { session_token } = answer
      const { member_session } = await fixture.client.sessions.authenticate({ session_token })
      expect(member_session.member_id).toBe(person.member_id)
    })

    test('a link leads to the first registered URL, with its type and a token of 44 characters', async () => {
      const person = await fixture.newPerson()
      await send(person)
      const [entry] = fixture.sentTo(person.email_address)
      const link = new URL(entry?.link ?? '')
      expect(link.origin + link.pathname).toBe(redirect_urls[0])
      expect(link.searchParams.get('stytch_token_type')).toBe('multi_tenant_magic_links')
      expect(link.searchParams.get('token')).toBe(entry?.token)
      expect(entry?.token).toMatch(/^[A-Za-z0-9_-]{43}=$/)
    })

    test('the query of a redirect URL is kept, but for what is named as the token', async () => {
      const person = await fixture.newPerson()
      const login_redirect_url = `${redirect_urls[1]}?next=%2Fa&token=planted&stytch_token_type=x`
      await send(person, { login_redirect_url })
      const [entry] = fixture.sentTo(person.email_address)
      const query = new URL(entry?.link ?? '').searchParams
      expect(query.get('next')).toBe('/a')
      expect(query.getAll('token')).toEqual([entry?.token])
      expect(query.getAll('stytch_token_type')).toEqual(['multi_tenant_magic_links'])
    })

    test.each([
      'https://evil.example/link',
      'http://app.example/link',
      'https://app.example:8443/link',
      'https://app.example/link/',
      'https://app.example/links',
      'https://app.example@evil.example/link',
      'https://user@app.example/link',
      'https://app.example/link#x',
      '//app.example/link',
      'javascript:alert(1)',
      'nonsense'
    ])('AP-10: no link leads to %s, which is not registered', async (url) => {
      const person = await fixture.newPerson()
      for (const options of [{ login_redirect_url: url }, { signup_redirect_url: url }]) {
        expect(await fixture.errorOf(send(person, options))).toMatchObject({
          status_code: 400,
          error_type: 'no_match_for_provided_magic_link_url'
        })
      }
      expect(fixture.sentTo(person.email_address)).toEqual([])
    })

    test('a project without registered URLs sends no link', async () => {
      const { organization_id } = fixture.other.organization
      const { client } = fixture.other
      const email_address = `${randomUUID()}@acme.example`
      await client.organizations.members.create({ organization_id, email_address })
      const call = client.magicLinks.email.loginOrSignup({ organization_id, email_address })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 400,
        error_type: 'no_login_redirect_url'
      })
    })

    test('an address of an allowed domain becomes a pending member, whom the link makes active', async () => {
      const { organization_id, domain } = await newOpenOrganization()
      const email_address = `Ada@${domain}`
      const sent = await send({ organization_id, email_address })
      expect(sent).toMatchObject({
        member_created: true,
        member: { status: 'pending', email_address_verified: false, name: '' }
      })
      const answer = await use(tokenOf(email_address.toLowerCase()))
      expect(answer).toMatchObject({
        member_id: sent.member_id,
        member_authenticated: true,
        member: { status: 'active', email_address_verified: true }
      })
      expect(await getMember(organization_id, email_address)).toMatchObject({ status: 'active' })
      expect((await send({ organization_id, email_address })).member_created).toBe(false)
    })

    test('a pending member, who has a password, becomes active by a link', async () => {
      const { organization_id } = await fixture.newOrganization()
      const email_address = `${randomUUID()}@acme.example`
      await organizations().members.create({
        organization_id,
        email_address,
        create_member_as_pending: true
      })
      const { member } = await use(await newToken({ organization_id, email_address }))
      expect(member).toMatchObject({ status: 'active', email_address_verified: true })
    })

    test('nobody joins whom the organization does not admit, and nothing is sent', async () => {
      const { organization_id, domain } = await newOpenOrganization()
      const closed = await fixture.newOrganization()
      const deserted = await fixture.newOrganization({
        email_jit_provisioning: 'RESTRICTED',
        email_allowed_domains: [domain]
      })
      const cases = [
        [closed.organization_id, `a@${domain}`, 'email_jit_provisioning_not_allowed'],
        [organization_id, 'a@elsewhere.example', 'invalid_email_for_jit_provisioning'],
        [organization_id, `a@sub.${domain}`, 'invalid_email_for_jit_provisioning'],
        [deserted.organization_id, `a@${domain}`, 'invalid_email_for_jit_provisioning']
      ] as const
      for (const [where, email_address, error_type] of cases) {
        const call = send({ organization_id: where, email_address })
        expect(await fixture.errorOf(call)).toMatchObject({ status_code: 403, error_type })
        expect(fixture.sentTo(email_address)).toEqual([])
        expect(await fixture.errorOf(getMember(where, email_address))).toMatchObject({
          error_type: 'member_not_found'
        })
      }
    })

    test('nobody joins by a domain that another organization claims', async () => {
      const { organization_id, domain } = await newOpenOrganization()
      await fixture.newOrganization({ claimed_email_domains: [domain] })
      const email_address = `a@${domain}`
      expect(await fixture.errorOf(send({ organization_id, email_address }))).toMatchObject({
        status_code: 400,
        error_type: 'action_not_allowed_email_domain_is_claimed'
      })
    })

    test('while delivery fails nobody is created, and the call is 503', async () => {
      const { organization_id, domain } = await newOpenOrganization()
      const email_address = `a@${domain}`
      await fixture.breakDelivery(async () => {
        expect(await fixture.errorOf(send({ organization_id, email_address }))).toMatchObject({
          status_code: 503,
          error_type: 'server_unavailable'
        })
      })
      expect(await fixture.errorOf(getMember(organization_id, email_address))).toMatchObject({
        error_type: 'member_not_found'
      })
      expect((await send({ organization_id, email_address })).member_created).toBe(true)
    })

    test('ten e-mails an hour go to an address, and others to the same mailbox under another', async () => {
      const person = await fixture.newPerson()
      for (let count = 1; count <= 10; count += 1) await send(person)
      const refused = { status_code: 429, error_type: 'too_many_requests' }
      expect(await fixture.errorOf(send(person))).toMatchObject(refused)
      const tagged = await fixture.newPerson({
        email_address: person.email_address.replace('@', '+more@')
      })
      await send(tagged)
      expect(await fixture.errorOf(send(person))).toMatchObject(refused)
      fixture.clock.advance(3600)
      await send(person)
    })

    test('a link works once', async () => {
      const person = await fixture.newPerson()
      const token = await newToken(person)
      await use(token)
      expect(await fixture.errorOf(use(token))).toMatchObject(over)
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test('a link lives 60 minutes, or as long as the call says', async () => {
      const person = await fixture.newPerson()
      const first = await newToken(person)
      const second = await newToken(person)
      const long = await newToken(person, { login_expiration_minutes: 61 })
      fixture.clock.advance(3599)
      await use(first)
      fixture.clock.advance(1)
      expect(await fixture.errorOf(use(second))).toMatchObject(over)
      await use(long)
    })

    test.each([4, 10_081, 7.5, 'x'])('a life of %s minutes is refused', async (minutes) => {
      const person = await fixture.newPerson()
      const call = send(person, { login_expiration_minutes: minutes })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 400,
        error_type: 'invalid_expiration'
      })
    })

    test('a token of another form is malformed, and one that never was is unknown', async () => {
      for (const token of [
        '',
        'short',
        'A'.repeat(44),
        `${'A'.repeat(44)}=`,
        `${'!'.repeat(43)}=`
      ]) {
        expect(await fixture.errorOf(use(token))).toMatchObject(malformed)
      }
      expect(await fixture.errorOf(use(`${'A'.repeat(43)}=`))).toMatchObject(unknown)
    })

    test('a link of another project is unknown', async () => {
      const person = await fixture.newPerson()
      const magic_links_token = await newToken(person)
      const call = fixture.other.client.magicLinks.authenticate({ magic_links_token })
      expect(await fixture.errorOf(call)).toMatchObject(unknown)
      await use(magic_links_token)
    })

    test('PKCE: a link that was asked for with a challenge needs its verifier, and is not used up without it', async () => {
      const person = await fixture.newPerson()
      const token = await newToken(person, { pkce_code_challenge })
      const cases = [
        [{}, 'pkce_expected_code_verifier'],
        [{ pkce_code_verifier: 'w'.repeat(43) }, 'pkce_mismatch'],
        [{ pkce_code_verifier: 'short' }, 'invalid_pkce_code_verifier']
      ] as const
      for (const [options, error_type] of cases) {
        expect(await fixture.errorOf(use(token, options))).toMatchObject({
          status_code: 400,
          error_type
        })
      }
      const answer = await use(token, { pkce_code_verifier: verifier })
      expect(answer.member_authenticated).toBe(true)
    })

    test('PKCE: a verifier without a challenge, and a challenge that is none, are refused', async () => {
      const person = await fixture.newPerson()
      const token = await newToken(person)
      expect(await fixture.errorOf(use(token, { pkce_code_verifier: verifier }))).toMatchObject({
        status_code: 400,
        error_type: 'pkce_did_not_expect_code_verifier'
      })
      expect(await fixture.errorOf(send(person, { pkce_code_challenge: 'plain' }))).toMatchObject({
        status_code: 400,
        error_type: 'invalid_pkce_code_challenge'
      })
    })

    test('a link to an address that the member no longer has is dead', async () => {
      const person = await fixture.newPerson()
      const { organization_id, member_id } = person
      const token = await newToken(person)
      const email_address = `${randomUUID()}@acme.example`
      await organizations().members.update({ organization_id, member_id, email_address })
      expect(await fixture.errorOf(use(token))).toMatchObject(over)
      expect(await getMember(organization_id, email_address)).toMatchObject({
        email_address_verified: false
      })
    })

    test('a link of a deleted member is gone', async () => {
      const person = await fixture.newPerson()
      const token = await newToken(person)
      const { organization_id, member_id } = person
      await organizations().members.delete({ organization_id, member_id })
      expect(await fixture.errorOf(use(token))).toMatchObject(unknown)
    })

    test('where magic links do not sign in none is sent, and one that was sent stays unused', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const token = await newToken(person)
      await organizations().update({
        organization_id,
        auth_methods: 'RESTRICTED',
        allowed_auth_methods: ['password']
      })
      expect(await fixture.errorOf(send(person))).toMatchObject(forbidden)
      expect(await fixture.errorOf(use(token))).toMatchObject(forbidden)
      await organizations().update({ organization_id, auth_methods: 'ALL_ALLOWED' })
      await use(token)
    })

    test('a link beside a session adds its factor; beside two credentials it is not used up', async () => {
      const person = await fixture.newPerson()
      const { session_token, session_jwt, member_session } = await fixture.signIn(person)
      const token = await newToken(person)
      const both = use(token, { session_token, session_jwt })
      expect(await fixture.errorOf(both)).toMatchObject({
        status_code: 400,
        error_type: 'too_many_session_arguments'
      })
      const answer = await use(token, { session_token })
      expect(answer.session_token).toBe(session_token)
      expect(answer.member_session?.member_session_id).toBe(member_session.member_session_id)
      expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'password',
        'magic_link'
      ])
    })

    test('an enrolled member is asked for the second factor, which completes a session of both', async () => {
      const person = await fixture.newEnrolled()
      const { organization_id, member_id, secret } = person
      const answer = await use(await newToken(person))
      expect(answer).toMatchObject({ member_authenticated: false, session_token: '' })
      const { intermediate_session_token } = answer
      const { member_session } = await fixture.client.totps.authenticate({
        organization_id,
        member_id,
        intermediate_session_token,
        code: fixture.nextCode(secret)
      })
      expect(member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'magic_link',
        'totp'
      ])
    })

    test('S-SMS-10: a member with a phone is sent the SMS by following the link, and its code works', async () => {
      const person = await fixture.newPhoned()
      await fixture.resetSendCounts()
      const answer = await use(await newToken(person), { locale: 'es' })
      expect(answer.mfa_required?.secondary_auth_initiated).toBe('sms_otp')
      const { organization_id, member_id } = person
      const { intermediate_session_token } = answer
      const { member_session } = await fixture.client.otps.sms.authenticate({
        organization_id,
        member_id,
        intermediate_session_token,
        code: fixture.lastCode(person.mfa_phone_number)
      })
      expect(member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'magic_link',
        'otp'
      ])
    })

    describe('in discovery', () => {
      const discover = (email_address: string, options: Record<string, unknown> = {}) =>
        magicLinks().email.discovery.send({ email_address, ...options })
      const follow = (discovery_magic_links_token: string, options = {}) =>
        magicLinks().discovery.authenticate({ discovery_magic_links_token, ...options })

      test('a link lists where its address may enter, and its intermediate session enters', async () => {
        const person = await fixture.newPerson()
        const { organization_id, member_id, email_address } = person
        const sent = await discover(email_address.toUpperCase())
        expect(Object.keys(sent).sort()).toEqual(['request_id', 'status_code'])
        const [entry] = fixture.sentTo(email_address)
        expect(new URL(entry?.link ?? '').searchParams.get('stytch_token_type')).toBe('discovery')
        const answer = await follow(entry?.token ?? '')
        expect(answer.email_address).toBe(email_address)
        expect(answer.discovered_organizations).toMatchObject([
          {
            organization: { organization_id },
            membership: { type: 'active_member', member: { member_id } },
            member_authenticated: true
          }
        ])
        const { intermediate_session_token } = answer
        const entered = await fixture.client.discovery.intermediateSessions.exchange({
          intermediate_session_token,
          organization_id
        })
        expect(entered.member_session?.authentication_factors).toMatchObject([
          { type: 'magic_link', email_factor: { email_address } }
        ])
      })

      test('every address is answered alike', async () => {
        const person = await fixture.newPerson()
        const answers = []
        for (const email_address of [person.email_address, `${randomUUID()}@nobody.example`]) {
          const { request_id, ...answer } = await discover(email_address)
          answers.push(answer)
          expect(fixture.sentTo(email_address)).toHaveLength(1)
        }
        expect(answers[0]).toEqual(answers[1])
      })

      test('a link works once, with its verifier, and for nothing else', async () => {
        const email_address = `${randomUUID()}@nobody.example`
        await discover(email_address, { pkce_code_challenge })
        const token = tokenOf(email_address)
        expect(await fixture.errorOf(use(token))).toMatchObject(unknown)
        expect(await fixture.errorOf(follow(token))).toMatchObject({
          error_type: 'pkce_expected_code_verifier'
        })
        const answer = await follow(token, { pkce_code_verifier: verifier })
        expect(answer.discovered_organizations).toEqual([])
        const again = follow(token, { pkce_code_verifier: verifier })
        expect(await fixture.errorOf(again)).toMatchObject(over)
        const person = await fixture.newPerson()
        const other = await newToken(person)
        expect(await fixture.errorOf(follow(other))).toMatchObject(unknown)
      })
    })
  })
})
