import type { LockableType } from '../../src/authority/domain/lockables.ts'
import type { Person } from './people.ts'
import { runSql } from './run-sql.ts'

/**
 * Leaves lockables of a person as this many failed attempts leave them, without as many calls: every tenth locks for
 * an hour from `now`, the hundredth disables.
 */
export async function failAttempts(
  database: string,
  { member_id, email_address }: Pick<Person, 'member_id' | 'email_address'>,
  types: readonly LockableType[],
  { failures, now }: { readonly failures: number; readonly now: number }
): Promise<void> {
  const locked = failures % 10 === 0 && failures > 0
  for (const type of types) {
    const ofAddress = type === 'email_otp'
    await runSql(
      database,
      `insert into failed_attempts (project_id, subject, type, member_id, failures, last_failed_at,
         lock_created_at, lock_expires_at)
       select project_id, $1, $2, $3, $4, $5, $6, $7 from members where member_id = $8`,
      [
        ofAddress ? email_address : member_id,
        type,
        ofAddress ? null : member_id,
        failures,
        now,
        locked ? now : null,
        locked && failures < 100 ? now + 3_600_000 : null,
        member_id
      ]
    )
  }
}
