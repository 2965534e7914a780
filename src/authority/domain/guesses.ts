import type { ErrorType } from '../../wire/error-types.ts'
import { OperationError } from './operation-error.ts'

/** What is answered where a password or code was wrong, also where it was not compared any more. */
const failedGuesses: ReadonlySet<ErrorType> = new Set<ErrorType>([
  'unauthorized_credentials',
  'otp_code_not_found',
  'unable_to_authenticate_totp',
  'unable_to_authenticate_recovery_code',
  'user_lock_limit_reached'
])

export function isFailedGuess(error: unknown): boolean {
  return error instanceof OperationError && failedGuesses.has(error.error_type)
}
