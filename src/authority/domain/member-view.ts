import type { Member } from '../../wire/member.ts'
import { locksAt } from './lockout.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'
import { adminRole, memberRoles } from './roles.ts'
import { toTimestamp } from './timestamps.ts'

/** The object of the API. Whether a lock still holds depends on the time; of several the one that holds longest is told. */
export function viewMember(
  member: MemberRecord,
  organization: OrganizationRecord,
  now: number
): Member {
  const roles = memberRoles(member, organization)
  const [lock] = locksAt(member.locks, now)
  return {
    organization_id: member.organization_id,
    member_id: member.member_id,
    external_id: member.external_id,
    email_address: member.email_address,
    email_address_verified: member.email_address_verified,
    retired_email_addresses: [...member.retired_email_addresses],
    status: member.status,
    name: member.name,
    sso_registrations: [],
    scim_registration: null,
    oauth_registrations: member.oauth_registrations.map((registration) => ({ ...registration })),
    is_breakglass: member.is_breakglass,
    is_admin: roles.some(({ role_id }) => role_id === adminRole),
    member_password_id: member.member_password_id,
    mfa_enrolled: member.mfa_enrolled,
    mfa_phone_number: member.mfa_phone_number,
    mfa_phone_number_verified: member.mfa_phone_number_verified,
    totp_registration_id: member.totp_registration_id,
    default_mfa_method: member.default_mfa_method,
    is_locked: lock !== undefined,
    lock_created_at: timestampOf(lock?.created_at),
    lock_expires_at: timestampOf(lock?.expires_at),
    roles,
    trusted_metadata: member.trusted_metadata,
    untrusted_metadata: member.untrusted_metadata,
    created_at: toTimestamp(member.created_at),
    updated_at: toTimestamp(member.updated_at)
  }
}

function timestampOf(epochMs: number | null | undefined): string | null {
  return epochMs === null || epochMs === undefined ? null : toTimestamp(epochMs)
}
