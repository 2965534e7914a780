import { checkPermission } from '../../rbac/check-permission.ts'
import { permitsAllOf } from '../../rbac/compare-permissions.ts'
import type { CompiledPolicy } from '../../rbac/compile-policy.ts'
import { OperationError } from './operation-error.ts'
import { selfActions } from './policy.ts'

/** The member that a call is made by, as its session knows it. */
export interface Caller {
  readonly member_id: string
  readonly organization_id: string
  readonly roles: readonly string[]
  readonly policy: CompiledPolicy
  /** Whether the member has a second factor that is active. */
  readonly hasSecondFactor: boolean
  /** Whether the session may weaken what verifies its member: see `recent-verification.ts`. */
  readonly isRecentlyVerified: boolean
}

/** What a call is about: an organization, or a member in it. */
export interface Target {
  readonly organization_id: string
  readonly member_id?: string
}

/** On oneself these take away what verifies a member, or all of it; fields of an update are looked at one by one. */
const weakeningActions: ReadonlySet<string> = new Set([
  'update.info.email',
  'update.info.delete.mfa-phone',
  'update.info.delete.mfa-totp',
  'update.info.delete.password',
  'update.info.unlink.retired-email',
  'delete'
])

/**
 * The member may do this: in its own organization only; permitted on the resource, or, to oneself as a member, on
 * `stytch.self`, where that has the action. What weakens oneself needs a session that was verified lately.
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
  if (isSelf(caller, target) && weakeningActions.has(action)) assertMayWeakenSelf(caller)
}

/** What weakens a member is done to oneself only by a session that was verified lately. */
export function assertMayWeakenSelf({ isRecentlyVerified }: Caller): void {
  if (!isRecentlyVerified) throw new OperationError('insufficient_factors', notVerifiedLately)
}

const notVerifiedLately =
  'The session must have verified the second factor of its member lately or, where there is none, any other factor.'

/**
 * The address of another member moves only by a caller who gains no permission by it: the person with the new mailbox signs
 * in as that member. A caller who assigns roles can have every permission anyway.
 */
export function assertMayMoveAddress(
  caller: Caller,
  target: Target,
  rolesOfTarget: readonly string[]
): void {
  const { policy, roles } = caller
  if (isSelf(caller, target) || assignsRoles(caller)) return
  if (!permitsAllOf(policy, roles, rolesOfTarget)) {
    throw new OperationError('session_authorization_error', moreThanOneHas)
  }
}

const moreThanOneHas = 'The Member may do more than the one whose session the call is made with.'

function assignsRoles({ policy, roles }: Caller): boolean {
  return checkPermission(policy, roles, 'stytch.member', assigningRoles).authorized
}

/** Of `stytch.member`. */
export const assigningRoles = 'update.settings.roles'

export function isSelf(caller: Caller, target: Target): boolean {
  return caller.member_id === target.member_id
}
