import { AccessError } from '../../errors/access-error.ts'

/** The only answers that mean: this session is over. Every other refusal is about us, not about the member. */
const answers: Readonly<Record<string, number>> = {
  session_not_found: 404,
  invalid_session_token: 400,
  unable_to_parse_session_jwt: 400
}

/** Marks a refusal as the authority's own word. */
class SessionOver extends Error {}

/** Whether a rejected call says that its session is over. */
export function saysSessionIsOver(error: unknown): error is { readonly error_type: string } {
  const { status_code, error_type } = Object(error)
  return Object.hasOwn(answers, error_type) && answers[error_type] === status_code
}

export function sessionOver(error_type: string): AccessError {
  return new AccessError('session_invalid', { cause: new SessionOver(error_type) })
}

/** Whether the authority itself ended it: only then does a browser forget its cookies. */
export function isSessionOver(error: AccessError | { readonly cause?: unknown }): boolean {
  return error.cause instanceof SessionOver
}

/** Marks that an intermediate session can be continued no more. */
class SignInOver extends Error {}

/** Whether a rejected call says that its intermediate session has ended, or was never one. */
export function saysSignInIsOver(error: unknown): error is { readonly error_type: string } {
  return Object(error).error_type === 'intermediate_session_not_found'
}

export function signInOver(reason: string): AccessError {
  return new AccessError('session_required', { cause: new SignInOver(reason) })
}

export function isSignInOver({ cause }: { readonly cause?: unknown }): boolean {
  return cause instanceof SignInOver
}
