import type { ProjectSettings, SessionRecord } from './records.ts'

const minuteMs = 60_000
const defaultMinutes = 60

/** A session's JWT lives this long, whatever the session has left. */
export const jwtLifetimeSeconds = 300

export const intermediateSessionLifetimeMs = 10 * minuteMs

/** What an end must not exceed, whatever a call asks for: the longest life that the project gives a session. */
type Bound = Pick<SessionRecord, 'started_at'> & Pick<ProjectSettings, 'maximum_session_minutes'>

/** End of a session that starts now. */
export function newSessionEnd(
  now: number,
  bound: Bound,
  session_duration_minutes = defaultMinutes
): number {
  const asked = minutesAfter(now, session_duration_minutes)
  const { started_at, maximum_session_minutes } = bound
  return maximum_session_minutes === null
    ? asked
    : Math.min(asked, minutesAfter(started_at, maximum_session_minutes))
}

/** End of a session that is touched now, which may be earlier than before; `null` leaves it. */
export function extendedSessionEnd(
  now: number,
  bound: Bound,
  session_duration_minutes: number | undefined
): number | null {
  return session_duration_minutes === undefined
    ? null
    : newSessionEnd(now, bound, session_duration_minutes)
}

/** Whole seconds: a session ends at the time that its object names. */
function minutesAfter(time: number, minutes: number): number {
  return time - (time % 1000) + minutes * minuteMs
}
