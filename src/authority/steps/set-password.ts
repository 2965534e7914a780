import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import type { MemberRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'

/** A password that a member is about to have. */
export interface NewPassword {
  readonly member_password_id: string
  readonly hash: string
}

/** It has a new id, so a sign-in with the old one at the same time fails. */
export async function newPassword(
  { environment, passwords }: Context,
  password: string
): Promise<NewPassword> {
  return {
    member_password_id: newId('member-password', environment),
    hash: await passwords.hash(password)
  }
}

/** The writes that set it. Links that were sent to set another one end. */
export function setPassword(
  { now }: Context,
  { member_id }: MemberRecord,
  password: NewPassword
): Write[] {
  return [
    { do: 'deleteMemberLinks', member_id, kind: 'password_reset' },
    { do: 'putPassword', member_id, password, now }
  ]
}
