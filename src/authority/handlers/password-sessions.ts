import type { Context, Handler } from '../context.ts'
import { endOfSessions } from '../domain/end-of-sessions.ts'
import { OperationError } from '../domain/operation-error.ts'
import { assertMaySetPassword, withPasswordSet } from '../domain/password-reset.ts'
import type { MemberRecord, OrganizationRecord, SessionRecord } from '../domain/records.ts'
import { about } from '../steps/about.ts'
import { answerMember } from '../steps/answer-member.ts'
import { recencyOf } from '../steps/caller.ts'
import { prepareIssue, touchSession } from '../steps/issue-session.ts'
import { loadOrganization, loadSession, type SessionCredential } from '../steps/load.ts'
import { noteChange } from '../steps/notices.ts'
import { assertStrongPassword } from '../steps/password-strength.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { newPassword, setPassword } from '../steps/set-password.ts'

/**
 * - The session must be of a member of the organization, and was verified lately: by the second factor of a member who
 *   has one.
 * - The used session must still be alive when the password changes. It gets no younger by it.
 * - All other sessions of the member end, and so do the intermediate sessions, which the old password may have begun.
 *   These come first: one that becomes a session at the same time is then among the sessions.
 * - All of it is one unit: all or nothing.
 */
export const reset: Handler<'passwords.sessions.reset'> = async (context, request) => {
  const { store, now } = context
  const entitled = await loadEntitled(context, request)
  await assertStrongPassword(context, request.password, entitled.member)
  const password = await newPassword(context, request.password)

  return retryWhileStale(async (isFirstTry) => {
    const { organization, member, found } = isFirstTry
      ? entitled
      : await loadEntitled(context, request)
    const { member_id } = member
    const { member_session_id } = found
    const factors = withPasswordSet(found.authentication_factors, now)
    const { session, write } = touchSession(context, found, request, factors)
    const issueSession = await prepareIssue(context, session)
    await store.run([
      ...setPassword(context, member, password),
      write,
      { do: 'deleteMemberIntermediateSessions', member_id },
      ...endOfSessions(member_id, now, member_session_id)
    ])

    const changed = { ...member, member_password_id: password.member_password_id }
    noteChange(context, organization, member, changed)
    return {
      ...answerMember(context, changed, organization),
      ...(await issueSession(changed, organization)),
      intermediate_session_token: '',
      member_authenticated: true,
      mfa_required: null,
      member_device: null
    }
  })
}

interface Entitled {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly found: SessionRecord
}

/** The session that the request names, if it may set its member's password. */
async function loadEntitled(
  context: Context,
  request: SessionCredential & { readonly organization_id: string }
): Promise<Entitled> {
  const organization = await loadOrganization(context, request.organization_id)
  const found = about(context, await loadSession(context, request))
  if (found.organization_id !== organization.organization_id) {
    throw new OperationError('member_session_member_id_mismatch')
  }
  const member = await context.store.findMemberById(found.member_id)
  if (member === undefined) throw new OperationError('session_not_found')
  assertMaySetPassword(member, found.authentication_factors, recencyOf(context))
  return { organization, member, found }
}
