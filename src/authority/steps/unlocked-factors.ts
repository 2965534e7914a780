import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { Context } from '../context.ts'
import { lockableTypes } from '../domain/lockables.ts'
import { firstEnd, unlockedOf } from '../domain/lockout.ts'
import { LimitReached } from '../domain/operation-error.ts'
import type { MemberRecord } from '../domain/records.ts'

/**
 * Of the factors that an earlier step has verified, those that may still enter an organization: none of a type that is
 * locked by now. A person who has no other waits, as one does who tries it itself. What cannot be guessed, as a link, is
 * never locked.
 */
export async function unlockedFactors(
  { store, now }: Context,
  member: MemberRecord,
  factors: readonly AuthenticationFactor[]
): Promise<readonly AuthenticationFactor[]> {
  if (!factors.some(isGuessed)) return factors
  const locks = await store.listLocks(member)
  const unlocked = unlockedOf(factors, locks, now)
  if (unlocked.length === 0)
    throw new LimitReached('user_lock_limit_reached', firstEnd(factors, locks, now))
  return unlocked
}

function isGuessed({ type }: AuthenticationFactor): boolean {
  return lockableTypes.some((guessed) => guessed === type)
}
