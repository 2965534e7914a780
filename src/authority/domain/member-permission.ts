import { checkPermission } from '../../rbac/check-permission.ts'
import type { CompiledPolicy } from '../../rbac/compile-policy.ts'
import { type Problem, problem } from './problem.ts'

/** The member that a call is made by, as its session knows it. */
export interface Caller {
  readonly member_id: string
  readonly organization_id: string
  readonly roles: readonly string[]
}

/**
 * Whether a member may do something to a member: in the own organization only; permitted on `stytch.member`, or, to
 * oneself, on `stytch.self`.
 */
export function refuseActionOnMember(
  caller: Caller,
  target: { readonly member_id: string; readonly organization_id: string },
  action: string,
  policy: CompiledPolicy
): Problem | undefined {
  if (caller.organization_id !== target.organization_id) {
    return problem('session_authorization_tenancy_error')
  }
  const resources =
    caller.member_id === target.member_id ? ['stytch.member', 'stytch.self'] : ['stytch.member']
  const allowed = resources.some(
    (resource) => checkPermission(policy, caller.roles, resource, action).authorized
  )
  return allowed ? undefined : problem('session_authorization_error')
}
