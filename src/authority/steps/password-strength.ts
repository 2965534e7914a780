import type { Context } from '../context.ts'
import { isStrong, strengthHints } from '../domain/password-strength.ts'
import { problem } from '../domain/problem.ts'
import type { MemberRecord } from '../domain/records.ts'
import { Refusal } from '../refusal.ts'

/** Refuses a new password that is easy to guess, all the more for who knows the member. It uses up nothing. */
export async function refuseWeakPassword(
  { strengthMeter }: Context,
  password: string,
  member: MemberRecord
): Promise<void> {
  const rating = await strengthMeter.rate(password, strengthHints(member))
  if (!isStrong(rating)) throw new Refusal(problem('weak_password'))
}
