import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { refuseUnknownOptions } from '../../errors/known-options.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { RefusedDecision } from '../decision.ts'
import { refuseUncalled } from '../guard-options.ts'
import type { Config } from '../options.ts'
import { buildRefusal, privateHeaders, type Refusal } from '../refusal.ts'
import { clearEveryCookie } from '../request/cookies.ts'
import { type Credential, readCredential } from '../request/credentials.ts'
import { refuseForeignRequest } from '../request/csrf.ts'
import type { AuthRequest } from '../request/request.ts'
import { readReturnPath } from '../return-to.ts'
import type { Authenticate } from '../session/authenticate.ts'
import { saysSessionIsOver } from '../session/session-over.ts'

export interface SignOutOptions {
  /** Path of this app to go to afterwards, by 303. Unset: 204. */
  readonly redirectTo?: string
}

const knownOptions: Readonly<Record<keyof SignOutOptions, true>> = { redirectTo: true }

export function planSignOut(given: SignOutOptions = {}): SignOutOptions {
  refuseUncalled('signOut', given)
  refuseUnknownOptions('signOut', given, knownOptions)
  const { redirectTo } = given
  if (redirectTo !== undefined && readReturnPath(redirectTo) !== redirectTo) {
    throw new ConfigError('redirectTo must be a path of this app, such as /sign-in.')
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
}

/**
 * Ends the session that the request proves and clears every cookie of ours. What proves no session ends none.
 *
 * Signing out succeeds in this browser whatever happens. When the authority does not confirm, the revocation is
 * outstanding: this process refuses the session already, and the answer is 202 and says so.
 */
export async function signOut(
  parts: SignOutParts,
  { redirectTo }: SignOutOptions,
  request: AuthRequest,
  target: string
): Promise<Refusal | RefusedDecision> {
  const { config } = parts
  if (request.method !== 'POST') {
    return { status: 405, headers: [...privateHeaders, ['Allow', 'POST']], body: '' }
  }
  try {
    refuseForeignRequest(request, config)
  } catch (error) {
    if (!(error instanceof AccessError)) throw error
    return { accepted: false, error, ...buildRefusal(error, request, target, config) }
  }
  const isEnded = await endSession(parts, request)
  const headers = [...privateHeaders, ...clearEveryCookie(config.cookies)]
  if (redirectTo !== undefined) {
    return { status: 303, headers: [...headers, ['Location', redirectTo]], body: '' }
  }
  if (isEnded) return { status: 204, headers, body: '' }
  return {
    status: 202,
    headers: [...headers, ['Content-Type', 'application/json']],
    body: JSON.stringify({ revocation: 'outstanding' })
  }
}

/** Whether no session is left: there was none, or the authority says that it has ended. */
async function endSession(
  { config, authenticate, revoke, endKnown }: SignOutParts,
  request: AuthRequest
): Promise<boolean> {
  const credential = readCredential(request, config)
  if (credential === undefined || credential.junk !== undefined) return true
  let member_session: MemberSession
  try {
    member_session = (await authenticate(credential, Number.POSITIVE_INFINITY)).member_session
  } catch (error) {
    if (error instanceof AccessError) return true
    if (!(error instanceof UnavailableError)) throw error
    endKnown(credential)
    return false
  }
  return revoke(member_session.member_session_id).then(() => true, saysSessionIsOver)
}
