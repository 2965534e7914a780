import type { OrgPolicy, Policy, PolicyRole } from '../wire/rbac.ts'

/** Who may perform an action on one resource: roles by action, and roles that may do everything to it. */
interface ResourceGrants {
  readonly byAction: ReadonlyMap<string, ReadonlySet<string>>
  readonly everyAction: ReadonlySet<string>
}

/** Grants by resource id. */
export type Grants = ReadonlyMap<string, ResourceGrants>

/** The policy of a project: what its roles grant, and which actions each resource has. */
export interface CompiledProjectPolicy {
  readonly grants: Grants
  readonly resources: ReadonlyMap<string, ReadonlySet<string>>
}

/** A policy made ready for checks that cost the same however large it is. */
export interface CompiledPolicy {
  readonly project: CompiledProjectPolicy
  /** What the roles of the organization grant: they add grants, and no resources. */
  readonly organization: Grants | undefined
}

/** Compiles a project's policy and, where there is one, the policy of an organization of it. */
export function compilePolicy(policy: Policy, orgPolicy?: OrgPolicy): CompiledPolicy {
  return {
    project: compileProjectPolicy(policy),
    organization: orgPolicy === undefined ? undefined : compileRoles(orgPolicy.roles)
  }
}

export function compileProjectPolicy({ roles, resources }: Policy): CompiledProjectPolicy {
  return {
    grants: compileRoles(roles),
    resources: new Map(resources.map(({ resource_id, actions }) => [resource_id, new Set(actions)]))
  }
}

/** Compiles one list of roles. Maps and Sets only: `__proto__` is a name like every other. */
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
