import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import { type Action, createPostAction, jsonAnswer } from '../answer/action.ts'
import { privateHeaders } from '../answer/refusal.ts'
import { assertFactoryCalled } from '../guard/guard-options.ts'
import type { Config } from '../options.ts'
import { clearEveryCookie } from '../request/cookies.ts'
import { type Credential, readCredential } from '../request/credentials.ts'
import type { AuthRequest } from '../request/request.ts'
import { readReturnPath } from '../request/return-to.ts'
import type { Authenticate } from '../session/authenticate.ts'
import type { RetryLater, RevocationOutcome } from '../session/outstanding-revocations.ts'
import { saysSessionIsOver } from '../session/session-over.ts'
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

interface SignOutParts {
  readonly config: Config
  readonly authenticate: Authenticate
  /** Ends a session, here at once and at the authority when it answers. */
  readonly revoke: (member_session_id: string) => Promise<unknown>
  /** The session of a token that this process has accepted. */
  readonly knownSession: (token: string) => string | undefined
  /** Ends it here. */
  readonly endKnown: (token: string) => void
  /** Tries again later what the authority did not confirm. */
  readonly retryLater: RetryLater
}

/**
 * Ends the session of the request, or both where its cookies are of two, and clears every cookie of ours. What is no
 * session's credential ends none.
 *
 * Signing out succeeds in this browser whatever happens. When the authority does not confirm, the revocation is
 * outstanding: this process denies the session already and goes on trying, and the answer is 202 and says so.
 */
export function createSignOut(parts: SignOutParts, given?: SignOutOptions): Action {
  const { config } = parts
  const { return_to } = planSignOut(given)

  return createPostAction(config, async ({ request }) => {
    const isEnded = await endSessions(parts, request)
    const headers = [...privateHeaders, ...clearEveryCookie(config.cookies)]
    if (return_to !== undefined) {
      return { status: 303, headers: [...headers, ['Location', return_to]], body: '' }
    }
    return isEnded
      ? { status: 204, headers, body: '' }
      : jsonAnswer(202, { revocation: 'outstanding' }, clearEveryCookie(config.cookies))
  })
}

/** Whether no session is left: there was none, or the authority says that it has ended. */
async function endSessions(parts: SignOutParts, request: AuthRequest): Promise<boolean> {
  const credential = readCredential(request, parts.config)
  if (credential === undefined || credential.malformed !== undefined) return true
  const end = planEnd(parts, credential)
  const outcome = await end()
  if (outcome.isEnded) return true
  for (const token of tokensOf(credential)) parts.endKnown(token)
  parts.retryLater(tokensOf(credential)[0] ?? '', end)
  return false
}

function tokensOf({ session_token, session_jwt }: Credential): readonly string[] {
  return [session_token, session_jwt].filter((token) => token !== undefined)
}

/** The pair is of one session, unless a cookie of another member got beside it. Left alone, it would go on. */
function planEnd(parts: SignOutParts, credential: Credential): End {
  const { session_token, session_jwt, ...sent } = credential
  if (session_token === undefined || session_jwt === undefined)
    return planEndOfOne(parts, credential)
  const endOfToken = planEndOfOne(parts, { ...sent, session_token })
  const endOfJwt = planEndOfOne(parts, { ...sent, session_jwt })

  return async function endPair() {
    const ofToken = await endOfToken()
    const isSame = ofToken.member_session_id === claimedSession(session_jwt)
    if (ofToken.isEnded && isSame) return ofToken
    const ofJwt = await endOfJwt()
    return { ...ofToken, ...ofJwt, isEnded: ofToken.isEnded && ofJwt.isEnded }
  }
}

type End = () => Promise<RevocationOutcome>

/** Which session it is, is found out once: when it is tried again, this process denies the session already. */
function planEndOfOne(parts: SignOutParts, credential: Credential): End {
  const [token = ''] = tokensOf(credential)
  let member_session_id: string | undefined

  return async function endOne() {
    try {
      member_session_id ??= parts.knownSession(token) ?? (await identify(parts, credential))
    } catch (error) {
      if (error instanceof AccessError) return { isEnded: true }
      if (!(error instanceof UnavailableError)) throw error
      return { isEnded: false }
    }
    const isEnded = await parts.revoke(member_session_id).then(() => true, saysSessionIsOver)
    return { isEnded, member_session_id }
  }
}

async function identify({ authenticate }: SignOutParts, credential: Credential): Promise<string> {
  const { member_session } = await authenticate(credential, Number.POSITIVE_INFINITY)
  return member_session.member_session_id
}
