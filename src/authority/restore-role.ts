import { ConfigError } from '../errors/config-error.ts'
import { auditOfCommand } from './command-audit.ts'
import { retryWhileStale } from './steps/retry-while-stale.ts'
import type { ProjectStore } from './store/store.ts'

/** Which role, and of which organization, if it is not one of the project. */
export interface RemovedRole {
  readonly role_id: string
  /** Its id, slug or external id. */
  readonly organization_id: string | undefined
}

/**
 * Lets a role that was removed be had again, by all members who had it: at once where the policy names it, else as soon as it
 * does.
 */
export async function restoreRole(
  store: ProjectStore,
  { role_id, organization_id }: RemovedRole,
  now: number
): Promise<void> {
  await (organization_id === undefined
    ? restoreInProject(store, role_id, now)
    : restoreInOrganization(store, role_id, organization_id, now))
}

async function restoreInProject(store: ProjectStore, role_id: string, now: number): Promise<void> {
  const policy = (await store.findProject())?.policy
  const removed = policy?.removed_roles ?? []
  if (policy === undefined || !removed.includes(role_id)) throw neverRemoved(role_id, 'the project')
  const removed_roles = removed.filter((removed_id) => removed_id !== role_id)
  await store.run([
    { do: 'setProjectPolicy', policy: { ...policy, removed_roles } },
    ...auditOfRestored(store, now)
  ])
}

function restoreInOrganization(
  store: ProjectStore,
  role_id: string,
  identifier: string,
  now: number
): Promise<void> {
  return retryWhileStale(async () => {
    const organization = await store.findOrganization(identifier)
    if (organization === undefined) throw new ConfigError('--organization names no organization.')
    const { organization_id, custom_roles, version } = organization
    if (!organization.removed_roles.includes(role_id)) {
      throw neverRemoved(role_id, 'the organization')
    }
    const removed_roles = organization.removed_roles.filter((removed) => removed !== role_id)
    await store.run([
      ...auditOfRestored(store, now, organization),
      {
        do: 'setOrganizationRoles',
        organization_id,
        custom_roles,
        removed_roles,
        version,
        onConflict: 'stale'
      }
    ])
  })
}

function auditOfRestored({ project_id }: ProjectStore, now: number, about?: object) {
  const command = { kind: 'policy', operation: 'roles.restore', occurred_at: now } as const
  return auditOfCommand(project_id, command, about)
}

function neverRemoved(role_id: string, of: string): ConfigError {
  return new ConfigError(`No role "${role_id}" was removed from the policy of ${of}.`)
}
