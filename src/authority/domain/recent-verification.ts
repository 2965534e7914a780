import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { MfaEnrollment } from '../../wire/totps.ts'
import { verifiesMember } from '../../wire/verifying-factors.ts'
import { activeMfaFactors, hasActiveMfaFactor, type MfaMethod } from './mfa.ts'
import { OperationError } from './operation-error.ts'
import type { MemberRecord } from './records.ts'

/** The present, and how many minutes ago is recent. */
export interface Recency {
  readonly now: number
  readonly minutes: number
}

/**
 * Whether a session has verified lately that it is its member's: by the second factor that the member has, or, without
 * one, by any factor. Only such a session weakens what verifies the member, or an old or stolen one could.
 */
export function isRecentlyVerified(
  member: MemberRecord,
  factors: readonly AuthenticationFactor[],
  recency: Recency
): boolean {
  const counted = hasActiveMfaFactor(member) ? activeMfaFactors(member, factors) : factors
  return hasRecentFactor(counted, recency)
}

/**
 * The code of a factor may also end that the member is asked for second factors, or change which is asked for first. In the
 * session that registered the factor that weakens the member as an update does; one that the member has had verifies it at
 * that.
 */
export function assertMayChangePreferences(
  member: MemberRecord,
  { set_mfa_enrollment, set_default_mfa, method }: MfaEnrollment & { readonly method: MfaMethod },
  factors: readonly AuthenticationFactor[],
  recency: Recency
): void {
  const unenrols = member.mfa_enrolled && set_mfa_enrollment === 'unenroll'
  const prefers = set_default_mfa === true && member.default_mfa_method !== method
  const isWeakening = unenrols || (prefers && hasActiveMfaFactor(member))
  if (isWeakening && !isRecentlyVerified(member, factors, recency)) {
    throw new OperationError('insufficient_factors')
  }
}

export function hasRecentFactor(
  factors: readonly AuthenticationFactor[],
  { now, minutes }: Recency
): boolean {
  return Math.floor(now / 1000) - latestVerification(factors) / 1000 <= minutes * 60
}

/** Epoch milliseconds; 0 when no factor says when the member was verified. */
export function latestVerification(factors: readonly AuthenticationFactor[]): number {
  const times = factors
    .filter(verifiesMember)
    .map(({ last_authenticated_at }) => Date.parse(last_authenticated_at ?? ''))
  return Math.max(0, ...times.filter((time) => !Number.isNaN(time)))
}
