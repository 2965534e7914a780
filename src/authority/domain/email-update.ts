import { changeMember, type MemberContext, writesOfChange } from './members.ts'
import { isProblem, type Problem, problem } from './problem.ts'
import type { MemberRecord } from './records.ts'
import type { Write } from './writes.ts'

/** Who else has to do with the address that a member wants. */
export interface DesiredEmail {
  readonly email_address: string
  /** The member that has it, or had it before. */
  readonly owner: MemberRecord | undefined
  /** The members that are about to take it. */
  readonly claimants: readonly string[]
}

/** Whether a member may begin to change the address: active, with a proven one, to one that nobody else has to do with. */
export function refuseEmailUpdate(
  member: MemberRecord,
  { email_address, owner, claimants }: DesiredEmail
): Problem | undefined {
  if (member.status !== 'active') {
    return problem('email_updates_available_only_for_active_members')
  }
  if (!member.email_address_verified) return problem('member_has_no_active_verified_email')
  if (owner?.email_address === email_address) return problem('duplicate_member_email')
  if (owner !== undefined && owner.member_id !== member.member_id) {
    return problem('desired_email_deactivated_by_different_member')
  }
  return claimants.some((claimant) => claimant !== member.member_id)
    ? problem('desired_email_updating_for_different_member')
    : undefined
}

/** The member with the new address, which the sign-in has just proven, and the writes that change it. */
export function updateEmail(
  before: MemberRecord,
  email_address: string,
  context: MemberContext
): { readonly member: MemberRecord; readonly writes: readonly Write[] } | Problem {
  const changed = changeMember(before, { email_address }, context)
  if (isProblem(changed)) return changed
  const member = { ...changed, email_address_verified: true }
  const taken = problem('unable_to_verify_member_email_update')
  const writes = writesOfChange(before, member, problem('server_unavailable')).map((write) =>
    write.do === 'claimEmail' ? { ...write, otherwise: taken } : write
  )
  return { member, writes }
}
