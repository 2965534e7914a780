import type { MemberSession } from '../../wire/member-session.ts'
import type { CheckedSession } from './session-cache.ts'

/** What ended, as this process was told. */
export interface Revocations {
  endSession(member_session_id: string): void
  /** Sessions of this member or organization that were checked until now must be asked about again. */
  distrust(member_or_organization_id: string): void
  hasEnded(session: MemberSession): boolean
  /** When the member or organization of a session was last distrusted. */
  distrustedSince(session: MemberSession): number
  /** Whether a checked session still counts: it has not ended, and was not distrusted since it was surely true. */
  allow(checked: CheckedSession): boolean
  /** The present moment, later than every one before it, also within a millisecond and when the clock steps back. */
  moment(): number
}

/** Longer than any JWT lives, with the largest clock tolerance on both sides. */
const keptMs = 480_000
const maxKept = 100_000

/**
 * Revocations that this process knows of at once, while JWTs elsewhere live out their five minutes.
 *
 * A session that ended is refused. Of a member or organization only the moment is known, and a session may have begun
 * since: whatever was checked before that moment is asked about.
 */
export function createRevocations(now: () => number): Revocations {
  const endedSessions = new Map<string, number>()
  const distrusted = new Map<string, number>()
  let latest = Number.NEGATIVE_INFINITY

  function moment(): number {
    latest = Math.max(now(), latest + 0.001)
    return latest
  }

  function remember(map: Map<string, number>, key: string): void {
    const at = moment()
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

  function distrustedSince({ member_id, organization_id }: MemberSession): number {
    if (distrusted.size === 0) return never
    return Math.max(distrusted.get(member_id) ?? never, distrusted.get(organization_id) ?? never)
  }

  return {
    endSession: (member_session_id) => remember(endedSessions, member_session_id),
    distrust: (member_or_organization_id) => remember(distrusted, member_or_organization_id),
    hasEnded,
    distrustedSince,
    allow: ({ member_session, surelyTrueAt }) =>
      !hasEnded(member_session) && surelyTrueAt > distrustedSince(member_session),
    moment
  }
}
