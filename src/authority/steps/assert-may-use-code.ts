import type { MfaEnrollment } from '../../wire/totps.ts'
import type { Context } from '../context.ts'
import { assertMayEnrolFactor, type MfaMethod } from '../domain/mfa.ts'
import { assertMayChangePreferences } from '../domain/recent-verification.ts'
import type { MemberRecord } from '../domain/records.ts'
import { isRegisteredInSession, type Registration } from '../domain/registration.ts'
import { recencyOf } from './caller.ts'
import type { ReferencedSession } from './session-reference.ts'

/** What the code of a second factor does beside verifying the member. */
interface CodeEffects extends MfaEnrollment {
  readonly method: MfaMethod
  readonly registration: Registration
}

/**
 * The member may register a second factor where this is its first code, and change by the code what the request wants to
 * change. That of a factor which the session itself registered changes no more than its first one does.
 */
export function assertMayUseCode(
  context: Context,
  member: MemberRecord,
  { isSession, record }: ReferencedSession,
  { registration, ...preferences }: CodeEffects
): void {
  const { authentication_factors } = record
  if (registration.isNew) assertMayEnrolFactor(member, authentication_factors)
  if (!isSession || !isRegisteredInSession(record, registration)) return
  assertMayChangePreferences(member, preferences, authentication_factors, recencyOf(context))
}
