import { organizationClaim } from '../../jwt/claims.ts'
import { signJwt } from '../../jwt/jose.ts'
import type { Context } from '../context.ts'
import { newOpaqueToken, sha256 } from '../crypto/tokens.ts'
import {
  accessTokenClaims,
  hasEnded,
  idTokenClaims,
  type TokenSubject
} from '../domain/access-tokens.ts'
import { isAppAllowed, isOffline } from '../domain/connected-apps.ts'
import type { ConnectedApp, GrantRecord } from '../domain/records.ts'
import { familyOf, newRefreshToken, refreshLifetimeMs } from '../domain/refresh-tokens.ts'
import { OAuthError } from '../oauth-error.ts'
import { about } from '../steps/about.ts'
import { readOwnToken } from '../steps/access-token.ts'

/** What an app sends as a form: each parameter once. */
export type Form = Readonly<Record<string, string | undefined>>

/** Answers an app that has said who it is. */
export type OAuthHandler = (context: Context, app: ConnectedApp, form: Form) => Promise<object>

const codeVerifier = /^[A-Za-z0-9._~-]{43,128}$/

/** Gives an access token for a code, or for a refresh token. */
export const issueToken: OAuthHandler = (context, app, form) => {
  switch (form.grant_type) {
    case 'authorization_code':
      return redeemCode(context, app, form)
    case 'refresh_token':
      return refresh(context, app, form)
    case undefined:
      throw missing('grant_type')
    default:
      throw new OAuthError(
        'unsupported_grant_type',
        'Only authorization_code and refresh_token are supported.'
      )
  }
}

/**
 * Redeems an authorization code for an access token (RFC 6749 section 4.1.3).
 *
 * - The code must be the app's own, with the redirect URL and the PKCE verifier that it began with.
 * - It counts once. A client that brings it again may have stolen it, so what the first time gave ends.
 */
const redeemCode: OAuthHandler = async (context, app, form) => {
  const { store, now } = context
  if (form.code === undefined) throw missing('code')
  if (form.redirect_uri === undefined) throw missing('redirect_uri')

  const grant = about(context, await store.findGrantByCode(sha256(form.code)))
  if (grant === undefined || grant.client_id !== app.client_id) throw wrongCode()
  if (grant.redirect_uri !== form.redirect_uri || !isVerified(grant, form)) throw wrongCode()
  if (grant.redeemed_at !== null) throw await usedTwice(context, grant, wrongCode())
  const subject = await findSubject(context, app, grant)
  if (subject === undefined) throw wrongCode()

  const [refresh_token, hashes] = isOffline(grant) ? newRefreshToken() : noRefreshToken
  const ends_at = isOffline(grant) ? now + refreshLifetimeMs : subject.ends_at
  const issue = await prepareTokens(context, { ...subject, ends_at }, grant)
  const conflict = await store.tryRun([
    {
      do: 'redeemGrant',
      grant_id: grant.grant_id,
      token_hash: issue.token_hash,
      ...hashes,
      expires_at: isOffline(grant) ? ends_at : issue.ends_at,
      now,
      onConflict: 'stale'
    }
  ])
  if (conflict !== undefined) throw await usedTwice(context, grant, wrongCode())
  const id_token = await signIdToken(context, { ...subject, ends_at }, grant)
  return { ...issue.answer, ...id_token, ...(refresh_token && { refresh_token }) }
}

const noRefreshToken = [undefined, { family_hash: null, refresh_hash: null }] as const

/**
 * Gives the next access token, and the next refresh token with it (RFC 6749 section 6).
 *
 * - A refresh token counts once. Who brings it again, app or thief, cannot be told apart, so what it could refresh ends for
 *   both (RFC 9700 section 4.14.2).
 * - The access token may have fewer scopes than the app was granted, and the next may have all of them again.
 */
const refresh: OAuthHandler = async (context, app, form) => {
  const { store, now } = context
  if (form.refresh_token === undefined) throw missing('refresh_token')
  const grant = await findGrantByRefreshToken(context, app, form.refresh_token)
  if (grant === undefined) throw wrongRefreshToken()
  const used_hash = sha256(form.refresh_token)
  if (grant.refresh_hash !== used_hash) throw await usedTwice(context, grant, wrongRefreshToken())
  const scopes = narrowScopes(grant, form.scope)
  const subject = await findSubject(context, app, grant)
  if (subject === undefined) throw wrongRefreshToken()

  const [refresh_token, { refresh_hash }] = newRefreshToken(familyOf(form.refresh_token))
  const { token_hash, answer } = await prepareTokens(context, subject, { ...grant, scopes })
  const { grant_id } = grant
  const conflict = await store.tryRun([
    {
      do: 'refreshGrant',
      grant_id,
      token_hash,
      used_hash,
      refresh_hash,
      now,
      onConflict: 'stale'
    }
  ])
  if (conflict !== undefined) throw await usedTwice(context, grant, wrongRefreshToken())
  return { ...answer, refresh_token }
}

/** By any refresh token of the app, also a used one. */
async function findGrantByRefreshToken(
  context: Context,
  { client_id }: ConnectedApp,
  refresh_token: string
): Promise<GrantRecord | undefined> {
  const family = familyOf(refresh_token)
  if (family === undefined) return undefined
  const grant = await context.store.findGrantByFamily(sha256(family))
  return grant?.client_id === client_id ? about(context, grant) : undefined
}

function narrowScopes({ scopes }: GrantRecord, scope: string | undefined): readonly string[] {
  const asked = scope === undefined ? scopes : [...new Set(scope.split(' '))]
  if (asked.every((one) => scopes.includes(one))) return asked
  throw new OAuthError('invalid_scope', 'The app was not granted all of these scopes.')
}

type Subject = Pick<TokenSubject, 'member' | 'organization' | 'ends_at'>

async function prepareTokens(context: Context, subject: Subject, grant: GrantRecord) {
  const { project, signingKeys, now } = context
  const { kid, privateKey } = await signingKeys.signingKey(now)
  const jti = newOpaqueToken()
  const { project_id } = project
  const claims = accessTokenClaims({ project_id, grant, ...subject, now }, jti)
  return {
    token_hash: sha256(jti),
    ends_at: claims.exp * 1000,
    answer: {
      access_token: await signJwt(claims, kid, privateKey),
      token_type: 'Bearer',
      expires_in: claims.exp - claims.iat,
      scope: claims.scope
    }
  }
}

async function signIdToken(context: Context, subject: Subject, grant: GrantRecord) {
  if (!grant.scopes.includes('openid')) return {}
  const { project, signingKeys, now } = context
  const { kid, privateKey } = await signingKeys.signingKey(now)
  const { project_id } = project
  const claims = idTokenClaims({ project_id, grant, ...subject, now })
  return { id_token: await signJwt(claims, kid, privateKey) }
}

async function usedTwice({ store, now }: Context, { grant_id }: GrantRecord, error: OAuthError) {
  await store.run([{ do: 'revokeGrant', grant_id, now }])
  return error
}

/**
 * The member as of now, and how long a token for it may count. One who is not active is no subject of a token, nor one
 * whose organization forbids the app; and what a session granted ends with it, unless it may be refreshed.
 */
async function findSubject(
  context: Context,
  app: ConnectedApp,
  grant: GrantRecord
): Promise<Subject | undefined> {
  const { store, now } = context
  const ends_at = grant.revoked_at === null ? await findEnd(context, grant) : undefined
  if (ends_at === undefined || ends_at <= now) return undefined
  const member = about(context, await store.findMemberById(grant.member_id))
  if (member?.status !== 'active') return undefined
  const organization = await store.findOrganization(member.organization_id)
  return organization === undefined || !isAppAllowed(app, organization)
    ? undefined
    : { member, organization, ends_at }
}

/** A backend that named the member by its id let the app in without a session; what may be refreshed needs none any more. */
async function findEnd({ store, now }: Context, grant: GrantRecord): Promise<number | undefined> {
  if (grant.redeemed_at !== null && isOffline(grant)) return grant.expires_at
  if (grant.member_session_id === null) return Number.POSITIVE_INFINITY
  return (await store.findSession(grant.member_session_id, now))?.expires_at
}

function isVerified({ code_challenge }: GrantRecord, { code_verifier }: Form): boolean {
  if (code_challenge === null) return code_verifier === undefined
  return (
    code_verifier !== undefined &&
    codeVerifier.test(code_verifier) &&
    sha256(code_verifier) === code_challenge
  )
}

/** Says whether an access or refresh token of the app counts now (RFC 7662). */
export const introspect: OAuthHandler = async (context, app, form) => {
  const { grant, claims } = await findTokenOf(context, app, form)
  if (grant === undefined || claims === undefined || hasEnded(claims, context.now)) return inactive
  return (await findSubject(context, app, grant)) === undefined
    ? inactive
    : { active: true, ...claims }
}

const inactive = { active: false }

/** Ends what the app was granted, by any token of it (RFC 7009). One that is not there has ended already. */
export const revoke: OAuthHandler = async (context, app, form) => {
  const { grant } = await findTokenOf(context, app, form)
  if (grant !== undefined) {
    const { grant_id } = grant
    await context.store.run([{ do: 'revokeGrant', grant_id, now: context.now }])
  }
  return {}
}

interface FoundToken {
  readonly grant?: GrantRecord | undefined
  /** What introspection says of the token; none of a used one. */
  readonly claims?: { readonly exp: number; readonly [claim: string]: unknown }
}

async function findTokenOf(context: Context, app: ConnectedApp, form: Form): Promise<FoundToken> {
  if (form.token === undefined) throw missing('token')
  const token = await readOwnToken(context, form.token)
  if (token === undefined) return findRefreshToken(context, app, form.token)
  if (token.client_id !== app.client_id) return {}
  about(context, token[organizationClaim])
  const { jti, ...claims } = token
  const grant = about(context, await context.store.findGrantByToken(sha256(jti)))
  return { grant, claims: { token_type: 'access_token', ...claims } }
}

async function findRefreshToken(
  context: Context,
  app: ConnectedApp,
  token: string
): Promise<FoundToken> {
  const grant = await findGrantByRefreshToken(context, app, token)
  if (grant?.refresh_hash !== sha256(token)) return { grant }
  const { client_id, member_id: sub, scopes } = grant
  const exp = Math.floor(grant.expires_at / 1000)
  return {
    grant,
    claims: { token_type: 'refresh_token', client_id, sub, scope: scopes.join(' '), exp }
  }
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

function wrongRefreshToken(): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The refresh token is unknown, used, ended, or of another client.'
  )
}
