import { checkPermission } from '../../rbac/check-permission.ts'
import type { CompiledPolicy } from '../../rbac/compile-policy.ts'
import { OperationError } from './operation-error.ts'
import { selfActions } from './policy.ts'

/** The member that a call is made by, as its session knows it. */
export interface Caller {
  readonly member_id: string
  readonly organization_id: string
  readonly roles: readonly string[]
  readonly policy: CompiledPolicy
}

/** What a call is about: an organization, or a member in it. */
export interface Target {
  readonly organization_id: string
  readonly member_id?: string
}

/**
 * The member may do this: in its own organization only; permitted on the resource, or, to oneself as a member, on
 * `stytch.self`, where that has the action.
 */
export function assertPermitted(
  caller: Caller,
  target: Target,
  resource_id: 'stytch.organization' | 'stytch.member',
  action: string
): void {
  if (caller.organization_id !== target.organization_id) {
    throw new OperationError('session_authorization_tenancy_error')
  }
  const ofSelf =
    resource_id === 'stytch.member' && isSelf(caller, target) && selfActions.has(action)
  const resources = ofSelf ? [resource_id, 'stytch.self'] : [resource_id]
  const allowed = resources.some(
    (resource) => checkPermission(caller.policy, caller.roles, resource, action).authorized
  )
  if (!allowed) throw new OperationError('session_authorization_error')
}

export function isSelf(caller: Caller, target: Target): boolean {
  return caller.member_id === target.member_id
}
