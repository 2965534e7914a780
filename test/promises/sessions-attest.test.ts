import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { B2BSessionsAttestRequest } from 'membergate/client'
import { audience, issuerOf, profiles, trustedToken } from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { sendJson } from '../support/identity-provider.ts'
import type { Pair, Person } from '../support/people.ts'
import { withOtherSignature } from '../support/session-jwts.ts'

describe('sessions.attest', () => {
  describeOnEachEngine((fixture) => {
    const orgClaim = 'https://acme.example/org'

    async function attest(
      person: Pick<Person, 'email_address' | 'organization_id'>,
      fields: Parameters<typeof trustedToken>[2] = {},
      request: Partial<B2BSessionsAttestRequest> = {}
    ) {
      const profile_id = profiles[fields.profile ?? 'plain']
      const token = await trustedToken(fixture, person, fields)
      return fixture.client.sessions.attest({ profile_id, token, ...request })
    }

    const factorsOf = ({ member_session }: { member_session: Pair['member_session'] }) =>
      member_session.authentication_factors.map(({ type }) => type)

    async function expectNobody(organization_id: string, email_address: string) {
      const call = fixture.client.organizations.members.get({ organization_id, email_address })
      expect(await fixture.errorOf(call)).toMatchObject({ error_type: 'member_not_found' })
    }

    const stranger = () => ({
      organization_id: fixture.A.organization_id,
      email_address: `${randomUUID()}@acme.example`
    })

    describe('with a token about a member', () => {
      test('S-ATT-01 S-ATT-13: starts a session with a factor of the token', async () => {
        const person = await fixture.newPerson()
        const jti = randomUUID()
        const answer = await attest(person, { claims: { jti } })
        expect(answer.member_id).toBe(person.member_id)
        expect(answer.member_session.authentication_factors).toEqual([
          expect.objectContaining({
            type: 'trusted_auth_token',
            delivery_method: 'trusted_token_exchange',
            trusted_auth_token_factor: { token_id: jti }
          })
        ])
        const { session_token } = answer
        const again = await fixture.client.sessions.authenticate({ session_token })
        expect(again.member_session.member_session_id).toBe(answer.member_session.member_session_id)
        for (const name of ['intermediate_session_token', 'mfa_required', 'primary_required']) {
          expect(answer).not.toHaveProperty(name)
        }
      })

      test('S-ATT-02: refuses a profile that is not there', async () => {
        const call = attest(await fixture.newPerson(), {}, { profile_id: 'profile-none' })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'trusted_token_profile_not_found'
        })
      })

      test('S-ATT-08: refuses one about nobody, and creates nobody', async () => {
        const nobody = stranger()
        expect(await fixture.errorOf(attest(nobody))).toMatchObject({
          status_code: 404,
          error_type: 'member_not_found'
        })
        await expectNobody(nobody.organization_id, nobody.email_address)
      })

      test('refuses one about a member who waits for a first sign-in', async () => {
        expect(await fixture.errorOf(attest(fixture.waiting))).toMatchObject({
          status_code: 404,
          error_type: 'member_not_found'
        })
      })

      test('knows an address whatever its case', async () => {
        const person = await fixture.newPerson()
        const email = person.email_address.toUpperCase()
        expect((await attest(person, { claims: { email } })).member_id).toBe(person.member_id)
      })

      test('AA-10: is refused where the organization lists its methods, and lets breakglass members in', async () => {
        const { organization_id } = await fixture.newOrganization({
          auth_methods: 'RESTRICTED',
          allowed_auth_methods: ['password']
        })
        const person = await fixture.newPerson({ organization_id })
        expect(await fixture.errorOf(attest(person))).toMatchObject({
          status_code: 403,
          error_type: 'operation_restricted_by_organization_auth_methods'
        })
        const { member_id } = person
        await fixture.client.organizations.members.update({
          organization_id,
          member_id,
          is_breakglass: true
        })
        expect((await attest(person)).member_id).toBe(member_id)
      })
    })

    describe('and the organization', () => {
      test('S-ATT-04 S-ADR-04: the request names it where the token does not, by any of its names', async () => {
        const person = await fixture.newPerson()
        const { organization_id, organization_slug, organization_external_id } = fixture.A
        for (const name of [organization_id, organization_slug, organization_external_id ?? '']) {
          const answer = await attest(
            person,
            { claims: { [orgClaim]: undefined } },
            { organization_id: name }
          )
          expect(answer.member_session.organization_id).toBe(organization_id)
        }
      })

      test('S-ATT-05: nobody names it, and that is refused', async () => {
        const call = attest(await fixture.newPerson(), { claims: { [orgClaim]: undefined } })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'token_missing_organization_id_claim'
        })
      })

      test('the token may name it by its slug, and the request agree by its id', async () => {
        const person = await fixture.newPerson()
        const { organization_id, organization_slug } = fixture.A
        const claims = { [orgClaim]: organization_slug }
        expect((await attest(person, { claims }, { organization_id })).member_id).toBe(
          person.member_id
        )
      })

      test('S-ATT-06: refuses a token and a request that disagree', async () => {
        const { organization_id } = fixture.B
        const call = attest(await fixture.newPerson(), {}, { organization_id })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_token_organization_id_claim'
        })
      })

      test.each([
        ['the token', { [orgClaim]: 'nowhere' }, undefined],
        ['the request', { [orgClaim]: undefined }, 'nowhere'],
        ['the request beside the token', {}, 'nowhere']
      ])('S-ADR-08: refuses one that is not there in %s', async (_, claims, organization_id) => {
        const call = attest(await fixture.newPerson(), { claims }, { organization_id })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'organization_not_found'
        })
      })
    })

    describe('by a profile that may create members', () => {
      const profile = 'joining'

      test('S-ATT-07: creates an active member with a verified address, roles and a session', async () => {
        const nobody = stranger()
        const claims = { sub: `ext_${randomUUID()}`, roles: ['reader'] }
        const answer = await attest(nobody, { profile, claims })
        expect(answer.member).toMatchObject({
          status: 'active',
          email_address: nobody.email_address,
          email_address_verified: true,
          external_id: claims.sub
        })
        expect(answer.member_session.roles).toEqual(['stytch_member', 'reader'])
        const { session_token } = answer
        const { member } = await fixture.client.sessions.authenticate({ session_token })
        expect(member).toEqual(answer.member)
        const again = await attest(nobody, { profile, claims })
        expect(again.member_id).toBe(answer.member_id)
      })

      test('S-ATT-03: refuses a token without an organization, also when the request has one', async () => {
        const nobody = stranger()
        const claims = { [orgClaim]: undefined }
        for (const organization_id of [undefined, nobody.organization_id]) {
          const call = attest(nobody, { profile, claims }, { organization_id })
          expect(await fixture.errorOf(call)).toMatchObject({
            status_code: 400,
            error_type: 'token_missing_organization_id_claim'
          })
        }
        await expectNobody(nobody.organization_id, nobody.email_address)
      })

      test('refuses a role that does not exist, and creates nobody', async () => {
        const nobody = stranger()
        const call = attest(nobody, { profile, claims: { roles: ['emperor'] } })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_role'
        })
        await expectNobody(nobody.organization_id, nobody.email_address)
      })

      test('AA-07: gives a member who exists no roles', async () => {
        const person = await fixture.newPerson()
        const answer = await attest(person, { profile, claims: { roles: ['stytch_admin'] } })
        expect(answer.member_session.roles).toEqual(['stytch_member'])
      })

      test('AA-06: knows a member by the external id, whatever the address, and no address alone by another id', async () => {
        const person = await fixture.newPerson({ external_id: `ext_${randomUUID()}` })
        const { external_id: sub } = person.member
        const elsewhere = { ...person, email_address: `${randomUUID()}@acme.example` }
        expect((await attest(elsewhere, { profile, claims: { sub } })).member_id).toBe(
          person.member_id
        )
        const call = attest(person, { profile, claims: { sub: `ext_${randomUUID()}` } })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'member_not_found'
        })
      })

      test('takes a member id for no external id', async () => {
        const person = await fixture.newPerson()
        const nobody = stranger()
        const call = attest(nobody, { profile, claims: { sub: person.member_id } })
        expect(await fixture.errorOf(call)).toMatchObject({ status_code: 400 })
      })

      test('activates a member who waits for a first sign-in', async () => {
        const nobody = stranger()
        const { member } = await fixture.client.organizations.members.create({
          ...nobody,
          create_member_as_pending: true
        })
        expect(member.status).toBe('pending')
        const answer = await attest(nobody, { profile })
        expect(answer.member).toMatchObject({ status: 'active', email_address_verified: true })
        expect(answer.member_id).toBe(member.member_id)
      })

      test('creates one member when ten first tokens come at once', async () => {
        const nobody = stranger()
        const answers = await Promise.all(
          Array.from({ length: 10 }, () => attest(nobody, { profile }))
        )
        expect(new Set(answers.map(({ member_id }) => member_id)).size).toBe(1)
      })
    })

    describe('with an address of which it is not said that it is verified', () => {
      const unsaid = { email_verified: undefined }

      test('believes a profile that vouches for it, unless the token says otherwise', async () => {
        const person = await fixture.newPerson()
        const answer = await attest(person, { profile: 'vouching', claims: unsaid })
        expect(answer.member_id).toBe(person.member_id)
        for (const email_verified of [false, 'true', null]) {
          const call = attest(person, { profile: 'vouching', claims: { email_verified } })
          expect(await fixture.errorOf(call)).toMatchObject({
            status_code: 401,
            error_type: 'jwt_invalid_claims'
          })
        }
      })

      test('AA-06: still knows a member by the external id, whatever the address', async () => {
        const sub = `ext_${randomUUID()}`
        const person = await fixture.newPerson({ external_id: sub })
        const claims = { ...unsaid, sub }
        for (const named of [person, stranger()]) {
          const answer = await attest(named, { profile: 'joining', claims })
          expect(answer.member_id).toBe(person.member_id)
        }
      })

      test('finds, creates and activates no member by it', async () => {
        const external_id = `ext_${randomUUID()}`
        const waiting = { ...stranger(), external_id, create_member_as_pending: true }
        const { member } = await fixture.client.organizations.members.create(waiting)
        const nobody = stranger()
        const calls = [
          attest(await fixture.newPerson(), { profile: 'joining', claims: unsaid }),
          attest(nobody, { profile: 'joining', claims: unsaid }),
          attest(waiting, { profile: 'joining', claims: { ...unsaid, sub: external_id } })
        ]
        for (const call of calls) {
          expect(await fixture.errorOf(call)).toMatchObject({
            status_code: 401,
            error_type: 'jwt_invalid_claims'
          })
        }
        await expectNobody(nobody.organization_id, nobody.email_address)
        const { organization_id, member_id } = member
        const after = await fixture.client.organizations.members.get({ organization_id, member_id })
        expect(after.member.status).toBe('pending')
      })
    })

    describe('beside a session', () => {
      test.each(['session_token', 'session_jwt'] as const)(
        'S-ATT-09 S-ATT-10 S-DUR-14: a %s of the member gains one factor',
        async (name) => {
          const person = await fixture.newPerson()
          const pair = await fixture.signIn(person)
          for (const jti of ['one', 'two']) {
            const claims = { jti: `${jti} ${randomUUID()}` }
            const answer = await attest(person, { claims }, { [name]: pair[name] })
            expect(answer.member_session.member_session_id).toBe(
              pair.member_session.member_session_id
            )
            expect(factorsOf(answer)).toEqual(['password', 'trusted_auth_token'])
          }
          expect(await fixture.sessionsOf(person)).toHaveLength(1)
        }
      )

      test('S-ATT-11: of another member is refused, and neither it nor the token is used', async () => {
        const [person, other] = [await fixture.newPerson(), await fixture.newPerson()]
        const { session_token } = await fixture.signIn(other)
        const before = await fixture.sessionsOf(other)
        const token = await trustedToken(fixture, person)
        const request = { profile_id: profiles.plain, token }
        const call = fixture.client.sessions.attest({ ...request, session_token })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'member_session_member_id_mismatch'
        })
        expect(await fixture.sessionsOf(other)).toEqual(before)
        expect(await fixture.sessionsOf(person)).toEqual([])
        expect((await fixture.client.sessions.attest(request)).member_id).toBe(person.member_id)
      })

      test('of another member creates nobody', async () => {
        const nobody = stranger()
        const { session_token } = await fixture.signIn(await fixture.newPerson())
        const call = attest(nobody, { profile: 'joining' }, { session_token })
        expect(await fixture.errorOf(call)).toMatchObject({
          error_type: 'member_session_member_id_mismatch'
        })
        await expectNobody(nobody.organization_id, nobody.email_address)
      })

      test('that has ended is refused', async () => {
        const person = await fixture.newPerson()
        const { session_token } = await fixture.signIn(person)
        await fixture.client.sessions.revoke({ session_token })
        expect(await fixture.errorOf(attest(person, {}, { session_token }))).toMatchObject({
          status_code: 404,
          error_type: 'session_not_found'
        })
      })
    })

    describe('S-ATT-14: where a second factor is required', () => {
      const required = { mfa_policy: 'REQUIRED_FOR_ALL' }

      test('a first token is refused, and not used up', async () => {
        const { organization_id } = await fixture.newOrganization(required)
        const person = await fixture.newPerson({ organization_id })
        const request = { profile_id: profiles.plain, token: await trustedToken(fixture, person) }
        expect(await fixture.errorOf(fixture.client.sessions.attest(request))).toMatchObject({
          status_code: 401,
          error_type: 'insufficient_factors'
        })
        expect(await fixture.sessionsOf(person)).toEqual([])
        await fixture.client.organizations.update({ organization_id, mfa_policy: 'OPTIONAL' })
        expect((await fixture.client.sessions.attest(request)).status_code).toBe(200)
      })

      test('a member who is enrolled is refused too', async () => {
        const person = await fixture.newEnrolled()
        expect(await fixture.errorOf(attest(person))).toMatchObject({
          status_code: 401,
          error_type: 'insufficient_factors'
        })
      })

      test('a profile that stands for one starts a session', async () => {
        const { organization_id } = await fixture.newOrganization(required)
        const person = await fixture.newPerson({ organization_id })
        const answer = await attest(person, { profile: 'strong' })
        expect(factorsOf(answer)).toEqual(['trusted_auth_token'])
      })

      test('a session that is there is enough', async () => {
        const { organization_id } = await fixture.newOrganization()
        const person = await fixture.newPerson({ organization_id })
        const { session_token } = await fixture.signIn(person)
        await fixture.client.organizations.update({ organization_id, ...required })
        const answer = await attest(person, {}, { session_token })
        expect(factorsOf(answer)).toEqual(['password', 'trusted_auth_token'])
      })
    })

    describe('S-ATT-12: refuses a token', () => {
      const invalid = 'invalid_trusted_auth_token'
      const now = () => Math.floor(fixture.clock.now() / 1000)

      test.each<[string, () => Record<string, unknown>, string]>([
        ['of another issuer', () => ({ iss: 'https://evil.example' }), 'jwt_invalid_issuer'],
        ['of no issuer', () => ({ iss: undefined }), 'jwt_invalid_issuer'],
        [
          'of another profile',
          () => ({ iss: issuerOf(fixture.identity, 'strong') }),
          'jwt_invalid_issuer'
        ],
        ['for another audience', () => ({ aud: 'https://else.example' }), 'jwt_invalid_audience'],
        ['for a longer audience', () => ({ aud: `${audience}/x` }), 'jwt_invalid_audience'],
        ['for nobody', () => ({ aud: undefined }), 'jwt_invalid_audience'],
        ['that has ended', () => ({ iat: now() - 300, exp: now() }), invalid],
        ['of tomorrow', () => ({ iat: now() + 60, exp: now() + 120 }), invalid],
        ['not yet to be used', () => ({ nbf: now() + 60 }), invalid],
        ['that never ends', () => ({ exp: undefined }), 'jwt_invalid_claims'],
        ['that never began', () => ({ iat: undefined }), 'jwt_invalid_claims'],
        ['that ends by a text', () => ({ exp: String(now() + 60) }), 'jwt_invalid_claims'],
        ['of more than ten minutes', () => ({ exp: now() + 601 }), 'jwt_invalid_claims'],
        ['without an id of its own', () => ({ jti: undefined }), 'jwt_invalid_claims'],
        ['without an address', () => ({ email: undefined }), 'jwt_invalid_claims'],
        ['with a wrong address', () => ({ email: 'nobody' }), 'jwt_invalid_claims'],
        [
          'with an address of which it says nothing',
          () => ({ email_verified: undefined }),
          'jwt_invalid_claims'
        ],
        ['with an unverified address', () => ({ email_verified: false }), 'jwt_invalid_claims'],
        ['with a verified "true"', () => ({ email_verified: 'true' }), 'jwt_invalid_claims'],
        ['with an organization of no text', () => ({ [orgClaim]: 5 }), 'jwt_invalid_claims'],
        ['with a NUL', () => ({ [orgClaim]: 'acme\0' }), 'jwt_invalid_claims'],
        ['with half of a surrogate pair', () => ({ jti: 'a\ud800' }), 'jwt_invalid_claims'],
        [
          'AA-08: with a session of an authority',
          () => ({ 'https://stytch.com/session': {} }),
          invalid
        ]
      ])('%s', async (_, claims, error_type) => {
        const person = await fixture.newPerson()
        const call = attest(person, { claims: claims() })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 401,
          error_type
        })
        expect(await fixture.sessionsOf(person)).toEqual([])
      })

      test.each<[string, Record<string, unknown>]>([
        ['with another algorithm', { alg: 'ES256' }],
        ['of another key', { kid: 'none' }],
        ['that names no key', { kid: undefined }],
        ['of another kind', { typ: 'logout+jwt' }],
        ['that brings a key', { jwk: { kty: 'RSA' } }],
        ['that names a key set', { jku: 'https://evil.example/jwks' }]
      ])('%s', async (_, header) => {
        expect(await fixture.errorOf(attest(await fixture.newPerson(), { header }))).toMatchObject({
          status_code: 401,
          error_type: invalid
        })
      })

      test('with another signature, with none, and no token at all', async () => {
        const person = await fixture.newPerson()
        const token = await trustedToken(fixture, person)
        const [header, payload] = token.split('.')
        const none = Buffer.from('{"alg":"none"}').toString('base64url')
        const wrong = [
          withOtherSignature(token),
          `${header}.${payload}.`,
          `${none}.${payload}.`,
          'a.b.c',
          'x'.repeat(44),
          ''
        ]
        for (const token of wrong) {
          const call = fixture.client.sessions.attest({ profile_id: profiles.plain, token })
          expect(await fixture.errorOf(call)).toMatchObject({ status_code: 401 })
        }
      })

      test('AA-08: that is a session JWT of the authority', async () => {
        const { session_jwt } = await fixture.signIn(await fixture.newPerson())
        for (const profile_id of Object.values(profiles)) {
          const call = fixture.client.sessions.attest({ profile_id, token: session_jwt })
          expect(await fixture.errorOf(call)).toMatchObject({ status_code: 401 })
        }
      })

      test('AA-05: of one profile at another', async () => {
        const token = await trustedToken(fixture, await fixture.newPerson())
        const call = fixture.client.sessions.attest({ profile_id: profiles.strong, token })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 401,
          error_type: 'jwt_invalid_issuer'
        })
      })

      test('AA-02: that was used, also 100 at once, and by another jti takes it again', async () => {
        const person = await fixture.newPerson()
        const request = { profile_id: profiles.plain, token: await trustedToken(fixture, person) }
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, async () => {
            try {
              return (await fixture.client.sessions.attest(request)).status_code
            } catch (error) {
              return Reflect.get(Object(error), 'error_type')
            }
          })
        )
        expect(outcomes.filter((outcome) => outcome === 200)).toHaveLength(1)
        expect(outcomes.filter((outcome) => outcome === invalid)).toHaveLength(99)
        expect(await fixture.sessionsOf(person)).toHaveLength(1)
        expect((await attest(person)).status_code).toBe(200)
      })

      test('AA-02: of an id that another token had, until that one has ended', async () => {
        const person = await fixture.newPerson()
        const claims = { jti: randomUUID() }
        await attest(person, { claims })
        expect(await fixture.errorOf(attest(person, { claims }))).toMatchObject({
          status_code: 401,
          error_type: invalid
        })
        fixture.clock.advance(300)
        expect((await attest(person, { claims })).status_code).toBe(200)
      })
    })

    describe('while the key set cannot be had', () => {
      test.each<[string, Parameters<typeof fixture.identity.misbehave>[1]]>([
        ['answers 500', (_, response) => sendJson(response, 500, {})],
        [
          'redirects',
          (_, response) =>
            response.writeHead(302, { Location: `${fixture.identity.jwks_url}?again` }).end()
        ],
        ['is no JSON', (_, response) => response.end('<html>')],
        ['holds no keys', (_, response) => sendJson(response, 200, { keys: 'none' })],
        [
          'is larger than 64 KiB',
          (_, response) => sendJson(response, 200, { keys: [], more: 'x'.repeat(65_536) })
        ]
      ])('AA-09: since it %s, keys at hand go on, and an unknown key is 503', async (_, answer) => {
        const person = await fixture.newPerson()
        await attest(person)
        const restore = fixture.identity.misbehave('/jwks', answer)
        fixture.clock.advance(60)
        expect((await attest(person)).status_code).toBe(200)
        const call = attest(person, { header: { kid: 'new' } })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 503,
          error_type: 'server_unavailable'
        })
        restore()
        fixture.clock.advance(60)
      })

      test('a key that the set does not name is asked for once in a while', async () => {
        const person = await fixture.newPerson()
        fixture.clock.advance(60)
        const calls = await fixture.identity.watch(async () => {
          for (let count = 0; count < 5; count += 1) {
            await fixture.errorOf(attest(person, { header: { kid: 'never' } }))
          }
        })
        expect(calls).toHaveLength(1)
        expect(calls[0]).toMatchObject({ method: 'GET', path: '/jwks', authorization: '' })
      })
    })
  })
})
