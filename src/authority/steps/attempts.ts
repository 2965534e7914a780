import type { Context } from '../context.ts'
import type { Lockable } from '../domain/lockables.ts'
import {
  reserveAttempt,
  reserveCodeAttempt,
  reserveIntermediateAttempt
} from '../domain/lockout.ts'
import { LimitReached, OperationError } from '../domain/operation-error.ts'
import type { OneTimeCodeRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'

/** What failures count against: always one lockable, and the intermediate session that a code came with. */
export interface Attempted {
  readonly lockable: Lockable
  readonly intermediate_session_id?: string
  /** The code that was sent, which takes a few attempts as well. */
  readonly sent?: OneTimeCodeRecord
}

const inFlight = new Map<string, Promise<unknown>>()

/**
 * One attempt at a credential: counted before it is compared, given back when it was right. `undefined` means wrong.
 *
 * The count is committed by itself, so neither a crash nor a race nor an error later on loses it. Within this
 * process the attempts of a member take turns, so that sign-ins at the same time do not look like a series of attempts.
 * Both counts are reserved and released in one order, or two processes could wait for each other's row.
 */
export function attempt<Found>(
  context: Context,
  attempted: Attempted,
  compare: () => Promise<Found | undefined>
): Promise<Found | undefined> {
  return counted(context, attempted, {
    compare,
    async finish(found, release) {
      await release()
      return found
    }
  })
}

/**
 * The same at the code of a second factor. What `finish` stores forgets the failures of that factor and ends the
 * intermediate session, and so gives the attempt back. It is given back as well when `finish` fails.
 */
export function attemptSecondFactor<Found, Answer>(
  context: Context,
  attempted: Attempted,
  { compare, finish }: Comparison<Found, Answer>
): Promise<Answer | undefined> {
  return counted(context, attempted, {
    compare,
    finish: (found, release) => orElse(release, () => finish(found, release))
  })
}

interface Comparison<Found, Answer> {
  readonly compare: () => Promise<Found | undefined>
  /** Goes on with what was right, while it is still the member's turn. */
  readonly finish: (found: Found, release: () => Promise<void>) => Promise<Answer>
}

function counted<Found, Answer>(
  context: Context,
  { lockable, intermediate_session_id, sent }: Attempted,
  { compare, finish }: Comparison<Found, Answer>
): Promise<Answer | undefined> {
  const { store, now } = context
  const reservations: Write[] = [reserveAttempt(lockable, now)]
  const releases: Write[] = [
    { do: 'releaseOnlyAttempt', lockable },
    { do: 'releaseAttempt', lockable }
  ]
  if (intermediate_session_id !== undefined) {
    reservations.unshift(reserveIntermediateAttempt(intermediate_session_id, now))
    releases.unshift({ do: 'releaseIntermediateAttempt', intermediate_session_id })
  }
  if (sent !== undefined) reservations.push(reserveCodeAttempt(sent))
  const release = () => store.run(releases)

  return inTurn(`${store.project_id} ${lockable.subject}`, async () => {
    const conflict = await store.tryRun(reservations)
    // Stale is an attempt at a member who was deleted just now: there is nothing left to guess.
    if (conflict === 'stale') throw new LimitReached('user_lock_limit_reached')
    if (conflict === 'user_lock_limit_reached') {
      throw new LimitReached(conflict, (await store.findLock(lockable))?.expires_at)
    }
    if (conflict !== undefined) throw new OperationError(conflict)
    const found = await orElse(release, compare)
    if (found !== undefined) return finish(found, release)
    await noteLockout(context, lockable)
    return undefined
  })
}

/** Undoes what came before the work where that fails. */
async function orElse<Result>(
  undo: () => Promise<void>,
  work: () => Promise<Result>
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await undo()
    throw error
  }
}

/** For the audit. The attempt that locks was counted before it was compared, so only now is it known that the lock stays. */
async function noteLockout({ store, subject, now }: Context, lockable: Lockable): Promise<void> {
  const lock = await store.findLock(lockable)
  if (lock?.created_at === now) subject.isLockedByThis = true
}

async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = inFlight.get(key) ?? Promise.resolve()
  const mine = before.then(work, work)
  inFlight.set(key, mine)
  try {
    return await mine
  } finally {
    if (inFlight.get(key) === mine) inFlight.delete(key)
  }
}
