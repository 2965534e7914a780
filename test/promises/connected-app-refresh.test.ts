import { describe, expect, test } from '@jest/globals'
import { appCalls, offlineScopes, tokensOf } from '../support/app-calls.ts'
import {
  apps,
  authorization,
  authorize,
  code_verifier,
  type TokenAnswer
} from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { runSql } from '../support/run-sql.ts'
import { claimsOf } from '../support/session-jwts.ts'

describe('a refresh token of an app', () => {
  describeOnEachEngine((fixture) => {
    const { tokenForm, redeem, refresh, ask, isActive, offline } = appCalls(fixture)
    const invalidGrant = { error: 'invalid_grant', status_code: 400 }

    async function signedIn() {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      return { person, session_token }
    }

    test('gives a refresh token with it alone', async () => {
      const { session_token } = await signedIn()
      const without = await redeem(tokenForm(await authorize(fixture, { session_token })))
      expect(without.body).not.toHaveProperty('refresh_token')
      const answer = await redeem(
        tokenForm(await authorize(fixture, { session_token }, { scopes: offlineScopes }))
      )
      expect(answer.body).toMatchObject({
        expires_in: 3600,
        scope: 'openid offline_access full_access'
      })
      expect(answer.body.refresh_token).toMatch(/^[\w-]{44}\.[\w-]{44}$/)
    })

    test('gives the next pair for a refresh token, of which the access token before is none', async () => {
      const { person, session_token } = await signedIn()
      const first = await offline({ session_token })
      fixture.clock.advance(60)
      const answer = await refresh(first.refreshing)
      expect(answer.status).toBe(200)
      expect(answer.body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'openid offline_access full_access',
        refresh_token: expect.stringMatching(/^[\w-]{44}\.[\w-]{44}$/),
        request_id: expect.any(String),
        status_code: 200
      })
      const second = tokensOf(answer)
      expect(claimsOf(second.access)).toMatchObject({
        sub: person.member_id,
        client_id: apps.first.client_id,
        scope: 'openid offline_access full_access'
      })
      expect(await isActive(first.access)).toBe(false)
      expect(await isActive(first.refreshing)).toBe(false)
      expect(await isActive(second.access)).toBe(true)
      expect((await refresh(second.refreshing)).status).toBe(200)
    })

    test('a refresh token that is brought again ends what it refreshed, however old it is', async () => {
      const { session_token } = await signedIn()
      const first = await offline({ session_token })
      const second = tokensOf(await refresh(first.refreshing))
      const third = tokensOf(await refresh(second.refreshing))
      expect(await isActive(third.access)).toBe(true)
      expect((await refresh(first.refreshing)).body).toMatchObject(invalidGrant)
      expect(await isActive(third.access)).toBe(false)
      expect(await isActive(third.refreshing)).toBe(false)
      expect((await refresh(third.refreshing)).body).toMatchObject(invalidGrant)
    })

    test('of refreshes with one token at once one succeeds, and what it gave has ended', async () => {
      const { session_token } = await signedIn()
      const { refreshing } = await offline({ session_token })
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshing)))
      const [won, ...more] = answers.filter(({ status }) => status === 200)
      expect(more).toEqual([])
      const lost = answers.filter((answer) => answer !== won)
      for (const { body } of lost) expect(body).toMatchObject(invalidGrant)
      const { access, refreshing: next } = tokensOf(won as TokenAnswer)
      expect(await isActive(access)).toBe(false)
      expect((await refresh(next)).body).toMatchObject(invalidGrant)
    })

    test('a code that is brought again ends the refresh token too', async () => {
      const { session_token } = await signedIn()
      const form = tokenForm(await authorize(fixture, { session_token }, { scopes: offlineScopes }))
      const { refreshing } = tokensOf(await redeem(form))
      expect((await redeem(form)).body).toMatchObject(invalidGrant)
      expect((await refresh(refreshing)).body).toMatchObject(invalidGrant)
    })

    test('narrows the scopes of one access token, and widens none', async () => {
      const { session_token } = await signedIn()
      const first = await offline({ session_token })
      for (const scope of ['openid email', 'openid  full_access']) {
        const answer = await refresh(first.refreshing, { scope })
        expect(answer.body).toMatchObject({ error: 'invalid_scope', status_code: 400 })
      }
      const narrow = await refresh(first.refreshing, { scope: 'openid' })
      expect(narrow.body.scope).toBe('openid')
      const { access, refreshing } = tokensOf(narrow)
      expect(claimsOf(access).scope).toBe('openid')
      const exchange = fixture.client.sessions.exchangeAccessToken({ access_token: access })
      expect(await fixture.errorOf(exchange)).toMatchObject({
        status_code: 400,
        error_type: 'oauth_access_token_exchange_missing_full_access'
      })
      const wide = await refresh(refreshing)
      expect(wide.body.scope).toBe('openid offline_access full_access')
    })

    test('counts for 30 days from the code on, however often it was used', async () => {
      const { session_token } = await signedIn()
      let tokens = await offline({ session_token })
      fixture.clock.advance(15 * 86_400)
      tokens = tokensOf(await refresh(tokens.refreshing))
      fixture.clock.advance(15 * 86_400 - 60)
      const last = await refresh(tokens.refreshing)
      expect(last.body.expires_in).toBe(60)
      const { access, refreshing } = tokensOf(last)
      expect([await isActive(access), await isActive(refreshing)]).toEqual([true, true])
      fixture.clock.advance(60)
      expect([await isActive(access), await isActive(refreshing)]).toEqual([false, false])
      expect((await refresh(refreshing)).body).toMatchObject(invalidGrant)
    })

    test('is of its app alone, which says who it is', async () => {
      const { session_token } = await signedIn()
      const { refreshing } = await offline({ session_token })
      const third = { client_id: apps.third.client_id, client_secret: apps.third.client_secret }
      expect((await refresh(refreshing, third)).body).toMatchObject(invalidGrant)
      expect((await ask('introspect', refreshing, third)).body.active).toBe(false)
      await ask('revoke', refreshing, third)
      const wrong = await refresh(refreshing, { client_secret: 'wrong' })
      expect(wrong.body).toMatchObject({ error: 'invalid_client' })
      for (const other of ['x', `${refreshing}x`, session_token]) {
        expect((await refresh(other)).body).toMatchObject(invalidGrant)
      }
      expect((await refresh(refreshing)).status).toBe(200)
    })

    test('is there for public apps, and for third parties by consent', async () => {
      const { session_token } = await signedIn()
      const publicApp = { client_id: apps.firstPublic.client_id }
      const redirect_uri = apps.firstPublic.redirect_urls[0]
      const code = await authorize(
        fixture,
        { session_token },
        { ...publicApp, redirect_uri, scopes: offlineScopes }
      )
      const grant_type = 'authorization_code'
      const form = { grant_type, code, redirect_uri, code_verifier, ...publicApp }
      const { refreshing } = tokensOf(await redeem(form))
      const next = { grant_type: 'refresh_token', refresh_token: refreshing, ...publicApp }
      expect((await redeem(next)).status).toBe(200)
      const answer = await fixture.client.idp.oauth.authorizeStart({
        ...authorization,
        client_id: apps.third.client_id,
        redirect_uri: apps.third.redirect_urls[0],
        scopes: ['offline_access'],
        session_token
      })
      expect(answer.consent_required).toBe(true)
      expect(answer.scope_results).toMatchObject([
        { scope: 'offline_access', is_grantable: true, description: expect.stringMatching(/./) }
      ])
    })

    test('introspection says what a refresh token is', async () => {
      const { person, session_token } = await signedIn()
      const { access, refreshing } = await offline({ session_token })
      expect((await ask('introspect', refreshing)).body).toEqual({
        active: true,
        token_type: 'refresh_token',
        client_id: apps.first.client_id,
        sub: person.member_id,
        scope: 'openid offline_access full_access',
        exp: Number(claimsOf(access).iat) + 30 * 86_400,
        request_id: expect.any(String),
        status_code: 200
      })
    })

    test('the app ends it by its newest or a used refresh token, or by its access token', async () => {
      const { session_token } = await signedIn()
      for (const by of ['newest', 'used', 'access'] as const) {
        const first = await offline({ session_token })
        const second = tokensOf(await refresh(first.refreshing))
        const token = { newest: second.refreshing, used: first.refreshing, access: second.access }
        expect((await ask('revoke', token[by])).status).toBe(200)
        expect(await isActive(second.access)).toBe(false)
        expect((await refresh(second.refreshing)).body).toMatchObject(invalidGrant)
      }
    })

    test('is stored as hashes', async () => {
      const { session_token } = await signedIn()
      const { refreshing } = await offline({ session_token })
      const rows = JSON.stringify(await runSql(fixture.database, 'select * from grants', []))
      for (const part of [refreshing, ...refreshing.split('.')]) expect(rows).not.toContain(part)
    })

    test('exchanges the access tokens that it gives for as long as the session lives', async () => {
      const { session_token } = await signedIn()
      const first = await offline({ session_token })
      const exchange = (access_token: string) =>
        fixture.client.sessions.exchangeAccessToken({ access_token })
      expect((await exchange(first.access)).status_code).toBe(200)
      const second = tokensOf(await refresh(first.refreshing))
      expect((await exchange(second.access)).status_code).toBe(200)
      const third = tokensOf(await refresh(second.refreshing))
      await fixture.client.sessions.revoke({ session_token })
      expect(await fixture.errorOf(exchange(third.access))).toMatchObject({
        status_code: 404,
        error_type: 'idp_access_token_could_not_be_exchanged'
      })
    })
  })
})
