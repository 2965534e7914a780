import { LRUCache } from 'lru-cache'
import { AccessError } from '../../errors/access-error.ts'
import { subjectOf, type TriedStep } from '../../errors/explanation.ts'
import { AnsweredCause } from '../../errors/private-cause.ts'
import { isRefusalError } from '../../errors/refusal-error.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import { isTooOld } from '../../jwt/age.ts'
import type { SessionClaims } from '../../jwt/claims.ts'
import type { JwtVerifier } from '../../jwt/verify.ts'
import { errorOfRequest } from '../explain/explain.ts'
import type { Credential } from '../request/credentials.ts'
import { decisions, isDenied, type LocalOutcome } from './outcomes.ts'
import { type CheckRemotely, isSameSession, type RemoteCheck } from './remote-check.ts'
import type { Revocations } from './revocations.ts'
import type { CheckedSession, SessionCache } from './session-cache.ts'
import type { SessionTokens } from './session-tokens.ts'
import { beginTrail, type Trail } from './trail.ts'

/** Finds out whose session a credential is. At once when this process knows, else as a promise. */
export type Authenticate = (
  credential: Credential,
  maxAgeMs: number
) => CheckedSession | Promise<CheckedSession>

interface AuthenticateOptions {
  readonly verifier: JwtVerifier
  readonly cache: SessionCache
  readonly sessionTokens: SessionTokens
  readonly checkRemotely: CheckRemotely
  readonly revocations: Revocations
  readonly clockToleranceMs: number
  readonly now: () => number
}

const maxInvalidated = 10_000

/** What one credential is worth by itself. */
interface LocalAnswer {
  readonly outcome: LocalOutcome
  readonly claims?: SessionClaims
}

/**
 * From a credential to a member session, or an error. Local knowledge first; the authority when, and only when, that is
 * inconclusive (outcomes.ts has the table).
 *
 * The pair of cookies is one credential, and of one member. The opaque token is its anchor: it is what a remote check sends,
 * the answer decides whose session it is, and a JWT that would be denied does not spoil it. While the JWT does by itself,
 * it is the newer of the two and alone decides.
 *
 * A JWT that is not of the pair may be what a late answer left behind, of a session that its browser has left: the authority
 * decides where the opaque token is missing, or known to be of another session.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { verifier, cache, sessionTokens, checkRemotely, revocations, clockToleranceMs, now } =
    options
  // Sessions whose old JWTs count for nothing any more: a remote check denied them, or found another session.
  const invalidatedSessions = new LRUCache<string, true>({ max: maxInvalidated })

  return function authenticate(credential, maxAgeMs) {
    const { session_jwt, session_token } = credential
    const known =
      session_jwt === undefined
        ? findOpaque(session_token, maxAgeMs)
        : findJwt(credential, maxAgeMs)
    return known ?? resolve(credential, maxAgeMs)
  }

  function findGood(token: string | undefined, maxAgeMs: number): CheckedSession | undefined {
    const known = token === undefined ? undefined : cache.get(token)
    return known !== undefined && isGood(known, maxAgeMs) ? known : undefined
  }

  function findJwt(credential: Credential, maxAgeMs: number): CheckedSession | undefined {
    const known = findGood(credential.session_jwt, maxAgeMs)
    return known !== undefined && isWhole(credential, known) ? known : undefined
  }

  function isWhole({ isHalf = false, session_token }: Credential, known: CheckedSession): boolean {
    if (isHalf) return wasSentAlone(known)
    const { member_session_id } = known.member_session
    return (
      session_token === undefined || !sessionTokens.isOfAnother(member_session_id, session_token)
    )
  }

  /** An opaque token alone needs a remote check on every request, unless the guard says how old one may be. */
  function findOpaque(token: string | undefined, maxAgeMs: number): CheckedSession | undefined {
    return Number.isFinite(maxAgeMs) ? findGood(token, maxAgeMs) : undefined
  }

  function isGood(known: CheckedSession, maxAgeMs: number): boolean {
    const nowMs = now()
    return (
      nowMs < known.usableUntil &&
      known.verifiedAt <= nowMs + clockToleranceMs &&
      !isTooOld(known.verifiedAt, nowMs, maxAgeMs) &&
      revocations.allow(known)
    )
  }

  async function resolve(credential: Credential, maxAgeMs: number): Promise<CheckedSession> {
    const trail = beginTrail(credential)
    try {
      return await follow(credential, maxAgeMs, trail)
    } catch (error) {
      throw errorOfRequest(error, trail.tried, trail.subject)
    }
  }

  async function follow(
    credential: Credential,
    maxAgeMs: number,
    trail: Trail
  ): Promise<CheckedSession> {
    const { transport, session_jwt, session_token } = credential
    const local = await judge(credential, maxAgeMs)
    if (local.outcome !== 'opaque_token') {
      trail.tried.push(`${transport}:session_jwt`, `local:${local.outcome}`)
      if (isWellSigned(local)) trail.subject = subjectOf(local.claims.member_session)
    }
    if (
      decisions[local.outcome] === 'accept' &&
      local.claims !== undefined &&
      session_jwt !== undefined
    ) {
      const checked = fromClaims(local.claims)
      cache.set(session_jwt, checked)
      return checked
    }
    if (isDenied(local.outcome) && session_token === undefined) {
      throw new AccessError('session_invalid', { reason: local.outcome })
    }
    // Another request may have caused a remote check while the signature was verified.
    const known = findJwt(credential, maxAgeMs) ?? findOpaque(session_token, maxAgeMs)
    if (session_token !== undefined) trail.tried.push(`${transport}:session_token`)
    if (known !== undefined) trail.tried.push('local:known')
    return known ?? checkAtAuthority(credential, local, maxAgeMs, trail)
  }

  async function judge(credential: Credential, maxAgeMs: number): Promise<LocalAnswer> {
    const { session_jwt, isHalf } = credential
    if (session_jwt === undefined) return { outcome: 'opaque_token' }
    const verification = await verifier.verify(session_jwt)
    if (verification.status === 'rejected') return { outcome: verification.reason }
    const { claims } = verification
    if (verification.status === 'unverified') return { outcome: 'keys_unavailable', claims }
    const outcome = judgeTimes(claims, maxAgeMs)
    return outcome === 'young' && !isWhole(credential, fromClaims(claims))
      ? { outcome: isHalf ? 'token_missing' : 'token_of_another', claims }
      : { outcome, claims }
  }

  function judgeTimes(claims: SessionClaims, maxAgeMs: number): LocalOutcome {
    const nowMs = now()
    if (revocations.hasEnded(claims.member_session)) return 'session_revoked_here'
    if (claims.exp * 1000 <= nowMs - clockToleranceMs) return 'expired'
    if (claims.iat * 1000 > nowMs + clockToleranceMs) return 'issued_ahead'
    if (claims.nbf !== undefined && claims.nbf * 1000 > nowMs + clockToleranceMs) {
      return 'not_yet_valid'
    }
    if (claims.sessionExpiresAt <= nowMs) return 'session_expired'
    if (isTooOld(claims.iat * 1000, nowMs, maxAgeMs)) return 'too_old'
    return revocations.allow(fromClaims(claims)) ? 'young' : 'invalidated'
  }

  function fromClaims(claims: SessionClaims): CheckedSession {
    const issuedAt = claims.iat * 1000
    return Object.freeze({
      member_session: claims.member_session,
      verifiedAt: issuedAt,
      validSince: issuedAt - clockToleranceMs,
      usableUntil: Math.min(claims.exp * 1000 + clockToleranceMs, claims.sessionExpiresAt),
      session_token: undefined,
      refreshedJwt: undefined
    })
  }

  async function checkAtAuthority(
    credential: Credential,
    local: LocalAnswer,
    maxAgeMs: number,
    trail: Trail
  ): Promise<CheckedSession> {
    const signedSession = isWellSigned(local) ? local.claims.member_session : undefined
    const isUnverified =
      decisions[local.outcome] !== 'check' ||
      (signedSession !== undefined && invalidatedSessions.has(signedSession.member_session_id))
    const check = buildCheck(credential, local, maxAgeMs, isUnverified)
    const answered = await checkUntilValid(check, trail).catch((error: unknown) => {
      if (error instanceof AccessError && signedSession !== undefined) {
        invalidatedSessions.set(signedSession.member_session_id, true)
      }
      throw local.outcome === 'keys_unavailable' ? keysUnavailable(error) : error
    })
    const checked =
      local.outcome === 'token_missing' ? keepJwt(answered, credential, local) : answered
    cache.set(check.token, checked)
    if (check.field === 'session_token') {
      sessionTokens.learn(checked.member_session.member_session_id, check.token)
    }
    if (signedSession === undefined) return checked
    if (isSameSession(signedSession, checked.member_session)) {
      cache.set(credential.session_jwt ?? check.token, checked)
    } else {
      invalidatedSessions.set(signedSession.member_session_id, true)
    }
    return checked
  }

  /** A JWT that is checked for want of a token serves until it ends: the next one would have to be checked as well. */
  function keepJwt(
    answered: CheckedSession,
    { session_jwt }: Credential,
    { claims }: LocalAnswer
  ): CheckedSession {
    const usableUntil = claims === undefined ? 0 : fromClaims(claims).usableUntil
    return {
      ...answered,
      refreshedJwt: session_jwt,
      usableUntil: Math.min(usableUntil, answered.usableUntil)
    }
  }

  /** What was ended while a call was in flight, only a call that begins afterwards can tell. */
  async function checkUntilValid(check: RemoteCheck, trail: Trail): Promise<CheckedSession> {
    const first = await checkOnce(check, trail)
    const after = revocations.invalidatedAt(first.member_session)
    const checked = first.validSince > after ? first : await checkOnce({ ...check, after }, trail)
    if (revocations.hasEnded(checked.member_session)) {
      throw new AccessError('session_invalid', { reason: 'session_revoked_here' })
    }
    if (!revocations.allow(checked)) {
      throw new UnavailableError('authority_unavailable', { reason: 'invalidated_while_checking' })
    }
    return checked
  }

  async function checkOnce(check: RemoteCheck, trail: Trail): Promise<CheckedSession> {
    try {
      const checked = await checkRemotely(check)
      trail.tried.push('remote:200')
      trail.subject = subjectOf(checked.member_session)
      return checked
    } catch (error) {
      trail.tried.push(...remoteStep(error))
      throw error
    }
  }
}

/** Whether the authority was asked about the JWT itself: not about a token beside it, and not its signature alone. */
function wasSentAlone({ session_token, refreshedJwt }: CheckedSession): boolean {
  return session_token === undefined && refreshedJwt !== undefined
}

/** What came back instead of a session. */
function remoteStep(error: unknown): readonly TriedStep[] {
  if (!isRefusalError(error)) return []
  const { cause, reason } = error
  if (cause instanceof AnsweredCause) return [`remote:${cause.status_code}`]
  return [`remote:${reason}`]
}

function buildCheck(
  { session_jwt = '', session_token }: Credential,
  local: LocalAnswer,
  maxAgeMs: number,
  isUnverified: boolean
): RemoteCheck {
  const common = { maxAgeMs, after: Number.NEGATIVE_INFINITY, isUnverified }
  return session_token !== undefined
    ? { ...common, field: 'session_token', token: session_token, claims: undefined }
    : { ...common, field: 'session_jwt', token: session_jwt, claims: local.claims }
}

function isWellSigned(local: LocalAnswer): local is LocalAnswer & { claims: SessionClaims } {
  return local.claims !== undefined && local.outcome !== 'keys_unavailable'
}

/** With the authority out of reach as well, it is the keys that would have helped. */
function keysUnavailable(error: unknown): unknown {
  return error instanceof UnavailableError && error.code === 'authority_unavailable'
    ? new UnavailableError('keys_unavailable', { reason: 'keys_unavailable', cause: error })
    : error
}
