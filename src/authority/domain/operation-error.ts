import type { ErrorType } from '../../wire/error-types.ts'

/**
 * What a guarded write leads to when it touches no row: an error of the API, or `'stale'`, when the facts of the decision
 * changed before its writes ran, so that the call decides again on fresh ones.
 */
export type Conflict = ErrorType | 'stale'

/**
 * Ends an operation with an error of the API. `detail` replaces the sentence of the catalogue; it never repeats what the
 * client sent.
 */
export class OperationError extends Error {
  readonly error_type: ErrorType
  readonly detail: string | undefined
  /** Whether the operation may succeed when it loads and decides again. */
  readonly isStale: boolean

  constructor(conflict: Conflict, detail?: string) {
    super(conflict)
    this.isStale = conflict === 'stale'
    this.error_type = conflict === 'stale' ? 'server_unavailable' : conflict
    this.detail = detail
  }

  override get name(): string {
    return 'OperationError'
  }
}

/** A limit was reached. The same call may succeed at `retry_at`, in epoch milliseconds, where that is known. */
export class LimitReached extends OperationError {
  readonly retry_at: number | null

  constructor(
    error_type: 'too_many_requests' | 'user_lock_limit_reached',
    retry_at: number | null = null
  ) {
    super(error_type)
    this.retry_at = retry_at
  }
}
