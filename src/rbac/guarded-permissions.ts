import { nearestName } from '../errors/nearest-name.ts'
import { findUnknownName } from './check-permission.ts'
import type { CompiledProjectPolicy } from './compile-policy.ts'

/** What a guard decides about. */
export interface GuardedPermission {
  readonly resource_id: string
  readonly action: string
}

/**
 * The permissions that guards of an app name, to be compared with the policy that decides: a misspelt one denies every
 * member, and looks like a missing role.
 */
export interface GuardedPermissions {
  /** Compared with the policy at hand, and with each that is compiled from now on. */
  add(permission: GuardedPermission): void
  compare(policy: CompiledProjectPolicy): void
}

const warningCodes = {
  unknown_resource: 'MEMBERGATE_UNKNOWN_RESOURCE',
  unknown_action: 'MEMBERGATE_UNKNOWN_ACTION'
} as const

/** An app that makes guards of its requests must not fill the memory, nor the log. */
const maxPermissions = 1000
const maxShownLength = 128

export function createGuardedPermissions(): GuardedPermissions {
  const unsaid = new Map<string, GuardedPermission>()
  const said = new Set<string>()
  let current: CompiledProjectPolicy | undefined

  function warnOnce(key: string, permission: GuardedPermission, policy: CompiledProjectPolicy) {
    const { resource_id, action } = permission
    const unknown = findUnknownName(policy, resource_id, action)
    if (unknown === undefined) return
    unsaid.delete(key)
    said.add(key)
    process.emitWarning(describe(unknown, permission, policy), {
      type: 'MembergateWarning',
      code: warningCodes[unknown]
    })
  }

  return {
    add({ resource_id, action }) {
      const key = JSON.stringify([resource_id, action])
      if (said.has(key) || unsaid.size + said.size >= maxPermissions) return
      const permission = { resource_id, action }
      unsaid.set(key, permission)
      if (current !== undefined) warnOnce(key, permission, current)
    },
    compare(policy) {
      current = policy
      for (const [key, permission] of [...unsaid]) warnOnce(key, permission, policy)
    }
  }
}

function describe(
  unknown: keyof typeof warningCodes,
  { resource_id, action }: GuardedPermission,
  { resources, grants }: CompiledProjectPolicy
): string {
  const guard = `requirePermission(${show(resource_id)}, ${show(action)})`
  if (unknown === 'unknown_resource') {
    const known = [...new Set([...resources.keys(), ...grants.keys()])]
    return `${guard} denies everyone: the policy has no resource ${show(resource_id)}.${nearestName(resource_id, known)}`
  }
  const known = [
    ...new Set([
      ...(resources.get(resource_id) ?? []),
      ...(grants.get(resource_id)?.byAction.keys() ?? [])
    ])
  ]
  return `${guard} guards an action that the policy does not have: ${show(resource_id)} has no action ${show(action)}.${nearestName(action, known)}`
}

function show(name: string): string {
  return JSON.stringify(name.slice(0, maxShownLength))
}
