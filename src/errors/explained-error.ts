import type { RefusalExplanation, RefusalSubject, TriedStep } from './explanation.ts'
import { MembergateError } from './membergate-error.ts'
import type { RefusalReason } from './reasons.ts'

export interface ExplainedErrorOptions {
  /** Why, in one word. It reaches events, never a response. */
  readonly reason: RefusalReason
  /** What the decision was about, where that was verified. */
  readonly subject?: RefusalSubject | undefined
  /** The steps that led to it, in order. */
  readonly tried?: readonly TriedStep[] | undefined
  /** What led to it. It reaches events, never a response, and holds no credential. */
  readonly cause?: unknown
}

/**
 * A denial, or an outage that prevents a decision. What explains it is not enumerable: an app that answers with the error
 * as JSON must not send it along.
 */
export abstract class ExplainedError extends MembergateError {
  /** Why, for the people who run the app. */
  declare readonly reason: RefusalReason
  /** What the decision was about, as far as it was verified. */
  declare readonly subject: RefusalSubject
  /** The steps that led to it, in order. */
  declare readonly tried: readonly TriedStep[]
  /** All that is known about the decision, once a guard or an action has answered with this error. */
  declare readonly explanation: RefusalExplanation | undefined

  constructor(message: string, { cause, reason, subject = {}, tried = [] }: ExplainedErrorOptions) {
    super(message, cause === undefined ? undefined : { cause })
    Object.defineProperties(this, {
      reason: { value: reason },
      subject: { value: subject },
      tried: { value: tried },
      explanation: { value: undefined, configurable: true }
    })
  }
}
