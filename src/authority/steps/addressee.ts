import type { ErrorType } from '../../wire/error-types.ts'
import type { Context } from '../context.ts'
import { updateEmail } from '../domain/email-update.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { about } from './about.ts'
import { assertUnclaimed } from './assert-unclaimed.ts'
import { loadOrganization } from './load.ts'
import { memberContext } from './member-context.ts'
import { noteChange } from './notices.ts'

/** An address that was verified, and the member that it was verified for. */
export interface VerifiedAddress {
  readonly member_id: string | null
  readonly email_address: string
  /** Whether it becomes the member's address by this. */
  readonly updates: boolean
  /** Where the member is, if that is known. */
  readonly organization?: OrganizationRecord
  /** The error when the member is gone, or has another address by now. */
  readonly gone: ErrorType
}

/** The member who has the address, or has it once the writes ran. */
export async function loadAddressee(
  context: Context,
  { member_id, email_address, updates, gone, ...known }: VerifiedAddress
): Promise<{
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly writes: readonly Write[]
}> {
  const { store } = context
  const member =
    member_id === null ? undefined : about(context, await store.findMemberById(member_id))
  if (member === undefined) throw new OperationError(gone)
  const organization =
    known.organization ?? (await loadOrganization(context, member.organization_id))
  if (updates) {
    await assertUnclaimed(context, organization, email_address)
    const outside = memberContext(context, organization)
    const updated = updateEmail(member, email_address, outside)
    noteChange(context, organization, member, updated.member)
    return { organization, ...updated }
  }
  if (member.email_address !== email_address) throw new OperationError(gone)
  return { organization, member, writes: [] }
}
