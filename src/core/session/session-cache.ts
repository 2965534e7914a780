import { LRUCache } from 'lru-cache'
import type { MemberSession } from '../../wire/member-session.ts'

/**
 * A member session that was checked: locally, or by a remote check.
 *
 * A JWT issued at 12:00:00 by a clock that may be 5 s ahead of ours was true at 12:00:00 (`verifiedAt`), cannot have been
 * ended already at 11:59:55 (`validSince`), and serves until 12:05:05 (`usableUntil`). What a remote check found that began
 * at 12:00:00 is verified and valid since 12:00:00, and serves until 12:05:00; in both cases no longer than the session.
 */
export interface CheckedSession {
  /** Frozen, all of it: it is shared between requests. */
  readonly member_session: MemberSession
  /** Its age counts from here. */
  readonly verifiedAt: number
  /** A revocation that this process heard of later than this may have ended it. */
  readonly validSince: number
  /** It serves no longer than this, whatever its age. */
  readonly usableUntil: number
  /** The opaque token that the authority named this session for. What else was presented beside its JWT may be of another. */
  readonly session_token: string | undefined
  /** After a remote check: the fresh JWT, for browsers that still present an older one in a cookie. */
  readonly refreshedJwt: string | undefined
}

export interface SessionCache {
  get(token: string): CheckedSession | undefined
  set(token: string, session: CheckedSession): void
}

const maxEntries = 10_000
const maxBytes = 32 * 1024 * 1024
const keyLength = 43
const entryOverheadBytes = 500

/**
 * Remembers sessions by their token. The last 43 characters, 256 bits of a signature or token, find the
 * slot; only equality of the whole token is a hit, so a forged payload over a known signature is a miss.
 * Only checked sessions are inserted: no flood of made-up tokens can fill it.
 */
export function createSessionCache(): SessionCache {
  const slots = new LRUCache<string, { token: string; session: CheckedSession }>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({
      token,
      session: { member_session, session_token = '', refreshedJwt = '' }
    }) =>
      token.length +
      session_token.length +
      refreshedJwt.length +
      JSON.stringify(member_session).length +
      entryOverheadBytes
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
