import type { Context } from '../context.ts'
import { isRightCode } from '../crypto/one-time-codes.ts'
import { problem } from '../domain/problem.ts'
import type { OneTimeCodeRecord } from '../domain/records.ts'
import { demand } from '../refusal.ts'

const guessLimit = 5

/** Compares a code with the one that was sent, which takes five guesses. `undefined` means wrong. */
export async function compareCode(
  { store, atRest }: Context,
  sent: OneTimeCodeRecord,
  code: string
): Promise<true | undefined> {
  const otherwise = problem('otp_code_not_found')
  demand(await store.run([{ do: 'reserveCodeAttempt', code: sent, limit: guessLimit, otherwise }]))
  return isRightCode(atRest, sent, code) ? true : undefined
}
