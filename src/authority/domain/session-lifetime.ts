const minuteMs = 60_000
const defaultMinutes = 60

/** A session's JWT lives this long, whatever the session has left. */
export const jwtLifetimeSeconds = 300

export const intermediateSessionLifetimeMs = 10 * minuteMs

/** End of a session that starts now. Whole seconds: a session ends at the time that its object names. */
export function newSessionEnd(now: number, session_duration_minutes = defaultMinutes): number {
  return now - (now % 1000) + session_duration_minutes * minuteMs
}

/** End of a session that is touched now, which may be earlier than before; `null` leaves it. */
export function extendedSessionEnd(
  now: number,
  session_duration_minutes: number | undefined
): number | null {
  return session_duration_minutes === undefined
    ? null
    : newSessionEnd(now, session_duration_minutes)
}
