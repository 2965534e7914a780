import { AccessError } from '../../errors/access-error.ts'
import type { RefusalExplanation, RefusalSubject, TriedStep } from '../../errors/explanation.ts'
import { flattenCauses } from '../../errors/private-cause.ts'
import { refusalReasons } from '../../errors/reasons.ts'
import { isRefusalError, type RefusalError } from '../../errors/refusal-error.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import type { Permission } from '../guard/guard-options.ts'
import type { Credential } from '../request/credentials.ts'
import type { AuthRequest } from '../request/request.ts'
import { stepsOf } from '../session/trail.ts'
import { maskPath } from './mask-path.ts'

/** The decision that an error ends. */
export interface ExplainedDecision {
  readonly request: AuthRequest
  /** Path and query as the browser sees them. */
  readonly target: string
  readonly credential: Credential | undefined
  readonly permission?: Permission | undefined
  /** The steps that led to it, where neither the error nor the credential knows them. */
  readonly tried?: readonly TriedStep[]
}

/** Puts all that is known about a decision on the error that ends it. Only denials and outages pay for it. */
export function explain(
  error: RefusalError,
  { request, target, credential, permission, tried = stepsTo(error, credential) }: ExplainedDecision
): RefusalExplanation {
  const { reason, subject } = error
  const explanation: RefusalExplanation = Object.freeze({
    reason,
    detail: refusalReasons[reason],
    method: methodOf(request),
    path: maskPath(target),
    credential: credential?.source,
    tried,
    ...permission,
    ...subject,
    causes: flattenCauses(error)
  })
  Object.defineProperty(error, 'explanation', { value: explanation, configurable: true })
  return explanation
}

/** What was denied although the session holds was preceded by the steps that led to the session. */
function stepsTo(
  { tried, subject }: RefusalError,
  credential: Credential | undefined
): readonly TriedStep[] {
  const isAfterwards = tried.length === 0 && subject.member_session_id !== undefined
  return isAfterwards && credential !== undefined ? stepsOf(credential) : tried
}

/** The error as it concerns one request: requests that share a remote check share its error, and were led to it differently. */
export function errorOfRequest<E>(
  error: E,
  tried: readonly TriedStep[],
  subject: RefusalSubject | undefined
): E | RefusalError {
  if (!isRefusalError(error)) return error
  const { reason, cause } = error
  const options = { reason, cause, tried, subject: { ...subject, ...error.subject } }
  const copy =
    error instanceof AccessError
      ? new AccessError(error.code, options)
      : new UnavailableError(error.code, options)
  return Object.assign(copy, error)
}

/** Methods are tokens of any letters: one that is none of HTTP's may be anything. */
export function methodOf({ method }: AuthRequest): string | undefined {
  return method === undefined || /^[A-Z-]{1,20}$/.test(method) ? method : '…'
}
