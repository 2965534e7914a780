import type { Context } from '../context.ts'
import { OperationError } from '../domain/operation-error.ts'
import { isStrong, strengthHints } from '../domain/password-strength.ts'
import type { MemberRecord } from '../domain/records.ts'

/** A new password is hard to guess, also for an attacker who knows the member. It uses up nothing. */
export async function assertStrongPassword(
  { strengthMeter }: Context,
  password: string,
  member: MemberRecord
): Promise<void> {
  const rating = await strengthMeter.rate(password, strengthHints(member))
  if (!isStrong(rating)) throw new OperationError('weak_password')
}
