import type { OrgPolicy, Policy, PolicyRole } from '../wire/rbac.ts'

/** Who may perform an action on one resource: roles by action, and roles that may do everything to it. */
interface ResourceGrants {
  readonly byAction: ReadonlyMap<string, ReadonlySet<string>>
  readonly everyAction: ReadonlySet<string>
}

/** Grants by resource id. */
type Grants = ReadonlyMap<string, ResourceGrants>

/** A policy made ready for checks that cost the same however large it is: the project's grants, then the organization's. */
export type CompiledPolicy = readonly Grants[]

/** Compiles a project's policy and, where there is one, the policy of an organization of it. */
export function compilePolicy(policy: Policy, orgPolicy?: OrgPolicy): CompiledPolicy {
  return orgPolicy === undefined
    ? [compileRoles(policy.roles)]
    : [compileRoles(policy.roles), compileRoles(orgPolicy.roles)]
}

/** Compiles one list of roles. Maps and Sets only: `__proto__` is a name that nobody granted. */
export function compileRoles(roles: readonly PolicyRole[]): Grants {
  const grants = new Map<string, { byAction: Map<string, Set<string>>; everyAction: Set<string> }>()
  for (const { role_id, permissions } of roles) {
    for (const { resource_id, actions } of permissions) {
      const resource = grants.get(resource_id) ?? { byAction: new Map(), everyAction: new Set() }
      grants.set(resource_id, resource)
      for (const action of actions) {
        if (action === '*') resource.everyAction.add(role_id)
        else
          resource.byAction.set(action, (resource.byAction.get(action) ?? new Set()).add(role_id))
      }
    }
  }
  return grants
}
