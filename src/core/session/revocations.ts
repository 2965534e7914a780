import type { MemberSession } from '../../wire/member-session.ts'
import type { CheckedSession } from './session-cache.ts'

/** What ended, as this process was told. */
export interface Revocations {
  endSession(member_session_id: string): void
  /** What was verified until now of this session, or of those of this member or organization, needs a remote check. */
  invalidate(session_member_or_organization_id: string): void
  hasEnded(session: Pick<MemberSession, 'member_session_id'>): boolean
  /** When a session, its member or its organization was last invalidated. */
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

  function hasEnded({ member_session_id }: Pick<MemberSession, 'member_session_id'>): boolean {
    return endedSessions.size > 0 && endedSessions.has(member_session_id)
  }

  function invalidatedAt(session: MemberSession): number {
    if (invalidated.size === 0) return never
    return Math.max(
      invalidated.get(session.member_session_id) ?? never,
      invalidated.get(session.member_id) ?? never,
      invalidated.get(session.organization_id) ?? never
    )
  }

  return {
    endSession: (member_session_id) => remember(endedSessions, member_session_id),
    invalidate: (id) => remember(invalidated, id),
    hasEnded,
    invalidatedAt,
    allow: ({ member_session, validSince }) =>
      !hasEnded(member_session) && validSince > invalidatedAt(member_session),
    orderedNow
  }
}
