import type { Context } from '../context.ts'
import { OperationError } from '../domain/operation-error.ts'
import { isStrong, strengthHints } from '../domain/password-strength.ts'
import type { MemberRecord } from '../domain/records.ts'
import { withinTime } from '../within-time.ts'

/** Less than clients wait for us, which is 3 seconds by default. */
const deadlineMs = 2500

/**
 * A new password is hard to guess, also for an attacker who knows the member, and is not known to have leaked. It uses up
 * nothing.
 */
export async function assertStrongPassword(
  context: Context,
  password: string,
  member: MemberRecord
): Promise<void> {
  const rating = await context.strengthMeter.rate(password, strengthHints(member))
  if (!isStrong(rating)) throw new OperationError('weak_password')
  if (await isKnownToHaveLeaked(context, password)) throw new OperationError('breached_password')
}

/**
 * What a service says that was configured. Where it fails, or takes too long, a password can be set all the same: the
 * commonest are weak by themselves.
 */
export async function isKnownToHaveLeaked(
  { isBreachedPassword }: Context,
  password: string
): Promise<boolean> {
  if (isBreachedPassword === undefined) return false
  const late = () => new Error('The look-up of a password takes too long.')
  return withinTime(deadlineMs, async () => isBreachedPassword(password), late).catch(() => false)
}
