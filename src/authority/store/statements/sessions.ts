import { containing } from '../like-pattern.ts'
import type { Statements } from './prepared.ts'

/** Sessions, and intermediate sessions that are to become one. */
export const sessionStatements = {
  insertSession: ({ session, token_hash }) => [
    `insert into sessions (project_id, member_session_id, member_id, organization_id, token_hash,
       token_salt, token_key_id, authentication_factors, custom_claims, started_at,
       last_accessed_at, expires_at, version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    session.member_session_id,
    session.member_id,
    session.organization_id,
    token_hash,
    session.token_salt,
    session.token_key_id,
    JSON.stringify(session.authentication_factors),
    JSON.stringify(session.custom_claims),
    session.started_at,
    session.last_accessed_at,
    session.expires_at,
    session.version
  ],

  updateSession: (write) => [
    `update sessions set last_accessed_at = $3, expires_at = coalesce($4, expires_at),
       authentication_factors = coalesce($5, authentication_factors),
       custom_claims = coalesce($6, custom_claims),
       version = version + $8
     where project_id = $1 and member_session_id = $2 and revoked_at is null and expires_at > $3
       and version = coalesce($7, version)`,
    write.member_session_id,
    write.now,
    write.expires_at,
    write.authentication_factors && JSON.stringify(write.authentication_factors),
    write.custom_claims && JSON.stringify(write.custom_claims),
    write.version,
    write.version === null ? 0 : 1
  ],

  revokeSession: ({ member_session_id, now }) => [
    `update sessions set revoked_at = $3
     where project_id = $1 and member_session_id = $2 and revoked_at is null and expires_at > $3`,
    member_session_id,
    now
  ],

  revokeMemberSessions: ({ member_id, now }) => [
    `update sessions set revoked_at = $3
     where project_id = $1 and member_id = $2 and revoked_at is null`,
    member_id,
    now
  ],

  revokeOtherSessions: ({ member_id, member_session_id, now }) => [
    `update sessions set revoked_at = $4
     where project_id = $1 and member_id = $2 and member_session_id <> $3 and revoked_at is null`,
    member_id,
    member_session_id,
    now
  ],

  // Only SSO factors have a `provider_id`, and JSON escapes the quotes of any other text.
  revokeConnectionSessions: ({ member_id, connection_id, now }) => [
    `update sessions set revoked_at = $3
     where project_id = $1 and member_id = $2 and revoked_at is null
       and authentication_factors like $4 escape '\\'`,
    member_id,
    now,
    containing(`"provider_id":${JSON.stringify(connection_id)}`)
  ],

  insertIntermediateSession: ({ intermediate_session, token_hash, now, expires_at }) => [
    `insert into intermediate_sessions (project_id, intermediate_session_id, token_hash, member_id,
       organization_id, email_address, oauth_tenants, authentication_factors, version, created_at,
       expires_at, failed_codes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)`,
    intermediate_session.intermediate_session_id,
    token_hash,
    intermediate_session.member_id,
    intermediate_session.organization_id,
    intermediate_session.email_address,
    JSON.stringify(intermediate_session.oauth_tenants),
    JSON.stringify(intermediate_session.authentication_factors),
    intermediate_session.version,
    now,
    expires_at
  ],

  bindIntermediateSession: ({ intermediate_session, now }) => [
    `update intermediate_sessions set authentication_factors = $3, member_id = $6,
       organization_id = $7, version = version + 1
     where project_id = $1 and intermediate_session_id = $2 and version = $4 and expires_at > $5`,
    intermediate_session.intermediate_session_id,
    JSON.stringify(intermediate_session.authentication_factors),
    intermediate_session.version,
    now,
    intermediate_session.member_id,
    intermediate_session.organization_id
  ],

  confirmIntermediateSession: ({ intermediate_session_id, now }) => [
    `update intermediate_sessions set version = version
     where project_id = $1 and intermediate_session_id = $2 and expires_at > $3`,
    intermediate_session_id,
    now
  ],

  reserveIntermediateAttempt: ({ intermediate_session_id, now, limit }) => [
    `update intermediate_sessions set failed_codes = failed_codes + 1
     where project_id = $1 and intermediate_session_id = $2 and expires_at > $3
       and failed_codes < $4`,
    intermediate_session_id,
    now,
    limit
  ],

  releaseIntermediateAttempt: ({ intermediate_session_id }) => [
    `update intermediate_sessions set failed_codes = failed_codes - 1
     where project_id = $1 and intermediate_session_id = $2 and failed_codes > 0`,
    intermediate_session_id
  ],

  consumeIntermediateSession: ({ intermediate_session_id, now }) => [
    `delete from intermediate_sessions
     where project_id = $1 and intermediate_session_id = $2 and expires_at > $3`,
    intermediate_session_id,
    now
  ],

  deleteMemberIntermediateSessions: ({ member_id }) => [
    'delete from intermediate_sessions where project_id = $1 and member_id = $2',
    member_id
  ],

  deleteOtherIntermediateSessions: ({ member_id, intermediate_session_id }) => [
    `delete from intermediate_sessions
     where project_id = $1 and member_id = $2 and intermediate_session_id <> $3`,
    member_id,
    intermediate_session_id
  ]
} satisfies Partial<Statements>
