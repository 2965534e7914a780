import type { PasswordRecord, StoredTotp } from '../../domain/records.ts'
import type { StoredRecoveryCode } from '../../domain/recovery-codes.ts'
import { sql } from '../sql.ts'
import { passwords, recoveryCodes, totps } from '../tables.ts'
import type { Reader } from './reader.ts'

/** Passwords, authenticators and recovery codes. */
export function credentialReads({ all, one }: Reader) {
  return {
    findPassword(member_id: string): Promise<PasswordRecord | undefined> {
      return one(
        passwords.read,
        sql`select * from passwords where project_id = $1 and member_id = ${member_id}`
      )
    },

    findTotp(member_id: string): Promise<StoredTotp | undefined> {
      return one(
        totps.read,
        sql`select * from totps where project_id = $1 and member_id = ${member_id}`
      )
    },

    /** Sealed, in a lasting order. */
    async listRecoveryCodes(member_id: string): Promise<readonly StoredRecoveryCode[]> {
      const rows = await all(sql`
        select * from recovery_codes where project_id = $1 and member_id = ${member_id}
        order by created_at, recovery_code_id`)
      return rows.map(recoveryCodes.read)
    }
  }
}
