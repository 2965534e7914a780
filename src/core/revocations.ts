import type { MemberSession } from '../wire/member-session.ts'

/** What ended, as this process was told. */
export interface Revocations {
  endSession(member_session_id: string): void
  /** Sessions of this member or organization that were checked until now must be asked about again. */
  distrust(member_or_organization_id: string): void
  hasEnded(member_session_id: string): boolean
  /** Whether a session that was surely true at that moment may have been ended since. */
  isDistrusted(session: MemberSession, surelyTrueAt: number): boolean
}

/** Longer than any JWT lives, with its clock tolerance. */
const keptMs = 365_000

/**
 * Revocations that this process knows of at once, while JWTs elsewhere live out their five minutes.
 *
 * A session that ended is refused. Of a member or organization only the moment is known, and a session may have begun
 * since: whatever was checked before that moment is asked about.
 */
export function createRevocations(now: () => number): Revocations {
  const endedSessions = new Map<string, number>()
  const distrustedSince = new Map<string, number>()

  function remember(map: Map<string, number>, key: string): void {
    const moment = now()
    map.delete(key)
    for (const [oldest, at] of map) {
      if (Math.abs(moment - at) < keptMs) break
      map.delete(oldest)
    }
    map.set(key, moment)
  }

  function isBefore(key: string, surelyTrueAt: number): boolean {
    const since = distrustedSince.get(key)
    return since !== undefined && surelyTrueAt <= since && now() - since < keptMs
  }

  return {
    endSession: (member_session_id) => remember(endedSessions, member_session_id),
    distrust: (member_or_organization_id) => remember(distrustedSince, member_or_organization_id),
    hasEnded(member_session_id) {
      return endedSessions.size > 0 && endedSessions.has(member_session_id)
    },
    isDistrusted(session, surelyTrueAt) {
      if (distrustedSince.size === 0) return false
      return (
        isBefore(session.member_id, surelyTrueAt) || isBefore(session.organization_id, surelyTrueAt)
      )
    }
  }
}
