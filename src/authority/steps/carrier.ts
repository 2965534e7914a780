import type { SessionArguments } from '../../wire/totps.ts'
import type { Context } from '../context.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { IntermediateSessionRecord, MemberRecord, SessionRecord } from '../domain/records.ts'
import { factorsForMember } from '../domain/transferred-factors.ts'
import { about } from './about.ts'
import type { Guesser } from './attempts.ts'
import { loadIntermediateSession, loadSession } from './load.ts'

/** What an MFA call continues: a session, or an intermediate session that is to become one. */
export type Carrier =
  | { readonly isSession: true; readonly record: SessionRecord }
  | { readonly isSession: false; readonly record: IntermediateSessionRecord }

/** Whether the request names one. Naming several is refused. */
export function namesCarrier(request: Readonly<SessionArguments>): boolean {
  const { intermediate_session_token, session_token, session_jwt } = request
  const given = [intermediate_session_token, session_token, session_jwt].filter(
    (credential) => credential !== undefined
  )
  if (given.length > 1) throw new OperationError('too_many_session_arguments')
  return given.length === 1
}

/** An intermediate session has the factors that count for this member. */
export async function loadCarrier(
  context: Context,
  member: MemberRecord,
  request: Readonly<SessionArguments>
): Promise<Carrier> {
  const { intermediate_session_token } = request
  if (intermediate_session_token !== undefined) {
    const found = await loadIntermediateSession(context, intermediate_session_token)
    const authentication_factors = factorsForMember(found, member)
    return { isSession: false, record: { ...found, authentication_factors } }
  }
  const record = await loadSession(context, request)
  if (record.member_id !== member.member_id) {
    throw new OperationError('member_session_member_id_mismatch')
  }
  return { isSession: true, record: about(context, record) }
}

/** A code that came with an intermediate session counts against that as well. */
export function guesserOf({ member_id }: MemberRecord, carrier: Carrier): Guesser {
  const guess = 'code'
  return carrier.isSession
    ? { member_id, guess }
    : { member_id, guess, intermediate_session_id: carrier.record.intermediate_session_id }
}

/** A session has met the primary requirements when it began; an intermediate session may not have. */
export function factorsToComplete(carrier: Carrier | undefined) {
  return carrier === undefined || carrier.isSession
    ? undefined
    : carrier.record.authentication_factors
}
