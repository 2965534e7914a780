import type { SessionArguments } from '../../wire/totps.ts'
import type { Context } from '../context.ts'
import { type LockableType, lockableOf } from '../domain/lockables.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { IntermediateSessionRecord, LoadedSession, MemberRecord } from '../domain/records.ts'
import { factorsForMember } from '../domain/transferred-factors.ts'
import { about } from './about.ts'
import type { Attempted } from './attempts.ts'
import { loadIntermediateSession, loadSession } from './load.ts'

/** What an MFA call continues, as the request refers to it: a session, or an intermediate session that is to become one. */
export type ReferencedSession =
  | { readonly isSession: true; readonly record: LoadedSession }
  | { readonly isSession: false; readonly record: IntermediateSessionRecord }

/** The request refers to a session or an intermediate session. */
export function assertSessionReference(request: Readonly<SessionArguments>): void {
  if (!hasSessionReference(request)) throw new OperationError('no_session_arguments')
}

/** Whether the request refers to one. Several are rejected. */
export function hasSessionReference(request: Readonly<SessionArguments>): boolean {
  const { intermediate_session_token, session_token, session_jwt } = request
  const given = [intermediate_session_token, session_token, session_jwt].filter(
    (credential) => credential !== undefined
  )
  if (given.length > 1) throw new OperationError('too_many_session_arguments')
  return given.length === 1
}

/** What the request refers to, if anything. It is alive: a primary step loads it before its factor is used up. */
export async function loadReferencedSession(
  context: Context,
  request: Readonly<SessionArguments>
): Promise<ReferencedSession | undefined> {
  if (!hasSessionReference(request)) return undefined
  const { intermediate_session_token: token } = request
  return token === undefined
    ? { isSession: true, record: await loadSession(context, request) }
    : { isSession: false, record: await loadIntermediateSession(context, token) }
}

/** The same of this member. An intermediate session has the factors that count for the member. */
export async function loadReferencedSessionOf(
  context: Context,
  member: MemberRecord,
  request: Readonly<SessionArguments>
): Promise<ReferencedSession> {
  const { intermediate_session_token: token } = request
  if (token !== undefined) {
    const record = await loadIntermediateSession(context, token)
    const authentication_factors = factorsForMember(record, member)
    return { isSession: false, record: { ...record, authentication_factors } }
  }
  const record = await loadSession(context, request)
  if (record.member_id !== member.member_id) {
    throw new OperationError('member_session_member_id_mismatch')
  }
  return { isSession: true, record: about(context, record) }
}

/** A code that came with an intermediate session counts against that as well. */
export function attemptAt(
  type: Exclude<LockableType, 'email_otp'>,
  { member_id }: MemberRecord,
  referenced: ReferencedSession
): Attempted {
  const lockable = lockableOf(member_id, type)
  return referenced.isSession
    ? { lockable }
    : { lockable, intermediate_session_id: referenced.record.intermediate_session_id }
}

/** A session has met the primary requirements when it began; an intermediate session may not have. */
export function factorsToComplete(referenced: ReferencedSession | undefined) {
  return referenced === undefined || referenced.isSession
    ? undefined
    : referenced.record.authentication_factors
}
