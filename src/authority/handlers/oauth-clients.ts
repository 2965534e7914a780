import { organizationClaim } from '../../jwt/claims.ts'
import { signJwt } from '../../jwt/jose.ts'
import type { Context } from '../context.ts'
import { newOpaqueToken, sha256 } from '../crypto/tokens.ts'
import {
  type AccessToken,
  accessTokenClaims,
  hasEnded,
  idTokenClaims
} from '../domain/access-tokens.ts'
import { isAppAllowed } from '../domain/connected-apps.ts'
import type { ConnectedApp, GrantRecord } from '../domain/records.ts'
import { OAuthError } from '../oauth-error.ts'
import { about } from '../steps/about.ts'
import { readOwnToken } from '../steps/access-token.ts'

/** What an app sends as a form: each parameter once. */
export type Form = Readonly<Record<string, string | undefined>>

/** Answers an app that has said who it is. */
export type OAuthHandler = (context: Context, app: ConnectedApp, form: Form) => Promise<object>

const codeVerifier = /^[A-Za-z0-9._~-]{43,128}$/

/**
 * Redeems an authorization code for an access token (RFC 6749 section 4.1.3).
 *
 * - The code must be the app's own, with the redirect URL and the PKCE verifier that it began with.
 * - It counts once. A client that brings it again may have stolen it, so the access token of the first time ends.
 */
export const redeemCode: OAuthHandler = async (context, app, form) => {
  const { store } = context
  if (form.grant_type === undefined) throw missing('grant_type')
  if (form.grant_type !== 'authorization_code') {
    throw new OAuthError('unsupported_grant_type', 'Only authorization_code is supported.')
  }
  if (form.code === undefined) throw missing('code')
  if (form.redirect_uri === undefined) throw missing('redirect_uri')

  const grant = about(context, await store.findGrantByCode(sha256(form.code)))
  if (grant === undefined || grant.client_id !== app.client_id) throw wrongCode()
  if (grant.redirect_uri !== form.redirect_uri || !isVerified(grant, form)) throw wrongCode()
  if (grant.redeemed_at !== null) throw await usedTwice(context, grant)
  return issueTokens(context, app, grant)
}

async function issueTokens(context: Context, app: ConnectedApp, grant: GrantRecord) {
  const { store, project, signingKeys, now } = context
  const subject = await findSubject(context, app, grant)
  if (subject === undefined) throw wrongCode()

  const { kid, privateKey } = await signingKeys.signingKey(now)
  const issue = { project_id: project.project_id, grant, ...subject, now }
  const jti = newOpaqueToken()
  const claims = accessTokenClaims(issue, jti)
  const access_token = await signJwt(claims, kid, privateKey)
  const id_token = grant.scopes.includes('openid')
    ? { id_token: await signJwt(idTokenClaims(issue), kid, privateKey) }
    : {}
  const conflict = await store.tryRun([
    {
      do: 'redeemGrant',
      grant_id: grant.grant_id,
      token_hash: sha256(jti),
      expires_at: claims.exp * 1000,
      now,
      onConflict: 'stale'
    }
  ])
  if (conflict !== undefined) throw await usedTwice(context, grant)
  return {
    access_token,
    token_type: 'Bearer',
    expires_in: claims.exp - claims.iat,
    scope: claims.scope,
    ...id_token
  }
}

async function usedTwice({ store, now }: Context, { grant_id }: GrantRecord) {
  await store.run([{ do: 'revokeGrant', grant_id, now }])
  return wrongCode()
}

/**
 * The member as of now, and how long a token for it may count. One who is not active is no subject of a token, nor one
 * whose organization forbids the app; and what a session granted ends with it.
 */
async function findSubject(
  context: Context,
  app: ConnectedApp,
  { member_id, member_session_id }: GrantRecord
) {
  const { store, now } = context
  const session =
    member_session_id === null ? endless : await store.findSession(member_session_id, now)
  if (session === undefined) return undefined
  const member = about(context, await store.findMemberById(member_id))
  if (member?.status !== 'active') return undefined
  const organization = await store.findOrganization(member.organization_id)
  return organization === undefined || !isAppAllowed(app, organization)
    ? undefined
    : { member, organization, ends_at: session.expires_at }
}

/** A backend that named the member by its id let the app in without a session. */
const endless = { expires_at: Number.POSITIVE_INFINITY }

function isVerified({ code_challenge }: GrantRecord, { code_verifier }: Form): boolean {
  if (code_challenge === null) return code_verifier === undefined
  return (
    code_verifier !== undefined &&
    codeVerifier.test(code_verifier) &&
    sha256(code_verifier) === code_challenge
  )
}

/** Says whether an access token of the app counts now (RFC 7662). */
export const introspect: OAuthHandler = async (context, app, form) => {
  const { token, grant } = await findTokenOf(context, app, form)
  if (token === undefined || hasEnded(token, context.now)) return inactive
  const counts = grant !== undefined && grant.revoked_at === null
  if (!counts || (await findSubject(context, app, grant)) === undefined) return inactive
  const { jti, ...claims } = token
  return { active: true, token_type: 'access_token', ...claims }
}

const inactive = { active: false }

/** Ends an access token of the app (RFC 7009). One that is not there has ended already. */
export const revoke: OAuthHandler = async (context, app, form) => {
  const { grant } = await findTokenOf(context, app, form)
  if (grant !== undefined) {
    const { grant_id } = grant
    await context.store.run([{ do: 'revokeGrant', grant_id, now: context.now }])
  }
  return {}
}

async function findTokenOf(
  context: Context,
  { client_id }: ConnectedApp,
  form: Form
): Promise<{ readonly token?: AccessToken; readonly grant?: GrantRecord }> {
  if (form.token === undefined) throw missing('token')
  const token = await readOwnToken(context, form.token)
  if (token === undefined || token.client_id !== client_id) return {}
  about(context, token[organizationClaim])
  const grant = about(context, await context.store.findGrantByToken(sha256(token.jti)))
  return grant === undefined ? { token } : { token, grant }
}

function missing(parameter: string): OAuthError {
  return new OAuthError('invalid_request', `The parameter ${parameter} is missing.`)
}

function wrongCode(): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The authorization code is unknown, used, ended, or of another client, redirect URL or verifier.'
  )
}
