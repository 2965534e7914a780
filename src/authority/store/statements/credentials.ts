import { flag, type Statements } from './prepared.ts'

/** Passwords, authenticators and recovery codes. */
export const credentialStatements = {
  insertPassword: ({ member_id, password, now }) => [
    `insert into passwords (project_id, member_id, member_password_id, hash, created_at)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id, member_id) do nothing`,
    member_id,
    password.member_password_id,
    password.hash,
    now
  ],

  confirmPassword: ({ member_id, password }) => [
    `update passwords set hash = $4
     where project_id = $1 and member_id = $2 and member_password_id = $3`,
    member_id,
    password.member_password_id,
    password.hash
  ],

  putPassword: ({ member_id, password, now }) => [
    `insert into passwords (project_id, member_id, member_password_id, hash, created_at)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id, member_id) do update set
       member_password_id = excluded.member_password_id, hash = excluded.hash,
       created_at = excluded.created_at`,
    member_id,
    password.member_password_id,
    password.hash,
    now
  ],

  deletePassword: ({ member_id }) => [
    'delete from passwords where project_id = $1 and member_id = $2',
    member_id
  ],

  deletePasswordById: ({ member_id, member_password_id }) => [
    `delete from passwords
     where project_id = $1 and member_id = $2 and member_password_id = $3`,
    member_id,
    member_password_id
  ],

  putTotp: ({ member_id, totp, now }) => [
    `insert into totps (project_id, member_id, totp_registration_id, secret, active,
       last_used_step, expires_at, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (project_id, member_id) do update set
       totp_registration_id = excluded.totp_registration_id, secret = excluded.secret,
       active = excluded.active, last_used_step = excluded.last_used_step,
       expires_at = excluded.expires_at, created_at = excluded.created_at
       where totps.active = 0`,
    member_id,
    totp.totp_registration_id,
    totp.secret,
    flag(totp.active),
    totp.last_used_step,
    totp.expires_at,
    now
  ],

  useTotpStep: ({ member_id, totp_registration_id, step, now }) => [
    `update totps set last_used_step = $4, active = 1
     where project_id = $1 and member_id = $2 and totp_registration_id = $3
       and last_used_step < $4 and (active = 1 or expires_at > $5)`,
    member_id,
    totp_registration_id,
    step,
    now
  ],

  deleteTotp: ({ member_id }) => [
    'delete from totps where project_id = $1 and member_id = $2',
    member_id
  ],

  confirmTotp: ({ member_id, totp_registration_id }) => [
    `update totps set active = 1
     where project_id = $1 and member_id = $2 and totp_registration_id = $3 and active = 1`,
    member_id,
    totp_registration_id
  ],

  resealTotp: ({ member_id, sealed_before, sealed }) => [
    'update totps set secret = $4 where project_id = $1 and member_id = $2 and secret = $3',
    member_id,
    sealed_before,
    sealed
  ],

  deleteRecoveryCodes: ({ member_id }) => [
    'delete from recovery_codes where project_id = $1 and member_id = $2',
    member_id
  ],

  insertRecoveryCode: ({ member_id, recovery_code_id, code, now }) => [
    `insert into recovery_codes (project_id, recovery_code_id, member_id, code, created_at)
     values ($1, $2, $3, $4, $5)`,
    recovery_code_id,
    member_id,
    code,
    now
  ],

  useRecoveryCode: ({ member_id, recovery_code_id }) => [
    `delete from recovery_codes
     where project_id = $1 and member_id = $2 and recovery_code_id = $3`,
    member_id,
    recovery_code_id
  ],

  resealRecoveryCode: ({ recovery_code_id, sealed_before, sealed }) => [
    `update recovery_codes set code = $4
     where project_id = $1 and recovery_code_id = $2 and code = $3`,
    recovery_code_id,
    sealed_before,
    sealed
  ]
} satisfies Partial<Statements>
