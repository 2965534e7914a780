import { ConfigError } from '../../errors/config-error.ts'
import { toError } from '../../errors/thrown-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { MfaRequired, PrimaryRequired } from '../../wire/sign-in.ts'
import type { BrowserCookies } from '../answer/browser-cookies.ts'
import type { LateCookies, Outgoing } from '../answer/late-cookies.ts'
import { leadsToSignIn, privateHeaders } from '../answer/refusal.ts'
import type { Config } from '../options.ts'
import {
  clearSignInCookies,
  everyRole,
  type HeaderPair,
  readCookieValues,
  setCookie,
  setSessionCookies,
  signInSeconds
} from '../request/cookies.ts'
import { type AuthRequest, headerOf } from '../request/request.ts'
import { readReturnPath } from '../request/return-to.ts'
import { assertSameSite } from '../request/same-site.ts'
import type { SessionTokens } from '../session/session-tokens.ts'
import type { BoundState, DiscoveryState, SealedStates, SignInState } from './sealed-state.ts'
import { isOfMember, nextStep, pageOfStep, type SignInFacts } from './sign-in-step.ts'

/** Any answer of the API that signs a member in, or leaves the sign-in pending. */
export interface AuthenticatingResponse {
  readonly member_id?: string
  /** In its place, in answers that have no `member_id` of their own. */
  readonly member?: { readonly member_id: string }
  readonly organization: {
    readonly organization_id: string
    readonly mfa_methods?: string
    readonly allowed_mfa_methods?: readonly string[]
  }
  readonly session_token: string
  readonly session_jwt: string
  readonly member_session?: MemberSession | null
  /** Left out by answers that never leave a sign-in pending. */
  readonly member_authenticated?: boolean
  readonly intermediate_session_token?: string
  readonly mfa_required?: MfaRequired | null
  readonly primary_required?: PrimaryRequired | null
}

/** An answer of the API, or a function that makes the call: it is made once the request is known to be of this site. */
export type AnswerOrCall<Answer> = Answer | (() => Answer | Promise<Answer>)

export interface CompleteSignInOptions {
  /** Where to go afterwards, as a path of this app; anything else counts as left out. */
  readonly return_to?: unknown
}

export interface CompletedSignIn {
  /** `false`: something is still missing, and `pendingSignIn` knows what. */
  readonly member_authenticated: boolean
  /** A path of this app. Default `/`. */
  readonly return_to: string
  /** Where to send the browser now: to `return_to`, or to the page of what is missing. */
  readonly next: string
}

/** A completed sign-in, and what carries it to the browser: `addHeaders` puts it on the response. */
export interface CompletedSignInWithHeaders extends CompletedSignIn, Outgoing {}

/** A sign-in that lacks a factor. */
export interface PendingSignIn extends SignInState {
  /** For the call that completes it. It never goes into a body, a page or a URL. */
  readonly intermediate_session_token: string
}

/** The answer to a discovery sign-in. */
export interface DiscoveryResponse {
  readonly intermediate_session_token: string
  readonly email_address: string
}

/** An e-mail address is verified, and no organization chosen yet. */
export interface PendingDiscovery extends DiscoveryState {
  /** For `discovery.organizations.list` and `create`. It never goes into a body, a page or a URL. */
  readonly intermediate_session_token: string
}

export interface SignInContext {
  readonly config: Config
  readonly states: SealedStates
  readonly cookies: BrowserCookies
}

/** What a sign-in is completed with. */
export interface CompletingContext extends SignInContext {
  readonly revoke: (member_session_id: string) => Promise<unknown>
  /** The session of a cookie, as far as this process has verified it. */
  readonly identify: (token: string) => Promise<string | undefined>
  /** What was verified of a session until now says too little of it. */
  readonly invalidateSession: (member_session_id: string) => void
  readonly learnToken: SessionTokens['learn']
}

/**
 * Turns an authenticating answer into cookies: a session, or an intermediate session and what is missing.
 *
 * A page of another site that signs a browser in as another member is as bad as one that acts for it, so the request is
 * checked first: before the call is made, or else the session that was made for it is revoked.
 *
 * @throws AccessError `csrf_rejected`; what the call throws
 */
export async function completeSignIn(
  context: CompletingContext,
  request: AuthRequest,
  given: AnswerOrCall<AuthenticatingResponse>,
  options: CompleteSignInOptions
): Promise<CompletedSignInWithHeaders> {
  const { config } = context
  try {
    assertSameSite(request, config)
  } catch (error) {
    const session = typeof given === 'function' ? undefined : given.member_session
    if (session) await context.revoke(session.member_session_id).catch(() => {})
    throw error
  }
  const result = await answerOf(given)
  const pending = await readBoundState(context, request)
  const return_to = readOwnPath(options.return_to, config) ?? pending?.state.return_to ?? '/'
  if (result.member_authenticated !== false) {
    const lateCookies = await carrySession(context, request, result)
    return {
      member_authenticated: true,
      return_to,
      next: return_to,
      headers: privateHeaders,
      lateCookies
    }
  }
  const bound = bindState(config, result, return_to, pending)
  const page = pageOfStep(nextStep({ isSignedIn: false, pending: bound.state }), config)
  return carryPending(context, request, bound, page)
}

/** A function of the app may throw what is no error. */
async function answerOf<Answer extends object>(given: AnswerOrCall<Answer>): Promise<Answer> {
  if (typeof given !== 'function') return given
  try {
    return await given()
  } catch (thrown) {
    throw toError(thrown)
  }
}

/** The browser leaves the sessions that it presented; one that only gained a factor goes on. */
async function carrySession(
  { config, cookies, identify, invalidateSession, learnToken }: CompletingContext,
  request: AuthRequest,
  result: AuthenticatingResponse
): Promise<readonly LateCookies[]> {
  const { member_session, session_token, session_jwt } = result
  if (!member_session || !session_token || !session_jwt) {
    throw new ConfigError('completeSignIn needs an authenticating response, with its session.')
  }
  const { member_session_id } = member_session
  const presented = cookies.presented(request)
  const known = await Promise.all(presented.map(identify))
  if (presented.includes(session_token) || known.includes(member_session_id)) {
    invalidateSession(member_session_id)
  }
  learnToken(member_session_id, session_token)
  const tokens = { session_token, session_jwt }
  const isExtended = config.session_duration_minutes !== undefined
  return cookies.signIn(request, {
    cookies: [
      ...setSessionCookies(config.cookies, member_session, tokens, {
        now: config.now(),
        isExtended
      }),
      ...clearSignInCookies(config.cookies)
    ],
    replaces: everyRole,
    given: [session_token, session_jwt],
    session: {
      member_session_id,
      left: known.filter((id) => id !== undefined && id !== member_session_id) as string[]
    }
  })
}

/** Beside a pending sign-in the cookies of a session stay as they are. */
async function carryPending(
  context: SignInContext,
  request: AuthRequest,
  bound: BoundState,
  page: string | undefined
): Promise<CompletedSignInWithHeaders> {
  const { config, cookies } = context
  const { intermediate_session_token, state } = bound
  const lateCookies = cookies.signIn(request, {
    cookies: [
      ...setCookie(
        config.cookies,
        'intermediate_session_token',
        intermediate_session_token,
        secondsLeft(config, bound)
      ),
      ...(await seal(context, bound))
    ],
    replaces: ['intermediate_session_token', 'sign_in'],
    given: [intermediate_session_token]
  })
  return {
    member_authenticated: false,
    return_to: state.return_to,
    next: page ?? '/',
    headers: privateHeaders,
    lateCookies
  }
}

function bindState(
  config: Config,
  result: AuthenticatingResponse,
  return_to: string,
  pending: BoundState | undefined
): BoundState<SignInState> {
  const { intermediate_session_token, organization, member } = result
  const member_id = result.member_id ?? member?.member_id
  if (!intermediate_session_token || member_id === undefined) {
    throw new ConfigError('completeSignIn needs an authenticating response, with its token.')
  }
  const { organization_id, mfa_methods, allowed_mfa_methods } = organization
  const state = {
    organization_id,
    member_id,
    mfa_required: result.mfa_required ?? null,
    primary_required: result.primary_required ?? null,
    return_to,
    ...(mfa_methods === 'RESTRICTED' && { allowed_mfa_methods: allowed_mfa_methods ?? [] })
  }
  const expiresAt = expiryOf(config, intermediate_session_token, pending)
  return { state, intermediate_session_token, expiresAt }
}

/** An intermediate session that goes on ends when it would have. */
function expiryOf({ now }: Config, token: string, pending: BoundState | undefined): number {
  const goesOn = pending?.intermediate_session_token === token
  return goesOn ? pending.expiresAt : now() + signInSeconds * 1000
}

/**
 * Turns the answer to a discovery sign-in into cookies: an e-mail address is verified, an organization is still to be chosen.
 *
 * @throws AccessError `csrf_rejected`; what the call throws
 */
export async function completeDiscovery(
  context: SignInContext,
  request: AuthRequest,
  given: AnswerOrCall<DiscoveryResponse>,
  options: CompleteSignInOptions
): Promise<CompletedSignInWithHeaders> {
  const { config } = context
  assertSameSite(request, config)
  const { intermediate_session_token, email_address } = await answerOf(given)
  if (!intermediate_session_token || typeof email_address !== 'string') {
    throw new ConfigError('completeDiscovery needs the answer to a discovery sign-in.')
  }
  const pending = await readBoundState(context, request)
  const return_to = readOwnPath(options.return_to, config) ?? pending?.state.return_to ?? '/'
  const state = { email_address, return_to }
  const expiresAt = expiryOf(config, intermediate_session_token, pending)
  const page = pageOfStep(nextStep({ isSignedIn: false, pending: state }), config)
  return carryPending(context, request, { state, intermediate_session_token, expiresAt }, page)
}

/** What is known of a pending sign-in has changed. Its intermediate session token is never set again for it. */
export async function noteSignIn(
  context: SignInContext,
  bound: BoundState,
  beganAt: number
): Promise<readonly LateCookies[]> {
  const sealed = await seal(context, bound)
  return context.cookies.noteSignIn(bound.intermediate_session_token, sealed, beganAt)
}

/** The cookies of a pending sign-in end when the intermediate session does. */
async function seal(
  { config, states }: SignInContext,
  bound: BoundState
): Promise<readonly HeaderPair[]> {
  return setCookie(config.cookies, 'sign_in', await states.seal(bound), secondsLeft(config, bound))
}

function secondsLeft({ now }: Config, { expiresAt }: BoundState): number {
  return Math.max(0, Math.ceil((expiresAt - now()) / 1000))
}

/** The pending sign-in of a browser; `null` when it is absent, unreadable, expired or of two sign-ins. */
export async function pendingSignIn(
  context: SignInContext,
  request: AuthRequest
): Promise<PendingSignIn | null> {
  const bound = await readBoundState(context, request)
  if (bound === undefined) return null
  const { state, intermediate_session_token } = bound
  return isOfMember(state) ? { ...state, intermediate_session_token } : null
}

/** The same of a discovery sign-in, as long as no organization is chosen. */
export async function pendingDiscovery(
  context: SignInContext,
  request: AuthRequest
): Promise<PendingDiscovery | null> {
  const bound = await readBoundState(context, request)
  if (bound === undefined) return null
  const { state, intermediate_session_token } = bound
  return isOfMember(state) ? null : { ...state, intermediate_session_token }
}

/** The same for {@link nextStep}. */
export async function readPending(
  context: SignInContext,
  request: AuthRequest
): Promise<SignInFacts['pending']> {
  const bound = await readBoundState(context, request)
  if (bound !== undefined) return bound.state
  const { intermediate_session_token, sealed } = readSignInCookies(context.config, request)
  return intermediate_session_token === undefined && sealed === undefined ? 'nothing' : 'unreadable'
}

export async function readBoundState(
  { config, states }: SignInContext,
  request: AuthRequest
): Promise<BoundState | undefined> {
  const { intermediate_session_token, sealed } = readSignInCookies(config, request)
  if (intermediate_session_token === undefined || sealed === undefined) return undefined
  return states.open(sealed, intermediate_session_token, config.now())
}

/** The values of the two cookies; one that was sent twice with different values counts as absent. */
export function readSignInCookies({ cookies }: Config, request: AuthRequest) {
  const header = headerOf(request, 'cookie')
  const only = (name: string): string | undefined => {
    const values = readCookieValues(header, name)
    return values.length === 1 ? values[0] : undefined
  }
  return {
    intermediate_session_token: only(cookies.intermediate_session_token),
    sealed: only(cookies.sign_in)
  }
}

/** A path to go on to, which is no part of signing in: returning there would go in circles. */
export function readOwnPath(value: unknown, config: Config): string | undefined {
  const path = readReturnPath(value)
  return path === undefined || leadsToSignIn(path, config) ? undefined : path
}
