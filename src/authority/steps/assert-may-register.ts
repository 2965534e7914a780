import type { MfaEnrollment } from '../../wire/totps.ts'
import type { Context } from '../context.ts'
import { assertMayEnrolFactor } from '../domain/mfa.ts'
import { assertMayChangePreferences } from '../domain/recent-verification.ts'
import type { MemberRecord } from '../domain/records.ts'
import { recencyOf } from './caller.ts'
import type { ReferencedSession } from './session-reference.ts'

/** The member may register a second factor by its first code, and change by it what the request wants to change. */
export function assertMayRegister(
  context: Context,
  member: MemberRecord,
  { isSession, record }: ReferencedSession,
  preferences: MfaEnrollment
): void {
  const { authentication_factors } = record
  assertMayEnrolFactor(member, authentication_factors)
  if (!isSession) return
  assertMayChangePreferences(member, preferences, authentication_factors, recencyOf(context))
}
