import type { Write } from './writes.ts'

/**
 * All sessions of the member end, but one that is spared, and so does what apps were granted, but by that one. Most of it
 * ends with its session anyway: not what was granted without one, nor what may be refreshed, and no code may become that.
 */
export function endOfSessions(member_id: string, now: number, spared?: string): readonly Write[] {
  return [
    spared === undefined
      ? { do: 'revokeMemberSessions', member_id, now }
      : { do: 'revokeOtherSessions', member_id, member_session_id: spared, now },
    { do: 'revokeMemberGrants', member_id, spared: spared ?? '', now }
  ]
}
