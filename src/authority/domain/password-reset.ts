import type { AuthenticationFactor } from '../../wire/member-session.ts'
import { passwordFactor } from './factors.ts'
import { OperationError } from './operation-error.ts'
import { toTimestamp } from './timestamps.ts'

const maxAgeSeconds = 300

/** A session may set a password while one of its factors, whichever, was authenticated at most five minutes ago. */
export function assertRecentlyAuthenticated(
  factors: readonly AuthenticationFactor[],
  now: number
): void {
  const ageSeconds = Math.floor(now / 1000) - latestVerification(factors) / 1000
  if (ageSeconds > maxAgeSeconds) {
    throw new OperationError('session_too_old_to_reset_password')
  }
}

/**
 * The factors of a session that set a password. Setting one verifies nothing, so no factor becomes younger by it: a
 * `password` factor that is there stays as it is, and a new one counts as authenticated when the latest of the others was.
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
    { ...passwordFactor, created_at: time, updated_at: time, last_authenticated_at }
  ]
}

/** Epoch milliseconds; 0 when no factor says when. */
function latestVerification(factors: readonly AuthenticationFactor[]): number {
  const times = factors.map(({ last_authenticated_at }) => Date.parse(last_authenticated_at ?? ''))
  return Math.max(0, ...times.filter((time) => !Number.isNaN(time)))
}
