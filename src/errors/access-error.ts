import { ExplainedError, type ExplainedErrorOptions } from './explained-error.ts'

/**
 * How a denied or rejected request is answered, by code: the status, one fixed public sentence per code, and the challenge of
 * `WWW-Authenticate`. RFC 6750 section 3.1: a request without credentials is challenged without an error code.
 * RFC 9470 section 3: a stronger or fresher authentication is required with `insufficient_user_authentication`.
 */
export const accessAnswers = {
  session_required: { status: 401, detail: 'Sign in to continue.', challenge: 'Bearer' },
  session_invalid: {
    status: 401,
    detail: 'The session is not valid. Sign in again.',
    challenge: 'Bearer error="invalid_token"'
  },
  mfa_required: {
    status: 401,
    detail: 'A second factor is required to finish signing in.',
    challenge: 'Bearer error="insufficient_user_authentication"'
  },
  primary_required: {
    status: 401,
    detail: 'Another primary factor is required to finish signing in.',
    challenge: 'Bearer error="insufficient_user_authentication"'
  },
  organization_required: {
    status: 401,
    detail: 'An organization must be chosen to finish signing in.',
    challenge: 'Bearer error="insufficient_user_authentication"'
  },
  recent_factor_required: {
    status: 401,
    detail: 'A recent authentication is required.',
    challenge: 'Bearer error="insufficient_user_authentication"'
  },
  permission_denied: {
    status: 403,
    detail: 'The member may not do this.',
    challenge: 'Bearer error="insufficient_scope"'
  },
  organization_mismatch: { status: 403, detail: 'The session belongs to another organization.' },
  organization_unavailable: { status: 403, detail: 'The member cannot enter this organization.' },
  csrf_rejected: { status: 403, detail: 'The request did not come from this site.' },
  code_rejected: { status: 400, detail: 'The code was not accepted.' },
  phone_number_rejected: { status: 400, detail: 'The phone number was not accepted.' },
  method_unavailable: { status: 403, detail: 'This second factor cannot be used here.' },
  too_many_attempts: { status: 429, detail: 'Too many attempts were made.' },
  request_malformed: { status: 400, detail: 'The request could not be read.' },
  jwt_invalid: { status: 401, detail: 'The session JWT could not be verified.' },
  jwt_too_old: { status: 401, detail: 'The session JWT was issued too long ago.' },
  tenancy_mismatch: { status: 403, detail: 'The member belongs to another organization.' },
  invalid_permissions: {
    status: 403,
    detail: 'The member has no permission to perform the requested action.'
  }
} as const satisfies Record<string, AccessAnswer>

interface AccessAnswer {
  readonly status: 400 | 401 | 403 | 429
  readonly detail: string
  readonly challenge?: string
}

export type AccessCode = keyof typeof accessAnswers

export interface AccessErrorOptions extends ExplainedErrorOptions {
  /** What the caller has to do. Its members are part of the response. */
  readonly required?: Readonly<Record<string, unknown>>
  /** `max_age` of the challenge: how old an authentication may be (RFC 9470 section 3). */
  readonly maxAgeSeconds?: number
  readonly retryAfterSeconds?: number
}

/** A request is denied or rejected: its caller is not signed in, not allowed, or from elsewhere. It carries its own response. */
export class AccessError extends ExplainedError {
  readonly code: AccessCode
  /** HTTP status of the response: 401 or 403; 400 or 429 of an action. */
  readonly status: AccessAnswer['status']
  /** Headers of the response: `WWW-Authenticate` where a challenge applies, `Retry-After` where waiting helps. */
  readonly headers: Readonly<Record<string, string>>
  /** Express and Koa may show `message`: it is one fixed sentence per code. */
  readonly expose = true
  readonly required?: Readonly<Record<string, unknown>>

  constructor(code: AccessCode, options: AccessErrorOptions) {
    const answer: AccessAnswer = accessAnswers[code]
    super(answer.detail, options)
    this.code = code
    this.status = answer.status
    this.headers = { ...challengeOf(answer, options), ...retryAfterOf(options) }
    if (options.required !== undefined) this.required = options.required
  }
}

function challengeOf(
  { challenge }: AccessAnswer,
  { maxAgeSeconds }: AccessErrorOptions
): Record<string, string> {
  if (challenge === undefined) return {}
  const maxAge = maxAgeSeconds === undefined ? '' : `, max_age="${maxAgeSeconds}"`
  return { 'WWW-Authenticate': `${challenge}${maxAge}` }
}

function retryAfterOf({ retryAfterSeconds }: AccessErrorOptions): Record<string, string> {
  return retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }
}
