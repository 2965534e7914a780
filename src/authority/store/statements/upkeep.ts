import type { Prepared, Statements } from './prepared.ts'

/** What is deleted some time after it has ended, and whose turn that is. */
export const upkeepStatements = {
  takeLease: ({ name, now, expires_at }) => [
    `insert into leases (project_id, name, expires_at) values ($1, $2, $4)
     on conflict (project_id, name) do update set expires_at = excluded.expires_at
       where leases.expires_at <= $3`,
    name,
    now,
    expires_at
  ],

  sweepSessions: (sweep) =>
    sweepStatement(
      'sessions',
      'member_session_id',
      '(expires_at <= $2 or revoked_at <= $2)',
      sweep
    ),

  sweepIntermediateSessions: (sweep) =>
    sweepStatement('intermediate_sessions', 'intermediate_session_id', 'expires_at <= $2', sweep),

  sweepLinks: (sweep) => sweepStatement('links', 'link_id', 'expires_at <= $2', sweep),

  sweepOneTimeCodes: (sweep) =>
    sweepStatement('one_time_codes', 'code_id', 'expires_at <= $2', sweep),

  sweepSendCounts: (sweep) => sweepStatement('send_counts', 'counter', 'window_start <= $2', sweep),

  sweepUsedTrustedTokens: (sweep) =>
    sweepStatement('used_trusted_tokens', 'token_hash', 'expires_at <= $2', sweep),

  sweepGrants: (sweep) => sweepStatement('grants', 'grant_id', 'expires_at <= $2', sweep),

  sweepSigningKeys: (sweep) => sweepStatement('signing_keys', 'kid', 'ends_at <= $2', sweep),

  sweepAuditEvents: (sweep) =>
    sweepStatement('audit_events', 'event_id', 'occurred_at <= $2', sweep)
} satisfies Partial<Statements>

/** The condition stands outside too: a row that was chosen may have been replaced by a live one since. */
function sweepStatement(
  table: string,
  key: string,
  ended: string,
  { ended_by, limit }: { ended_by: number; limit: number }
): Prepared {
  return [
    `delete from ${table} where project_id = $1 and ${ended}
       and ${key} in (select ${key} from ${table} where project_id = $1 and ${ended} limit $3)`,
    ended_by,
    limit
  ]
}
