import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import { type Action, type AnswerParts, createPostAction, jsonAnswer } from '../answer/action.ts'
import { privateHeaders, redirect } from '../answer/refusal.ts'
import { assertFactoryCalled } from '../guard/guard-options.ts'
import { type Credential, readEveryToken } from '../request/credentials.ts'
import type { AuthRequest } from '../request/request.ts'
import { readReturnPath } from '../request/return-to.ts'
import type { Authenticate } from '../session/authenticate.ts'
import type { RetryLater } from '../session/outstanding-revocations.ts'
import { isSessionOver, saysSessionIsOver } from '../session/session-over.ts'
import { claimedSession } from '../session/watch-client.ts'

export interface SignOutOptions {
  /** Path of this app to go to afterwards, by 303. Unset: 204. */
  readonly return_to?: string
}

const knownOptions: Readonly<Record<keyof SignOutOptions, true>> = { return_to: true }

function planSignOut(given: SignOutOptions = {}): SignOutOptions {
  assertFactoryCalled('signOut', given)
  assertKnownOptions('signOut', given, knownOptions)
  const { return_to } = given
  if (return_to !== undefined && readReturnPath(return_to) !== return_to) {
    throw new ConfigError('return_to must be a path of this app, such as /sign-in.')
  }
  return given
}

interface SignOutParts extends AnswerParts {
  readonly authenticate: Authenticate
  /** Ends a session, here at once and at the authority when it answers. */
  readonly revoke: (member_session_id: string) => Promise<unknown>
  /** The session of a token that this process has accepted. */
  readonly knownSession: (token: string) => string | undefined
  /** Tries again later what the authority did not confirm. */
  readonly retryLater: RetryLater
}

/** What became of all that a request presents. `unproven`: some of it shows no session that could be ended. */
type Ending = 'ended' | 'outstanding' | 'unproven'

/** So many tokens of each kind are tried, those first that this process knows. A browser has one of each. */
const maxTried = 8

/**
 * Ends every session that the request proves, wherever its tokens come from and whatever stands beside them, and clears
 * every cookie of ours: a cookie that another site of the domain set must not keep it alive.
 *
 * Signing out succeeds in this browser whatever happens. When the authority does not confirm, the revocation is
 * outstanding: this process denies the session already and goes on trying, and the answer is 202 and says so. A token that
 * a guard would deny without a call proves nothing, and the answer does not claim that its session ended.
 */
export function createSignOut(parts: SignOutParts, given?: SignOutOptions): Action {
  const { return_to } = planSignOut(given)

  return createPostAction(parts, async ({ request, beganAt }) => {
    const ending = await endSessions(parts, request)
    const lateCookies = parts.cookies.signOut(request, beganAt)
    if (return_to !== undefined) return { ...redirect(return_to), lateCookies }
    return ending === 'ended'
      ? { status: 204, headers: privateHeaders, lateCookies, body: '' }
      : {
          ...jsonAnswer(ending === 'outstanding' ? 202 : 200, { revocation: ending }),
          lateCookies
        }
  })
}

async function endSessions(parts: SignOutParts, request: AuthRequest): Promise<Ending> {
  const presented = readEveryToken(request, parts.config)
  const tokens = chooseTried(parts, presented, 'session_token')
  const jwts = chooseTried(parts, presented, 'session_jwt')
  const end = planEnd(parts, tokens, jwts)
  const { ending } = await end()
  if (ending === 'outstanding') {
    parts.retryLater(tokenOf([...tokens, ...jwts][0]), async () => {
      const { ending, member_session_id } = await end()
      return { isEnded: ending !== 'outstanding', member_session_id }
    })
    return ending
  }
  return tokens.length + jwts.length < presented.length ? 'unproven' : ending
}

function chooseTried(
  { knownSession }: SignOutParts,
  presented: readonly Credential[],
  kind: 'session_token' | 'session_jwt'
): readonly Credential[] {
  const isUnknown = (credential: Credential) =>
    Number(knownSession(tokenOf(credential)) === undefined)
  return presented
    .filter((credential) => credential[kind] !== undefined)
    .sort((a, b) => isUnknown(a) - isUnknown(b))
    .slice(0, maxTried)
}

function tokenOf({ session_token, session_jwt = '' }: Partial<Credential> = {}): string {
  return session_token ?? session_jwt
}

interface EndOfOne {
  readonly ending: Ending
  readonly member_session_id: string | undefined
}
type End = () => Promise<EndOfOne>

/** A JWT of a session that its opaque token has ended needs nothing more, also where its signature is wrong. */
function planEnd(
  parts: SignOutParts,
  tokens: readonly Credential[],
  jwts: readonly Credential[]
): End {
  const ofTokens = tokens.map((credential) => planEndOfOne(parts, credential))
  const ofJwts = jwts.map((credential) => ({
    claimed: claimedSession(tokenOf(credential)),
    end: planEndOfOne(parts, credential)
  }))

  return async function endAll() {
    const ends = await Promise.all(ofTokens.map((end) => end()))
    const ended = ends.flatMap(({ ending, member_session_id }) =>
      ending === 'ended' && member_session_id !== undefined ? member_session_id : []
    )
    const others = ofJwts.filter(({ claimed }) => claimed === undefined || !ended.includes(claimed))
    ends.push(...(await Promise.all(others.map(({ end }) => end()))))
    return (
      ends.find(({ ending }) => ending === 'outstanding') ??
      ends.find(({ ending }) => ending === 'unproven') ?? {
        ending: 'ended',
        member_session_id: undefined
      }
    )
  }
}

/** Which session it is, is found out once: when it is tried again, this process denies the session already. */
function planEndOfOne(parts: SignOutParts, credential: Credential): End {
  let member_session_id: string | undefined
  let isEnded = false

  return async function endOne() {
    if (isEnded) return { ending: 'ended', member_session_id }
    try {
      member_session_id ??=
        parts.knownSession(tokenOf(credential)) ?? (await identify(parts, credential))
    } catch (error) {
      if (error instanceof UnavailableError) return { ending: 'outstanding', member_session_id }
      if (!(error instanceof AccessError)) throw error
      if (isSessionOver(error)) return { ending: 'ended', member_session_id }
      // Of a session that ended here the authority may not have heard yet.
      member_session_id = error.subject.member_session_id
      if (member_session_id === undefined) return { ending: 'unproven', member_session_id }
    }
    isEnded = await parts.revoke(member_session_id).then(() => true, saysSessionIsOver)
    return { ending: isEnded ? 'ended' : 'outstanding', member_session_id }
  }
}

async function identify({ authenticate }: SignOutParts, credential: Credential): Promise<string> {
  const { member_session } = await authenticate(credential, Number.POSITIVE_INFINITY)
  return member_session.member_session_id
}
