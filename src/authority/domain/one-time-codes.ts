import { type Problem, problem } from './problem.ts'
import type { OneTimeCodeRecord } from './records.ts'

/** This many guesses end a code, right ones included. */
export const codeGuessLimit = 5

/** Whether a code can still be given. One that was sent elsewhere is none. */
export function checkCode(
  code: OneTimeCodeRecord | undefined,
  recipient: string,
  now: number
): OneTimeCodeRecord | Problem {
  if (code?.recipient !== recipient) return problem('otp_code_not_found')
  const isOver =
    code.used_at !== null || code.expires_at <= now || code.failed_attempts >= codeGuessLimit
  return isOver ? problem('unable_to_auth_otp_code') : code
}
