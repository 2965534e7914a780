import { auditOfCommand } from './command-audit.ts'
import { writesOfErasure } from './domain/members.ts'
import { retryWhileStale } from './steps/retry-while-stale.ts'
import type { ProjectStore } from './store/store.ts'

/** Does what `organizations.members.erase` does, for an operator. Answers whether there was such a deleted member. */
export function eraseMember(store: ProjectStore, member_id: string, now: number): Promise<boolean> {
  return retryWhileStale(async () => {
    const deleted = await store.findDeletedMember(member_id)
    if (deleted === undefined) return false
    const operation = 'organizations.members.erase'
    const command = { kind: 'member', operation, occurred_at: now } as const
    const { project_id } = store
    await store.run([...writesOfErasure(deleted), ...auditOfCommand(project_id, command, deleted)])
    return true
  })
}
