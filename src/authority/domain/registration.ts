import type { AuthenticationFactor } from '../../wire/member-session.ts'
import { latestVerification } from './recent-verification.ts'
import type { IntermediateSessionRecord, SessionRecord } from './records.ts'

/** When a second factor was registered that a code verifies now. */
export interface Registration {
  /** Whether by this very code, or another one of this session. */
  readonly isNew: boolean
  /** Epoch milliseconds. */
  readonly registered_at: number
}

/**
 * Whether the session may have registered the factor. An exchange makes two sessions of one, also within an organization,
 * and of the two either may register what the other then uses: so it counts only in a session whose member was verified
 * after it was registered.
 */
export function isRegisteredInSession(
  { authentication_factors }: Pick<SessionRecord, 'authentication_factors'>,
  { isNew, registered_at }: Registration
): boolean {
  return isNew || isUnverifiedSince(registered_at, authentication_factors)
}

/** The same of a sign-in. Where its factors are older than itself, it began by an exchange. */
export function isRegisteredBeforeExchange(
  { authentication_factors, created_at }: IntermediateSessionRecord,
  { registered_at }: Registration
): boolean {
  const isExchanged = isUnverifiedSince(created_at, authentication_factors)
  return isExchanged && isUnverifiedSince(registered_at, authentication_factors)
}

function isUnverifiedSince(time: number, factors: readonly AuthenticationFactor[]): boolean {
  return Math.floor(time / 1000) > latestVerification(factors) / 1000
}
