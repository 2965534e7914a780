import type { Lockable } from '../../domain/lockables.ts'
import { isOfNoMember } from '../reads/members.ts'
import { type Sql, sql } from '../sql.ts'
import type { Statements } from './prepared.ts'

/** Attempts at lockables: how many have failed since the last that was right, and what they have locked. */
export const attemptStatements = {
  reserveAttempt: ({ lockable, now, per_lock, lock_ms, until_disabled }) => sql`
    insert into failed_attempts (project_id, subject, type, member_id, failures, last_failed_at)
    values ($1, ${lockable.subject}, ${lockable.type}, ${lockable.member_id}, 1, ${now})
    on conflict (project_id, subject, type) do update set
      failures = failed_attempts.failures + 1,
      last_failed_at = excluded.last_failed_at,
      lock_created_at = case when (failed_attempts.failures + 1) % ${per_lock} = 0
        then excluded.last_failed_at end,
      lock_expires_at = case when (failed_attempts.failures + 1) % ${per_lock} = 0
        and failed_attempts.failures + 1 < ${until_disabled}
        then excluded.last_failed_at + ${lock_ms} end
      where failed_attempts.failures < ${until_disabled}
        and (failed_attempts.lock_expires_at is null
          or failed_attempts.lock_expires_at <= excluded.last_failed_at)`,

  releaseAttempt: ({ lockable }) => sql`
    update failed_attempts
    set failures = failures - 1, lock_created_at = null, lock_expires_at = null
    where ${isOf(lockable)} and failures > 1`,

  releaseOnlyAttempt: ({ lockable }) => sql`
    delete from failed_attempts where ${isOf(lockable)} and failures = 1`,

  clearFailures: ({ lockable }) => sql`
    delete from failed_attempts where ${isOf(lockable)}`,

  eraseFailures: ({ email_address, lockable }) => sql`
    delete from failed_attempts where ${isOf(lockable)} and ${isOfNoMember(email_address)}`,

  endLock: ({ lockable }) => sql`
    update failed_attempts set lock_created_at = null, lock_expires_at = null
    where ${isOf(lockable)} and lock_expires_at is not null`
} satisfies Partial<Statements>

function isOf({ subject, type }: Lockable): Sql {
  return sql`project_id = $1 and subject = ${subject} and type = ${type}`
}
