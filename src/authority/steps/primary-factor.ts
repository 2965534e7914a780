import type { SessionOptions } from '../../wire/sessions.ts'
import type { SignInResponse } from '../../wire/sign-in.ts'
import type { Context } from '../context.ts'
import { addFactor, registeredInSession, type VerifiedFactor } from '../domain/factors.ts'
import { unlockedOf } from '../domain/lockout.ts'
import { OperationError } from '../domain/operation-error.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord,
  SessionRecord
} from '../domain/records.ts'
import { acceptsFactor } from '../domain/sign-in-requirements.ts'
import { factorsForMember } from '../domain/transferred-factors.ts'
import type { Write } from '../domain/writes.ts'
import { prepareIssue, touchSession } from './issue-session.ts'
import type { SessionCredential } from './load.ts'
import { retryWhileStale } from './retry-while-stale.ts'
import { loadReferencedSession, type ReferencedSession } from './session-reference.ts'
import { admit, completedAnswer, finishSignIn } from './sign-in.ts'

/** What a primary step may name beside its factor: a session to step up, or an intermediate session to continue. */
export type PrimaryRequest = SessionCredential &
  SessionOptions & {
    readonly intermediate_session_token?: string
    /** The language of a code that is sent by itself. */
    readonly locale?: string
  }

/** A primary factor that was right. */
export interface VerifiedPrimary {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly factor: VerifiedFactor
  /** Whether the member has what was verified only since now: an address that the member moves to. */
  readonly registers?: boolean
  /** What the request names beside its factor. It was loaded before the factor was used up. */
  readonly referenced: ReferencedSession | undefined
  /** Writes that stand or fall with the sign-in. Those that use up a link or code are guarded. */
  readonly writes: readonly Write[]
}

export type PrimaryAnswer = Omit<SignInResponse, 'request_id' | 'status_code'> & {
  organization_id: string
}

/**
 * Ends a primary step.
 *
 * - What the organization does not accept is denied only now that the factor was right.
 * - A session of the same member gains the factor, and no second factor is required; another member's is ignored.
 * - An intermediate session gives the factors that count for the member, and must not be of another one. What was
 *   verified by codes that are locked by now does not count.
 */
export async function finishPrimary(
  context: Context,
  request: PrimaryRequest,
  verified: VerifiedPrimary
): Promise<PrimaryAnswer> {
  const { organization, member, factor } = verified
  assertAcceptedFactor(organization, member, factor)
  const answer = await retryWhileStale(async (isFirstTry) => {
    const current = isFirstTry ? verified.referenced : await loadReferencedSession(context, request)
    const referenced =
      current?.isSession && current.record.member_id !== member.member_id ? undefined : current
    return referenced?.isSession
      ? stepUp(context, request, { ...verified, session: referenced.record })
      : signIn(context, request, { ...verified, intermediate_session: referenced?.record })
  })
  return { organization_id: organization.organization_id, ...answer }
}

/** The factor signs this member in here. */
export function assertAcceptedFactor(
  organization: OrganizationRecord,
  member: MemberRecord,
  factor: VerifiedFactor
): void {
  if (acceptsFactor(organization, member, factor)) return
  throw new OperationError('operation_restricted_by_organization_auth_methods')
}

/** Adds the factor to the session that the request names. What is registered by it says nothing of whose it is. */
async function stepUp(
  context: Context,
  request: PrimaryRequest,
  {
    organization,
    member,
    factor,
    registers,
    writes,
    session: found
  }: VerifiedPrimary & { readonly session: SessionRecord }
) {
  const verified = registers === true ? registeredInSession(factor) : factor
  const factors = addFactor(found.authentication_factors, verified, context.now)
  const { session, write } = touchSession(context, found, request, factors)
  const admitted = admit(member, factors, context.now)
  const issueSession = await prepareIssue(context, session)
  await context.store.run([...writes, ...admitted.writes, write])
  const issued = await issueSession(admitted.member, organization)
  return completedAnswer(context, admitted.member, organization, issued)
}

async function signIn(
  context: Context,
  request: PrimaryRequest,
  {
    organization,
    member,
    factor,
    writes,
    intermediate_session
  }: VerifiedPrimary & { readonly intermediate_session: IntermediateSessionRecord | undefined }
) {
  const { intermediate_session_token: token } = request
  const earlier =
    intermediate_session === undefined
      ? []
      : unlockedOf(factorsForMember(intermediate_session, member), member.locks, context.now)
  const continued =
    token === undefined || intermediate_session === undefined
      ? {}
      : { continued: { token, intermediate_session, binds: true } }
  const factors = addFactor(earlier, factor, context.now)
  return finishSignIn(context, { organization, member, factors, writes, ...continued }, request)
}
