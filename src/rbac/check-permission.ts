import type { AuthorizationVerdict } from '../wire/sessions.ts'
import type { CompiledPolicy, CompiledProjectPolicy, Grants } from './compile-policy.ts'

/**
 * Decides whether any of a session's roles permits an action on a resource, and which of them do.
 *
 * A permission matches when it names the resource exactly and the action exactly or `*`. There is no wildcard for
 * resources, no prefix and no case folding, and a resource or action that the policy does not have is denied.
 *
 * @param policy made by `compilePolicy`
 * @param roles role ids of the member session
 * @returns frozen; `granting_roles` in the order of `roles`, empty when denied
 */
export function checkPermission(
  policy: CompiledPolicy,
  roles: readonly string[],
  resource_id: string,
  action: string
): AuthorizationVerdict {
  const { project, organization } = policy
  const granting_roles: string[] = []
  for (const role of roles) {
    if (granting_roles.includes(role)) continue
    const isGranting =
      grantsTo(project.grants, role, resource_id, action) ||
      (organization !== undefined && grantsTo(organization, role, resource_id, action))
    if (isGranting) granting_roles.push(role)
  }
  Object.freeze(granting_roles)
  return Object.freeze({ authorized: granting_roles.length > 0, granting_roles })
}

function grantsTo(grants: Grants, role: string, resource_id: string, action: string): boolean {
  const resource = grants.get(resource_id)
  if (resource === undefined) return false
  return resource.everyAction.has(role) || resource.byAction.get(action)?.has(role) === true
}

/** Why a permission was denied: a role is missing, or the guard names what the policy does not have. */
export function whyDenied({ project }: CompiledPolicy, resource_id: string, action: string) {
  return findUnknownName(project, resource_id, action) ?? 'no_role_grants'
}

/**
 * Which of the two names the policy of a project does not have. Roles of organizations do not matter here: they grant,
 * and resources and actions are the project's alone. What a role of the project names exists as well, for a policy that is
 * written by hand may leave its resources out.
 */
export function findUnknownName(
  { resources, grants }: CompiledProjectPolicy,
  resource_id: string,
  action: string
): 'unknown_resource' | 'unknown_action' | undefined {
  const actions = resources.get(resource_id)
  const granted = grants.get(resource_id)
  if (actions === undefined && granted === undefined) return 'unknown_resource'
  const isKnown =
    actions?.has(action) === true ||
    granted?.byAction.has(action) === true ||
    (actions === undefined && granted !== undefined && granted.everyAction.size > 0)
  return isKnown ? undefined : 'unknown_action'
}
