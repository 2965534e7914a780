import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
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
  /** Ends here the sessions that this process has accepted the tokens for. */
  readonly endKnown: (credential: Credential) => void
  /** Tries again later what the authority did not confirm. */
  readonly retryLater: RetryLater
}

/**
 * Ends the session of the request and clears every cookie of ours. What is no session's credential ends none.
 *
 * Signing out succeeds in this browser whatever happens. When the authority does not confirm, the revocation is
 * outstanding: this process denies the session already and goes on trying, and the answer is 202 and says so.
 */
export function createSignOut(parts: SignOutParts, given?: SignOutOptions): Action {
  const { config } = parts
  const { return_to } = planSignOut(given)

  return createPostAction(config, async ({ request }) => {
    const isEnded = await endSession(parts, request)
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
async function endSession(parts: SignOutParts, request: AuthRequest): Promise<boolean> {
  const credential = readCredential(request, parts.config)
  if (credential === undefined || credential.malformed !== undefined) return true
  const end = () => tryToEnd(parts, credential)
  const outcome = await end()
  if (outcome.isEnded) return true
  parts.endKnown(credential)
  const key = credential.session_token ?? credential.session_jwt ?? ''
  parts.retryLater(key, end)
  return false
}

async function tryToEnd(
  { authenticate, revoke }: SignOutParts,
  credential: Credential
): Promise<RevocationOutcome> {
  let member_session: MemberSession
  try {
    member_session = (await authenticate(credential, Number.POSITIVE_INFINITY)).member_session
  } catch (error) {
    if (error instanceof AccessError) return { isEnded: true }
    if (!(error instanceof UnavailableError)) throw error
    return { isEnded: false }
  }
  const { member_session_id } = member_session
  const isEnded = await revoke(member_session_id).then(() => true, saysSessionIsOver)
  return { isEnded, member_session_id }
}
