import { STATUS_CODES } from 'node:http'
import { AccessError, ApiError, UnavailableError } from 'membergate/errors'

/** A refusal of the app, told in the way membergate tells its own. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly headers = {}
  /** Which field of a form it is about. */
  readonly field: string | undefined

  constructor(status: number, code: string, detail: string, field?: string) {
    super(detail)
    this.status = status
    this.code = code
    this.field = field
  }
}

/** For `catch`. One sentence for every reason, so that no stranger learns which organizations and members exist. */
export function refuseSignIn(error: unknown): never {
  throw refusal(error, 'sign_in_refused', 'The organization, e-mail address or password is wrong.')
}

/** For `catch`. */
export function refuseCode(error: unknown): never {
  if (error instanceof ApiError && error.error_type === 'intermediate_session_not_found') {
    throw signInOver()
  }
  throw refusal(error, 'code_refused', 'That code is wrong or used up. Try the next one.')
}

/** Ten minutes have passed, or too many codes were wrong. */
export function signInOver(): Problem {
  return new Problem(401, 'sign_in_over', 'This sign-in is over. Please start again.')
}

function refusal(error: unknown, code: string, detail: string): unknown {
  if (!(error instanceof ApiError) || error.status_code >= 500) return error
  return error.status_code === 429
    ? new Problem(429, 'too_many_attempts', 'Too many attempts. Try again later.')
    : new Problem(401, code, detail)
}

/** The named members of a body, which must be strings. */
export function readStrings<Name extends string>(
  body: unknown,
  ...names: readonly Name[]
): Record<Name, string> {
  const members = names.map((name): [Name, string] => {
    const value: unknown = Object(body)[name]
    if (typeof value === 'string') return [name, value]
    throw new Problem(400, 'body_invalid', `The body needs ${names.join(', ')}.`)
  })
  return Object.fromEntries(members) as Record<Name, string>
}

/** What an error may say outside. What is unexpected is for the log. */
export function problemOf(error: unknown): Problem | AccessError | UnavailableError {
  if (error instanceof Problem) return error
  if (error instanceof AccessError || error instanceof UnavailableError) return error
  if (error instanceof ApiError) return problemOfApi(error)
  const { expose, status } = Object(error)
  if (expose === true) return new Problem(status, 'request_refused', String(STATUS_CODES[status]))
  console.error(error)
  return new Problem(500, 'internal_error', 'Something went wrong on our side.')
}

/** What the caller can correct keeps its status. The rest is between the app and the authority. */
function problemOfApi({ status_code, error_type, error_message }: ApiError): Problem {
  return [400, 404, 429].includes(status_code)
    ? new Problem(status_code, error_type, error_message)
    : new Problem(502, 'authority_refused', 'The authority did not accept our call.')
}

/** The body of `application/problem+json` (RFC 9457). */
export function problemJson(problem: Problem | AccessError | UnavailableError): string {
  const { status, code, message: detail } = problem
  const required = problem instanceof AccessError ? problem.required : undefined
  return JSON.stringify({ title: STATUS_CODES[status], status, code, detail, ...required })
}
