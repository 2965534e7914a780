import type { Write } from './writes.ts'

/**
 * All sessions of the member end, but one that is spared. What apps were granted ends with its session; what they were
 * granted without one ends here.
 */
export function endOfSessions(member_id: string, now: number, spared?: string): readonly Write[] {
  return [
    spared === undefined
      ? { do: 'revokeMemberSessions', member_id, now }
      : { do: 'revokeOtherSessions', member_id, member_session_id: spared, now },
    { do: 'revokeMemberGrants', member_id, now }
  ]
}
