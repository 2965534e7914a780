import type { NoticeKind } from '../delivery/delivery.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'

/** Of what a member is told, and where. */
export interface Notice {
  readonly kind: NoticeKind
  readonly to: string
  readonly organization: OrganizationRecord
  readonly member_id: string
}

/**
 * What a member is told of a change of what proves the member, so that one who did not make it hears of it. A change of
 * address takes the password along, and is one notice.
 */
export function noticesOfChange(before: MemberRecord, after: MemberRecord): readonly NoticeKind[] {
  const changes: readonly (readonly [NoticeKind, boolean])[] = [
    ['email_changed', before.email_address !== after.email_address],
    ['password_changed', hasOtherPassword(before, after) && after.member_password_id !== ''],
    ['password_removed', hasOtherPassword(before, after) && after.member_password_id === ''],
    ['mfa_added', hasMore(before, after)],
    ['mfa_removed', hasMore(after, before) || (before.mfa_enrolled && !after.mfa_enrolled)]
  ]
  return changes.flatMap(([kind, happened]) => (happened ? [kind] : []))
}

function hasOtherPassword(before: MemberRecord, after: MemberRecord): boolean {
  return (
    before.email_address === after.email_address &&
    before.member_password_id !== after.member_password_id
  )
}

/** The second one has a factor that the first one lacks. */
function hasMore(one: MemberRecord, other: MemberRecord): boolean {
  return (
    (one.totp_registration_id === '' && other.totp_registration_id !== '') ||
    (!one.mfa_phone_number_verified && other.mfa_phone_number_verified)
  )
}
