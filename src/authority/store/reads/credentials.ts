import type { PasswordRecord, TotpRecord } from '../../domain/records.ts'
import type { RecoveryCode } from '../../domain/recovery-codes.ts'
import { readPassword, readRecoveryCode, readTotp } from '../records.ts'
import type { Reader } from './reader.ts'

/** Passwords, authenticators and recovery codes. */
export function credentialReads({ all, one }: Reader) {
  return {
    findPassword(member_id: string): Promise<PasswordRecord | undefined> {
      return one(
        readPassword,
        `select member_password_id, hash from passwords where project_id = $1 and member_id = $2`,
        member_id
      )
    },

    findTotp(member_id: string): Promise<TotpRecord | undefined> {
      return one(
        readTotp,
        'select * from totps where project_id = $1 and member_id = $2',
        member_id
      )
    },

    /** Sealed, in a lasting order. */
    async listRecoveryCodes(member_id: string): Promise<readonly RecoveryCode[]> {
      const rows = await all(
        `select recovery_code_id, code from recovery_codes where project_id = $1 and member_id = $2
         order by created_at, recovery_code_id`,
        member_id
      )
      return rows.map(readRecoveryCode)
    }
  }
}
