import type { Context } from './context.ts'
import { OperationError } from './domain/operation-error.ts'
import type { MemberRecord } from './domain/records.ts'
import type { Write } from './domain/writes.ts'

/** Stores a member. The error for an e-mail address of another member says whether that one has it still. */
export async function runMemberWrites(
  { store }: Context,
  { organization_id, email_address }: MemberRecord,
  writes: readonly Write[]
): Promise<void> {
  const conflict = await store.tryRun(writes)
  if (conflict === undefined) return
  if (conflict === 'duplicate_member_email') {
    const owner = await store.findMemberByEmail(organization_id, email_address)
    if (owner === undefined) throw new OperationError('retired_member_email')
  }
  throw new OperationError(conflict)
}
