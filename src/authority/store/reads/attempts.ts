import type { Lockable, LockableType } from '../../domain/lockables.ts'
import type { Lock } from '../../domain/records.ts'
import { sql } from '../sql.ts'
import { integer, nullable, rowReader, string } from '../table.ts'
import type { Reader } from './reader.ts'

const readLock = rowReader<Lock>({
  type: string<LockableType>(),
  created_at: integer(),
  expires_at: nullable(integer())
})

/** What failed attempts have locked. */
export function attemptReads({ one, all }: Reader) {
  return {
    /** Also one that has ended. */
    findLock({ subject, type }: Lockable): Promise<Lock | undefined> {
      return one(
        readLock,
        sql`select type, lock_created_at as created_at, lock_expires_at as expires_at
          from failed_attempts where project_id = $1 and subject = ${subject} and type = ${type}
            and lock_created_at is not null`
      )
    },

    /** Those of the member and of codes to the address, also those that have ended. */
    async listLocks({
      member_id,
      email_address
    }: {
      readonly member_id: string
      readonly email_address: string
    }): Promise<readonly Lock[]> {
      const rows = await all(sql`
        select type, lock_created_at as created_at, lock_expires_at as expires_at
        from failed_attempts where project_id = $1
          and subject in (${member_id}, ${email_address}) and lock_created_at is not null`)
      return rows.map(readLock)
    }
  }
}
