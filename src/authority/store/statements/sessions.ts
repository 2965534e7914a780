import { containing } from '../like-pattern.ts'
import { isOfNoMember } from '../reads/members.ts'
import { sql } from '../sql.ts'
import { intermediateSessions, sessions } from '../tables.ts'
import type { Statements } from './prepared.ts'

/** Sessions, and intermediate sessions that are to become one. */
export const sessionStatements = {
  boundSessions: ({ maximum_ms }) => sql`
    update sessions set expires_at = started_at - started_at % 1000 + ${maximum_ms}
    where project_id = $1 and expires_at > started_at - started_at % 1000 + ${maximum_ms}`,

  insertSession: ({ session, token_hash }) =>
    sessions.insert({ token_hash, revoked_at: null, ...session }),

  updateSession: ({ member_session_id, version, expires_at, now, ...changes }) => sql`
    update sessions set last_accessed_at = ${now}, expires_at = coalesce(${expires_at}, expires_at),
      authentication_factors =
        coalesce(${jsonOrNull(changes.authentication_factors)}, authentication_factors),
      custom_claims = coalesce(${jsonOrNull(changes.custom_claims)}, custom_claims),
      version = version + ${version === null ? 0 : 1}
    where project_id = $1 and member_session_id = ${member_session_id}
      and revoked_at is null and expires_at > ${now} and version = coalesce(${version}, version)`,

  revokeSession: ({ member_session_id, now }) => sql`
    update sessions set revoked_at = ${now}
    where project_id = $1 and member_session_id = ${member_session_id}
      and revoked_at is null and expires_at > ${now}`,

  revokeMemberSessions: ({ member_id, now }) => sql`
    update sessions set revoked_at = ${now}
    where project_id = $1 and member_id = ${member_id} and revoked_at is null`,

  revokeOtherSessions: ({ member_id, member_session_id, now }) => sql`
    update sessions set revoked_at = ${now}
    where project_id = $1 and member_id = ${member_id}
      and member_session_id <> ${member_session_id} and revoked_at is null`,

  // Only SSO factors have a `provider_id`, and JSON escapes the quotes of any other text.
  revokeConnectionSessions: ({ member_id, connection_id, now }) => sql`
    update sessions set revoked_at = ${now}
    where project_id = $1 and member_id = ${member_id} and revoked_at is null
      and authentication_factors
        like ${containing(`"provider_id":${JSON.stringify(connection_id)}`)} escape '\\'`,

  insertIntermediateSession: ({ intermediate_session, token_hash, expires_at }) =>
    intermediateSessions.insert({
      token_hash,
      failed_codes: 0,
      expires_at,
      ...intermediate_session
    }),

  bindIntermediateSession: ({ intermediate_session, now }) => sql`
    update intermediate_sessions set
      authentication_factors = ${JSON.stringify(intermediate_session.authentication_factors)},
      member_id = ${intermediate_session.member_id},
      organization_id = ${intermediate_session.organization_id}, version = version + 1
    where project_id = $1
      and intermediate_session_id = ${intermediate_session.intermediate_session_id}
      and version = ${intermediate_session.version} and expires_at > ${now}`,

  confirmIntermediateSession: ({ intermediate_session_id, now }) => sql`
    update intermediate_sessions set version = version
    where project_id = $1 and intermediate_session_id = ${intermediate_session_id}
      and expires_at > ${now}`,

  reserveIntermediateAttempt: ({ intermediate_session_id, now, limit }) => sql`
    update intermediate_sessions set failed_codes = failed_codes + 1
    where project_id = $1 and intermediate_session_id = ${intermediate_session_id}
      and expires_at > ${now} and failed_codes < ${limit}`,

  releaseIntermediateAttempt: ({ intermediate_session_id }) => sql`
    update intermediate_sessions set failed_codes = failed_codes - 1
    where project_id = $1 and intermediate_session_id = ${intermediate_session_id}
      and failed_codes > 0`,

  consumeIntermediateSession: ({ intermediate_session_id, version, now }) => sql`
    delete from intermediate_sessions
    where project_id = $1 and intermediate_session_id = ${intermediate_session_id}
      and version = ${version} and expires_at > ${now}`,

  deleteMemberIntermediateSessions: ({ member_id }) => sql`
    delete from intermediate_sessions where project_id = $1 and member_id = ${member_id}`,

  eraseIntermediateSessions: ({ email_address }) => sql`
    delete from intermediate_sessions where project_id = $1
      and email_address = ${email_address} and ${isOfNoMember(email_address)}`,

  deleteOtherIntermediateSessions: ({ member_id, intermediate_session_id }) => sql`
    delete from intermediate_sessions
    where project_id = $1 and member_id = ${member_id}
      and intermediate_session_id <> ${intermediate_session_id}`
} satisfies Partial<Statements>

function jsonOrNull(content: object | null): string | null {
  return content && JSON.stringify(content)
}
