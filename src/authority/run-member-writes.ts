import type { Context } from './context.ts'
import { problem } from './domain/problem.ts'
import type { MemberRecord } from './domain/records.ts'
import type { Write } from './domain/writes.ts'
import { demand, Refusal } from './refusal.ts'

/** Stores a member. An address that is another's is refused by whether that one has it still. */
export async function runMemberWrites(
  { store }: Context,
  { organization_id, email_address }: MemberRecord,
  writes: readonly Write[]
): Promise<void> {
  const refusal = await store.run(writes)
  if (refusal?.problem === 'duplicate_member_email') {
    const owner = await store.findMemberByEmail(organization_id, email_address)
    if (owner === undefined) throw new Refusal(problem('retired_member_email'))
  }
  demand(refusal)
}
