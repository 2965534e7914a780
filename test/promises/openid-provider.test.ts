import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { refusalOf } from '../support/api-errors.ts'
import { clientOn, connect, type SharedClient } from '../support/clients.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { type OpenIdProvider, openOpenIdProvider } from '../support/openid-provider.ts'

/** A real OpenID provider, with its own sign-in, tokens and UserInfo endpoint. */
describe('with a real OpenID provider', () => {
  describeOnEachDatabase((create, engine) => {
    const project_id = `project-test-${randomUUID()}`
    const secret = `secret-test-${randomUUID()}`
    const organization_id = 'acme'
    const email_address = 'ada@acme.example'
    const profile_id = 'profile'
    let provider: OpenIdProvider
    let database: TestDatabase
    let authority: OpenAuthority

    beforeAll(async () => {
      provider = await openOpenIdProvider()
      database = await create()
      const attribute_mapping = { email: 'email', token_id: 'token_id', organization_id: 'org' }
      const { issuer, client_id, jwks_url, userinfo_url } = provider
      authority = await openAuthority({
        database: database.location,
        projects: [
          {
            project_id,
            secret,
            settings: {
              userinfo_url,
              userinfo_email_verified: 'claim',
              userinfo_satisfies_mfa: true,
              trusted_auth_token_profiles: [
                {
                  profile_id,
                  issuer,
                  audience: client_id,
                  public_key_type: 'JWK',
                  jwks_url,
                  attribute_mapping,
                  can_jit_provision: true
                }
              ]
            },
            organizations: [
              {
                organization_name: 'Acme',
                organization_slug: 'acme',
                members: [
                  { email_address },
                  { email_address: 'mfa@acme.example', mfa_enrolled: true }
                ]
              }
            ]
          }
        ]
      })
    })

    afterAll(async () => {
      await authority.close()
      await provider.close()
      await database.drop()
    })

    const through = clientOn(engine)
    describe(`through ${through}`, () => {
      let client: SharedClient
      beforeEach(() => {
        client = connect(through, { project_id, secret }, authority, Date)
      })

      test('S-MIG-09: migrates with an access token of it, until it is revoked there', async () => {
        const { access_token: session_token } = await provider.signIn(email_address)
        const answer = await client.sessions.migrate({ organization_id, session_token })
        expect(answer.member.email_address).toBe(email_address)
        await provider.revoke(session_token)
        const call = client.sessions.migrate({ organization_id, session_token })
        expect(await refusalOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'migrate_from_external_unexpected_response'
        })
      })

      test('S-MIG-04: migrates nobody whose address it calls unverified', async () => {
        const { access_token: session_token } = await provider.signIn(email_address, {
          email_verified: false
        })
        const call = client.sessions.migrate({ organization_id, session_token })
        expect(await refusalOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'migrate_from_external_missing_userinfo'
        })
      })

      test('an endpoint that stands for a second factor migrates who needs one', async () => {
        const { access_token: session_token } = await provider.signIn('mfa@acme.example')
        const answer = await client.sessions.migrate({ organization_id, session_token })
        expect(answer.member.mfa_enrolled).toBe(true)
        expect(answer.session_token).not.toBe('')
      })

      test('S-ATT-01 AA-02: attests with an ID token of it, once', async () => {
        const { id_token: token } = await provider.signIn(email_address, { org: organization_id })
        const answer = await client.sessions.attest({ profile_id, token })
        expect(answer.member.email_address).toBe(email_address)
        expect(await refusalOf(client.sessions.attest({ profile_id, token }))).toMatchObject({
          status_code: 401,
          error_type: 'invalid_trusted_auth_token'
        })
      })

      test('S-ATT-07: attests a new member', async () => {
        const email = `${randomUUID()}@acme.example`
        const { id_token: token } = await provider.signIn(email, { org: organization_id })
        const { member } = await client.sessions.attest({ profile_id, token })
        expect(member).toMatchObject({ email_address: email, status: 'active' })
      })

      test('S-ATT-03: refuses an ID token without an organization', async () => {
        const { id_token: token } = await provider.signIn(email_address, { org: undefined })
        const call = client.sessions.attest({ profile_id, token, organization_id })
        expect(await refusalOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'token_missing_organization_id_claim'
        })
      })
    })
  })
})
