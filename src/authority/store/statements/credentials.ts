import { sql } from '../sql.ts'
import { passwords, recoveryCodes, totps } from '../tables.ts'
import type { Statements } from './prepared.ts'

const putWaitingTotp = totps.putWhere('totps.active = 0')

/** Passwords, authenticators and recovery codes. */
export const credentialStatements = {
  insertPassword: ({ member_id, password, now }) =>
    passwords.insertNew({ member_id, created_at: now, ...password }),

  confirmPassword: ({ member_id, password: { member_password_id, hash } }) => sql`
    update passwords set hash = ${hash}
    where project_id = $1 and member_id = ${member_id} and member_password_id = ${member_password_id}`,

  putPassword: ({ member_id, password, now }) =>
    passwords.put({ member_id, created_at: now, ...password }),

  deletePassword: ({ member_id }) => sql`
    delete from passwords where project_id = $1 and member_id = ${member_id}`,

  deletePasswordById: ({ member_id, member_password_id }) => sql`
    delete from passwords
    where project_id = $1 and member_id = ${member_id} and member_password_id = ${member_password_id}`,

  putTotp: ({ member_id, totp, now }) => putWaitingTotp({ member_id, created_at: now, ...totp }),

  useTotpStep: ({ member_id, totp_registration_id, step, now }) => sql`
    update totps set last_used_step = ${step}, active = 1
    where project_id = $1 and member_id = ${member_id}
      and totp_registration_id = ${totp_registration_id}
      and last_used_step < ${step} and (active = 1 or expires_at > ${now})`,

  deleteTotp: ({ member_id }) => sql`
    delete from totps where project_id = $1 and member_id = ${member_id}`,

  confirmTotp: ({ member_id, totp_registration_id }) => sql`
    update totps set active = 1
    where project_id = $1 and member_id = ${member_id}
      and totp_registration_id = ${totp_registration_id} and active = 1`,

  resealTotp: ({ member_id, sealed_before, sealed }) => sql`
    update totps set secret = ${sealed}
    where project_id = $1 and member_id = ${member_id} and secret = ${sealed_before}`,

  deleteRecoveryCodes: ({ member_id }) => sql`
    delete from recovery_codes where project_id = $1 and member_id = ${member_id}`,

  insertRecoveryCode: ({ member_id, recovery_code_id, code, now }) =>
    recoveryCodes.insert({ member_id, recovery_code_id, code, created_at: now }),

  useRecoveryCode: ({ member_id, recovery_code_id }) => sql`
    delete from recovery_codes
    where project_id = $1 and member_id = ${member_id} and recovery_code_id = ${recovery_code_id}`,

  resealRecoveryCode: ({ recovery_code_id, sealed_before, sealed }) => sql`
    update recovery_codes set code = ${sealed}
    where project_id = $1 and recovery_code_id = ${recovery_code_id} and code = ${sealed_before}`
} satisfies Partial<Statements>
