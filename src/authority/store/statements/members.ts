import { sql } from '../sql.ts'
import { updateAtVersion } from '../table.ts'
import { deletedMembers, members } from '../tables.ts'
import type { Statements } from './prepared.ts'

const updateMember = updateAtVersion(members, {
  of: ['member_id', 'organization_id'],
  keep: ['created_at']
})

/** Members, and the e-mail addresses that belong to them. */
export const memberStatements = {
  insertMember: ({ member }) => members.insert(member),

  insertDeletedMember: ({ member }) => deletedMembers.insert(member),

  deleteMember: ({ member: { member_id, version } }) => sql`
    delete from members
    where project_id = $1 and member_id = ${member_id} and version = ${version}`,

  deleteDeletedMember: ({ member_id }) => sql`
    delete from deleted_members where project_id = $1 and member_id = ${member_id}`,

  updateMember: ({ member }) => updateMember(member),

  claimEmail: ({ organization_id, member_id, email_address }) => sql`
    insert into member_emails (project_id, organization_id, email_address, member_id)
    values ($1, ${organization_id}, ${email_address}, ${member_id})
    on conflict (project_id, organization_id, email_address)
      do update set member_id = excluded.member_id
      where member_emails.member_id = excluded.member_id`,

  releaseEmail: ({ organization_id, member_id, email_address }) => sql`
    delete from member_emails
    where project_id = $1 and organization_id = ${organization_id}
      and email_address = ${email_address} and member_id = ${member_id}`,

  activateMember: ({ member_id, email_id, now }) => sql`
    update members set status = 'active', email_address_verified = 1, updated_at = ${now},
      version = version + 1
    where project_id = $1 and member_id = ${member_id} and email_id = ${email_id}`,

  linkPhoneNumber: ({ member_id, phone_id, mfa_phone_number, now }) => sql`
    update members set phone_id = ${phone_id}, mfa_phone_number = ${mfa_phone_number},
      mfa_phone_number_verified = 0, updated_at = ${now}, version = version + 1
    where project_id = $1 and member_id = ${member_id} and mfa_phone_number is null
      and status <> 'deleted'`,

  verifyPhoneNumber: ({ member_id, phone_id, now }) => sql`
    update members set
      mfa_phone_verified_at = case when mfa_phone_number_verified = 1 then mfa_phone_verified_at
        else cast(${now} as bigint) end,
      mfa_phone_number_verified = 1, updated_at = ${now}, version = version + 1
    where project_id = $1 and member_id = ${member_id} and phone_id = ${phone_id}
      and mfa_phone_number is not null`,

  setMfaPreferences: ({ member_id, mfa_enrolled, default_mfa_method, now }) => sql`
    update members set
      mfa_enrolled = coalesce(${mfa_enrolled === null ? null : Number(mfa_enrolled)}, mfa_enrolled),
      default_mfa_method = coalesce(${default_mfa_method}, default_mfa_method),
      updated_at = ${now}, version = version + 1
    where project_id = $1 and member_id = ${member_id}`
} satisfies Partial<Statements>
