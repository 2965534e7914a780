import { LRUCache } from 'lru-cache'
import { AccessError } from '../../errors/access-error.ts'
import { PrivateCause } from '../../errors/private-cause.ts'

/** What is counted: codes that are tried, messages that are sent, authenticators that are set up. */
export type Attempt = 'code' | 'send' | 'setUp'

export interface Attempts {
  /** @throws AccessError `too_many_attempts` */
  take(attempt: Attempt, sessionKey: string): void
}

const limits: Readonly<Record<Attempt, number>> = { code: 10, send: 5, setUp: 5 }
const windowMs = 600_000
const maxCounted = 10_000

/** Bounds what one sign-in or session can make the authority do, in each process. The authority has limits of its own. */
export function createAttempts(now: () => number): Attempts {
  const counted = new LRUCache<string, { readonly since: number; readonly count: number }>({
    max: maxCounted
  })

  return {
    take(attempt, sessionKey) {
      const key = `${attempt} ${sessionKey}`
      const nowMs = now()
      const known = counted.get(key)
      const isOver = known === undefined || Math.abs(nowMs - known.since) >= windowMs
      const { since, count } = isOver ? { since: nowMs, count: 0 } : known
      if (count >= limits[attempt]) {
        throw new AccessError('too_many_attempts', {
          reason: 'too_many_attempts',
          cause: new PrivateCause(`More than ${limits[attempt]} within ten minutes.`),
          required: { hint: 'Wait ten minutes, then try again.' },
          retryAfterSeconds: Math.max(1, Math.ceil((since + windowMs - nowMs) / 1000))
        })
      }
      counted.set(key, { since, count: count + 1 })
    }
  }
}
