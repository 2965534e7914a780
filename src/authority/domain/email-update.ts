import { assertMayInvite } from './invitations.ts'
import { assertMayMoveAddress, type Caller, isSelf } from './member-permission.ts'
import { changeMember, type MemberContext, writesOfChange } from './members.ts'
import { OperationError } from './operation-error.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'
import { roleIdsOf } from './roles.ts'
import type { Write } from './writes.ts'

/** Which members have to do with the address that a member wants. */
export interface DesiredEmail {
  readonly email_address: string
  /** The member that has it, or had it before. */
  readonly owner: MemberRecord | undefined
  /** The members that were sent a link or a code to take it, and have not used it yet. */
  readonly pendingOwners: readonly string[]
}

/**
 * A member may give the member this address. The address of another is a person who is brought in, so the organization must
 * let its members do that.
 */
export function assertMayMoveTo(
  caller: Caller,
  organization: OrganizationRecord,
  member: MemberRecord,
  email_address: string
): void {
  assertMayMoveAddress(caller, member, roleIdsOf(member, organization))
  const bringsIn = !isSelf(caller, member) && email_address !== member.email_address
  if (bringsIn) assertMayInvite(organization, email_address)
}

/** The member may begin to change its address: active, with a verified one, to one that no other member has to do with. */
export function assertMayUpdateEmail(
  member: MemberRecord,
  { email_address, owner, pendingOwners }: DesiredEmail
): void {
  if (member.status !== 'active') {
    throw new OperationError('email_updates_available_only_for_active_members')
  }
  if (!member.email_address_verified) {
    throw new OperationError('member_has_no_active_verified_email')
  }
  if (owner?.email_address === email_address) throw new OperationError('duplicate_member_email')
  if (owner !== undefined && owner.member_id !== member.member_id) {
    throw new OperationError('desired_email_deactivated_by_different_member')
  }
  if (pendingOwners.some((member_id) => member_id !== member.member_id)) {
    throw new OperationError('desired_email_updating_for_different_member')
  }
}

/** The member with the new address, which the sign-in has just verified, and the writes that change it. */
export function updateEmail(
  before: MemberRecord,
  email_address: string,
  context: MemberContext
): { readonly member: MemberRecord; readonly writes: readonly Write[] } {
  const changed = changeMember(before, { email_address }, context)
  const member = { ...changed, email_address_verified: true }
  const writes = writesOfChange(before, member, 'server_unavailable').map(
    (write): Write =>
      write.do === 'claimEmail'
        ? { ...write, onConflict: 'unable_to_verify_member_email_update' }
        : write
  )
  return { member, writes }
}
