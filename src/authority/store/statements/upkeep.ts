import type { Sweep } from '../../domain/writes.ts'
import { type Sql, sql, withValues } from '../sql.ts'
import type { Statements } from './prepared.ts'

/** What is deleted some time after it has ended, and whose turn that is. */
export const upkeepStatements = {
  takeLease: ({ name, now, expires_at }) => sql`
    insert into leases (project_id, name, expires_at) values ($1, ${name}, ${expires_at})
    on conflict (project_id, name) do update set expires_at = excluded.expires_at
      where leases.expires_at <= ${now}`,

  sweepSessions: sweep('sessions', 'member_session_id', '(expires_at <= $2 or revoked_at <= $2)'),
  sweepIntermediateSessions: sweep('intermediate_sessions', 'intermediate_session_id'),
  sweepLinks: sweep('links', 'link_id'),
  sweepOneTimeCodes: sweep('one_time_codes', 'code_id'),
  sweepSendCounts: sweep('send_counts', 'counter'),
  // A member's counts end with the member. What is locked or disabled is not forgotten.
  sweepFailedAttempts: sweep(
    'failed_attempts',
    'subject',
    'member_id is null and lock_created_at is null and last_failed_at <= $2'
  ),
  sweepUsedTrustedTokens: sweep('used_trusted_tokens', 'token_hash'),
  sweepGrants: sweep('grants', 'grant_id'),
  sweepSigningKeys: sweep('signing_keys', 'kid', 'ends_at <= $2'),
  sweepAuditEvents: sweep('audit_events', 'event_id', 'occurred_at <= $2')
} satisfies Partial<Statements>

/** The condition stands outside too: a row that was chosen may have been replaced by a live one since. */
function sweep(table: string, key: string, ended = 'expires_at <= $2'): (sweep: Sweep) => Sql {
  const text = `delete from ${table} where project_id = $1 and ${ended}
    and ${key} in (select ${key} from ${table} where project_id = $1 and ${ended} limit $3)`
  return ({ ended_by, limit }) => withValues(text, [ended_by, limit])
}
