import { AccessError } from './access-error.ts'
import { UnavailableError } from './unavailable-error.ts'

/** Why a request is denied, rejected, or cannot be decided: each carries its own response. */
export type RefusalError = AccessError | UnavailableError

/** Whether an error is an answer to the request. Every other one is a mistake, and the app's to see. */
export function isRefusalError(error: unknown): error is RefusalError {
  return error instanceof AccessError || error instanceof UnavailableError
}
