import type { AuthenticationFactor } from '../../wire/member-session.ts'
import { emailCodesOf, type Lockable, type LockableType, lockableOf } from './lockables.ts'
import type { Lock, MemberRecord, OneTimeCodeRecord } from './records.ts'
import type { Write } from './writes.ts'

/** Every tenth failure locks for an hour; the hundredth since the last success disables. */
const failuresPerLock = 10
const lockMs = 60 * 60 * 1000
const failuresUntilDisabled = 100

/** This many failed codes end an intermediate session. */
export const intermediateFailureLimit = 5

/** This many attempts are made at one code that was sent. */
const codeAttemptLimit = 5

/** Counts an attempt before it is evaluated, so that no race evaluates an eleventh. */
export function reserveAttempt(lockable: Lockable, now: number): Write {
  return {
    do: 'reserveAttempt',
    lockable,
    now,
    per_lock: failuresPerLock,
    lock_ms: lockMs,
    until_disabled: failuresUntilDisabled,
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

/** What was right forgets the failures before it: its own, and no others, or one secret would buy guesses at another. */
export function clearFailures(lockable: Lockable): Write {
  return { do: 'clearFailures', lockable }
}

/** A new registration comes with new recovery codes, so both are counted anew. */
export function clearTotpFailures(member_id: string): Write[] {
  return (['totp', 'recovery_codes'] as const).map((type) =>
    clearFailures(lockableOf(member_id, type))
  )
}

/**
 * What unlocks a member.
 *
 * - The password waits no longer, but its failures stay counted: a disabled one gives way to a new one that is set by
 *   e-mail, and to nothing else.
 * - Second factors are as if they had never failed.
 * - The codes to the address are those of every member who has it, so no organization unlocks them: only who runs the app.
 */
export function writesOfUnlock(
  { member_id, email_address }: MemberRecord,
  { withEmailCodes }: { readonly withEmailCodes: boolean }
): Write[] {
  return [
    { do: 'endLock', lockable: lockableOf(member_id, 'password') },
    clearFailures(lockableOf(member_id, 'otp')),
    ...clearTotpFailures(member_id),
    ...(withEmailCodes ? [clearFailures(emailCodesOf(email_address))] : [])
  ]
}

/** The member without a lock of this type. */
export function withoutLock(member: MemberRecord, unlocked: LockableType): MemberRecord {
  return { ...member, locks: member.locks.filter(({ type }) => type !== unlocked) }
}

/** Of the factors that an earlier step has verified, those of no type that is locked by now. */
export function unlockedOf(
  factors: readonly AuthenticationFactor[],
  locks: readonly Lock[],
  now: number
): readonly AuthenticationFactor[] {
  const locked = locksAt(locks, now)
  return factors.filter((factor) => !locked.some(({ type }) => type === factor.type))
}

/** When the first of the locked factors is good again; `null` where no time brings that about. */
export function firstEnd(
  factors: readonly AuthenticationFactor[],
  locks: readonly Lock[],
  now: number
): number | null {
  const ends = locksAt(locks, now)
    .filter((lock) => factors.some(({ type }) => type === lock.type))
    .flatMap(({ expires_at }) => expires_at ?? [])
  return ends.length === 0 ? null : Math.min(...ends)
}

/** The lock that holds, if one does. */
export function lockOf(
  { locks }: Pick<MemberRecord, 'locks'>,
  locked: LockableType,
  now: number
): Lock | undefined {
  return locksAt(locks, now).find(({ type }) => type === locked)
}

export function isLocked(member: MemberRecord, locked: LockableType, now: number): boolean {
  return lockOf(member, locked, now) !== undefined
}

/** Those that hold, the one that holds longest first. */
export function locksAt(locks: readonly Lock[], now: number): readonly Lock[] {
  return locks
    .filter(({ expires_at }) => endOf(expires_at) > now)
    .sort((one, other) => (endOf(one.expires_at) < endOf(other.expires_at) ? 1 : -1))
}

function endOf(expires_at: Lock['expires_at']): number {
  return expires_at ?? Number.POSITIVE_INFINITY
}
