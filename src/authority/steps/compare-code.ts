import type { Context } from '../context.ts'
import { isRightCode } from '../crypto/one-time-codes.ts'
import type { OneTimeCodeRecord } from '../domain/records.ts'

const attemptLimit = 5

/** Compares a code with the one that was sent, which takes five attempts. `undefined` means wrong. */
export async function compareCode(
  { store, atRest }: Context,
  sent: OneTimeCodeRecord,
  code: string
): Promise<true | undefined> {
  await store.run([
    { do: 'reserveCodeAttempt', code: sent, limit: attemptLimit, onConflict: 'otp_code_not_found' }
  ])
  return isRightCode(atRest, sent, code) ? true : undefined
}
