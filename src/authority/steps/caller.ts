import type { Authorization } from '../../wire/authorization.ts'
import type { Context } from '../context.ts'
import { type Caller, refuseAction, type Target } from '../domain/member-permission.ts'
import { compiledPolicy } from '../domain/policy.ts'
import { type Problem, problem } from '../domain/problem.ts'
import { sessionRoles } from '../domain/roles.ts'
import { demand, Refusal } from '../refusal.ts'
import { hasSessionCredential, loadSession, loadSessionMember } from './load.ts'

/** Refuses a call that is made with a member session, unless that member may do this to the target. */
export function authorize(
  { caller }: Pick<Context, 'caller'>,
  target: Target,
  resource_id: 'stytch.organization' | 'stytch.member',
  action: string
): void {
  authorizeBy({ caller }, (member) => refuseAction(member, target, resource_id, action))
}

/** The same by a rule that needs more than one action. */
export function authorizeBy(
  { caller }: Pick<Context, 'caller'>,
  refuse: (caller: Caller) => Problem | undefined
): void {
  if (caller !== undefined) demand(refuse(caller))
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
    throw new Refusal(problem('too_many_session_arguments'))
  }
  const { organization, member } = await loadSessionMember(context, session)
  context.subject.caller_member_id = member.member_id
  return {
    member_id: member.member_id,
    organization_id: organization.organization_id,
    roles: sessionRoles(member, organization, session.authentication_factors),
    policy: compiledPolicy(context.project.policy, organization)
  }
}
