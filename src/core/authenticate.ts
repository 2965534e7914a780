import { AccessError } from '../errors/access-error.ts'
import type { SessionClaims } from '../jwt/claims.ts'
import type { JwtVerifier } from '../jwt/verify.ts'
import { type Ask, isSameSession, type Question } from './ask.ts'
import type { Credential } from './credentials.ts'
import { decisions, type LocalOutcome } from './outcomes.ts'
import type { Revocations } from './revocations.ts'
import type { CheckedSession, SessionCache } from './session-cache.ts'

/** Finds out whose session a credential is. At once when this process knows, else as a promise. */
export type Authenticate = (
  credential: Credential,
  maxAgeMs: number
) => CheckedSession | Promise<CheckedSession>

interface AuthenticateOptions {
  readonly verifier: JwtVerifier
  readonly cache: SessionCache
  readonly ask: Ask
  readonly revocations: Revocations
  readonly clockToleranceMs: number
  readonly now: () => number
}

/** What one credential is worth by itself. */
interface LocalAnswer {
  readonly outcome: LocalOutcome
  readonly claims?: SessionClaims
}

/**
 * From a credential to a member session, or an error. Local knowledge first; the authority when, and only when, that is
 * inconclusive (outcomes.ts has the table).
 *
 * The pair of cookies is one credential. The opaque token is its anchor: it is what an ask sends, and a JWT that would be
 * refused does not spoil it.
 */
export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const { verifier, cache, ask, revocations, clockToleranceMs, now } = options

  return function authenticate(credential, maxAgeMs) {
    return findChecked(credential, maxAgeMs) ?? resolve(credential, maxAgeMs)
  }

  /** An opaque token alone is asked about on every request, unless the guard says how old an answer may be. */
  function findChecked(credential: Credential, maxAgeMs: number): CheckedSession | undefined {
    const { session_jwt, session_token } = credential
    if (session_jwt !== undefined) {
      const known = cache.get(session_jwt)
      if (known !== undefined && isGood(known, maxAgeMs)) return known
    }
    if (session_token !== undefined && Number.isFinite(maxAgeMs)) {
      const known = cache.get(session_token)
      if (known !== undefined && isGood(known, maxAgeMs)) return known
    }
    return undefined
  }

  function isGood(known: CheckedSession, maxAgeMs: number): boolean {
    const moment = now()
    return (
      moment < known.usableUntil &&
      !isTooOld(known.checkedAt, moment, maxAgeMs) &&
      !revocations.hasEnded(known.member_session.member_session_id) &&
      !revocations.isDistrusted(known.member_session, known.surelyTrueAt)
    )
  }

  async function resolve(credential: Credential, maxAgeMs: number): Promise<CheckedSession> {
    const local = await judge(credential, maxAgeMs)
    const decision = decisions[local.outcome]
    if (decision === 'accept' && local.claims !== undefined) {
      const checked = fromClaims(local.claims)
      if (credential.session_jwt !== undefined) cache.set(credential.session_jwt, checked)
      return checked
    }
    if (decision === 'refuse' && credential.session_token === undefined) {
      throw new AccessError('session_invalid', { cause: new Error(local.outcome) })
    }
    // Somebody else may have asked while the signature was checked.
    return findChecked(credential, maxAgeMs) ?? askAbout(credential, local, maxAgeMs)
  }

  async function judge({ session_jwt }: Credential, maxAgeMs: number): Promise<LocalAnswer> {
    if (session_jwt === undefined) return { outcome: 'opaque_token' }
    const verification = await verifier.verify(session_jwt)
    if (verification.status === 'refused') return { outcome: verification.reason }
    const { claims } = verification
    if (verification.status === 'unverified') return { outcome: 'keys_unavailable', claims }
    return { outcome: judgeTimes(claims, maxAgeMs), claims }
  }

  function judgeTimes(claims: SessionClaims, maxAgeMs: number): LocalOutcome {
    const moment = now()
    const { member_session } = claims
    if (revocations.hasEnded(member_session.member_session_id)) return 'session_ended'
    if (claims.exp * 1000 <= moment - clockToleranceMs) return 'expired'
    if (claims.iat * 1000 > moment + clockToleranceMs) return 'issued_ahead'
    if (claims.nbf !== undefined && claims.nbf * 1000 > moment + clockToleranceMs) {
      return 'not_yet_valid'
    }
    if (claims.sessionExpiresAt <= moment) return 'session_expired'
    if (isTooOld(claims.iat * 1000, moment, maxAgeMs)) return 'too_old'
    if (revocations.isDistrusted(member_session, claims.iat * 1000 - clockToleranceMs)) {
      return 'distrusted'
    }
    return 'young'
  }

  function fromClaims(claims: SessionClaims): CheckedSession {
    return Object.freeze({
      member_session: claims.member_session,
      checkedAt: claims.iat * 1000,
      surelyTrueAt: claims.iat * 1000 - clockToleranceMs,
      usableUntil: Math.min(claims.exp * 1000 + clockToleranceMs, claims.sessionExpiresAt),
      refreshedJwt: undefined
    })
  }

  async function askAbout(
    credential: Credential,
    local: LocalAnswer,
    maxAgeMs: number
  ): Promise<CheckedSession> {
    const question = buildQuestion(credential, local, maxAgeMs)
    let checked = await ask(question)
    // Something was ended while the call was under way: only a call that begins now can tell.
    if (revocations.isDistrusted(checked.member_session, checked.surelyTrueAt)) {
      checked = await ask({ ...question, maxAgeMs: 0 })
    }
    if (revocations.hasEnded(checked.member_session.member_session_id)) {
      throw new AccessError('session_invalid', { cause: new Error('session_ended') })
    }
    cache.set(question.token, checked)
    if (isWellSigned(local) && isSameSession(local.claims.member_session, checked.member_session)) {
      cache.set(credential.session_jwt ?? question.token, checked)
    }
    return checked
  }
}

function buildQuestion(
  { session_jwt, session_token }: Credential,
  local: LocalAnswer,
  maxAgeMs: number
): Question {
  const isUnverified = !isWellSigned(local)
  return session_token !== undefined
    ? { field: 'session_token', token: session_token, maxAgeMs, isUnverified, claims: undefined }
    : {
        field: 'session_jwt',
        token: session_jwt ?? '',
        maxAgeMs,
        isUnverified,
        claims: local.claims
      }
}

function isWellSigned(local: LocalAnswer): local is LocalAnswer & { claims: SessionClaims } {
  return local.claims !== undefined && local.outcome !== 'keys_unavailable'
}

/** Tolerance never applies to an age, and 0 is too old for everything, also for what lies ahead of our clock. */
function isTooOld(checkedAt: number, moment: number, maxAgeMs: number): boolean {
  return Math.max(0, moment - checkedAt) >= maxAgeMs
}
