import type { Context } from '../context.ts'
import type { NoticeKind } from '../delivery/delivery.ts'
import { noticesOfChange } from '../domain/notices.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'

/** Notes what a member will be told of a change. It is sent when the call has succeeded, and so the change is committed. */
export function noteChange(
  context: Context,
  organization: OrganizationRecord,
  before: MemberRecord,
  after: MemberRecord
): void {
  for (const kind of noticesOfChange(before, after)) noteNotice(context, organization, before, kind)
}

/** To the address that the member had before, and only when that was verified to be the member's. */
export function noteNotice(
  { notices }: Context,
  organization: OrganizationRecord,
  { member_id, email_address, email_address_verified }: MemberRecord,
  kind: NoticeKind
): void {
  if (email_address_verified) notices.push({ kind, to: email_address, organization, member_id })
}
