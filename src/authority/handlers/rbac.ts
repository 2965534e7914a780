import type { Handler } from '../context.ts'
import { projectPolicy, refuseOrgPolicy } from '../domain/policy.ts'
import { problem } from '../domain/problem.ts'
import { demand } from '../refusal.ts'
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
  demand(refuseOrgPolicy(org_policy, projectPolicy(context.project.policy)))
  demand(
    await context.store.run([
      {
        do: 'setOrganizationRoles',
        organization_id: organization.organization_id,
        custom_roles: org_policy.roles,
        otherwise: problem('organization_not_found')
      }
    ])
  )
  return { org_policy }
}
