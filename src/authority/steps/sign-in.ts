import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { SessionOptions } from '../../wire/sessions.ts'
import type { SignInResponse } from '../../wire/sign-in.ts'
import type { Context } from '../context.ts'
import { verifiesAddress } from '../domain/factors.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord,
  SessionRecord
} from '../domain/records.ts'
import { missingForSession } from '../domain/sign-in-requirements.ts'
import type { Write } from '../domain/writes.ts'
import { answerMember } from './answer-member.ts'
import { assertMayAccept } from './assert-unclaimed.ts'
import {
  type IssuedSession,
  prepareIssue,
  startIntermediateSession,
  startSession
} from './issue-session.ts'
import { challengeBySms } from './sms-codes.ts'

/** What a primary step has verified, and what it began from. */
export interface VerifiedSignIn {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly factors: readonly AuthenticationFactor[]
  /** The intermediate session that the step continued, with the token that the caller has. */
  readonly continued?: {
    readonly token: string
    readonly intermediate_session: IntermediateSessionRecord
    /** Whether it becomes this member's when more is missing; if not, it stays what it is. */
    readonly binds: boolean
  }
  /** The session that the new one takes the place of, in the same or another organization. */
  readonly exchanged_session?: SessionRecord
  /** Writes that belong to the step and stand or fall with its outcome. */
  readonly writes: readonly Write[]
}

type SignInAnswer = Omit<SignInResponse, 'request_id' | 'status_code'>

/** What a session is started with, and the language of a code that is sent by itself. */
type Options = SessionOptions & { readonly locale?: string }

/** Ends a primary step: in a session when nothing is missing, else in an intermediate session that says what is. */
export async function finishSignIn(
  context: Context,
  verified: VerifiedSignIn,
  options: Options
): Promise<SignInAnswer> {
  const { organization, member, factors } = verified
  await assertMayAccept(context, organization, member)
  const missing = missingForSession(organization, member, factors)
  return missing.primary_required === null && missing.mfa_required === null
    ? completeSignIn(context, verified, options)
    : suspendSignIn(context, verified, missing, options.locale)
}

async function completeSignIn(
  context: Context,
  { organization, member, factors, continued, exchanged_session, writes }: VerifiedSignIn,
  options: SessionOptions
): Promise<SignInAnswer> {
  const { store, now } = context
  const { session, write } = startSession(context, member, factors, {
    ...options,
    exchanged_session
  })
  const admitted = admit(member, factors, now)
  const unit = [...writes, ...admitted.writes, write]
  if (continued !== undefined) unit.push(consume(continued.intermediate_session, now))
  const issueSession = await prepareIssue(context, session)
  await store.run(unit)

  const issued = await issueSession(admitted.member, organization)
  return completedAnswer(context, admitted.member, organization, issued)
}

/** A verified address makes a member active; for one who is, the address counts as verified from now on. */
export function admit(
  member: MemberRecord,
  factors: readonly AuthenticationFactor[],
  now: number
): { readonly member: MemberRecord; readonly writes: readonly Write[] } {
  return factors.some((factor) => verifiesAddress(factor, member))
    ? admitVerified(member, now)
    : { member, writes: [] }
}

/** For a member who has just shown that the address is theirs. */
export function admitVerified(
  member: MemberRecord,
  now: number
): { readonly member: MemberRecord; readonly writes: readonly Write[] } {
  if (member.status === 'active' && member.email_address_verified) return { member, writes: [] }
  const { member_id, email_id } = member
  return {
    member: { ...member, status: 'active', email_address_verified: true, updated_at: now },
    writes: [{ do: 'activateMember', member_id, email_id, now, onConflict: 'stale' }]
  }
}

/** Nothing is missing: the member is signed in. */
export function completedAnswer(
  context: Context,
  member: MemberRecord,
  organization: OrganizationRecord,
  issued: IssuedSession
): SignInAnswer & IssuedSession {
  return {
    ...answerMember(context, member, organization),
    member_authenticated: true,
    intermediate_session_token: '',
    ...issued,
    mfa_required: null,
    primary_required: null,
    member_device: null
  }
}

/**
 * - An intermediate session that was continued keeps its token. Duration and claims of the request are not kept.
 * - A member who lacks only the second factor is active: without that no member could complete MFA.
 * - Such a member is sent a code, where it can be; the code is stored with the intermediate session or not at all.
 */
async function suspendSignIn(
  context: Context,
  { organization, member, factors, continued, writes }: VerifiedSignIn,
  missing: ReturnType<typeof missingForSession>,
  locale: string | undefined
): Promise<SignInAnswer> {
  const admitted =
    missing.primary_required === null ? admit(member, factors, context.now) : { member, writes: [] }
  const { token, write } =
    continued === undefined
      ? startIntermediateSession(context, member, factors)
      : continueIntermediateSession(continued, member, factors, context.now)
  const code =
    missing.primary_required === null
      ? await challengeBySms(context, organization, admitted.member, locale)
      : undefined
  const unit = [...writes, ...admitted.writes, write]
  if (code !== undefined) unit.push(code)
  await context.store.run(unit)
  return {
    ...answerMember(context, admitted.member, organization),
    member_authenticated: false,
    intermediate_session_token: token,
    session_token: '',
    session_jwt: '',
    member_session: null,
    primary_required: missing.primary_required,
    mfa_required: missing.mfa_required && {
      ...missing.mfa_required,
      secondary_auth_initiated: code === undefined ? null : 'sms_otp'
    },
    member_device: null
  }
}

function continueIntermediateSession(
  { token, intermediate_session, binds }: NonNullable<VerifiedSignIn['continued']>,
  { member_id, organization_id }: MemberRecord,
  authentication_factors: readonly AuthenticationFactor[],
  now: number
): { token: string; write: Write } {
  if (!binds) return { token, write: confirm(intermediate_session, now) }
  const bound = { ...intermediate_session, member_id, organization_id, authentication_factors }
  const write: Write = {
    do: 'bindIntermediateSession',
    intermediate_session: bound,
    now,
    onConflict: 'stale'
  }
  return { token, write }
}

/** Changes nothing, but waits for another call that uses it at the same time. */
export function confirm(
  { intermediate_session_id }: IntermediateSessionRecord,
  now: number
): Write {
  return {
    do: 'confirmIntermediateSession',
    intermediate_session_id,
    now,
    onConflict: 'intermediate_session_not_found'
  }
}

/** The first call that consumes it has the session; any other loads it again, and finds it gone. */
export function consume(
  { intermediate_session_id, version }: IntermediateSessionRecord,
  now: number
): Write {
  return {
    do: 'consumeIntermediateSession',
    intermediate_session_id,
    version,
    now,
    onConflict: 'stale'
  }
}
