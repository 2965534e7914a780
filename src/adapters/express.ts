import type { Client } from '../client/create-client.ts'
import type { Action } from '../core/action.ts'
import type { Decision, RefusedDecision } from '../core/decision.ts'
import { defaultInstance } from '../core/default-instance.ts'
import type { Guard } from '../core/guard.ts'
import {
  type PermissionOptions,
  refuseUncalled,
  type SessionGuardOptions
} from '../core/guard-options.ts'
import { createMemberAuthCore, type MemberAuth } from '../core/member-auth.ts'
import type { MfaRoutesOptions } from '../core/mfa/mfa-routes.ts'
import type { MemberAuthOptions } from '../core/options.ts'
import type { RecentFactorOptions } from '../core/recent-factor.ts'
import type { AuthRequest } from '../core/request/request.ts'
import { memberOfAny, verdictOfAny } from '../core/request-memory.ts'
import type { Forget } from '../core/session/watch-revocations.ts'
import type { ChooseOrganizationOptions } from '../core/sign-in/choose-organization.ts'
import type {
  AuthenticatingResponse,
  CompletedSignIn,
  CompleteSignInOptions,
  DiscoveryResponse,
  PendingDiscovery,
  PendingSignIn
} from '../core/sign-in/sign-in.ts'
import type { SignOutOptions } from '../core/sign-in/sign-out.ts'
import type { AccessError } from '../errors/access-error.ts'
import { ConfigError } from '../errors/config-error.ts'
import type { UnavailableError } from '../errors/unavailable-error.ts'
import type { Authorization } from '../wire/authorization.ts'
import type { MemberSession } from '../wire/member-session.ts'
import type { AuthorizationVerdict } from '../wire/sessions.ts'
import {
  addHeaders,
  headersBesideBody,
  isNoError,
  type NodeResponse,
  setCookies
} from './response.ts'

/** What is used of an Express request, 4 or 5. It names no `params`, so that those of a route keep their types. */
export interface ExpressRequest extends AuthRequest {
  readonly originalUrl: string
  memberSession?: MemberSession
  authorizationVerdict?: AuthorizationVerdict
}

/** The request as `organization_id` and `organization_slug` see it. */
export interface ExpressTenantRequest extends ExpressRequest {
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly hostname: string
  readonly subdomains: readonly string[]
}

/** What is used of an Express response, 4 or 5. */
export interface ExpressResponse extends NodeResponse {
  statusCode: number
  end(body?: string): unknown
  destroy(): unknown
}

export type ExpressNext = (error?: unknown) => void

export type ExpressMiddleware = (
  req: ExpressRequest,
  res: ExpressResponse,
  next: ExpressNext
) => void

/**
 * What happens to a refused request. `respond` answers it. `next` hands the error to Express' error handling, with
 * `status`, `headers` and `expose`; browsers that have a page to go to are still sent there. A function takes over.
 */
export type OnExpressRefusal = 'respond' | 'next' | RefusalHandler['handle']

/** Declared as a method, so that a handler may name Express' own types for its parameters. */
interface RefusalHandler {
  handle(
    error: AccessError | UnavailableError,
    req: ExpressRequest,
    res: ExpressResponse,
    next: ExpressNext
  ): unknown
}

export interface ExpressMemberAuthOptions extends MemberAuthOptions {
  /** Default `respond`. */
  readonly onRefusal?: OnExpressRefusal
}

/** The middlewares and accessors of one configuration. */
export interface ExpressMemberAuth {
  /** A client of the API. Sessions revoked through it are refused by these guards at once. */
  readonly client: Client
  /** Lets a request pass with a member session, which handlers read as `req.memberSession`. */
  requireMemberSession(options?: SessionGuardOptions<ExpressTenantRequest>): ExpressMiddleware
  /**
   * Lets a request pass whose member may perform `action` on `resource_id`; the verdict is `req.authorizationVerdict`. It
   * authenticates by itself where no guard did before.
   */
  requirePermission(
    resource_id: string,
    action: string,
    options?: PermissionOptions<ExpressTenantRequest>
  ): ExpressMiddleware
  /**
   * Lets a request pass whose member has proven a factor lately, and asks for it again otherwise: RFC 9470. Browsers go to
   * the step-up page of `mfaRoutes`, or to `loginPath`, and come back.
   */
  requireRecentFactor(options: RecentFactorOptions): ExpressMiddleware
  /** Mount it before the guards: what they would refuse as "not signed in" goes on with a half-done sign-in. */
  handleMfaRedirect(): ExpressMiddleware
  /** The session that these guards accepted on this request. Throws what to mount when there is none. */
  memberOf(req: AuthRequest): MemberSession
  /**
   * The session that these guards accepted on this request, for a call of the API in its name: `{ session_token }` or
   * `{ session_jwt }`. It never goes into a body, a page or a URL. Throws what to mount when there is none.
   */
  authorizationOf(req: AuthRequest): Authorization
  /** The verdict of `requirePermission` on this request. Throws what to mount when there is none. */
  verdictOf(req: AuthRequest): AuthorizationVerdict
  /**
   * Turns any authenticating answer of the API into cookies. It sends nothing: answer afterwards, say with a redirect to
   * `return_to`.
   *
   * @throws AccessError `csrf_rejected` when the request came from another site; its session is then revoked
   * @throws ConfigError when the response was sent already
   */
  completeSignIn(
    req: AuthRequest,
    res: ExpressResponse,
    result: AuthenticatingResponse,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignIn>
  /** The half-done sign-in that this browser carries, or `null`. */
  pendingSignIn(req: AuthRequest): Promise<PendingSignIn | null>
  /**
   * The same as `completeSignIn` for the answer to a discovery sign-in: an address is proven, and an organization still to
   * be chosen.
   */
  completeDiscovery(
    req: AuthRequest,
    res: ExpressResponse,
    result: DiscoveryResponse,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignIn>
  /** The discovery sign-in that this browser carries, or `null`. */
  pendingDiscovery(req: AuthRequest): Promise<PendingDiscovery | null>
  /** A POST route that finishes a discovery sign-in in the organization that was chosen. */
  chooseOrganization(options?: ChooseOrganizationOptions<ExpressTenantRequest>): ExpressMiddleware
  /** A POST route that exchanges the session for one in another organization. */
  switchOrganization(options?: ChooseOrganizationOptions<ExpressTenantRequest>): ExpressMiddleware
  /** Answers what lies below `mfaPath`: pages and actions for second factors. Mount it before the guards. */
  mfaRoutes(options?: MfaRoutesOptions): ExpressMiddleware
  /** A POST route that ends the session and clears the cookies: 204, or 303 with `redirectTo`. */
  signOut(options?: SignOutOptions): ExpressMiddleware
  /** Tells these guards of a session, member or organization that was ended elsewhere. */
  forget: Forget
}

/**
 * Creates the middlewares of one configuration.
 *
 * @throws ConfigError when an option or a variable of the environment is wrong
 * @example
 * const { requireMemberSession, requirePermission } = createMemberAuth()
 * app.use(requireMemberSession())
 * app.put('/members/:member_id', requirePermission('stytch.member', 'update'), updateMember)
 */
export function createMemberAuth(options: ExpressMemberAuthOptions = {}): ExpressMemberAuth {
  const { onRefusal = 'respond', ...rest } = options
  return bind(createMemberAuthCore(rest), readOnRefusal(onRefusal))
}

function readOnRefusal(onRefusal: OnExpressRefusal): OnExpressRefusal {
  if (onRefusal === 'respond' || onRefusal === 'next' || typeof onRefusal === 'function') {
    return onRefusal
  }
  throw new ConfigError("onRefusal must be 'respond', 'next' or a function.")
}

function bind(auth: MemberAuth, onRefusal: OnExpressRefusal): ExpressMemberAuth {
  return {
    client: auth.client,
    forget: auth.forget,
    requireMemberSession(options) {
      const guard = auth.sessionGuard<ExpressTenantRequest>(options)
      return function requireMemberSession(req, res, next) {
        run(guard, onRefusal, req, res, next)
      }
    },
    requirePermission(resource_id, action, options) {
      const guard = auth.permissionGuard<ExpressTenantRequest>(resource_id, action, options)
      return function requirePermission(req, res, next) {
        run(guard, onRefusal, req, res, next)
      }
    },
    requireRecentFactor(options) {
      const guard = auth.recentFactorGuard<ExpressTenantRequest>(options)
      return function requireRecentFactor(req, res, next) {
        run(guard, onRefusal, req, res, next)
      }
    },
    handleMfaRedirect(...uncalled: unknown[]) {
      refuseUncalled('handleMfaRedirect', uncalled[0])
      return function handleMfaRedirect(req, _res, next) {
        auth.memory.allowContinuation(req)
        next()
      }
    },
    memberOf: auth.memory.memberOf,
    authorizationOf: auth.memory.authorizationOf,
    verdictOf: auth.memory.verdictOf,
    completeSignIn: (req, res, result, options) =>
      setCookies(res, 'completeSignIn', () => auth.completeSignIn(req, result, options)),
    completeDiscovery: (req, res, result, options) =>
      setCookies(res, 'completeDiscovery', () => auth.completeDiscovery(req, result, options)),
    pendingSignIn: auth.pendingSignIn,
    pendingDiscovery: auth.pendingDiscovery,
    chooseOrganization(options) {
      const action = auth.chooseOrganization<ExpressTenantRequest>(options)
      return function chooseOrganization(req, res, next) {
        act(action, onRefusal, req, res, next)
      }
    },
    switchOrganization(options) {
      const action = auth.switchOrganization<ExpressTenantRequest>(options)
      return function switchOrganization(req, res, next) {
        act(action, onRefusal, req, res, next)
      }
    },
    mfaRoutes(options) {
      const action = auth.mfaRoutes(options)
      return function mfaRoutes(req, res, next) {
        act(action, onRefusal, req, res, next)
      }
    },
    signOut(options) {
      const action = auth.signOut(options)
      return function signOut(req, res, next) {
        act(action, onRefusal, req, res, next)
      }
    }
  }
}

/** Carries out an action: its answer, its refusal, or on to the next middleware where it is not meant. */
function act(
  action: Action<ExpressTenantRequest>,
  onRefusal: OnExpressRefusal,
  req: ExpressRequest,
  res: ExpressResponse,
  next: ExpressNext
): void {
  const source = req as ExpressTenantRequest
  const call = { request: req, target: req.originalUrl, body: source.body, source }
  action(call).then((answer) => {
    if (answer === undefined) next()
    else if ('error' in answer) refuse(answer, onRefusal, req, res, next)
    else send(res, answer)
  }, next)
}

/** A known session goes on in the same tick. A handler's error must not call `next` twice, hence no `catch` behind. */
function run(
  guard: Guard<ExpressTenantRequest>,
  onRefusal: OnExpressRefusal,
  req: ExpressRequest,
  res: ExpressResponse,
  next: ExpressNext
): void {
  const carryOut = (decision: Decision) => apply(decision, onRefusal, req, res, next)
  const decision = guard(req, req.originalUrl, req as ExpressTenantRequest)
  if (decision instanceof Promise) decision.then(carryOut, next)
  else carryOut(decision)
}

function apply(
  decision: Decision,
  onRefusal: OnExpressRefusal,
  req: ExpressRequest,
  res: ExpressResponse,
  next: ExpressNext
): void {
  if (!decision.accepted) {
    refuse(decision, onRefusal, req, res, next)
    return
  }
  addHeaders(res, decision.headers)
  req.memberSession = decision.member_session
  if (decision.verdict !== undefined) req.authorizationVerdict = decision.verdict
  next()
}

function refuse(
  decision: RefusedDecision,
  onRefusal: OnExpressRefusal,
  req: ExpressRequest,
  res: ExpressResponse,
  next: ExpressNext
): void {
  if (onRefusal === 'respond' || isNoError(decision, onRefusal)) {
    send(res, decision)
    return
  }
  addHeaders(res, headersBesideBody(decision.headers))
  if (onRefusal === 'next') next(decision.error)
  else callApp(() => onRefusal(decision.error, req, res, next), next)
}

/** What the app's function throws or rejects with goes to Express, never to the process. */
function callApp(call: () => unknown, next: ExpressNext): void {
  new Promise((resolve) => resolve(call())).catch(next)
}

function send(
  res: ExpressResponse,
  { status, headers, body }: Pick<RefusedDecision, 'status' | 'headers' | 'body'>
): void {
  if (res.headersSent) {
    // Too late for an answer: what was begun must not look complete.
    res.destroy()
    return
  }
  addHeaders(res, headers)
  res.statusCode = status
  res.end(body)
}

/** The functions of the environment's default instance. */
function environment(): ExpressMemberAuth {
  return bind(defaultInstance(), 'respond')
}

/** {@link ExpressMemberAuth.requireMemberSession} of the environment's default instance. */
export const requireMemberSession: ExpressMemberAuth['requireMemberSession'] = (options) =>
  environment().requireMemberSession(options)

/** {@link ExpressMemberAuth.requirePermission} of the environment's default instance. */
export const requirePermission: ExpressMemberAuth['requirePermission'] = (
  resource_id,
  action,
  options
) => environment().requirePermission(resource_id, action, options)

/** {@link ExpressMemberAuth.handleMfaRedirect} of the environment's default instance. */
export const handleMfaRedirect: ExpressMemberAuth['handleMfaRedirect'] = (...uncalled: []) =>
  environment().handleMfaRedirect(...uncalled)

/** {@link ExpressMemberAuth.requireRecentFactor} of the environment's default instance. */
export const requireRecentFactor: ExpressMemberAuth['requireRecentFactor'] = (options) =>
  environment().requireRecentFactor(options)

/** {@link ExpressMemberAuth.completeSignIn} of the environment's default instance. */
export const completeSignIn: ExpressMemberAuth['completeSignIn'] = (req, res, result, options) =>
  environment().completeSignIn(req, res, result, options)

/** {@link ExpressMemberAuth.pendingSignIn} of the environment's default instance. */
export const pendingSignIn: ExpressMemberAuth['pendingSignIn'] = (req) =>
  environment().pendingSignIn(req)

/** {@link ExpressMemberAuth.completeDiscovery} of the environment's default instance. */
export const completeDiscovery: ExpressMemberAuth['completeDiscovery'] = (
  req,
  res,
  result,
  options
) => environment().completeDiscovery(req, res, result, options)

/** {@link ExpressMemberAuth.pendingDiscovery} of the environment's default instance. */
export const pendingDiscovery: ExpressMemberAuth['pendingDiscovery'] = (req) =>
  environment().pendingDiscovery(req)

/** {@link ExpressMemberAuth.chooseOrganization} of the environment's default instance. */
export const chooseOrganization: ExpressMemberAuth['chooseOrganization'] = (options) =>
  environment().chooseOrganization(options)

/** {@link ExpressMemberAuth.switchOrganization} of the environment's default instance. */
export const switchOrganization: ExpressMemberAuth['switchOrganization'] = (options) =>
  environment().switchOrganization(options)

/** {@link ExpressMemberAuth.mfaRoutes} of the environment's default instance. */
export const mfaRoutes: ExpressMemberAuth['mfaRoutes'] = (options) =>
  environment().mfaRoutes(options)

/** {@link ExpressMemberAuth.signOut} of the environment's default instance. */
export const signOut: ExpressMemberAuth['signOut'] = (options) => environment().signOut(options)

/** The session that guards accepted on this request, whichever instance they belong to. */
export const memberOf: ExpressMemberAuth['memberOf'] = memberOfAny

/** {@link ExpressMemberAuth.authorizationOf} of the environment's default instance. */
export const authorizationOf: ExpressMemberAuth['authorizationOf'] = (req) =>
  environment().authorizationOf(req)

/** The latest verdict of `requirePermission` on this request, whichever instance it belongs to. */
export const verdictOf: ExpressMemberAuth['verdictOf'] = verdictOfAny
