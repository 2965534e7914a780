import type { Context } from '../context.ts'
import {
  type AttemptedCredential,
  reserveAttempt,
  reserveIntermediateAttempt
} from '../domain/lockout.ts'
import type { Write } from '../domain/writes.ts'

/** Against whom failures count: always the member, and the intermediate session that a code came with. */
export interface AttemptedBy {
  readonly member_id: string
  readonly credential: AttemptedCredential
  readonly intermediate_session_id?: string
}

const inFlight = new Map<string, Promise<unknown>>()

/**
 * One attempt at a credential: counted before it is compared, given back when it was right. `undefined` means wrong.
 *
 * The count is committed by itself, so neither a crash nor a race nor an error later on loses it. Within this
 * process a member's attempts take turns, so that sign-ins at the same time do not look like a series of attempts.
 * Both counts are reserved and released in one order, or two processes could wait for each other's row.
 */
export function attempt<Found>(
  context: Context,
  { member_id, credential, intermediate_session_id }: AttemptedBy,
  compare: () => Promise<Found | undefined>
): Promise<Found | undefined> {
  const { store, now } = context
  const reservations: Write[] = [reserveAttempt(member_id, credential, now)]
  const releases: Write[] = [{ do: 'releaseAttempt', member_id, of_code: credential === 'code' }]
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

/** For the audit. The attempt that locks was counted before it was compared, so only now is it known that the lock stays. */
async function noteLockout({ store, subject, now }: Context, member_id: string): Promise<void> {
  const member = await store.findMemberById(member_id)
  if (member?.lock_created_at === now) subject.isLockedByThis = true
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
