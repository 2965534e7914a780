import { auditOfCommand } from './command-audit.ts'
import { emailCodesOf } from './domain/lockables.ts'
import { clearFailures, writesOfUnlock } from './domain/lockout.ts'
import type { ProjectStore } from './store/store.ts'

/** Whom an operator unlocks: a member, or the codes to an address, which may be of no member yet. */
export type Unlocked = { readonly member_id: string } | { readonly email_address: string }

/** Does what `organizations.members.unlock` of the backend does, for an operator. Answers whether there is such a member. */
export async function unlockMember(
  store: ProjectStore,
  unlocked: Unlocked,
  now: number
): Promise<boolean> {
  const operation = 'organizations.members.unlock'
  const command = { kind: 'lockout', operation, occurred_at: now } as const
  const eventAbout = (about: object) => auditOfCommand(store.project_id, command, about)
  if ('email_address' in unlocked) {
    const { email_address } = unlocked
    await store.run([clearFailures(emailCodesOf(email_address)), ...eventAbout({})])
    return true
  }
  const member = await store.findMemberById(unlocked.member_id)
  if (member === undefined) return false
  await store.run([...writesOfUnlock(member, { withEmailCodes: true }), ...eventAbout(member)])
  return true
}
