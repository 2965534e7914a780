import type { Context } from '../context.ts'
import { type Guess, reserveAttempt, reserveIntermediateAttempt } from '../domain/lockout.ts'
import type { Write } from '../domain/writes.ts'

/** Whose failures count: always the member's, and those of the intermediate session that a code came with. */
export interface Guesser {
  readonly member_id: string
  readonly guess: Guess
  readonly intermediate_session_id?: string
}

const underWay = new Map<string, Promise<unknown>>()

/**
 * Compares a secret that somebody guessed: counted before, given back when it was right. `undefined` means wrong.
 *
 * The count is committed by itself, so neither a crash nor a race nor a refusal later on makes it forget. Within this
 * process a member's attempts take turns, so that sign-ins at the same moment do not look like a series of guesses.
 * Both counts are reserved and released in one order, or two processes could wait for each other's row.
 */
export function attempt<Found>(
  context: Context,
  { member_id, guess, intermediate_session_id }: Guesser,
  compare: () => Promise<Found | undefined>
): Promise<Found | undefined> {
  const { store, now } = context
  const reservations: Write[] = [reserveAttempt(member_id, guess, now)]
  const releases: Write[] = [{ do: 'releaseAttempt', member_id, of_code: guess === 'code' }]
  if (intermediate_session_id !== undefined) {
    reservations.unshift(reserveIntermediateAttempt(intermediate_session_id, now))
    releases.unshift({ do: 'releaseIntermediateAttempt', intermediate_session_id })
  }

  return inTurn(`${store.project_id} ${member_id}`, async () => {
    await store.run(reservations)
    let found: Found | undefined
    try {
      found = await compare()
    } catch (error) {
      await store.run(releases)
      throw error
    }
    if (found !== undefined) await store.run(releases)
    else await noteLockout(context, member_id)
    return found
  })
}

/** For the audit. The attempt that locks was counted before it was compared, so only now is it known that it stays. */
async function noteLockout({ store, subject, now }: Context, member_id: string): Promise<void> {
  const member = await store.findMemberById(member_id)
  if (member?.lock_created_at === now) subject.isLockedByThis = true
}

async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = underWay.get(key) ?? Promise.resolve()
  const mine = before.then(work, work)
  underWay.set(key, mine)
  try {
    return await mine
  } finally {
    if (underWay.get(key) === mine) underWay.delete(key)
  }
}
