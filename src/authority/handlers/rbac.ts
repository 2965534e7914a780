import type { Handler } from '../context.ts'
import { assertNoRemovedRole, assertOrganizationPolicy, projectPolicy } from '../domain/policy.ts'
import { removedRoles } from '../domain/removed-roles.ts'
import { loadOrganization } from '../steps/load.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'

export const getPolicy: Handler<'rbac.policy'> = async ({ project }) => ({
  policy: projectPolicy(project.policy)
})

export const getOrgPolicy: Handler<'rbac.organizations.getOrgPolicy'> = async (
  context,
  { organization_id }
) => {
  const organization = await loadOrganization(context, organization_id)
  return { org_policy: { roles: [...organization.custom_roles] } }
}

/** Replaces all roles of the organization. One that was removed comes back only where the project's settings let it. */
export const setOrgPolicy: Handler<'rbac.organizations.setOrgPolicy'> = (
  context,
  { organization_id, org_policy }
) =>
  retryWhileStale(async () => {
    const { policy, settings } = context.project
    const { restore_removed_roles: restores } = settings
    const organization = await loadOrganization(context, organization_id)
    const { custom_roles, removed_roles, version } = organization
    assertOrganizationPolicy(org_policy, projectPolicy(policy))
    const removed = [...removed_roles, ...(policy.removed_roles ?? [])]
    if (!restores) assertNoRemovedRole(org_policy, removed)
    const { roles } = org_policy
    await context.store.run([
      {
        do: 'setOrganizationRoles',
        organization_id: organization.organization_id,
        custom_roles: roles,
        removed_roles: removedRoles({ roles: custom_roles, removed_roles }, { roles, restores }),
        version,
        onConflict: 'stale'
      }
    ])
    return { org_policy }
  })
