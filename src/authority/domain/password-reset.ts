import type { AuthenticationFactor } from '../../wire/member-session.ts'
import { passwordProof } from './factors.ts'
import { OperationError } from './operation-error.ts'
import { timestamp } from './timestamps.ts'

const maxProofAgeSeconds = 300

/** A session may set a password while one of its factors, whichever, was authenticated at most five minutes ago. */
export function assertRecentlyAuthenticated(
  factors: readonly AuthenticationFactor[],
  now: number
): void {
  const ageSeconds = Math.floor(now / 1000) - latestProof(factors) / 1000
  if (ageSeconds > maxProofAgeSeconds) {
    throw new OperationError('session_too_old_to_reset_password')
  }
}

/**
 * The factors of a session that set a password. Setting one proves nothing, so no factor becomes younger by it: a
 * `password` factor that is there stays as it is, and a new one counts as authenticated when the latest of the others was.
 */
export function withPasswordSet(
  factors: readonly AuthenticationFactor[],
  now: number
): readonly AuthenticationFactor[] {
  if (factors.some(({ type }) => type === passwordProof.type)) return factors
  const moment = timestamp(now)
  const last_authenticated_at = timestamp(latestProof(factors))
  return [
    ...factors,
    { ...passwordProof, created_at: moment, updated_at: moment, last_authenticated_at }
  ]
}

/** Epoch milliseconds; 0 when no factor says when. */
function latestProof(factors: readonly AuthenticationFactor[]): number {
  const moments = factors.map(({ last_authenticated_at }) =>
    Date.parse(last_authenticated_at ?? '')
  )
  return Math.max(0, ...moments.filter((moment) => !Number.isNaN(moment)))
}
