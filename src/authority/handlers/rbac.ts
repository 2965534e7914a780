import type { Handler } from '../context.ts'
import { assertOrganizationPolicy, projectPolicy } from '../domain/policy.ts'
import { loadOrganization } from '../steps/load.ts'

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

/** Replaces all roles of the organization. */
export const setOrgPolicy: Handler<'rbac.organizations.setOrgPolicy'> = async (
  context,
  { organization_id, org_policy }
) => {
  const organization = await loadOrganization(context, organization_id)
  assertOrganizationPolicy(org_policy, projectPolicy(context.project.policy))
  await context.store.run([
    {
      do: 'setOrganizationRoles',
      organization_id: organization.organization_id,
      custom_roles: org_policy.roles,
      onConflict: 'organization_not_found'
    }
  ])
  return { org_policy }
}
