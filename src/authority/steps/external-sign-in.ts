import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { SessionOptions } from '../../wire/sessions.ts'
import type { Context } from '../context.ts'
import { addFactor, type VerifiedFactor } from '../domain/factors.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, OrganizationRecord, SessionRecord } from '../domain/records.ts'
import { missingForSession } from '../domain/sign-in-requirements.ts'
import type { Write } from '../domain/writes.ts'
import { runMemberWrites } from '../run-member-writes.ts'
import { answerMember } from './answer-member.ts'
import { prepareIssue, startSession, touchSession } from './issue-session.ts'
import { assertAcceptedFactor } from './primary-factor.ts'

/** What another system asserts about a member. */
export interface FederatedAssertion {
  readonly organization: OrganizationRecord
  /** The member is active. */
  readonly member: MemberRecord
  readonly factor: VerifiedFactor
  /** Whether it stands for a second factor as well. */
  readonly satisfies_mfa: boolean
  /** That the request names. */
  readonly session: SessionRecord | undefined
  /** Writes that stand or fall with the session. */
  readonly writes: readonly Write[]
}

/**
 * Ends a sign-in by the assertion of another system. Its answer has no place for an intermediate session, so what is
 * missing for a session is an error.
 *
 * - An organization that lists how its members sign in lists no other system.
 * - A session that the request names must be the member's. It gains the factor, and no second one is needed.
 */
export async function finishExternal(
  context: Context,
  request: SessionOptions,
  { organization, member, factor, satisfies_mfa, session: found, writes }: FederatedAssertion
) {
  assertAcceptedFactor(organization, member, factor)
  if (found !== undefined && found.member_id !== member.member_id) {
    throw new OperationError('member_session_member_id_mismatch')
  }
  const factors = withRenewed(found, factor, context.now)
  const missing = missingForSession(organization, member, factors)
  if (found === undefined && missing.mfa_required !== null && !satisfies_mfa) {
    throw new OperationError('insufficient_factors', needsSecondFactor)
  }
  const { session, write } =
    found === undefined
      ? startSession(context, member, factors, request)
      : touchSession(context, found, request, factors)
  const issueSession = await prepareIssue(context, session)
  await runMemberWrites(context, member, [...writes, write])
  return {
    ...answerMember(context, member, organization),
    ...(await issueSession(member, organization))
  }
}

const needsSecondFactor =
  'A second factor is required, and the settings of the project do not let this sign-in stand for one.'

/** Another token of the same kind renews the factor, or a session that often gets one would have ever more. */
function withRenewed(
  found: SessionRecord | undefined,
  factor: VerifiedFactor,
  now: number
): readonly AuthenticationFactor[] {
  const others = found?.authentication_factors.filter(({ type }) => type !== factor.type) ?? []
  return addFactor(others, factor, now)
}
