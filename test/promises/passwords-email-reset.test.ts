import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import {
  type B2BPasswordsEmailResetRequest,
  type B2BPasswordsEmailResetStartRequest,
  createClient
} from 'membergate/client'
import { openAuthority } from 'membergate/testing'
import { refusalOf } from '../support/api-errors.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { redirect_urls } from '../support/fixture-server.ts'
import { type Person, password } from '../support/people.ts'
import { breakWrites } from './broken-storage.ts'

const another = 'another horse battery staple'
const dead = { status_code: 401, error_type: 'unable_to_auth_password_reset_token' }
const wrong = { status_code: 401, error_type: 'unauthorized_credentials' }
const gone = { status_code: 404, error_type: 'session_not_found' }
const restricted = {
  status_code: 403,
  error_type: 'operation_restricted_by_organization_auth_methods'
}
const tokenForm = /^[A-Za-z0-9_-]{43}=$/

describe('passwords.email', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    function start(
      { organization_id, email_address }: Pick<Person, 'organization_id' | 'email_address'>,
      fields: Partial<B2BPasswordsEmailResetStartRequest> = {}
    ) {
      const request = { organization_id, email_address, ...fields }
      return fixture.client.passwords.email.resetStart(request)
    }

    async function newToken(
      person: Person,
      fields?: Partial<B2BPasswordsEmailResetStartRequest>
    ): Promise<string> {
      await start(person, fields)
      return fixture.sentTo(person.email_address)[0]?.token ?? ''
    }

    function reset(
      password_reset_token: string,
      fields: Partial<B2BPasswordsEmailResetRequest> = {}
    ) {
      const request = { password_reset_token, password: another, ...fields }
      return fixture.client.passwords.email.reset(request)
    }

    async function expectDead(token: string) {
      expect(await fixture.errorOf(reset(token, { password: `${another} 2` }))).toMatchObject(dead)
    }

    describe('resetStart', () => {
      test('a link leads to the first redirect URL of the project, and the answer is the member', async () => {
        const person = await fixture.newPerson()
        const { request_id, ...answer } = await start(person)
        expect(answer).toEqual({
          status_code: 200,
          member_id: person.member_id,
          member_email_id: expect.stringMatching(/^email-test-/),
          member: person.member
        })
        const [sent] = fixture.sentTo(person.email_address)
        expect(sent?.token).toMatch(tokenForm)
        const link = new URL(sent?.link ?? '')
        expect(`${link.origin}${link.pathname}`).toBe(redirect_urls[0])
        expect(Object.fromEntries(link.searchParams)).toEqual({
          stytch_token_type: 'multi_tenant_passwords',
          token: sent?.token
        })
      })

      test('AP-10: another registered URL can be named, and its query stays', async () => {
        const person = await fixture.newPerson()
        await start(person, { reset_password_redirect_url: `${redirect_urls[1]}?next=%2Fhome` })
        const link = new URL(fixture.sentTo(person.email_address)[0]?.link ?? '')
        expect(`${link.origin}${link.pathname}`).toBe(redirect_urls[1])
        expect(link.searchParams.get('next')).toBe('/home')
      })

      test('AP-10: a URL that is not registered is refused, and nothing is sent', async () => {
        const person = await fixture.newPerson()
        const unregistered = `${redirect_urls[0]}/more`
        for (const fields of [
          { reset_password_redirect_url: unregistered },
          { reset_password_redirect_url: 'no url' },
          { login_redirect_url: unregistered }
        ]) {
          expect(await fixture.errorOf(start(person, fields))).toMatchObject({
            status_code: 400,
            error_type: 'invalid_password_reset_redirect_url'
          })
        }
        expect(fixture.sentTo(person.email_address)).toEqual([])
      })

      test('a project without redirect URLs has nowhere to lead to', async () => {
        const { organization_id } = fixture.other.organization
        const email_address = `${crypto.randomUUID()}@acme.example`
        await fixture.other.client.organizations.members.create({ organization_id, email_address })
        const request = { organization_id, email_address }
        const call = fixture.other.client.passwords.email.resetStart(request)
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'no_password_reset_redirect_url'
        })
      })

      test('an unknown member, and one of another organization, are not found', async () => {
        const { email_address } = await fixture.newPerson()
        for (const request of [
          { organization_id: fixture.A.organization_id, email_address: 'nobody@acme.example' },
          { organization_id: fixture.B.organization_id, email_address }
        ]) {
          expect(await fixture.errorOf(start(request))).toMatchObject({
            status_code: 404,
            error_type: 'member_not_found'
          })
        }
        expect(fixture.sentTo(email_address)).toEqual([])
      })

      test('where passwords do not sign in, nothing is sent; a breakglass member gets it', async () => {
        const { organization_id } = await fixture.newOrganization({
          auth_methods: 'RESTRICTED',
          allowed_auth_methods: ['magic_link']
        })
        const person = await fixture.newPerson({ organization_id })
        expect(await fixture.errorOf(start(person))).toMatchObject(restricted)
        expect(fixture.sentTo(person.email_address)).toEqual([])
        await fixture.client.organizations.members.update({ ...named(person), is_breakglass: true })
        expect((await reset(await newToken(person))).member_authenticated).toBe(true)
      })

      test.each([5, 30, 10_080])(
        'a link of %i minutes lives so long, and no longer',
        async (minutes) => {
          const person = await fixture.newPerson()
          const fields = minutes === 30 ? {} : { reset_password_expiration_minutes: minutes }
          const [used, late] = [await newToken(person, fields), await newToken(person, fields)]
          fixture.clock.advance(minutes * 60)
          await expectDead(late)
          fixture.clock.advance(-1)
          expect((await reset(used)).status_code).toBe(200)
        }
      )

      test.each([4, 10_081, 5.5, '30'])('%j minutes are refused', async (minutes) => {
        const { organization_id, email_address } = await fixture.newPerson()
        const call = fixture.send('passwords.email.resetStart', {
          organization_id,
          email_address,
          reset_password_expiration_minutes: minutes
        })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_expiration'
        })
      })

      test('ten an hour are sent to an address, and the next is refused before it is', async () => {
        const person = await fixture.newPerson()
        for (let sent = 1; sent <= 10; sent += 1) await start(person)
        expect(await fixture.errorOf(start(person))).toMatchObject({
          status_code: 429,
          error_type: 'too_many_requests'
        })
        expect(fixture.sentTo(person.email_address)).toHaveLength(10)
        fixture.clock.advance(3600)
        expect((await start(person)).status_code).toBe(200)
      })

      test('when the message cannot be handed over, the call is 503', async () => {
        const person = await fixture.newPerson()
        await fixture.breakDelivery(async () => {
          expect(await fixture.errorOf(start(person))).toMatchObject({
            status_code: 503,
            error_type: 'server_unavailable'
          })
        })
      })

      test.each(['en', 'es', 'pt-br', 'fr', 'de-DE', 'PT-BR'])(
        'S-LOC-04: the locale %s is taken, and an unknown one refused',
        async (locale) => {
          const person = await fixture.newPerson()
          expect((await start(person, { locale })).status_code).toBe(200)
          expect(await fixture.errorOf(start(person, { locale: `xx-${locale}` }))).toMatchObject({
            status_code: 400,
            error_type: 'invalid_locale'
          })
          expect(fixture.sentTo(person.email_address)).toHaveLength(1)
        }
      )
    })

    describe('reset', () => {
      test('the new password signs in, the old one does not, and the answer is a sign-in', async () => {
        const person = await fixture.newPerson()
        const answer = await reset(await newToken(person), {
          session_duration_minutes: 30,
          session_custom_claims: { plan: 'pro' }
        })
        expect(answer).toMatchObject({
          organization_id: person.organization_id,
          member_id: person.member_id,
          member_email_id: expect.stringMatching(/^email-test-/),
          member_authenticated: true,
          intermediate_session_token: '',
          member_session: { custom_claims: { plan: 'pro' } }
        })
        expect(answer.member.member_password_id).not.toBe(person.member.member_password_id)
        expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
          'password'
        ])
        expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject(wrong)
        await fixture.signIn(person, { password: another })
      })

      test('AP-09: every session and waiting sign-in of the member ends, and those of others live', async () => {
        const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
        const pair = await fixture.signIn(person)
        await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
        const waiting = await fixture.beginSignIn(person)
        await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: false })
        const otherMember = await fixture.newPerson()
        const other = await fixture.signIn(otherMember)

        const { member_session } = await reset(await newToken(person))
        expect(await fixture.sessionsOf(person)).toEqual([member_session])
        const { session_token } = pair
        const call = fixture.client.sessions.authenticate({ session_token })
        expect(await fixture.errorOf(call)).toMatchObject(gone)
        const code = fixture.nextCode(person.secret)
        const request = { ...named(person), intermediate_session_token: waiting, code }
        expect(await fixture.errorOf(fixture.client.totps.authenticate(request))).toMatchObject({
          status_code: 404,
          error_type: 'intermediate_session_not_found'
        })
        expect(await fixture.sessionsOf(otherMember)).toEqual([other.member_session])
      })

      test('AP-07: a token works once, and every other that waits dies with it', async () => {
        const person = await fixture.newPerson()
        const tokens = [await newToken(person), await newToken(person), await newToken(person)]
        const [first = '', second = '', third = ''] = tokens
        await reset(second)
        for (const token of [second, first, third]) await expectDead(token)
        await fixture.signIn(person, { password: another })
      })

      test('AP-07: of a hundred at the same moment one wins', async () => {
        const person = await fixture.newPerson()
        const token = await newToken(person)
        const choose = (index: number) => `${another} ${index}`
        const outcomes = await Promise.allSettled(
          Array.from({ length: 100 }, (_, index) => reset(token, { password: choose(index) }))
        )
        const winners = outcomes.flatMap(({ status }, index) =>
          status === 'fulfilled' ? [index] : []
        )
        expect(winners).toHaveLength(1)
        expect(await fixture.sessionsOf(person)).toHaveLength(1)
        await fixture.signIn(person, { password: choose(winners[0] ?? -1) })
      })

      test('AP-07: of two tokens at the same moment one wins', async () => {
        const person = await fixture.newPerson()
        const tokens = [await newToken(person), await newToken(person)]
        const outcomes = await Promise.allSettled(tokens.map((token) => reset(token)))
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
        expect(await fixture.sessionsOf(person)).toHaveLength(1)
      })

      test.each([
        [
          'is reset by a session',
          async (person: Person) => {
            const { session_token } = await fixture.signIn(person)
            const { organization_id } = person
            const request = { organization_id, session_token, password: another }
            await fixture.client.passwords.sessions.reset(request)
          }
        ],
        [
          'is reset by the old one',
          async ({ organization_id, email_address }: Person) => {
            await fixture.client.passwords.existingPassword.reset({
              organization_id,
              email_address,
              existing_password: password,
              new_password: another
            })
          }
        ]
      ])('AP-07: a token is dead once the password %s', async (_how, change) => {
        const person = await fixture.newPerson()
        const token = await newToken(person)
        await change(person)
        await expectDead(token)
        await fixture.signIn(person, { password: another })
      })

      test('AP-07: a token is dead once the password is deleted', async () => {
        const person = await fixture.newPerson()
        const token = await newToken(person)
        const { member_password_id } = person.member
        const { organization_id } = person
        const request = { organization_id, member_password_id }
        await fixture.client.organizations.members.deletePassword(request)
        await expectDead(token)
      })

      test('AP-07: a token is dead once a password is imported', async () => {
        const { organization_id } = fixture.A
        const email_address = `${crypto.randomUUID()}@acme.example`
        const created = await fixture.client.organizations.members.create({
          organization_id,
          email_address
        })
        const { member_id, member } = created
        const token = await newToken({ organization_id, member_id, email_address, member })
        await fixture.newPerson({ email_address })
        await expectDead(token)
      })

      test('AP-07: a token is dead once the address is another, also when it comes back', async () => {
        const person = await fixture.newPerson()
        const token = await newToken(person)
        for (const email_address of [`${crypto.randomUUID()}@acme.example`, person.email_address]) {
          await fixture.client.organizations.members.update({ ...named(person), email_address })
          await expectDead(token)
        }
      })

      test('an unknown token, and one of another project, are as dead as a used one', async () => {
        const person = await fixture.newPerson()
        const token = await newToken(person)
        const request = { password_reset_token: token, password: another }
        const call = fixture.other.client.passwords.email.reset(request)
        expect(await fixture.errorOf(call)).toMatchObject(dead)
        await expectDead(`${randomBytes(32).toString('base64url')}=`)
        expect((await reset(token)).status_code).toBe(200)
      })

      test.each(['', 'short', 'A'.repeat(44), `${'A'.repeat(43)}=\n`, `${'A'.repeat(43)}= `])(
        'the token %j is malformed',
        async (token) => {
          expect(await fixture.errorOf(reset(token))).toMatchObject({
            status_code: 400,
            error_type: 'invalid_token'
          })
        }
      )

      test('AP-08: where a second factor is asked for, it still is', async () => {
        const person = await fixture.newEnrolled()
        const answer = await reset(await newToken(person))
        expect(answer).toMatchObject({
          member_authenticated: false,
          session_token: '',
          session_jwt: ''
        })
        expect(answer.mfa_required?.member_options?.totp_registration_id).toBe(
          person.totp_registration_id
        )
        expect(await fixture.sessionsOf(person)).toEqual([])
        const { intermediate_session_token } = answer
        const code = fixture.nextCode(person.secret)
        const request = { ...named(person), intermediate_session_token, code }
        const { member_session } = await fixture.client.totps.authenticate(request)
        expect(member_session?.authentication_factors).toHaveLength(2)
      })

      test('an intermediate session of the member is continued: the others end, this one becomes the session', async () => {
        const person = await fixture.newEnrolled()
        const [kept, ended] = [await fixture.beginSignIn(person), await fixture.beginSignIn(person)]
        const answer = await reset(await newToken(person), { intermediate_session_token: kept })
        expect(answer).toMatchObject({
          member_authenticated: false,
          intermediate_session_token: kept
        })
        const complete = (intermediate_session_token: string) =>
          fixture.client.totps.authenticate({
            ...named(person),
            intermediate_session_token,
            code: fixture.nextCode(person.secret)
          })
        expect(await fixture.errorOf(complete(ended))).toMatchObject({
          error_type: 'intermediate_session_not_found'
        })
        expect((await complete(kept)).status_code).toBe(200)
      })

      test("another member's intermediate session is refused, and the token still works", async () => {
        const person = await fixture.newPerson()
        const stranger = await fixture.newEnrolled()
        const intermediate_session_token = await fixture.beginSignIn(stranger)
        const token = await newToken(person)
        expect(await fixture.errorOf(reset(token, { intermediate_session_token }))).toMatchObject({
          status_code: 400,
          error_type: 'member_session_member_id_mismatch'
        })
        expect((await reset(token)).status_code).toBe(200)
      })

      test('a session of the member ends too, and its factors count for the new one', async () => {
        const person = await fixture.newEnrolled()
        const intermediate_session_token = await fixture.beginSignIn(person)
        const code = fixture.nextCode(person.secret)
        const request = { ...named(person), intermediate_session_token, code }
        const { session_token } = await fixture.client.totps.authenticate(request)
        const answer = await reset(await newToken(person), { session_token })
        expect(answer.member_authenticated).toBe(true)
        expect(answer.session_token).not.toBe(session_token)
        expect(await fixture.sessionsOf(person)).toEqual([answer.member_session])
      })

      test('a pending member becomes active by it, with a verified address and a password', async () => {
        const { organization_id } = fixture.A
        const email_address = `${crypto.randomUUID()}@acme.example`
        const { member_id, member } = await fixture.client.organizations.members.create({
          organization_id,
          email_address,
          create_member_as_pending: true
        })
        const person = { organization_id, member_id, email_address, member }
        expect([member.status, member.email_address_verified]).toEqual(['pending', false])
        const answer = await reset(await newToken(person))
        expect(answer.member_authenticated).toBe(true)
        const stored = await fixture.client.organizations.members.get(named(person))
        expect(answer.member).toEqual(stored.member)
        expect(stored.member).toMatchObject({
          status: 'active',
          email_address_verified: true,
          member_password_id: expect.stringMatching(/^member-password-test-/)
        })
        await fixture.signIn(person, { password: another })
      })

      test('an organization that no longer takes passwords refuses it, and the token still works', async () => {
        const { organization_id } = await fixture.newOrganization()
        const person = await fixture.newPerson({ organization_id })
        const token = await newToken(person)
        const settings = { auth_methods: 'RESTRICTED', allowed_auth_methods: ['magic_link'] }
        await fixture.client.organizations.update({ organization_id, ...settings })
        expect(await fixture.errorOf(reset(token))).toMatchObject(restricted)
        await fixture.client.organizations.update({ organization_id, auth_methods: 'ALL_ALLOWED' })
        expect((await reset(token)).status_code).toBe(200)
      })

      test.each([
        ['update', 'links'],
        ['insert', 'passwords'],
        ['insert', 'sessions']
      ] as const)(
        'while storage fails (%s %s) nothing is partly done, and the token still works',
        async (event, table) => {
          const person = await fixture.newPerson()
          const pair = await fixture.signIn(person)
          const token = await newToken(person)
          await breakWrites(fixture.database, event, table, async () => {
            expect(await fixture.errorOf(reset(token))).toMatchObject({ status_code: 500 })
          })
          expect(await fixture.sessionsOf(person)).toEqual([pair.member_session])
          await fixture.signIn(person)
          expect((await reset(token)).status_code).toBe(200)
        }
      )
    })

    describe('PKCE', () => {
      const code_verifier = randomBytes(32).toString('base64url')
      const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')

      test('who began ends: without the verifier, or with another one, the token stays as it is', async () => {
        const token = await newToken(await fixture.newPerson(), { code_challenge })
        for (const [fields, error_type] of [
          [{}, 'pkce_expected_code_verifier'],
          [{ code_verifier: randomBytes(32).toString('base64url') }, 'pkce_mismatch'],
          [{ code_verifier: code_challenge }, 'pkce_mismatch'],
          [{ code_verifier: 'short' }, 'invalid_pkce_code_verifier']
        ] as const) {
          expect(await fixture.errorOf(reset(token, fields))).toMatchObject({
            status_code: 400,
            error_type
          })
        }
        expect((await reset(token, { code_verifier })).status_code).toBe(200)
      })

      test('a verifier for nothing is refused, and a malformed challenge', async () => {
        const person = await fixture.newPerson()
        const token = await newToken(person)
        expect(await fixture.errorOf(reset(token, { code_verifier }))).toMatchObject({
          status_code: 400,
          error_type: 'pkce_did_not_expect_code_verifier'
        })
        expect(await fixture.errorOf(start(person, { code_challenge: 'plain' }))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_pkce_code_challenge'
        })
      })
    })
  })
})

test('where nobody sends e-mail, a reset cannot start', async () => {
  const organizations = [
    { organization_name: 'Acme', members: [{ email_address: 'ada@acme.example' }] }
  ]
  const projects = [{ settings: { redirect_urls }, organizations }]
  const { close, ...project } = await openAuthority({ projects, deliver: {} })
  const call = createClient(project).passwords.email.resetStart({
    organization_id: 'acme',
    email_address: 'ada@acme.example'
  })
  expect(await refusalOf(call)).toMatchObject({ status_code: 501, error_type: 'not_implemented' })
  await close()
})
