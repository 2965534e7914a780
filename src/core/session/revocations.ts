import type { MemberSession } from '../../wire/member-session.ts'
import type { CheckedSession } from './session-cache.ts'

/** What ended, as this process was told. */
export interface Revocations {
  endSession(member_session_id: string): void
  /** Sessions of this member or organization that were verified until now need a remote check. */
  invalidate(member_or_organization_id: string): void
  hasEnded(session: MemberSession): boolean
  /** When the member or organization of a session was last invalidated. */
  invalidatedAt(session: MemberSession): number
  /** Whether a checked session still counts: it has not ended, and was not invalidated since it was surely valid. */
  allow(checked: CheckedSession): boolean
  /** The present, later than every one before it, also within a millisecond and when the clock steps back. */
  orderedNow(): number
}

/** Longer than any JWT lives, with the largest clock tolerance on both sides. */
const keptMs = 480_000
const maxKept = 100_000

/**
 * Revocations that this process knows of at once, while JWTs elsewhere live out their five minutes.
 *
 * A session that ended is denied. Of a member or organization only the time is known, and a session may have begun since:
 * whatever was verified before that needs a remote check.
 */
export function createRevocations(now: () => number): Revocations {
  const endedSessions = new Map<string, number>()
  const invalidated = new Map<string, number>()
  let latest = Number.NEGATIVE_INFINITY

  function orderedNow(): number {
    latest = Math.max(now(), latest + 0.001)
    return latest
  }

  function remember(map: Map<string, number>, key: string): void {
    const at = orderedNow()
    map.delete(key)
    for (const [oldest, since] of map) {
      if (at - since < keptMs && map.size < maxKept) break
      map.delete(oldest)
    }
    map.set(key, at)
  }

  const never = Number.NEGATIVE_INFINITY

  function hasEnded({ member_session_id }: MemberSession): boolean {
    return endedSessions.size > 0 && endedSessions.has(member_session_id)
  }

  function invalidatedAt({ member_id, organization_id }: MemberSession): number {
    if (invalidated.size === 0) return never
    return Math.max(invalidated.get(member_id) ?? never, invalidated.get(organization_id) ?? never)
  }

  return {
    endSession: (member_session_id) => remember(endedSessions, member_session_id),
    invalidate: (member_or_organization_id) => remember(invalidated, member_or_organization_id),
    hasEnded,
    invalidatedAt,
    allow: ({ member_session, validSince }) =>
      !hasEnded(member_session) && validSince > invalidatedAt(member_session),
    orderedNow
  }
}
