import { ExplainedError, type ExplainedErrorOptions } from './explained-error.ts'

/** Why nothing can be decided now. Always 503: an outage is never a logout and never a pass. */
export const unavailableSentences = {
  authority_unavailable: 'The authority cannot be reached.',
  authority_answer_mismatch: 'The authority answered about another session.',
  keys_unavailable: 'The keys that verify sessions cannot be fetched.',
  policy_unavailable: 'The policy that decides permissions cannot be fetched.'
} as const

export type UnavailableCode = keyof typeof unavailableSentences

const defaultRetryAfterSeconds = 2

/** Operations must act: something that a decision needs cannot be reached, or answered nonsense. */
export class UnavailableError extends ExplainedError {
  readonly code: UnavailableCode
  readonly status = 503
  /** `Retry-After` in whole seconds. */
  readonly headers: Readonly<Record<string, string>>
  readonly expose = true

  constructor(
    code: UnavailableCode,
    options: ExplainedErrorOptions & { readonly retryAfterSeconds?: number }
  ) {
    super(unavailableSentences[code], options)
    this.code = code
    this.headers = { 'Retry-After': String(options.retryAfterSeconds ?? defaultRetryAfterSeconds) }
  }
}
