import { LRUCache } from 'lru-cache'
import { AccessError } from '../errors/access-error.ts'
import { UnavailableError } from '../errors/unavailable-error.ts'
import { type SessionClaims, sessionIdOf } from '../jwt/claims.ts'
import { freezeJson } from '../jwt/freeze.ts'
import { parseJwt } from '../jwt/parse.ts'
import type { B2BSessionsAuthenticateResponse } from '../wire/sessions.ts'
import { createBreaker } from './breaker.ts'
import { createBudget } from './budget.ts'
import type { CheckedSession } from './session-cache.ts'

/** One question to the authority: whose session is this? */
export interface Question {
  readonly field: 'session_token' | 'session_jwt'
  readonly token: string
  /** Only a call younger than this may answer it. */
  readonly maxAgeMs: number
  /** Nothing vouches for the token: the ask is limited. */
  readonly isUnverified: boolean
  /** What the JWT says of itself, when it is the JWT that is sent. */
  readonly claims: SessionClaims | undefined
}

export type Ask = (question: Question) => Promise<CheckedSession>

interface AskOptions {
  readonly authenticate: (
    data: Partial<Record<Question['field'], string>>
  ) => Promise<B2BSessionsAuthenticateResponse>
  /** Whether this process has accepted the token before. */
  readonly isKnown: (token: string) => boolean
  readonly now: () => number
}

/** An answer serves no longer than a session JWT would. */
const answerLifeMs = 300_000
const maxSharedCalls = 10_000

/** The only answers that mean: this session is over. Every other refusal is about us, not about the member. */
const sessionIsOver: Readonly<Record<string, number>> = {
  session_not_found: 404,
  invalid_session_token: 400,
  unable_to_parse_session_jwt: 400
}

/**
 * Asks the authority. Requests with the same token share a call; it belongs to none of them, so nobody's abort ends it,
 * and a failure is not remembered.
 *
 * @throws AccessError `session_invalid` when the session is over
 * @throws UnavailableError when the authority cannot be reached, answers anything else, or about somebody else
 */
export function createAsk({ authenticate, isKnown, now }: AskOptions): Ask {
  const underWay = new LRUCache<string, { startedAt: number; answer: Promise<CheckedSession> }>({
    max: maxSharedCalls
  })
  const breaker = createBreaker(now)
  const budget = createBudget(now)

  return function ask(question) {
    const shared = underWay.get(question.token)
    if (shared !== undefined && now() - shared.startedAt < question.maxAgeMs) return shared.answer

    const startedAt = now()
    const answer = call(question, startedAt)
    const entry = { startedAt, answer }
    underWay.set(question.token, entry)
    const forget = () => {
      if (underWay.peek(question.token) === entry) underWay.delete(question.token)
    }
    answer.then(forget, forget)
    return answer
  }

  async function call(question: Question, startedAt: number): Promise<CheckedSession> {
    const isLimited = question.isUnverified && !isKnown(question.token)
    if (isLimited && !budget.take())
      throw unavailable('Too many unverified tokens were refused.', 1)
    let wasRefused = false
    try {
      return readAnswer(question, await breaker.run(() => send(question)), startedAt)
    } catch (error) {
      wasRefused = error instanceof AccessError
      throw error
    } finally {
      if (isLimited && !wasRefused) budget.giveBack()
    }
  }

  async function send(question: Question): Promise<B2BSessionsAuthenticateResponse> {
    try {
      return await authenticate({ [question.field]: question.token })
    } catch (error) {
      throw classify(error)
    }
  }
}

function classify(error: unknown): AccessError | UnavailableError {
  if (error instanceof UnavailableError) return error
  const { status_code, error_type } = (error ?? {}) as Record<string, unknown>
  if (typeof error_type === 'string' && typeof status_code === 'number') {
    const isOver =
      Object.hasOwn(sessionIsOver, error_type) && sessionIsOver[error_type] === status_code
    return isOver
      ? sessionOver(error_type)
      : unavailable(`The authority answered ${status_code} ${error_type}.`)
  }
  return unavailable('The call failed.')
}

const overByAuthority = new WeakSet<object>()

function sessionOver(reason: string): AccessError {
  const error = new AccessError('session_invalid', { cause: new Error(reason) })
  overByAuthority.add(error)
  return error
}

/** Whether the authority itself said so: only then does a browser forget its cookies. */
export function isSessionOver(error: unknown): boolean {
  return typeof error === 'object' && error !== null && overByAuthority.has(error)
}

/** The answer must be about what was sent, or nothing of it is used. */
function readAnswer(
  { field, token, claims }: Question,
  answer: B2BSessionsAuthenticateResponse,
  startedAt: number
): CheckedSession {
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
    throw new UnavailableError('authority_answer_mismatch')
  }
  return Object.freeze({
    member_session: freezeJson(member_session),
    checkedAt: startedAt,
    surelyTrueAt: startedAt,
    usableUntil: Math.min(startedAt + answerLifeMs, Date.parse(member_session.expires_at)),
    refreshedJwt: session_jwt
  })
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

function unavailable(reason: string, retryAfterSeconds?: number): UnavailableError {
  return new UnavailableError('authority_unavailable', {
    cause: new Error(reason),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
  })
}
