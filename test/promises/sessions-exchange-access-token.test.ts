import { describe, expect, test } from '@jest/globals'
import { accessTokenOf, apps, authorize, postForm } from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { claimsOf, headerOf, newForger, withOtherSignature } from '../support/session-jwts.ts'

describe('sessions.exchangeAccessToken', () => {
  describeOnEachEngine((fixture) => {
    const exchange = (access_token: string, options: Record<string, unknown> = {}) =>
      fixture.client.sessions.exchangeAccessToken({ access_token, ...options })

    async function begin(person?: Person) {
      const member = person ?? (await fixture.newPerson())
      const pair = await fixture.signIn(member)
      const { session_token } = pair
      const access_token = await accessTokenOf(fixture, { session_token })
      return { person: member, pair, access_token }
    }

    async function expectRefusal(call: Promise<unknown>, status_code: number, error_type: string) {
      expect(await fixture.errorOf(call)).toMatchObject({ status_code, error_type })
    }

    const gone = 'idp_access_token_could_not_be_exchanged'

    test('S-XAT-01 S-XAT-07 S-XAT-09: gives the session that authorized, with one factor more and the end it had', async () => {
      const { person, pair, access_token } = await begin()
      fixture.clock.advance(60)
      const answer = await exchange(access_token)
      expect(answer.member_id).toBe(person.member_id)
      expect(answer.member.member_id).toBe(person.member_id)
      expect(answer.organization.organization_id).toBe(person.organization_id)
      const { member_session_id, expires_at } = pair.member_session
      expect(answer.member_session).toMatchObject({ member_session_id, expires_at })
      expect(answer.member_session?.authentication_factors).toEqual([
        expect.objectContaining({ type: 'password' }),
        expect.objectContaining({
          type: 'oauth',
          delivery_method: 'oauth_access_token_exchange',
          oauth_access_token_exchange_factor: { client_id: apps.first.client_id }
        })
      ])
      const { session_token, session_jwt } = answer
      for (const credential of [{ session_token }, { session_jwt }]) {
        const { member_session } = await fixture.client.sessions.authenticate(credential)
        expect(member_session.member_session_id).toBe(member_session_id)
      }
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test('another token of the same app renews its factor', async () => {
      const { pair, access_token } = await begin()
      await exchange(access_token)
      const { session_token } = pair
      const answer = await exchange(await accessTokenOf(fixture, { session_token }))
      expect(answer.member_session?.authentication_factors).toHaveLength(2)
    })

    test('makes no old session young: neither a password is set by it nor the address moved', async () => {
      const person = await fixture.newPerson()
      const { organization_id, member_id } = person
      const { session_token } = await fixture.signIn(person, { session_duration_minutes: 720 })
      fixture.clock.advance(4 * 3600)
      await exchange(await accessTokenOf(fixture, { session_token }))
      const password = 'another horse battery staple'
      const reset = fixture.client.passwords.sessions.reset({
        organization_id,
        session_token,
        password
      })
      await expectRefusal(reset, 400, 'session_too_old_to_reset_password')
      const move = fixture.client.organizations.members.startEmailUpdate(
        { organization_id, member_id, email_address: `moved.${person.email_address}` },
        { authorization: { session_token } }
      )
      await expectRefusal(move, 401, 'insufficient_factors')
    })

    test('S-XAT-02: refuses a token without full_access', async () => {
      const { session_token } = await fixture.signIn(await fixture.newPerson())
      const token = await accessTokenOf(fixture, { session_token }, { scopes: ['openid', 'email'] })
      await expectRefusal(exchange(token), 400, 'oauth_access_token_exchange_missing_full_access')
    })

    test('S-XAT-03: a third party is not granted full_access', async () => {
      const { session_token } = await fixture.signIn(await fixture.newPerson())
      const call = authorize(
        fixture,
        { session_token },
        { client_id: apps.third.client_id, redirect_uri: apps.third.redirect_urls[0] }
      )
      await expectRefusal(call, 400, 'third_party_clients_cannot_use_full_access')
    })

    test('S-XAT-04: takes a token of 300 seconds, and refuses one of 301', async () => {
      const [young, old] = [await begin(), await begin()]
      fixture.clock.advance(300)
      expect((await exchange(young.access_token)).status_code).toBe(200)
      fixture.clock.advance(1)
      const call = exchange(old.access_token)
      await expectRefusal(call, 400, 'oauth_access_token_exchange_token_too_old')
    })

    test('refuses a token that has ended', async () => {
      const { access_token } = await begin()
      fixture.clock.advance(3600)
      await expectRefusal(exchange(access_token), 401, 'idp_access_token_expired')
    })

    test('S-XAT-05: exchanges a token once, also when 100 come at once', async () => {
      const { pair, access_token } = await begin()
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, async () => {
          try {
            return (await exchange(access_token)).status_code
          } catch (error) {
            return Reflect.get(Object(error), 'error_type')
          }
        })
      )
      expect(outcomes.filter((outcome) => outcome === 200)).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === gone)).toHaveLength(99)
      await expectRefusal(exchange(access_token), 404, gone)
      const { session_token } = pair
      const { member_session } = await fixture.client.sessions.authenticate({ session_token })
      expect(member_session.authentication_factors).toHaveLength(2)
    })

    test('S-XAT-06: asks for no second factor where the organization requires one', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const { access_token } = await begin(person)
      const mfa_policy = 'REQUIRED_FOR_ALL'
      await fixture.client.organizations.update({ organization_id, mfa_policy })
      const answer = await exchange(access_token)
      expect(answer.session_token).not.toBe('')
      for (const name of ['intermediate_session_token', 'mfa_required', 'primary_required']) {
        expect(answer).not.toHaveProperty(name)
      }
    })

    test('S-XAT-08: refuses a forged, foreign or garbled token, a session JWT and an ID token', async () => {
      const { pair, access_token } = await begin()
      const forger = await newForger()
      const { kid } = headerOf(access_token)
      const claims = claimsOf(access_token)
      const { body } = await postForm(fixture, '/v1/oauth2/token', {
        grant_type: 'authorization_code',
        code: await authorize(
          fixture,
          { session_token: pair.session_token },
          { code_challenge: undefined }
        ),
        redirect_uri: apps.first.redirect_urls[0],
        client_id: apps.first.client_id,
        client_secret: apps.first.client_secret
      })
      const wrong = [
        await forger.sign({ ...claims }),
        await forger.sign({ ...claims }, { kid: String(kid) }),
        withOtherSignature(access_token),
        access_token.slice(0, -4),
        `${access_token}x`,
        pair.session_jwt,
        String(body.id_token),
        pair.session_token,
        'a.b.c',
        ''
      ]
      for (const token of wrong) {
        await expectRefusal(exchange(token), 404, 'idp_access_token_not_found')
      }
      const call = fixture.other.client.sessions.exchangeAccessToken({ access_token })
      await expectRefusal(call, 404, 'idp_access_token_not_found')
      expect((await exchange(access_token)).status_code).toBe(200)
    })

    test('refuses a token whose session has ended', async () => {
      const [revoked, left] = [await begin(), await begin()]
      await fixture.client.sessions.revoke({ session_token: revoked.pair.session_token })
      await expectRefusal(exchange(revoked.access_token), 404, gone)
      expect((await exchange(left.access_token)).status_code).toBe(200)
    })

    test('refuses a token that no session authorized', async () => {
      const { organization_id, member_id } = await fixture.newPerson()
      const token = await accessTokenOf(fixture, { organization_id, member_id })
      await expectRefusal(exchange(token), 404, gone)
    })

    test('refuses a token that its app has revoked', async () => {
      const { access_token } = await begin()
      const { client_id, client_secret } = apps.first
      const path = `/v1/public/${fixture.project_id}/oauth2/revoke`
      await postForm(fixture, path, { token: access_token, client_id, client_secret })
      await expectRefusal(exchange(access_token), 401, 'connected_app_consent_revoked')
    })

    test('refuses a token of an app that the organization has forbidden since', async () => {
      const { organization_id } = await fixture.newOrganization()
      const { access_token } = await begin(await fixture.newPerson({ organization_id }))
      await fixture.client.organizations.update({
        organization_id,
        first_party_connected_apps_allowed_type: 'NOT_ALLOWED'
      })
      await expectRefusal(exchange(access_token), 403, 'connected_app_not_allowed_for_org')
    })

    test('a refusal leaves the token usable', async () => {
      const { access_token } = await begin()
      const session_custom_claims = { text: 'x'.repeat(4096) }
      const call = exchange(access_token, { session_custom_claims })
      await expectRefusal(call, 400, 'custom_claims_too_large')
      expect((await exchange(access_token)).status_code).toBe(200)
    })
  })
})
