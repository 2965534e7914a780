import { checkPermission } from './check-permission.ts'
import type { CompiledPolicy, Grants } from './compile-policy.ts'

/** Whether these roles permit everything that the others do. Every action of a resource is matched by every action alone. */
export function permitsAllOf(
  policy: CompiledPolicy,
  roles: readonly string[],
  others: readonly string[]
): boolean {
  const { project, organization } = policy
  return [project.grants, ...(organization === undefined ? [] : [organization])]
    .flatMap((grants) => permissionsOf(grants, others))
    .every(
      ([resource_id, action]) => checkPermission(policy, roles, resource_id, action).authorized
    )
}

type Permission = readonly [resource_id: string, action: string]

function permissionsOf(grants: Grants, roles: readonly string[]): readonly Permission[] {
  return [...grants].flatMap(([resource_id, { byAction, everyAction }]) =>
    [['*', everyAction] as const, ...byAction]
      .filter(([, granting]) => roles.some((role) => granting.has(role)))
      .map(([action]): Permission => [resource_id, action])
  )
}
