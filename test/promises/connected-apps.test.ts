import { describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { B2BClient } from 'stytch'
import { appCalls, credentials } from '../support/app-calls.ts'
import { connect } from '../support/clients.ts'
import {
  accessTokenOf,
  apps,
  authorize,
  code_challenge,
  code_verifier,
  postForm
} from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { runSql } from '../support/run-sql.ts'
import { claimsOf, organizationClaim } from '../support/session-jwts.ts'

describe('connected apps', () => {
  describeOnEachEngine((fixture) => {
    const { tokenForm, redeem, ask, isActive } = appCalls(fixture)

    const request = (app: {
      client_id: string
      redirect_urls: readonly [string, ...string[]]
    }) => ({
      client_id: app.client_id,
      redirect_uri: app.redirect_urls[0],
      response_type: 'code',
      scopes: ['openid', 'email']
    })

    const start = (fields: Record<string, unknown>) =>
      fixture.client.idp.oauth.authorizeStart({ ...request(apps.first), ...fields })

    const finish = (fields: Record<string, unknown>) =>
      fixture.client.idp.oauth.authorize({
        ...request(apps.first),
        consent_granted: true,
        ...fields
      })

    async function signedIn() {
      const person = await fixture.newPerson({ name: 'Ada' })
      const { session_token, session_jwt } = await fixture.signIn(person)
      return { person, session_token, session_jwt }
    }

    async function expectRefusal(call: Promise<unknown>, status_code: number, error_type: string) {
      expect(await fixture.errorOf(call)).toMatchObject({ status_code, error_type })
    }

    const basic = (id: string, secret: string) => ({
      Authorization: `Basic ${Buffer.from(
        `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
      ).toString('base64')}`
    })

    describe('authorizeStart', () => {
      test('says what the app is and what it may have, by whichever name of the member', async () => {
        const { person, session_token, session_jwt } = await signedIn()
        const { organization_id, member_id } = person
        const scopes = ['openid', 'full_access', 'pigeons', 'openid']
        for (const by of [{ session_token }, { session_jwt }, { organization_id, member_id }]) {
          const answer = await start({ scopes, ...by })
          expect(answer.member_id).toBe(member_id)
          expect(answer.organization.organization_id).toBe(organization_id)
          expect(answer.client).toEqual({
            client_id: apps.first.client_id,
            client_type: 'first_party',
            client_name: 'Mobile',
            client_description: 'Our own app'
          })
          expect(answer.consent_required).toBe(false)
          const grantable = answer.scope_results.map(({ scope, is_grantable }) => [
            scope,
            is_grantable
          ])
          expect(grantable).toEqual([
            ['openid', true],
            ['full_access', true],
            ['pigeons', false]
          ])
        }
      })

      test('asks for consent to a third party, until it was given, for more, and when told to', async () => {
        const { session_token } = await signedIn()
        const third = { ...request(apps.third), session_token }
        const required = async (fields: object = {}) =>
          (await start({ ...third, ...fields })).consent_required
        expect(await required()).toBe(true)
        await finish({ ...third, consent_granted: false })
        expect(await required()).toBe(true)
        await finish(third)
        expect(await required()).toBe(false)
        expect(await required({ scopes: ['openid', 'profile'] })).toBe(true)
        expect(await required({ prompt: 'consent' })).toBe(true)
        await finish({ ...third, scopes: ['profile'] })
        expect(await required({ scopes: ['openid', 'profile'] })).toBe(false)
        const other = await signedIn()
        expect(await required({ session_token: other.session_token })).toBe(true)
      })

      test('offers full_access to no third party', async () => {
        const { session_token } = await signedIn()
        const scopes = ['full_access']
        const answer = await start({ ...request(apps.third), scopes, session_token })
        expect(answer.scope_results).toEqual([
          expect.objectContaining({ scope: 'full_access', is_grantable: false })
        ])
      })
    })

    describe.each([
      ['authorizeStart', start],
      ['authorize', finish]
    ])('%s refuses', (_, call) => {
      test('an app that is not there, or is of another project', async () => {
        const { session_token } = await signedIn()
        await expectRefusal(
          call({ client_id: 'none', session_token }),
          404,
          'connected_app_not_found'
        )
        const { organization_id } = fixture.other.organization
        const foreign = { ...request(apps.first), organization_id, member_id: 'x' }
        const start = fixture.other.client.idp.oauth.authorizeStart(foreign)
        await expectRefusal(start, 404, 'connected_app_not_found')
      })

      test.each([
        'https://mobile.example/callback/',
        'https://mobile.example/callback?x=1',
        'https://MOBILE.example/callback',
        'https://evil.example/callback'
      ])('the redirect URL %s', async (redirect_uri) => {
        const { session_token } = await signedIn()
        await expectRefusal(call({ redirect_uri, session_token }), 400, 'invalid_redirect_uri')
      })

      test('no member, two of them, and half of one', async () => {
        const { person, session_token, session_jwt } = await signedIn()
        const { organization_id, member_id } = person
        await expectRefusal(call({}), 400, 'no_session_arguments')
        const tooMany = 'too_many_session_arguments'
        await expectRefusal(call({ session_token, session_jwt }), 400, tooMany)
        await expectRefusal(call({ session_token, organization_id, member_id }), 400, tooMany)
        await expectRefusal(call({ organization_id }), 400, 'invalid_argument')
        await expectRefusal(call({ member_id }), 400, 'invalid_argument')
        const nobody = { organization_id, member_id: 'member-test-nobody' }
        await expectRefusal(call(nobody), 404, 'member_not_found')
      })

      test('a member who is not active', async () => {
        const { organization_id, member_id } = fixture.waiting
        const error_type = 'action_available_only_for_active_members'
        await expectRefusal(call({ organization_id, member_id }), 400, error_type)
      })

      test('another response type, and scopes that are none', async () => {
        const { session_token } = await signedIn()
        await expectRefusal(
          call({ response_type: 'token', session_token }),
          400,
          'invalid_argument'
        )
        await expectRefusal(call({ scopes: ['a b'], session_token }), 400, 'invalid_argument')
      })

      test('an app that the organization does not allow', async () => {
        const { organization_id } = await fixture.newOrganization({
          first_party_connected_apps_allowed_type: 'RESTRICTED',
          allowed_first_party_connected_apps: [apps.firstPublic.client_id],
          third_party_connected_apps_allowed_type: 'NOT_ALLOWED'
        })
        const { member_id } = await fixture.newPerson({ organization_id })
        const by = { organization_id, member_id, code_challenge }
        const error_type = 'connected_app_not_allowed_for_org'
        await expectRefusal(call(by), 403, error_type)
        await expectRefusal(call({ ...by, ...request(apps.third) }), 403, error_type)
        const answer = await call({ ...by, ...request(apps.firstPublic) })
        expect(answer.status_code).toBe(200)
      })
    })

    describe('authorize', () => {
      test('answers where to go, with the code and the state', async () => {
        const { session_token } = await signedIn()
        const [, redirect_uri] = apps.first.redirect_urls
        const answer = await finish({ redirect_uri, state: 'a b&c=d', session_token })
        const url = new URL(answer.redirect_uri)
        expect(`${url.origin}${url.pathname}`).toBe('http://127.0.0.1/callback')
        expect(Object.fromEntries(url.searchParams)).toEqual({
          kept: '1',
          code: answer.authorization_code,
          state: 'a b&c=d'
        })
      })

      test.each([
        ['access_denied', { consent_granted: false }],
        ['invalid_scope', { scopes: ['openid', 'pigeons'] }]
      ])('answers where to go with %s, and no code', async (error, fields) => {
        const { session_token } = await signedIn()
        const answer = await finish({ state: 's', session_token, ...fields })
        expect(answer).not.toHaveProperty('authorization_code')
        const url = new URL(answer.redirect_uri)
        expect(Object.fromEntries(url.searchParams)).toEqual({ error, state: 's' })
      })

      test('refuses a public app without PKCE, and a challenge that is none', async () => {
        const { session_token } = await signedIn()
        const fields = { ...request(apps.firstPublic), session_token }
        await expectRefusal(finish(fields), 400, 'invalid_argument')
        await expectRefusal(finish({ ...fields, code_challenge: 'x' }), 400, 'invalid_argument')
      })
    })

    describe('the token endpoint', () => {
      const invalidGrant = { error: 'invalid_grant', status_code: 400 }

      test('gives an access token that the key set verifies, and an ID token', async () => {
        const { person, session_token } = await signedIn()
        const scopes = ['openid', 'email', 'profile', 'full_access']
        const code = await authorize(fixture, { session_token }, { scopes, nonce: 'n' })
        const { status, body } = await redeem(tokenForm(code))
        expect(status).toBe(200)
        expect(body).toMatchObject({
          token_type: 'Bearer',
          expires_in: 3600,
          scope: scopes.join(' ')
        })
        const { organization_id, organization_slug: slug } = fixture.A
        const iat = Math.floor(fixture.clock.now() / 1000)
        const common = {
          iss: `stytch.com/${fixture.project_id}`,
          sub: person.member_id,
          iat,
          nbf: iat,
          exp: iat + 3600
        }
        expect(claimsOf(String(body.access_token))).toEqual({
          ...common,
          aud: [fixture.project_id],
          client_id: apps.first.client_id,
          scope: scopes.join(' '),
          jti: expect.stringMatching(/^[\w-]{44}$/),
          [organizationClaim]: { organization_id, slug }
        })
        expect(claimsOf(String(body.id_token))).toEqual({
          ...common,
          aud: [apps.first.client_id],
          nonce: 'n',
          email: person.email_address,
          email_verified: true,
          name: 'Ada'
        })
        const keys = createRemoteJWKSet(
          new URL(`/v1/b2b/sessions/jwks/${fixture.project_id}`, fixture.tap.url)
        )
        for (const token of [body.access_token, body.id_token]) {
          await jwtVerify(String(token), keys, { currentDate: new Date(fixture.clock.now()) })
        }
        for (const session_jwt of [String(body.access_token), String(body.id_token)]) {
          const call = fixture.client.sessions.authenticate({ session_jwt })
          await expectRefusal(call, 404, 'session_not_found')
        }
      })

      test('is there under the project too, and takes credentials by Basic', async () => {
        const { session_token } = await signedIn()
        const third = { ...request(apps.third), code_challenge: undefined }
        const form = {
          grant_type: 'authorization_code',
          code: await authorize(fixture, { session_token }, third),
          redirect_uri: apps.third.redirect_urls[0]
        }
        const path = `/v1/public/${fixture.project_id}/oauth2/token`
        const { client_id, client_secret } = apps.third
        const { status, body } = await postForm(
          fixture,
          path,
          form,
          basic(client_id, client_secret)
        )
        expect([status, body.error]).toEqual([200, undefined])
        expect(body.scope).toBe('openid email')
      })

      test('finds the project of an app without reading the others', async () => {
        const { session_token } = await signedIn()
        const form = tokenForm(await authorize(fixture, { session_token }))
        const { project_id } = fixture.other
        const [before] = await runSql(
          fixture.database,
          'select settings from projects where project_id = $1',
          [project_id]
        )
        const setSettings = (settings: string) =>
          runSql(fixture.database, 'update projects set settings = $1 where project_id = $2', [
            settings,
            project_id
          ])
        await setSettings('unreadable')
        expect((await redeem(form)).status).toBe(200)
        expect((await redeem({ ...form, client_id: '%' })).status).toBe(401)
        await setSettings(String(before?.settings))
      })

      test('takes a public app without a secret', async () => {
        const { session_token } = await signedIn()
        const { client_id, redirect_urls } = apps.firstPublic
        const code = await authorize(fixture, { session_token }, request(apps.firstPublic))
        const form = { ...tokenForm(code), client_id, redirect_uri: redirect_urls[0] }
        expect((await redeem(form)).body).toMatchObject({ error: 'invalid_client' })
        const { client_secret, ...without } = form
        expect((await redeem(without)).status).toBe(200)
      })

      test.each<[string, Record<string, string>]>([
        ['another redirect URL', { redirect_uri: apps.first.redirect_urls[1] }],
        ['another verifier', { code_verifier: `${code_verifier}x` }],
        ['no verifier', { code_verifier: '' }],
        [
          'another app',
          { client_id: apps.third.client_id, client_secret: apps.third.client_secret }
        ],
        ['another code', { code: 'x'.repeat(44) }]
      ])('refuses a code with %s, which stays good', async (_, wrong) => {
        const { session_token } = await signedIn()
        const form = tokenForm(await authorize(fixture, { session_token }))
        const refused = await redeem({ ...form, ...wrong })
        expect(refused.status).toBe(400)
        expect(refused.body).toMatchObject(invalidGrant)
        expect((await redeem(form)).status).toBe(200)
      })

      test('refuses a verifier where there was no challenge', async () => {
        const { session_token } = await signedIn()
        const code = await authorize(fixture, { session_token }, { code_challenge: undefined })
        expect((await redeem(tokenForm(code))).body).toMatchObject(invalidGrant)
      })

      test('redeems no code of a member who is pending, or whose organization allows the app no more', async () => {
        const { organization_id } = await fixture.newOrganization()
        const person = await fixture.newPerson({ organization_id })
        const { session_token } = await fixture.signIn(person)
        const pending = await authorize(fixture, { session_token })
        const denied = await authorize(fixture, { session_token })
        const setStatus = (status: string) =>
          runSql(fixture.database, 'update members set status = $1 where member_id = $2', [
            status,
            person.member_id
          ])
        await setStatus('pending')
        expect((await redeem(tokenForm(pending))).body).toMatchObject(invalidGrant)
        await setStatus('active')
        await fixture.client.organizations.update({
          organization_id,
          first_party_connected_apps_allowed_type: 'NOT_ALLOWED'
        })
        expect((await redeem(tokenForm(denied))).body).toMatchObject(invalidGrant)
      })

      test('takes a code of 299 seconds, and refuses one of 300', async () => {
        const { session_token } = await signedIn()
        const [young, old] = [
          await authorize(fixture, { session_token }),
          await authorize(fixture, { session_token })
        ]
        fixture.clock.advance(299)
        expect((await redeem(tokenForm(young))).status).toBe(200)
        fixture.clock.advance(1)
        expect((await redeem(tokenForm(old))).body).toMatchObject(invalidGrant)
      })

      test('redeems a code once, also when 20 come at once, and a second use ends the token', async () => {
        const { session_token } = await signedIn()
        const form = tokenForm(await authorize(fixture, { session_token }))
        const first = await redeem(form)
        expect(first.status).toBe(200)
        expect((await redeem(form)).body).toMatchObject(invalidGrant)
        const access_token = String(first.body.access_token)
        const call = fixture.client.sessions.exchangeAccessToken({ access_token })
        await expectRefusal(call, 401, 'connected_app_consent_revoked')

        const again = tokenForm(await authorize(fixture, { session_token }))
        const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(again)))
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      })

      test('ends the token by a second use also while the member is pending', async () => {
        const { person, session_token } = await signedIn()
        const form = tokenForm(await authorize(fixture, { session_token }))
        const access_token = String((await redeem(form)).body.access_token)
        const setStatus = (status: string) =>
          runSql(fixture.database, 'update members set status = $1 where member_id = $2', [
            status,
            person.member_id
          ])
        await setStatus('pending')
        expect((await redeem(form)).body).toMatchObject(invalidGrant)
        await setStatus('active')
        const call = fixture.client.sessions.exchangeAccessToken({ access_token })
        await expectRefusal(call, 401, 'connected_app_consent_revoked')
      })

      test.each<[string, number, string, Record<string, string | undefined>]>([
        ['another grant', 400, 'unsupported_grant_type', { grant_type: 'password' }],
        ['a name that all objects have', 400, 'unsupported_grant_type', { grant_type: 'toString' }],
        ['no refresh token', 400, 'invalid_request', { grant_type: 'refresh_token' }],
        ['no grant', 400, 'invalid_request', { grant_type: '' }],
        ['no code', 400, 'invalid_request', { code: '' }],
        ['no redirect URL', 400, 'invalid_request', { redirect_uri: '' }],
        ['a wrong secret', 401, 'invalid_client', { client_secret: 'wrong' }],
        ['no secret', 401, 'invalid_client', { client_secret: '' }],
        ['an unknown app', 401, 'invalid_client', { client_id: 'none' }],
        ['no app', 401, 'invalid_client', { client_id: '' }]
      ])('refuses %s by the error of OAuth', async (_, status, error, wrong) => {
        const { session_token } = await signedIn()
        const form = tokenForm(await authorize(fixture, { session_token }))
        const answer = await redeem({ ...form, ...wrong } as Record<string, string>)
        expect(answer.status).toBe(status)
        expect(answer.body).toEqual({
          error,
          error_description: expect.any(String),
          status_code: status,
          request_id: expect.stringMatching(/^request-id-test-/)
        })
      })

      test('refuses two kinds of credentials, a parameter twice and a body that is no form', async () => {
        const { session_token } = await signedIn()
        const form = tokenForm(await authorize(fixture, { session_token }))
        const { client_id, client_secret } = apps.first
        const both = await redeem(form, basic(client_id, client_secret))
        expect(both.body).toMatchObject({ error: 'invalid_request' })
        const twice = `${new URLSearchParams(form)}&code=x`
        const repeated = await postForm(fixture, '/v1/oauth2/token', twice)
        expect(repeated.body).toMatchObject({ error: 'invalid_request' })
        const json = await fetch(new URL('/v1/oauth2/token', fixture.tap.url), {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(form)
        })
        expect(json.status).toBe(400)
        expect(await json.json()).toMatchObject({ error: 'invalid_request' })
        const bearer = await redeem(form, { Authorization: 'Bearer x' })
        expect(bearer.body).toMatchObject({ error: 'invalid_client', status_code: 401 })
      })
    })

    describe('introspection', () => {
      test('says what a token that counts says', async () => {
        const { session_token } = await signedIn()
        const token = await accessTokenOf(fixture, { session_token })
        const { status, body } = await ask('introspect', token)
        expect(status).toBe(200)
        const { jti, ...claims } = claimsOf(token)
        expect(body).toEqual({
          active: true,
          token_type: 'access_token',
          ...claims,
          request_id: expect.any(String),
          status_code: 200
        })
      })

      test('is what introspectTokenNetwork and introspectTokenLocal of the official SDK take', async () => {
        const { person, session_token } = await signedIn()
        const token = await accessTokenOf(fixture, { session_token })
        const { project_id, secret, tap, clock } = fixture
        const sdk = connect('the official SDK', { project_id, secret }, tap, clock)
        const { idp } = sdk as unknown as B2BClient
        const { exp, iat, nbf, iss, aud } = claimsOf(token)
        const { organization_id, organization_slug: slug } = fixture.A
        const expected = {
          subject: person.member_id,
          scope: 'openid full_access',
          audience: aud,
          issuer: iss,
          expires_at: exp,
          issued_at: iat,
          not_before: nbf,
          token_type: 'access_token',
          organization: { organization_id, slug }
        }
        expect(await idp.introspectTokenNetwork({ token, ...credentials })).toMatchObject(expected)
        expect(await idp.introspectTokenLocal(token)).toMatchObject(expected)
        const foreign = { token, ...credentials, client_secret: 'wrong' }
        expect(await fixture.codeOf(idp.introspectTokenNetwork(foreign))).toBe('token_invalid')
      })

      test('needs a token', async () => {
        const { status, body } = await ask('introspect', '')
        expect([status, body.error]).toEqual([400, 'invalid_request'])
      })

      test('says no more than that another does not count', async () => {
        const { session_token, session_jwt } = await signedIn()
        const token = await accessTokenOf(fixture, { session_token })
        const third = {
          client_id: apps.third.client_id,
          client_secret: apps.third.client_secret
        }
        const inactive = { active: false, request_id: expect.any(String), status_code: 200 }
        expect((await ask('introspect', token, third)).body).toEqual(inactive)
        for (const other of ['x', session_jwt, session_token, `${token}x`]) {
          expect((await ask('introspect', other)).body).toEqual(inactive)
        }
        fixture.clock.advance(3600)
        expect((await ask('introspect', token)).body).toEqual(inactive)
      })

      test('notices that a token was revoked, by its app alone', async () => {
        const { session_token } = await signedIn()
        const token = await accessTokenOf(fixture, { session_token })
        const third = {
          client_id: apps.third.client_id,
          client_secret: apps.third.client_secret
        }
        expect((await ask('revoke', token, third)).status).toBe(200)
        expect((await ask('introspect', token)).body.active).toBe(true)
        expect((await ask('revoke', token)).status).toBe(200)
        expect((await ask('introspect', token)).body.active).toBe(false)
        expect((await ask('revoke', 'x')).status).toBe(200)
      })

      test('says that a token ends with its session: by its end, which the token names', async () => {
        const person = await fixture.newPerson()
        const { session_token } = await fixture.signIn(person, { session_duration_minutes: 10 })
        const code = await authorize(fixture, { session_token })
        const late = await authorize(fixture, { session_token })
        const { body } = await redeem(tokenForm(code))
        expect(body.expires_in).toBe(600)
        const token = String(body.access_token)
        expect(claimsOf(token).exp).toBe(Number(claimsOf(token).iat) + 600)
        await fixture.client.sessions.authenticate({ session_token, session_duration_minutes: 5 })
        fixture.clock.advance(299)
        expect(await isActive(token)).toBe(true)
        fixture.clock.advance(1)
        expect(await isActive(token)).toBe(false)
        expect((await redeem(tokenForm(late))).body.error).toBe('invalid_grant')
      })

      test('refuses an app that does not prove itself, and a project that is not there', async () => {
        const { client_id } = apps.first
        expect((await ask('introspect', 'x', { client_id })).body).toMatchObject({
          error: 'invalid_client',
          status_code: 401
        })
        const path =
          '/v1/public/project-test-11111111-1111-4111-8111-111111111111/oauth2/introspect'
        const { status, body } = await postForm(fixture, path, { token: 'x', ...credentials })
        expect([status, body.error_type]).toEqual([404, 'project_not_found'])
      })
    })
  })
})
