import { LRUCache } from 'lru-cache'

/** Which opaque token a session has, as far as this process was told: by a remote check, or by a sign-in that it completed. */
export interface SessionTokens {
  learn(member_session_id: string, session_token: string): void
  /** Whether this process knows the session by another token than that. */
  isOfAnother(member_session_id: string, session_token: string): boolean
}

const maxKnown = 20_000

export function createSessionTokens(): SessionTokens {
  const tokens = new LRUCache<string, string>({ max: maxKnown })
  return {
    learn(member_session_id, session_token) {
      // A token cut from a header would keep the whole header alive.
      const flat = Buffer.from(session_token, 'latin1').toString('latin1')
      tokens.set(member_session_id, flat)
    },
    isOfAnother(member_session_id, session_token) {
      const known = tokens.peek(member_session_id)
      return known !== undefined && known !== session_token
    }
  }
}
