/** What can be guessed at, by the type of the factor that it gives. Links, and the word of other systems, cannot. */
export const lockableTypes = ['password', 'email_otp', 'otp', 'totp', 'recovery_codes'] as const

export type LockableType = (typeof lockableTypes)[number]

/** What guesses are counted against, and what they lock: it alone, and nothing beside it. */
export interface Lockable {
  readonly type: LockableType
  /** The member id. Of codes by e-mail the address: organizations and discovery send to the same mailbox. */
  readonly subject: string
  /** `null` where an address is counted: it is of any number of members, or of none. */
  readonly member_id: string | null
}

export function lockableOf(member_id: string, type: Exclude<LockableType, 'email_otp'>): Lockable {
  return { type, subject: member_id, member_id }
}

export function emailCodesOf(email_address: string): Lockable {
  return { type: 'email_otp', subject: email_address, member_id: null }
}
