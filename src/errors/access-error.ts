import { MembergateError } from './membergate-error.ts'

/**
 * Why a caller of the app is refused: the status, one fixed public sentence per code, and the challenge of
 * `WWW-Authenticate`. RFC 6750 section 3.1: a request without credentials is challenged without an error code.
 * RFC 9470 section 3: a stronger or fresher authentication is asked for with `insufficient_user_authentication`.
 */
export const accessProblems = {
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
  csrf_rejected: { status: 403, detail: 'The request did not come from this site.' },
  jwt_invalid: { status: 401, detail: 'The session JWT could not be verified.' },
  jwt_too_old: { status: 401, detail: 'The session JWT was issued too long ago.' },
  tenancy_mismatch: { status: 403, detail: 'The member belongs to another organization.' },
  invalid_permissions: {
    status: 403,
    detail: 'The member has no permission to perform the requested action.'
  }
} as const satisfies Record<string, { status: 401 | 403; detail: string; challenge?: string }>

export type AccessCode = keyof typeof accessProblems

export interface AccessErrorOptions {
  /** The private reason. It reaches events and `cause`, never a response, and holds no credential. */
  readonly cause?: unknown
  /** What the caller still has to do, for `mfa_required` and `primary_required`. It is part of the response. */
  readonly required?: Readonly<Record<string, unknown>>
}

/** Our caller is refused: not signed in, not allowed, or from elsewhere. It carries its own response. */
export class AccessError extends MembergateError {
  readonly code: AccessCode
  /** HTTP status of the refusal: 401 or 403. */
  readonly status: 401 | 403
  /** Response headers of the refusal: `WWW-Authenticate` where a challenge applies. */
  readonly headers: Readonly<Record<string, string>>
  /** Express and Koa may show `message`: it is one fixed sentence per code. */
  readonly expose = true
  readonly required?: Readonly<Record<string, unknown>>

  constructor(code: AccessCode, options: AccessErrorOptions = {}) {
    const problem: { status: 401 | 403; detail: string; challenge?: string } = accessProblems[code]
    super(problem.detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = problem.status
    this.headers = problem.challenge === undefined ? {} : { 'WWW-Authenticate': problem.challenge }
    if (options.required !== undefined) this.required = options.required
  }
}
