import { AccessError } from '../errors/access-error.ts'
import { ConfigError } from '../errors/config-error.ts'
import { subjectOf } from '../errors/explanation.ts'
import { privateCause } from '../errors/private-cause.ts'
import type { RefusalReason } from '../errors/reasons.ts'
import { isTooOld } from '../jwt/age.ts'
import type { JwtVerifier } from '../jwt/verify.ts'
import { checkPermission, whyDenied } from '../rbac/check-permission.ts'
import type { PolicySource } from '../rbac/policy-source.ts'
import type { MemberSession } from '../wire/member-session.ts'
import type {
  AuthorizationCheck,
  B2BSessionsAuthenticateJwtLocalRequest,
  B2BSessionsAuthenticateJwtRequest,
  B2BSessionsAuthenticateRequest,
  B2BSessionsAuthenticateResponse
} from '../wire/sessions.ts'

/** Local verification of session JWTs, beside the calls of `client.sessions`. */
export interface LocalSessions {
  /**
   * Verifies a session JWT locally when it can, else by a remote check.
   *
   * Whatever fails locally is checked remotely: an old, expired or unverifiable JWT, and a failed `authorization_check`.
   * The session is never extended.
   *
   * @returns the session, and its JWT: the one that was passed, or a new one from the API
   * @throws ApiError when the API denies or rejects it; UnavailableError when it cannot be reached
   */
  authenticateJwt(
    params: B2BSessionsAuthenticateJwtRequest
  ): Promise<{ member_session: MemberSession; session_jwt: string }>
  /**
   * Verifies a session JWT without a remote check. The key set and, for an `authorization_check`, the
   * policies are fetched when they are not at hand.
   *
   * @throws AccessError with code `jwt_invalid`, `jwt_too_old`, `tenancy_mismatch` or `invalid_permissions`
   */
  authenticateJwtLocal(params: B2BSessionsAuthenticateJwtLocalRequest): Promise<MemberSession>
}

interface LocalSessionsOptions {
  readonly verifier: JwtVerifier
  readonly policySource: PolicySource
  readonly now: () => number
  readonly authenticate: (
    data: B2BSessionsAuthenticateRequest
  ) => Promise<B2BSessionsAuthenticateResponse>
}

/**
 * The local helpers, with the semantics that the API's SDK promises. Guards are stricter: they check a JWT from the
 * future or of an ended session remotely, never a malformed one, and treat a denial as final.
 */
export function createLocalSessions(options: LocalSessionsOptions): LocalSessions {
  async function authenticateJwtLocal(
    params: B2BSessionsAuthenticateJwtLocalRequest
  ): Promise<MemberSession> {
    const times = readTimes(params, options.now)
    const claims = await verify(options.verifier, params.session_jwt)
    if (claims.exp <= times.now - times.tolerance) throw invalid('jwt_expired')
    if (claims.nbf !== undefined && claims.nbf > times.now + times.tolerance) {
      throw invalid('jwt_not_yet_valid')
    }
    if (times.maxAge !== undefined && isTooOld(claims.iat, times.now, times.maxAge))
      throw new AccessError('jwt_too_old', { reason: 'jwt_too_old' })
    if (params.authorization_check) {
      await authorize(options.policySource, claims.member_session, params.authorization_check)
    }
    return claims.member_session
  }

  async function authenticateJwt(
    params: Parameters<LocalSessions['authenticateJwt']>[0]
  ): ReturnType<LocalSessions['authenticateJwt']> {
    const { session_jwt, authorization_check, max_token_age_seconds } = params
    try {
      const member_session = await authenticateJwtLocal({
        session_jwt,
        authorization_check,
        max_token_age_seconds
      })
      return { member_session, session_jwt }
    } catch (error) {
      if (error instanceof ConfigError) throw error
      return options.authenticate({ session_jwt, authorization_check })
    }
  }

  return { authenticateJwt, authenticateJwtLocal }
}

async function verify(verifier: JwtVerifier, session_jwt: unknown) {
  if (typeof session_jwt !== 'string') throw new ConfigError('session_jwt must be a string.')
  const verification = await verifier.verify(session_jwt)
  if (verification.status === 'verified') return verification.claims
  if (verification.status === 'rejected') throw invalid(verification.reason)
  throw invalid('keys_unavailable', privateCause(verification.cause))
}

function invalid(reason: RefusalReason, cause?: Error): AccessError {
  return new AccessError('jwt_invalid', { reason, cause })
}

interface Times {
  /** Seconds, as the claims are. */
  readonly now: number
  readonly tolerance: number
  readonly maxAge: number | undefined
}

function readTimes(params: B2BSessionsAuthenticateJwtLocalRequest, now: () => number): Times {
  const { current_date, clock_tolerance_seconds = 0, max_token_age_seconds } = params
  const nowMs = current_date instanceof Date ? current_date.getTime() : now()
  if ((current_date !== undefined && !(current_date instanceof Date)) || Number.isNaN(nowMs)) {
    throw new ConfigError('current_date must be a valid Date.')
  }
  return {
    now: nowMs / 1000,
    tolerance: readSeconds('clock_tolerance_seconds', clock_tolerance_seconds),
    maxAge:
      max_token_age_seconds === undefined
        ? undefined
        : readSeconds('max_token_age_seconds', max_token_age_seconds)
  }
}

function readSeconds(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new ConfigError(`${name} must be a number of seconds, 0 or more.`)
  }
  return value
}

async function authorize(
  policySource: PolicySource,
  session: MemberSession,
  check: AuthorizationCheck
): Promise<void> {
  const subject = subjectOf(session)
  if (session.organization_id !== check.organization_id) {
    throw new AccessError('tenancy_mismatch', { reason: 'wrong_organization', subject })
  }
  const policy = await policySource.policyFor(session.organization_id)
  const { resource_id, action } = check
  if (!checkPermission(policy, session.roles, resource_id, action).authorized) {
    throw new AccessError('invalid_permissions', {
      reason: whyDenied(policy, resource_id, action),
      subject: { ...subject, resource_id, action }
    })
  }
}
