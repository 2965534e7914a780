import type { SessionOptions } from '../../wire/sessions.ts'
import type { CompletedSignInResponse } from '../../wire/sign-in.ts'
import type { SessionArguments } from '../../wire/totps.ts'
import type { Context } from '../context.ts'
import { addFactor, type VerifiedFactor } from '../domain/factors.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { answerMember } from './answer-member.ts'
import { prepareIssue, startSession, touchSession } from './issue-session.ts'
import { loadOrganizationAndMember } from './load.ts'
import { retryWhileStale } from './retry-while-stale.ts'
import { loadReferencedSession } from './session-reference.ts'
import { consume } from './sign-in.ts'

/** A second factor whose code was right. */
export interface VerifiedCode {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly factor: VerifiedFactor
  /** Guarded: uses up the code. */
  readonly use: Write
  /** What else the code changes. */
  readonly changes: readonly Write[]
}

type Request = SessionArguments &
  SessionOptions & { readonly organization_id: string; readonly member_id: string }

/**
 * Ends MFA: in a new session, or in the one that the code came with and one factor more. The use of the code, the end of
 * the intermediate session and the new session are one unit: all or nothing.
 */
export function finishSecondFactor(
  context: Context,
  request: Request,
  verified: VerifiedCode
): Promise<Omit<CompletedSignInResponse, 'request_id' | 'status_code'>> {
  return retryWhileStale(() => finish(context, request, verified))
}

async function finish(
  context: Context,
  request: Request,
  { organization, member, factor, use, changes }: VerifiedCode
) {
  const { store, now } = context
  const { member_id } = member
  const referenced = await loadReferencedSession(context, member, request)
  const factors = addFactor(referenced.record.authentication_factors, factor, now)
  const { session, write } = referenced.isSession
    ? touchSession(context, referenced.record, request, factors)
    : startSession(context, member, factors, request)
  const issueSession = await prepareIssue(context, session)
  const ends = referenced.isSession ? [] : [consume(referenced.record, now)]
  await store.run([use, ...ends, write, ...changes, { do: 'forgetFailures', member_id }])

  const changed = await loadOrganizationAndMember(context, request)
  return {
    ...answerMember(context, changed.member, organization),
    ...(await issueSession(changed.member, organization)),
    member_device: null
  }
}
