import type { AuthenticationFactor } from '../../wire/member-session.ts'
import { passwordFactor, registeredInSession } from './factors.ts'
import { OperationError } from './operation-error.ts'
import {
  hasRecentFactor,
  isRecentlyVerified,
  latestVerification,
  type Recency
} from './recent-verification.ts'
import type { MemberRecord } from './records.ts'
import { toTimestamp } from './timestamps.ts'

/** A session sets the password of its member only shortly after it was verified. */
export function assertMaySetPassword(
  member: MemberRecord,
  factors: readonly AuthenticationFactor[],
  recency: Recency
): void {
  if (!hasRecentFactor(factors, recency)) {
    throw new OperationError('session_too_old_to_reset_password')
  }
  if (!isRecentlyVerified(member, factors, recency)) {
    throw new OperationError('insufficient_factors')
  }
}

/**
 * The factors of a session that set a password. Setting one verifies nothing, so no factor becomes younger by it: a
 * `password` factor that is there stays as it is, and a new one, which is registered in this session, is as old as the
 * latest of the others.
 */
export function withPasswordSet(
  factors: readonly AuthenticationFactor[],
  now: number
): readonly AuthenticationFactor[] {
  if (factors.some(({ type }) => type === passwordFactor.type)) return factors
  const time = toTimestamp(now)
  const last_authenticated_at = toTimestamp(latestVerification(factors))
  return [
    ...factors,
    {
      ...registeredInSession(passwordFactor),
      created_at: time,
      updated_at: time,
      last_authenticated_at
    }
  ]
}
