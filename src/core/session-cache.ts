import { LRUCache } from 'lru-cache'
import type { MemberSession } from '../wire/member-session.ts'

/** A member session that was checked: locally, or by asking. */
export interface CheckedSession {
  /** Frozen, all of it: it is shared between requests. */
  readonly member_session: MemberSession
  /** When it was true, by our clock: the `iat` of a JWT, or the moment at which an ask was started. Its age counts from here. */
  readonly checkedAt: number
  /** The latest moment at which it cannot have been ended already, by our clock: earlier than `checkedAt` where that is another clock's. */
  readonly surelyTrueAt: number
  /** It serves no longer than this, whatever its age. */
  readonly usableUntil: number
  /** After an ask: the fresh JWT, for whoever still presents an older one in a cookie. */
  readonly refreshedJwt: string | undefined
}

export interface SessionCache {
  get(token: string): CheckedSession | undefined
  set(token: string, session: CheckedSession): void
}

const maxEntries = 10_000
const maxBytes = 32 * 1024 * 1024
const keyLength = 43
/** What an entry takes beside its token: claims, keys, bookkeeping. */
const entryOverheadBytes = 1500

/**
 * Remembers sessions by the token that proved them. The last 43 characters, 256 bits of a signature or token, find the
 * slot; only equality of the whole token is a hit, so a forged payload over a known signature is a miss.
 * Only checked sessions are inserted: no flood of junk can fill it.
 */
export function createSessionCache(): SessionCache {
  const slots = new LRUCache<string, { token: string; session: CheckedSession }>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ token }) => token.length + entryOverheadBytes
  })
  return {
    get(token) {
      const slot = slots.get(token.slice(-keyLength))
      return slot !== undefined && slot.token === token ? slot.session : undefined
    },
    set(token, session) {
      // A token cut from a header would keep the whole header alive.
      const flat = Buffer.from(token, 'latin1').toString('latin1')
      slots.set(flat.slice(-keyLength), { token: flat, session })
    }
  }
}
