import { signJwt } from '../../jwt/jose.ts'
import type { AuthenticationFactor, MemberSession } from '../../wire/member-session.ts'
import type { SessionOptions } from '../../wire/sessions.ts'
import type { Context } from '../context.ts'
import { newId, newOpaqueToken, newSalt, sha256 } from '../crypto/tokens.ts'
import { mergeCustomClaims } from '../domain/custom-claims.ts'
import type {
  IntermediateSessionRecord,
  LoadedSession,
  MemberRecord,
  OrganizationRecord,
  ProjectSettings,
  SessionRecord
} from '../domain/records.ts'
import {
  extendedSessionEnd,
  intermediateSessionLifetimeMs,
  newSessionEnd
} from '../domain/session-lifetime.ts'
import { jwtClaims, viewSession } from '../domain/session-view.ts'
import type { Write } from '../domain/writes.ts'

/** What an answer shows of a session: its own token, a new JWT, and the object of the API. */
export interface IssuedSession {
  readonly session_token: string
  readonly session_jwt: string
  readonly member_session: MemberSession
}

/** A new session with these factors, and the write that stores it. */
export function startSession(
  { atRest, environment, now, project: { settings } }: Context,
  member: MemberRecord,
  authentication_factors: readonly AuthenticationFactor[],
  options: SessionOptions & Exchanged
): { session: SessionRecord; write: Write } {
  const started_at = startOf(options.exchanged_session, settings) ?? now
  const member_session_id = newId('member-session', environment)
  const token_salt = newSalt()
  const { token, key_id } = atRest.sessionToken(member_session_id, token_salt)
  const session: SessionRecord = {
    member_session_id,
    member_id: member.member_id,
    organization_id: member.organization_id,
    token_salt,
    token_key_id: key_id,
    authentication_factors,
    custom_claims: mergeCustomClaims({}, options.session_custom_claims),
    started_at,
    last_accessed_at: now,
    expires_at: newSessionEnd(now, { ...settings, started_at }, options.session_duration_minutes),
    version: 0
  }
  return { session, write: { do: 'insertSession', session, token_hash: sha256(token) } }
}

interface Exchanged {
  /** The session that the new one takes the place of, in the same or another organization. */
  readonly exchanged_session?: SessionRecord | undefined
}

/** Where the project bounds the life of a session, one that takes the place of another begins no new life. */
function startOf(
  exchanged: SessionRecord | undefined,
  { maximum_session_minutes }: ProjectSettings
): number | undefined {
  return maximum_session_minutes === null ? undefined : exchanged?.started_at
}

/**
 * The session after a call touched it, and the write that stores that. Its end moves only when a duration is given.
 * New factors or claims were made from those that were read, so they are stored only if these still stand.
 */
export function touchSession(
  { now, project: { settings } }: Context,
  session: LoadedSession,
  options: SessionOptions,
  factors?: readonly AuthenticationFactor[]
): { session: LoadedSession; write: Write } {
  const bound = { ...settings, started_at: session.started_at }
  const expires_at = extendedSessionEnd(now, bound, options.session_duration_minutes)
  const claims = mergeCustomClaims(session.custom_claims, options.session_custom_claims)
  const bringsClaims = options.session_custom_claims !== undefined
  const replaces = bringsClaims || factors !== undefined
  return {
    session: {
      ...session,
      last_accessed_at: now,
      expires_at: expires_at ?? session.expires_at,
      authentication_factors: factors ?? session.authentication_factors,
      custom_claims: claims
    },
    write: {
      do: 'updateSession',
      member_session_id: session.member_session_id,
      now,
      expires_at,
      authentication_factors: factors ?? null,
      custom_claims: bringsClaims ? claims : null,
      version: replaces ? session.version : null,
      onConflict: replaces ? 'stale' : 'session_not_found'
    }
  }
}

/** A new intermediate session, bound to a member or, in discovery, to an address alone, and the write that stores it. */
export function startIntermediateSession(
  { environment, now }: Context,
  {
    member_id,
    organization_id,
    email_address
  }: Pick<IntermediateSessionRecord, 'member_id' | 'organization_id' | 'email_address'>,
  authentication_factors: readonly AuthenticationFactor[]
): { token: string; intermediate_session: IntermediateSessionRecord; write: Write } {
  const token = newOpaqueToken()
  const intermediate_session: IntermediateSessionRecord = {
    intermediate_session_id: newId('intermediate-session', environment),
    member_id,
    organization_id,
    email_address,
    oauth_tenants: [],
    authentication_factors,
    created_at: now,
    version: 0
  }
  return {
    token,
    intermediate_session,
    write: {
      do: 'insertIntermediateSession',
      intermediate_session,
      token_hash: sha256(token),
      expires_at: now + intermediateSessionLifetimeMs
    }
  }
}

/**
 * Fetches what issuing a session needs and could miss. It comes before the writes of a call, so that a call that cannot
 * issue has changed nothing; what it returns makes the answer after them.
 */
export async function prepareIssue(
  { atRest, project, signingKeys, now }: Context,
  session: LoadedSession
): Promise<(member: MemberRecord, organization: OrganizationRecord) => Promise<IssuedSession>> {
  const token = session.token ?? deriveToken(atRest, session)
  const { kid, privateKey } = await signingKeys.signingKey(now)
  return async function issueSession(member, organization) {
    const member_session = viewSession(session, member, organization)
    const claims = jwtClaims(project.project_id, member_session, now)
    const session_jwt = await signJwt(claims, kid, privateKey)
    return { session_token: token, session_jwt, member_session }
  }
}

/** A caller who names the session by its JWT may not have its token, and needs the key that made it. */
function deriveToken(atRest: Context['atRest'], session: SessionRecord): string {
  const { member_session_id, token_salt, token_key_id } = session
  return atRest.sessionToken(member_session_id, token_salt, token_key_id).token
}
