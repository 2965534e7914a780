import type { Context } from '../context.ts'
import { isRightCode } from '../crypto/one-time-codes.ts'
import { reserveCodeAttempt } from '../domain/lockout.ts'
import type { OneTimeCodeRecord } from '../domain/records.ts'

/** Counts an attempt at the code that was sent, and compares. `undefined` means wrong. */
export async function compareCode(
  { store, atRest }: Context,
  sent: OneTimeCodeRecord,
  code: string
): Promise<true | undefined> {
  await store.run([reserveCodeAttempt(sent)])
  return isRightCode(atRest, sent, code) ? true : undefined
}
