import type { SessionOptions } from '../../wire/sessions.ts'
import type { CompletedSignInResponse } from '../../wire/sign-in.ts'
import type { SessionArguments } from '../../wire/totps.ts'
import type { Context } from '../context.ts'
import { addFactor, registeredInSession, type VerifiedFactor } from '../domain/factors.ts'
import type { Lockable } from '../domain/lockables.ts'
import { clearFailures } from '../domain/lockout.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import {
  isRegisteredBeforeExchange,
  isRegisteredInSession,
  type Registration
} from '../domain/registration.ts'
import type { Write } from '../domain/writes.ts'
import { answerMember } from './answer-member.ts'
import { prepareIssue, startSession, touchSession } from './issue-session.ts'
import { noteChange } from './notices.ts'
import { retryWhileStale } from './retry-while-stale.ts'
import { loadReferencedSessionOf, type ReferencedSession } from './session-reference.ts'
import { consume } from './sign-in.ts'

/** A second factor whose code was right. */
export interface VerifiedCode {
  readonly organization: OrganizationRecord
  readonly before: MemberRecord
  /** With what the writes change. */
  readonly member: MemberRecord
  /** Whose failures are forgotten. */
  readonly lockable: Lockable
  readonly referenced: ReferencedSession
  readonly factor: VerifiedFactor
  readonly registration: Registration
  /** Guarded: one of them uses up the code. */
  readonly writes: readonly Write[]
}

type Request = SessionArguments &
  SessionOptions & { readonly organization_id: string; readonly member_id: string }

/**
 * Ends MFA: in a new session, or in the one that the code came with and one factor more. The use of the code, the end of
 * the intermediate session and the new session are one unit: all or nothing. The intermediate session comes first, then
 * the count of the lockable, as where attempts are counted, or two processes could wait for each other's row.
 *
 * A factor that is registered in a sign-in begins the session like the others; one that is registered in a session does
 * not say whose it is.
 */
export function finishSecondFactor(
  context: Context,
  request: Request,
  verified: VerifiedCode
): Promise<Omit<CompletedSignInResponse, 'request_id' | 'status_code'>> {
  return retryWhileStale(async (isFirstTry) => {
    const { member, referenced } = verified
    const current = isFirstTry
      ? referenced
      : await loadReferencedSessionOf(context, member, request)
    return finish(context, request, { ...verified, referenced: current })
  })
}

async function finish(
  context: Context,
  request: Request,
  { organization, before, member, lockable, referenced, factor, registration, writes }: VerifiedCode
) {
  const { store, now } = context
  const isRegisteredHere = referenced.isSession
    ? isRegisteredInSession(referenced.record, registration)
    : isRegisteredBeforeExchange(referenced.record, registration)
  const verified = isRegisteredHere ? registeredInSession(factor) : factor
  const factors = addFactor(referenced.record.authentication_factors, verified, now)
  const { session, write } = referenced.isSession
    ? touchSession(context, referenced.record, request, factors)
    : startSession(context, member, factors, request)
  const issueSession = await prepareIssue(context, session)
  const ends = referenced.isSession ? [] : [consume(referenced.record, now)]
  await store.run([...ends, clearFailures(lockable), ...writes, write])

  noteChange(context, organization, before, member)
  return {
    ...answerMember(context, member, organization),
    ...(await issueSession(member, organization)),
    member_device: null
  }
}
