import type { RequestOf } from '../../wire/routes.ts'
import type { Context, Handler } from '../context.ts'
import { newId, newOpaqueToken, sha256 } from '../crypto/tokens.ts'
import { type AccessToken, assertExchangeable, hasEnded } from '../domain/access-tokens.ts'
import {
  assertAppAllowed,
  codeLifetimeMs,
  findApp,
  fullAccess,
  isGrantable,
  isPublic,
  needsConsent,
  scopeResults,
  viewApp
} from '../domain/connected-apps.ts'
import { accessTokenFactor, addFactor } from '../domain/factors.ts'
import { OperationError } from '../domain/operation-error.ts'
import type {
  ConnectedApp,
  GrantRecord,
  MemberRecord,
  OrganizationRecord,
  SessionRecord
} from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { about } from '../steps/about.ts'
import { readOwnToken } from '../steps/access-token.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertAuthorized } from '../steps/caller.ts'
import { prepareIssue, touchSession } from '../steps/issue-session.ts'
import {
  hasSessionCredential,
  loadOrganizationAndMember,
  loadSession,
  loadSessionMember
} from '../steps/load.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'

export const authorizeStart: Handler<'idp.oauth.authorizeStart'> = async (context, request) => {
  const { app, organization, member } = await loadAuthorization(context, request)
  const consented = await context.store.listConsentedScopes(member.member_id, app.client_id)
  return {
    ...answerMember(context, member, organization),
    client: viewApp(app),
    consent_required: needsConsent(app, request, consented),
    scope_results: scopeResults(app, request.scopes)
  }
}

/**
 * - What is wrong with the app, its redirect URL or the member is an error of the call. What the app may not have, or the
 *   member denied, goes back to the app as an error of OAuth (RFC 6749 section 4.1.2.1).
 * - `full_access` is for first parties only.
 * - A public app needs PKCE: it has no secret to redeem a code with.
 * - The consent to a third party and the code are one unit.
 */
export const authorize: Handler<'idp.oauth.authorize'> = async (context, request) => {
  const { app, member, session } = await loadAuthorization(context, request)
  const { redirect_uri, state, code_challenge = null } = request
  const scopes = [...new Set(request.scopes)]
  if (isPublic(app) && code_challenge === null) {
    throw new OperationError('invalid_argument', 'A public app needs a code_challenge.')
  }
  if (scopes.includes(fullAccess) && !isGrantable(app, fullAccess)) {
    throw new OperationError('third_party_clients_cannot_use_full_access')
  }
  if (!scopes.every((scope) => isGrantable(app, scope))) {
    return { redirect_uri: withParameters(redirect_uri, { error: 'invalid_scope', state }) }
  }
  if (!request.consent_granted) {
    return { redirect_uri: withParameters(redirect_uri, { error: 'access_denied', state }) }
  }

  const { store, environment, now } = context
  const code = newOpaqueToken()
  const grant: GrantRecord = {
    grant_id: newId('grant', environment),
    client_id: app.client_id,
    member_id: member.member_id,
    member_session_id: session?.member_session_id ?? null,
    scopes,
    redirect_uri,
    code_challenge,
    nonce: request.nonce ?? null,
    expires_at: now + codeLifetimeMs,
    refresh_hash: null,
    redeemed_at: null,
    exchanged_at: null,
    revoked_at: null
  }
  const consent = await rememberConsent(context, app, member, scopes)
  await store.run([...consent, { do: 'insertGrant', grant, code_hash: sha256(code), now }])
  return {
    redirect_uri: withParameters(redirect_uri, { code, state }),
    authorization_code: code
  }
}

interface Authorization {
  readonly app: ConnectedApp
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly session: SessionRecord | undefined
}

async function loadAuthorization(
  context: Context,
  request: RequestOf<'idp.oauth.authorizeStart'>
): Promise<Authorization> {
  const app = findApp(context.project.settings, request.client_id)
  if (app === undefined) throw new OperationError('connected_app_not_found')
  if (!app.redirect_urls.includes(request.redirect_uri)) {
    throw new OperationError('invalid_redirect_uri')
  }
  const authorizing = await loadAuthorizingMember(context, request)
  if (authorizing.member.status !== 'active') {
    throw new OperationError('action_available_only_for_active_members', onlyActive)
  }
  assertAppAllowed(app, authorizing.organization)
  return { app, ...authorizing }
}

const onlyActive = 'Only an active member can authorize an app.'

/** The member is named by a session or by ids, and not by both. */
async function loadAuthorizingMember(
  context: Context,
  { organization_id, member_id, ...credential }: RequestOf<'idp.oauth.authorizeStart'>
): Promise<Omit<Authorization, 'app'>> {
  if (organization_id === undefined && member_id === undefined) {
    const session = about(context, await loadSession(context, credential))
    return { ...(await loadSessionMember(context, session)), session }
  }
  if (hasSessionCredential(credential)) throw new OperationError('too_many_session_arguments')
  if (organization_id === undefined || member_id === undefined) {
    throw new OperationError('invalid_argument', 'organization_id and member_id go together.')
  }
  const named = await loadOrganizationAndMember(context, { organization_id, member_id })
  return { ...named, session: undefined }
}

/** First parties need no consent, so there is none to remember. */
async function rememberConsent(
  { store, now }: Context,
  app: ConnectedApp,
  { member_id }: MemberRecord,
  granted: readonly string[]
): Promise<readonly Write[]> {
  const { client_id } = app
  const consented = await store.listConsentedScopes(member_id, client_id)
  if (!needsConsent(app, { scopes: granted }, consented)) return []
  const scopes = [...new Set([...consented, ...granted])]
  return [{ do: 'putConsent', member_id, client_id, scopes, now }]
}

function withParameters(
  redirect_uri: string,
  parameters: Readonly<Record<string, string | undefined>>
): string {
  const url = new URL(redirect_uri)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url.href
}

/**
 * Ends what the member let the app have, and forgets that it agreed.
 *
 * - A member does this to itself, or to others by the permission.
 * - Codes and tokens end at once, however they were granted. The member's sessions go on.
 * - Where the app has nothing, there is nothing left to do.
 */
export const revoke: Handler<'organizations.members.connectedApps.revoke'> = async (
  context,
  request
) => {
  const { store, project, now } = context
  const { member } = await loadOrganizationAndMember(context, request)
  assertAuthorized(context, member, 'stytch.member', 'revoke.connected-app')
  const { connected_app_id: client_id } = request
  if (findApp(project.settings, client_id) === undefined) {
    throw new OperationError('connected_app_not_found')
  }
  const { member_id } = member
  await store.run([
    { do: 'revokeAppGrants', member_id, client_id, now },
    { do: 'deleteConsent', member_id, client_id }
  ])
  return {}
}

/**
 * - The token must be ours, at most five minutes old, with `full_access`, and of an app that the organization still allows.
 * - The session is the one that authorized the app: it gains a factor, and keeps its end unless a duration is given.
 * - Neither MFA nor methods are checked: that session has met what its organization required.
 * - The exchange and the session are one unit: a token is exchanged once.
 */
export const exchangeAccessToken: Handler<'sessions.exchangeAccessToken'> = async (
  context,
  request
) => {
  const { store, now } = context
  const token = await readOwnToken(context, request.access_token)
  if (token === undefined) throw new OperationError('idp_access_token_not_found')
  if (hasEnded(token, now)) throw new OperationError('idp_access_token_expired')
  const grant = about(context, await store.findGrantByToken(sha256(token.jti)))
  if (grant === undefined) throw new OperationError('idp_access_token_not_found')
  return retryWhileStale(() => exchange(context, request, token, grant))
}

async function exchange(
  context: Context,
  request: RequestOf<'sessions.exchangeAccessToken'>,
  token: AccessToken,
  grant: GrantRecord
) {
  const { grant_id, client_id, member_session_id } = grant
  const { store, project, now } = context
  const found =
    member_session_id === null ? undefined : await store.findSession(member_session_id, now)
  if (found === undefined) throw new OperationError('idp_access_token_could_not_be_exchanged')
  assertExchangeable(token, grant, now)
  const app = findApp(project.settings, client_id)
  if (app === undefined) throw new OperationError('connected_app_not_found')
  if (!isGrantable(app, fullAccess)) {
    throw new OperationError('third_party_clients_cannot_use_full_access')
  }
  const { organization, member } = await loadSessionMember(context, found)
  assertAppAllowed(app, organization)

  const factors = addFactor(found.authentication_factors, accessTokenFactor(client_id), now)
  const { session, write } = touchSession(context, found, request, factors)
  const issueSession = await prepareIssue(context, session)
  await store.run([
    {
      do: 'exchangeGrant',
      grant_id,
      token_hash: sha256(token.jti),
      now,
      onConflict: 'idp_access_token_could_not_be_exchanged'
    },
    write
  ])
  return {
    ...answerMember(context, member, organization),
    ...(await issueSession(member, organization)),
    member_device: null
  }
}
