import { checkPermission } from '../../rbac/check-permission.ts'
import type { AuthorizationCheck, AuthorizationVerdict } from '../../wire/sessions.ts'
import type { Context, Handler } from '../context.ts'
import { endOfSessions } from '../domain/end-of-sessions.ts'
import { viewMember } from '../domain/member-view.ts'
import { OperationError } from '../domain/operation-error.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import { isNamedBy } from '../domain/organizations.ts'
import { compiledPolicy } from '../domain/policy.ts'
import type { OrganizationRecord, SessionRecord } from '../domain/records.ts'
import { sessionRoles } from '../domain/roles.ts'
import { viewSession } from '../domain/session-view.ts'
import { exchangedFactors, identityOfSession } from '../domain/transferred-factors.ts'
import type { Write } from '../domain/writes.ts'
import { about } from '../steps/about.ts'
import { assertAuthorized } from '../steps/caller.ts'
import { prepareIssue, touchSession } from '../steps/issue-session.ts'
import {
  loadOrganization,
  loadOrganizationAndMember,
  loadRunningSession,
  loadSession,
  loadSessionMember
} from '../steps/load.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { finishSignIn } from '../steps/sign-in.ts'
import { unlockedFactors } from '../steps/unlocked-factors.ts'

export const get: Handler<'sessions.get'> = async (context, request) => {
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const sessions = await context.store.listSessions(member.member_id, context.now)
  return { member_sessions: sessions.map((session) => viewSession(session, member, organization)) }
}

/** The `authorization_check` comes first: a denial changes nothing. */
export const authenticate: Handler<'sessions.authenticate'> = (context, request) =>
  retryWhileStale(async () => {
    const found = await loadSession(context, request)
    const { organization, member } = await loadSessionMember(context, found)
    const roles = sessionRoles(member, organization, found.authentication_factors)
    const verdict =
      request.authorization_check &&
      answerCheck(context, request.authorization_check, { organization, roles })

    const { session, write } = touchSession(context, found, request)
    const issueSession = await prepareIssue(context, session)
    await context.store.run([write])
    return {
      ...(await issueSession(member, organization)),
      member: viewMember(member, organization, context.now),
      organization: viewOrganization(organization),
      ...(verdict === undefined ? {} : { verdict })
    }
  })

/** A check about any other organization, also one that does not exist, is a check across tenants. */
function answerCheck(
  { project }: Context,
  check: AuthorizationCheck,
  { organization, roles }: { organization: OrganizationRecord; roles: readonly string[] }
): AuthorizationVerdict {
  if (!isNamedBy(organization, check.organization_id)) {
    throw new OperationError('session_authorization_tenancy_error')
  }
  const policy = compiledPolicy(project.policy, organization)
  const verdict = checkPermission(policy, roles, check.resource_id, check.action)
  if (!verdict.authorized) throw new OperationError('session_authorization_error')
  return verdict
}

/** With a member session the call may do what that member may; without one, everything in the project. */
export const revoke: Handler<'sessions.revoke'> = async (context, request) => {
  const selectors = Object.values(request).filter((value) => value !== undefined)
  if (selectors.length === 0) throw new OperationError('no_session_revoke_arguments')
  if (selectors.length > 1) throw new OperationError('too_many_session_revoke_arguments')

  const { target, writes } =
    request.member_id === undefined
      ? await chooseSession(context, request)
      : await chooseMember(context, request.member_id)
  assertAuthorized(context, target, 'stytch.member', 'revoke-sessions')
  await context.store.run(writes)
  return {}
}

type Target = Pick<SessionRecord, 'member_id' | 'organization_id'>

async function chooseSession(
  context: Context,
  request: { member_session_id?: string; session_token?: string; session_jwt?: string }
): Promise<{ target: Target; writes: readonly Write[] }> {
  const { store, now } = context
  const session =
    request.member_session_id === undefined
      ? await loadRunningSession(context, request)
      : await store.findSession(request.member_session_id, now)
  if (session === undefined) throw new OperationError('session_not_found')
  const { member_session_id } = about(context, session)
  const onConflict = 'session_not_found'
  return { target: session, writes: [{ do: 'revokeSession', member_session_id, now, onConflict }] }
}

/** By id only: external ids are unique within an organization, and the call names none. */
async function chooseMember(
  context: Context,
  member_id: string
): Promise<{ target: Target; writes: readonly Write[] }> {
  const { store, now } = context
  const member = about(context, await store.findMemberById(member_id))
  if (member === undefined) throw new OperationError('member_not_found')
  return { target: member, writes: endOfSessions(member_id, now) }
}

/**
 * - The member of the other organization has the address of this one; no new member is created.
 * - The session goes on. It must still be alive when the other one starts.
 * - What was verified by codes that are locked by now does not count, as a code itself does not.
 * - Where nothing counts there, the answer is an intermediate session without factors.
 */
export const exchange: Handler<'sessions.exchange'> = (context, request) =>
  retryWhileStale(async () => {
    const organization = await loadOrganization(context, request.organization_id)
    const session = await loadSession(context, request)
    const source = await context.store.findMemberById(session.member_id)
    if (source === undefined) throw new OperationError('session_not_found')
    const { member_id, email_address } = source
    about(context, { member_id })
    const member = about(
      context,
      await context.store.findMemberByEmail(organization.organization_id, email_address)
    )
    if (member === undefined) throw new OperationError('member_not_found')
    const exchanged = exchangedFactors(identityOfSession(session, source), organization, member)
    const factors = await unlockedFactors(context, member, exchanged)
    const writes = [touchSession(context, session, {}).write]
    const verified = { organization, member, factors, exchanged_session: session, writes }
    return finishSignIn(context, verified, request)
  })

export const getJWKS: Handler<'sessions.getJWKS'> = async ({ signingKeys, now }) => ({
  keys: await signingKeys.listPublic(now)
})
