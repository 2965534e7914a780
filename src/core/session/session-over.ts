import { AccessError } from '../../errors/access-error.ts'
import { AnsweredCause } from '../../errors/private-cause.ts'
import type { RefusalError } from '../../errors/refusal-error.ts'

/** The only answers that mean: this session is over. Every other refusal is about us, not about the member. */
const answers: Readonly<Record<string, number>> = {
  session_not_found: 404,
  invalid_session_token: 400,
  unable_to_parse_session_jwt: 400
}

interface Answered {
  readonly status_code: number
  readonly error_type: string
}

/** Whether a rejected call says that its session is over. */
export function saysSessionIsOver(error: unknown): error is Answered {
  const { status_code, error_type } = Object(error)
  return Object.hasOwn(answers, error_type) && answers[error_type] === status_code
}

export function sessionOver({ status_code, error_type }: Answered): AccessError {
  return new AccessError('session_invalid', {
    reason: 'session_over_at_authority',
    cause: new AnsweredCause(status_code, error_type)
  })
}

/** Whether the session cookies of a browser are of no more use: the authority itself says so. */
export function isSessionOver({ reason }: RefusalError): boolean {
  return reason === 'session_over_at_authority'
}

/** Whether a rejected call says that its intermediate session has ended, or was never one. */
export function saysSignInIsOver(error: unknown): error is Answered {
  const { status_code, error_type } = Object(error)
  return error_type === 'intermediate_session_not_found' && typeof status_code === 'number'
}

/** An intermediate session can be continued no more: its cookie has expired, or the authority says so. */
export function signInOver(answer?: Answered): AccessError {
  return new AccessError('session_required', {
    reason: 'sign_in_over',
    cause: answer && new AnsweredCause(answer.status_code, answer.error_type)
  })
}

export function isSignInOver({ reason }: RefusalError): boolean {
  return reason === 'sign_in_over'
}
