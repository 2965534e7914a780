import type { Client } from '../client/create-client.ts'
import { AccessError } from '../errors/access-error.ts'
import { ApiError } from '../errors/api-error.ts'
import { ConfigError } from '../errors/config-error.ts'
import { UnavailableError } from '../errors/unavailable-error.ts'
import { clearEveryCookie } from './cookies.ts'
import { type Credential, readCredential } from './credentials.ts'
import { refuseForeignRequest } from './csrf.ts'
import type { RefusedDecision } from './decision.ts'
import { refuseUncalled } from './guard-options.ts'
import { refuseUnknownOptions } from './known-options.ts'
import type { Config } from './options.ts'
import { buildRefusal, privateHeaders, type Refusal } from './refusal.ts'
import type { AuthRequest } from './request.ts'
import { readReturnPath } from './return-to.ts'
import type { Forget } from './watch-revocations.ts'

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
  readonly client: Client
  readonly forget: Forget
}

/**
 * Ends the session that the request presents and clears every cookie of ours.
 *
 * Signing out succeeds in this browser whatever happens. When the authority cannot be reached, the revocation is
 * outstanding: this process refuses the session already, and the answer is 202 and says so.
 */
export async function signOut(
  { config, client, forget }: SignOutParts,
  { redirectTo }: SignOutOptions,
  request: AuthRequest,
  target: string
): Promise<Refusal | RefusedDecision> {
  if (request.method !== 'POST') {
    return { status: 405, headers: [...privateHeaders, ['Allow', 'POST']], body: '' }
  }
  try {
    refuseForeignRequest(request, config)
  } catch (error) {
    if (!(error instanceof AccessError)) throw error
    return { accepted: false, error, ...buildRefusal(error, request, target, config) }
  }
  const credential = readCredential(request, config)
  const isOutstanding = credential !== undefined && !(await revoke(credential, client, forget))
  const headers = [...privateHeaders, ...clearEveryCookie(config.cookies)]
  if (redirectTo !== undefined) {
    return { status: 303, headers: [...headers, ['Location', redirectTo]], body: '' }
  }
  return isOutstanding
    ? {
        status: 202,
        headers: [...headers, ['Content-Type', 'application/json']],
        body: JSON.stringify({ revocation: 'outstanding' })
      }
    : { status: 204, headers, body: '' }
}

/** Whether the session has ended for sure. A session that the authority does not know has. */
async function revoke(
  { session_token, session_jwt }: Credential,
  client: Client,
  forget: Forget
): Promise<boolean> {
  if (session_jwt !== undefined) forget({ session_jwt })
  if (session_token !== undefined) forget({ session_token })
  try {
    if (session_token !== undefined) await client.sessions.revoke({ session_token })
    else if (session_jwt !== undefined) await client.sessions.revoke({ session_jwt })
    return true
  } catch (error) {
    if (error instanceof ApiError) return error.status_code >= 400 && error.status_code < 500
    if (error instanceof UnavailableError) return false
    throw error
  }
}
