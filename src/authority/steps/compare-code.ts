import type { Context } from '../context.ts'
import { isRightCode } from '../crypto/one-time-codes.ts'
import type { OneTimeCodeRecord } from '../domain/records.ts'

const guessLimit = 5

/** Compares a code with the one that was sent, which takes five guesses. `undefined` means wrong. */
export async function compareCode(
  { store, atRest }: Context,
  sent: OneTimeCodeRecord,
  code: string
): Promise<true | undefined> {
  const onConflict = 'otp_code_not_found'
  await store.run([{ do: 'reserveCodeAttempt', code: sent, limit: guessLimit, onConflict }])
  return isRightCode(atRest, sent, code) ? true : undefined
}
