import type { Authorization } from '../../wire/authorization.ts'
import type { Context } from '../context.ts'
import { assertPermitted, type Caller, isSelf, type Target } from '../domain/member-permission.ts'
import { hasActiveMfaFactor } from '../domain/mfa.ts'
import { OperationError } from '../domain/operation-error.ts'
import { compiledPolicy } from '../domain/policy.ts'
import { isRecentlyVerified, type Recency } from '../domain/recent-verification.ts'
import { sessionRoles } from '../domain/roles.ts'
import { hasSessionCredential, loadSession, loadSessionMember, noteLoaded } from './load.ts'

/** The call is made by the backend, or with the session of a member who may do this to the target. */
export function assertAuthorized(
  { caller }: Pick<Context, 'caller'>,
  target: Target,
  resource_id: 'stytch.organization' | 'stytch.member',
  action: string
): void {
  if (caller !== undefined) assertPermitted(caller, target, resource_id, action)
}

/** The same by a rule that needs more than one action. */
export function assertAuthorizedBy(
  { caller }: Pick<Context, 'caller'>,
  assertAllowed: (caller: Caller) => void
): void {
  if (caller !== undefined) assertAllowed(caller)
}

/** Whether the call is made with a session of the very member that it is about. */
export function isCallOfSelf({ caller }: Pick<Context, 'caller'>, target: Target): boolean {
  return caller !== undefined && isSelf(caller, target)
}

/** Whatever roles members have, they do this to others only. */
export function assertNotOfSelf(context: Pick<Context, 'caller'>, target: Target): void {
  if (isCallOfSelf(context, target)) throw new OperationError('session_authorization_error')
}

/** Only the backend does this, whatever the roles of a member say. */
export function assertBackendCall({ caller }: Pick<Context, 'caller'>): void {
  if (caller !== undefined) throw new OperationError('session_authorization_error')
}

/** The member that the headers of a call name. Two headers must mean one session. */
export async function loadCaller(
  context: Context,
  { session_token, session_jwt }: Authorization
): Promise<Caller | undefined> {
  const sessions = await Promise.all(
    [{ session_token }, { session_jwt }]
      .filter(hasSessionCredential)
      .map((credential) => loadSession(context, credential))
  )
  const [session, other = session] = sessions
  if (session === undefined) return undefined
  if (other?.member_session_id !== session.member_session_id) {
    throw new OperationError('too_many_session_arguments')
  }
  const { organization, member } = await loadSessionMember(context, session)
  context.subject.caller_member_id = member.member_id
  const caller = {
    member_id: member.member_id,
    organization_id: organization.organization_id,
    roles: sessionRoles(member, organization, session.authentication_factors),
    policy: compiledPolicy(context.project.policy, organization),
    hasSecondFactor: hasActiveMfaFactor(member),
    isRecentlyVerified: isRecentlyVerified(
      member,
      session.authentication_factors,
      recencyOf(context)
    )
  }
  noteLoaded(caller, organization)
  return caller
}

/** What is recent in a call, as the project says. */
export function recencyOf({ project, now }: Pick<Context, 'project' | 'now'>): Recency {
  return { now, minutes: project.settings.recent_factor_minutes }
}
