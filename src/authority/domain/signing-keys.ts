import type { SigningKeyRecord } from './records.ts'
import type { Write } from './writes.ts'

/** When which key signs. All times are epoch milliseconds. */

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs

const signsForMs = 180 * dayMs
const publishedBeforeMs = 24 * hourMs
const publishedAfterMs = 30 * dayMs

/**
 * How long a process may go by the keys that it read. What changes at once changes later than that, so that every
 * process knows of it before: none signs with a key that another does not publish, or does not believe any more.
 */
export const keysKnownForMs = 2000
export const keysTooOldMs = 4000
const atOnceMs = 10_000

/** The keys that verify, and that the key set shows. */
export function publishedKeys(
  keys: readonly SigningKeyRecord[],
  now: number
): readonly SigningKeyRecord[] {
  return keys.filter(({ ends_at }) => ends_at === null || ends_at > now)
}

/** The latest key whose time has come; where none has, the one whose time comes first. */
export function signingKeyAt(
  keys: readonly SigningKeyRecord[],
  now: number
): SigningKeyRecord | undefined {
  const [first, ...later] = publishedKeys(keys, now).toSorted(byGeneration)
  return later.findLast(({ signs_at }) => signs_at <= now) ?? first
}

/** A key that is published, and does not sign yet. */
export function waitingKey(
  keys: readonly SigningKeyRecord[],
  now: number
): SigningKeyRecord | undefined {
  const newest = newestKey(keys)
  return newest !== undefined && newest.signs_at > now ? newest : undefined
}

/** Whether it is time to publish the next key, or the first. */
export function isKeyDue(keys: readonly SigningKeyRecord[], now: number): boolean {
  const newest = newestKey(keys)
  return newest === undefined || newest.signs_at + signsForMs - publishedBeforeMs <= now
}

/** Whether a rotation at once, begun at `since`, was done: no key but the newest outlives its beginning. */
export function isRotatedAtOnce(keys: readonly SigningKeyRecord[], since: number): boolean {
  const newest = newestKey(keys)
  if (newest === undefined || newest.created_at <= since) return false
  return keys.every(
    ({ kid, ends_at }) => kid === newest.kid || (ends_at !== null && ends_at <= newest.signs_at)
  )
}

/**
 * Adds a key after all others, published now. It signs a day later, and the others stay published for 30 days after
 * that. At once, both comes down to seconds. A first key signs immediately.
 */
export function addKey(
  keys: readonly SigningKeyRecord[],
  made: Pick<SigningKeyRecord, 'kid' | 'public_jwk' | 'private_key'>,
  now: number,
  atOnce = false
): Write[] {
  const newest = newestKey(keys)
  const generation = (newest?.generation ?? 0) + 1
  const lead = atOnce ? atOnceMs : publishedBeforeMs
  const signs_at = newest === undefined ? now : now + lead
  const key = { ...made, generation, created_at: now, signs_at, ends_at: null }
  const ends_at = atOnce ? signs_at : signs_at + publishedAfterMs
  return [
    { do: 'insertSigningKey', key, onConflict: 'stale' },
    { do: 'endSigningKeys', before_generation: generation, ends_at }
  ]
}

function newestKey(keys: readonly SigningKeyRecord[]): SigningKeyRecord | undefined {
  return keys.toSorted(byGeneration).at(-1)
}

function byGeneration(one: SigningKeyRecord, other: SigningKeyRecord): number {
  return one.generation - other.generation
}
