import type { MemberRow } from '../../domain/writes.ts'
import type { Value } from '../engine.ts'
import { flag, type Statements } from './prepared.ts'

/** Members, the addresses that are theirs, and the attempts that failed. */
export const memberStatements = {
  insertMember: ({ member }) => [
    `insert into members ${insertedColumns}
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
       $20, $21, $22, $23, 0, 0)`,
    ...insertedValues(member)
  ],

  insertDeletedMember: ({ member }) => [
    `insert into deleted_members ${insertedColumns}
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
       $20, $21, $22, $23, 0, 0)`,
    ...insertedValues(member)
  ],

  deleteMember: ({ member }) => [
    'delete from members where project_id = $1 and member_id = $2 and version = $3',
    member.member_id,
    member.version
  ],

  deleteDeletedMember: ({ member_id }) => [
    'delete from deleted_members where project_id = $1 and member_id = $2',
    member_id
  ],

  updateMember: ({ member }) => [
    `update members set email_id = $4, email_address = $5, email_address_verified = $6,
       retired_email_addresses = $7, external_id = $8, status = $9, name = $10, is_breakglass = $11,
       mfa_enrolled = $12, default_mfa_method = $13, phone_id = $14, mfa_phone_number = $15,
       mfa_phone_number_verified = $16, oauth_registrations = $17, roles = $18,
       trusted_metadata = $19, untrusted_metadata = $20, updated_at = $21, version = version + 1
     where project_id = $1 and member_id = $2 and organization_id = $3 and version = $22`,
    member.member_id,
    member.organization_id,
    ...changeableColumns(member),
    member.version
  ],

  claimEmail: ({ organization_id, member_id, email_address }) => [
    `insert into member_emails (project_id, organization_id, email_address, member_id)
     values ($1, $2, $3, $4)
     on conflict (project_id, organization_id, email_address)
       do update set member_id = excluded.member_id
       where member_emails.member_id = excluded.member_id`,
    organization_id,
    email_address,
    member_id
  ],

  releaseEmail: ({ organization_id, member_id, email_address }) => [
    `delete from member_emails
     where project_id = $1 and organization_id = $2 and email_address = $3 and member_id = $4`,
    organization_id,
    email_address,
    member_id
  ],

  activateMember: ({ member_id, email_id, now }) => [
    `update members set status = 'active', email_address_verified = 1, updated_at = $4,
       version = version + 1
     where project_id = $1 and member_id = $2 and email_id = $3`,
    member_id,
    email_id,
    now
  ],

  linkPhoneNumber: ({ member_id, phone_id, mfa_phone_number, now }) => [
    `update members set phone_id = $3, mfa_phone_number = $4, mfa_phone_number_verified = 0,
       updated_at = $5, version = version + 1
     where project_id = $1 and member_id = $2 and mfa_phone_number is null
       and status <> 'deleted'`,
    member_id,
    phone_id,
    mfa_phone_number,
    now
  ],

  verifyPhoneNumber: ({ member_id, phone_id, now }) => [
    `update members set mfa_phone_number_verified = 1, updated_at = $4, version = version + 1
     where project_id = $1 and member_id = $2 and phone_id = $3 and mfa_phone_number is not null`,
    member_id,
    phone_id,
    now
  ],

  setMfaPreferences: ({ member_id, mfa_enrolled, default_mfa_method, now }) => [
    `update members set mfa_enrolled = coalesce($3, mfa_enrolled),
       default_mfa_method = coalesce($4, default_mfa_method), updated_at = $5, version = version + 1
     where project_id = $1 and member_id = $2`,
    member_id,
    mfa_enrolled === null ? null : flag(mfa_enrolled),
    default_mfa_method,
    now
  ],

  // A lock that has ended takes its count with it: the attempt is the first again.
  reserveAttempt: ({ member_id, of_code, now, limit, lock_ms }) => [
    `update members set
       failed_attempts = case when lock_expires_at is null then failed_attempts + 1 else 1 end,
       failed_codes = case when lock_expires_at is null then failed_codes else 0 end + $6,
       lock_created_at =
         case when lock_expires_at is null and failed_attempts + 1 >= $4 then cast($3 as bigint) end,
       lock_expires_at =
         case when lock_expires_at is null and failed_attempts + 1 >= $4 then cast($5 as bigint) end
     where project_id = $1 and member_id = $2
       and (lock_expires_at is null or lock_expires_at <= $3)`,
    member_id,
    now,
    limit,
    now + lock_ms,
    flag(of_code)
  ],

  releaseAttempt: ({ member_id, of_code }) => [
    `update members set failed_attempts = failed_attempts - 1, failed_codes = failed_codes - $3,
       lock_created_at = null, lock_expires_at = null
     where project_id = $1 and member_id = $2 and failed_attempts > 0 and failed_codes >= $3`,
    member_id,
    flag(of_code)
  ],

  forgetFailures: ({ member_id }) => [
    `update members set failed_attempts = 0, failed_codes = 0, lock_created_at = null,
       lock_expires_at = null
     where project_id = $1 and member_id = $2`,
    member_id
  ],

  forgetFailedPasswords: ({ member_id }) => [
    `update members set failed_attempts = failed_codes
     where project_id = $1 and member_id = $2 and lock_expires_at is null`,
    member_id
  ]
} satisfies Partial<Statements>

const insertedColumns = `(project_id, member_id, organization_id, email_id, email_address,
  email_address_verified, retired_email_addresses, external_id, status, name, is_breakglass,
  mfa_enrolled, default_mfa_method, phone_id, mfa_phone_number, mfa_phone_number_verified,
  oauth_registrations, roles, trusted_metadata, untrusted_metadata, updated_at, version, created_at,
  failed_attempts, failed_codes)`

function insertedValues(member: MemberRow): Value[] {
  return [
    member.member_id,
    member.organization_id,
    ...changeableColumns(member),
    member.version,
    member.created_at
  ]
}

/** The columns that an update may change, in the order of all statements above. */
function changeableColumns(member: MemberRow): Value[] {
  return [
    member.email_id,
    member.email_address,
    flag(member.email_address_verified),
    JSON.stringify(member.retired_email_addresses),
    member.external_id,
    member.status,
    member.name,
    flag(member.is_breakglass),
    flag(member.mfa_enrolled),
    member.default_mfa_method,
    member.phone_id,
    // Unique where there is one: no number is null.
    member.mfa_phone_number === '' ? null : member.mfa_phone_number,
    flag(member.mfa_phone_number_verified),
    JSON.stringify(member.oauth_registrations),
    JSON.stringify(member.roles),
    JSON.stringify(member.trusted_metadata),
    JSON.stringify(member.untrusted_metadata),
    member.updated_at
  ]
}
