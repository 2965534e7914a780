import type { AuthorizationVerdict } from '../wire/sessions.ts'
import type { CompiledPolicy } from './compile-policy.ts'

/**
 * Decides whether any of a session's roles permits an action on a resource, and which of them do.
 *
 * A permission matches when it names the resource exactly and the action exactly or `*`. There is no wildcard for
 * resources, no prefix and no case folding, and what nobody defined nobody may do.
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
  const granting_roles: string[] = []
  for (const role of roles) {
    if (!granting_roles.includes(role) && mayPerform(policy, role, resource_id, action)) {
      granting_roles.push(role)
    }
  }
  Object.freeze(granting_roles)
  return Object.freeze({ authorized: granting_roles.length > 0, granting_roles })
}

function mayPerform(
  policy: CompiledPolicy,
  role: string,
  resource_id: string,
  action: string
): boolean {
  for (const grants of policy) {
    const resource = grants.get(resource_id)
    if (resource === undefined) continue
    if (resource.everyAction.has(role) || resource.byAction.get(action)?.has(role)) return true
  }
  return false
}
