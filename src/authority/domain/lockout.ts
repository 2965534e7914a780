import type { MemberRecord, OneTimeCodeRecord } from './records.ts'
import type { Write } from './writes.ts'

/** What an attempt is at: a password, or whatever else begins a sign-in, or the code of a second factor. */
export type AttemptedCredential = 'password' | 'code'

/** One count for passwords and codes together: the tenth failure locks the member for an hour. */
const failureLimit = 10
const lockMs = 60 * 60 * 1000

/** This many failed codes end an intermediate session. */
export const intermediateFailureLimit = 5

/** This many attempts are made at one code that was sent. */
const codeAttemptLimit = 5

/** Counts an attempt before it is evaluated, so that no race evaluates an eleventh. */
export function reserveAttempt(
  member_id: string,
  credential: AttemptedCredential,
  now: number
): Write {
  return {
    do: 'reserveAttempt',
    member_id,
    of_code: credential === 'code',
    now,
    limit: failureLimit,
    lock_ms: lockMs,
    onConflict: 'user_lock_limit_reached'
  }
}

/** Counts a code against the intermediate session that it came with. */
export function reserveIntermediateAttempt(intermediate_session_id: string, now: number): Write {
  return {
    do: 'reserveIntermediateAttempt',
    intermediate_session_id,
    now,
    limit: intermediateFailureLimit,
    onConflict: 'intermediate_session_not_found'
  }
}

/** Counts an attempt against a code that was sent. */
export function reserveCodeAttempt(code: OneTimeCodeRecord): Write {
  return {
    do: 'reserveCodeAttempt',
    code,
    limit: codeAttemptLimit,
    onConflict: 'otp_code_not_found'
  }
}

/**
 * A primary factor makes failed passwords forgotten. Failed codes are forgotten when one is right: else a known
 * password would buy new attempts at the code.
 */
export function clearAfterPrimary({ failed_attempts, member_id }: MemberRecord): Write[] {
  return failed_attempts === 0 ? [] : [{ do: 'clearFailedPasswords', member_id }]
}

export function isLocked(member: MemberRecord, now: number): boolean {
  return member.lock_expires_at !== null && member.lock_expires_at > now
}
