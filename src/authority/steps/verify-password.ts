import type { Context } from '../context.ts'
import { lockableOf } from '../domain/lockables.ts'
import { clearFailures } from '../domain/lockout.ts'
import { canonicalEmail } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, OrganizationRecord, PasswordRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { about } from './about.ts'
import { attempt } from './attempts.ts'

const wrong = 'unauthorized_credentials'

/**
 * The member whose password it is. Unknown address, no password and wrong password have one answer, after the same
 * work; a wrong one counts.
 */
export async function verifyMemberPassword(
  context: Context,
  { organization_id }: OrganizationRecord,
  credentials: { readonly email_address: string; readonly password: string }
): Promise<{ readonly member: MemberRecord; readonly password: PasswordRecord }> {
  const { store, passwords } = context
  const email_address = canonicalEmail(credentials.email_address)
  const member = about(context, await store.findMemberByEmail(organization_id, email_address))
  const password = member && (await store.findPassword(member.member_id))
  if (member === undefined || password === undefined) {
    await passwords.verify(credentials.password, null)
    throw new OperationError(wrong)
  }

  const { member_id } = member
  const lockable = lockableOf(member_id, 'password')
  const verified = await attempt(context, { lockable }, async () =>
    (await passwords.verify(credentials.password, password.hash)) ? true : undefined
  )
  if (verified === undefined) throw new OperationError(wrong)
  return { member, password }
}

/** Guarded: the password counts only if it is still the one that was compared. The failures before it are forgotten. */
export function confirmPassword({ member_id }: MemberRecord, password: PasswordRecord): Write[] {
  return [
    clearFailures(lockableOf(member_id, 'password')),
    { do: 'confirmPassword', member_id, password, onConflict: wrong }
  ]
}
