import { LRUCache } from 'lru-cache'
import { AccessError } from '../../errors/access-error.ts'
import { privateCause } from '../../errors/private-cause.ts'
import type { RefusalReason } from '../../errors/reasons.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import { isTooOld } from '../../jwt/age.ts'
import { type SessionClaims, sessionIdOf } from '../../jwt/claims.ts'
import { freezeJson } from '../../jwt/freeze.ts'
import { parseJwt } from '../../jwt/parse.ts'
import type { B2BSessionsAuthenticateResponse } from '../../wire/sessions.ts'
import { createBreaker } from './breaker.ts'
import { createBudget } from './budget.ts'
import type { CheckedSession } from './session-cache.ts'
import { saysSessionIsOver, sessionOver } from './session-over.ts'

/** One remote check: whose session is this token? */
export interface RemoteCheck {
  readonly field: 'session_token' | 'session_jwt'
  readonly token: string
  /** Only a call younger than this may answer it. */
  readonly maxAgeMs: number
  /** Only a call that was begun later than this may answer it, in the order of `Revocations`. */
  readonly after: number
  /** No signature was verified: the check is limited. */
  readonly isUnverified: boolean
  /** What the JWT says of itself, when it is the JWT that is sent. */
  readonly claims: SessionClaims | undefined
}

export type CheckRemotely = (check: RemoteCheck) => Promise<CheckedSession>

interface RemoteCheckOptions {
  readonly authenticate: (
    data: Partial<Record<RemoteCheck['field'], string>>
  ) => Promise<B2BSessionsAuthenticateResponse>
  /** Whether this process has accepted the token before. */
  readonly isKnown: (token: string) => boolean
  readonly now: () => number
  /** Orders calls and revocations: see `Revocations`. */
  readonly orderedNow: () => number
}

interface Call {
  readonly startedAt: number
  readonly validSince: number
  readonly answer: Promise<CheckedSession>
}

/** An answer serves no longer than a session JWT would. */
const answerLifeMs = 300_000
const maxSharedCalls = 10_000
const maxUnverifiedCalls = 500

/**
 * Lets the authority say whose session a token is. Requests with the same token share a call; it belongs to none of them,
 * so that none of them ends it by going away, and a failure is not remembered.
 *
 * @throws AccessError `session_invalid` when the session is over
 * @throws UnavailableError when the authority cannot be reached, answers anything else, or about another session
 */
export function createRemoteChecks({
  authenticate,
  isKnown,
  now,
  orderedNow
}: RemoteCheckOptions): CheckRemotely {
  const inFlight = new LRUCache<string, Call>({ max: maxSharedCalls })
  const breaker = createBreaker(now)
  const budget = createBudget(now)
  let unverifiedCalls = 0

  return function checkRemotely(check) {
    const shared = inFlight.get(check.token)
    if (shared !== undefined && mayAnswer(shared, check)) return shared.answer

    const startedAt = now()
    const validSince = orderedNow()
    const answer = send(check).then((response) => ({
      ...readAnswer(check, response),
      verifiedAt: startedAt,
      validSince,
      usableUntil: Math.min(
        startedAt + answerLifeMs,
        Date.parse(response.member_session.expires_at)
      )
    }))
    const call = { startedAt, validSince, answer }
    inFlight.set(check.token, call)
    const settle = () => {
      if (inFlight.peek(check.token) === call) inFlight.delete(check.token)
    }
    answer.then(settle, settle)
    return answer
  }

  function mayAnswer({ startedAt, validSince }: Call, { maxAgeMs, after }: RemoteCheck): boolean {
    return validSince > after && !isTooOld(startedAt, now(), maxAgeMs)
  }

  function send(check: RemoteCheck): Promise<B2BSessionsAuthenticateResponse> {
    const { field, token, isUnverified } = check
    const call = () => breaker.run(() => authenticate({ [field]: token })).catch(rejectClassified)
    return isUnverified && !isKnown(token) ? limited(call) : call()
  }

  async function limited<T>(call: () => Promise<T>): Promise<T> {
    if (!budget.hasSome()) throw limitReached('budget_exhausted')
    if (unverifiedCalls >= maxUnverifiedCalls) throw limitReached('too_many_remote_checks')
    unverifiedCalls += 1
    try {
      return await call()
    } catch (error) {
      if (error instanceof AccessError) budget.spend()
      throw error
    } finally {
      unverifiedCalls -= 1
    }
  }
}

function rejectClassified(error: unknown): never {
  if (error instanceof UnavailableError) throw error
  if (saysSessionIsOver(error)) throw sessionOver(error)
  const { status_code } = Object(error)
  throw new UnavailableError('authority_unavailable', {
    reason: typeof status_code === 'number' ? 'authority_error_status' : 'authority_call_failed',
    cause: privateCause(error)
  })
}

/** The answer must be about what was sent, or nothing of it is used. */
function readAnswer(
  { field, token, claims }: RemoteCheck,
  answer: B2BSessionsAuthenticateResponse
): Pick<CheckedSession, 'member_session' | 'session_token' | 'refreshedJwt'> {
  const { member_session, member, organization, session_jwt, session_token } = answer
  const isConsistent =
    member.member_id === member_session.member_id &&
    member.organization_id === member_session.organization_id &&
    organization.organization_id === member_session.organization_id
  const isAboutToken =
    field === 'session_token'
      ? session_token === token
      : claims !== undefined && isSameSession(member_session, claims.member_session)
  if (!isConsistent || !isAboutToken || !isJwtOf(session_jwt, member_session.member_session_id)) {
    throw new UnavailableError('authority_answer_mismatch', { reason: 'answer_mismatch' })
  }
  return {
    member_session: freezeJson(member_session),
    session_token: field === 'session_token' ? token : undefined,
    refreshedJwt: session_jwt
  }
}

type Identity = Pick<
  B2BSessionsAuthenticateResponse['member_session'],
  'member_session_id' | 'member_id' | 'organization_id'
>

export function isSameSession(a: Identity, b: Identity): boolean {
  return (
    a.member_session_id === b.member_session_id &&
    a.member_id === b.member_id &&
    a.organization_id === b.organization_id
  )
}

function isJwtOf(session_jwt: string, member_session_id: string): boolean {
  const parsed = parseJwt(session_jwt)
  return parsed !== undefined && sessionIdOf(parsed.claims) === member_session_id
}

function limitReached(reason: RefusalReason): UnavailableError {
  return new UnavailableError('authority_unavailable', { reason, retryAfterSeconds: 1 })
}
