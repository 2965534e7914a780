import type { ServerResponse } from 'node:http'
import type { Context, Next } from 'koa'
import type { Client } from '../client/create-client.ts'
import type { Action } from '../core/action.ts'
import type { RefusedDecision } from '../core/decision.ts'
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
import type { HeaderPair } from '../core/request/cookies.ts'
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
  addMissingHeaders,
  headersBesideBody,
  isNoError,
  setCookies
} from './response.ts'

/** What handlers find in `ctx.state`: `new Koa<MemberState>()`. */
export interface MemberState {
  memberSession?: MemberSession
  authorizationVerdict?: AuthorizationVerdict
}

export type KoaMiddleware = (ctx: Context, next: Next) => Promise<void>

/**
 * What happens to a refused request. `respond` answers it. `next` throws the error for Koa and the middlewares above,
 * with `status`, `headers` and `expose`; browsers that have a page to go to are still sent there. A function takes over.
 */
export type OnKoaRefusal =
  | 'respond'
  | 'next'
  | ((error: AccessError | UnavailableError, ctx: Context) => unknown)

export interface KoaMemberAuthOptions extends MemberAuthOptions {
  /** Default `respond`. */
  readonly onRefusal?: OnKoaRefusal
}

/** The middlewares and accessors of one configuration. */
export interface KoaMemberAuth {
  /** A client of the API. Sessions revoked through it are refused by these guards at once. */
  readonly client: Client
  /** Lets a request pass with a member session, which handlers read as `ctx.state.memberSession`. */
  requireMemberSession(options?: SessionGuardOptions<Context>): KoaMiddleware
  /**
   * Lets a request pass whose member may perform `action` on `resource_id`; the verdict is
   * `ctx.state.authorizationVerdict`. It authenticates by itself where no guard did before.
   */
  requirePermission(
    resource_id: string,
    action: string,
    options?: PermissionOptions<Context>
  ): KoaMiddleware
  /**
   * Lets a request pass whose member has proven a factor lately, and asks for it again otherwise: RFC 9470. Browsers go to
   * the step-up page of `mfaRoutes`, or to `loginPath`, and come back.
   */
  requireRecentFactor(options: RecentFactorOptions): KoaMiddleware
  /** Mount it before the guards: what they would refuse as "not signed in" goes on with a half-done sign-in. */
  handleMfaRedirect(): KoaMiddleware
  /** The session that these guards accepted on this request. Throws what to mount when there is none. */
  memberOf(ctx: Context): MemberSession
  /**
   * The session that these guards accepted on this request, for a call of the API in its name: `{ session_token }` or
   * `{ session_jwt }`. It never goes into a body, a page or a URL. Throws what to mount when there is none.
   */
  authorizationOf(ctx: Context): Authorization
  /** The verdict of `requirePermission` on this request. Throws what to mount when there is none. */
  verdictOf(ctx: Context): AuthorizationVerdict
  /**
   * Turns any authenticating answer of the API into cookies. It sends nothing: answer afterwards, say with a redirect to
   * `return_to`.
   *
   * @throws AccessError `csrf_rejected` when the request came from another site; its session is then revoked
   * @throws ConfigError when the response was sent already
   */
  completeSignIn(
    ctx: Context,
    result: AuthenticatingResponse,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignIn>
  /** The half-done sign-in that this browser carries, or `null`. */
  pendingSignIn(ctx: Context): Promise<PendingSignIn | null>
  /**
   * The same as `completeSignIn` for the answer to a discovery sign-in: an address is proven, and an organization still to
   * be chosen.
   */
  completeDiscovery(
    ctx: Context,
    result: DiscoveryResponse,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignIn>
  /** The discovery sign-in that this browser carries, or `null`. */
  pendingDiscovery(ctx: Context): Promise<PendingDiscovery | null>
  /** A POST route that finishes a discovery sign-in in the organization that was chosen. */
  chooseOrganization(options?: ChooseOrganizationOptions<Context>): KoaMiddleware
  /** A POST route that exchanges the session for one in another organization. */
  switchOrganization(options?: ChooseOrganizationOptions<Context>): KoaMiddleware
  /** Answers what lies below `mfaPath`: pages and actions for second factors. Mount it before the guards. */
  mfaRoutes(options?: MfaRoutesOptions): KoaMiddleware
  /** A POST route that ends the session and clears the cookies: 204, or 303 with `redirectTo`. */
  signOut(options?: SignOutOptions): KoaMiddleware
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
 * router.put('/members/:member_id', requirePermission('stytch.member', 'update'), updateMember)
 */
export function createMemberAuth(options: KoaMemberAuthOptions = {}): KoaMemberAuth {
  const { onRefusal = 'respond', ...rest } = options
  return bind(createMemberAuthCore(rest), readOnRefusal(onRefusal))
}

function readOnRefusal(onRefusal: OnKoaRefusal): OnKoaRefusal {
  if (onRefusal === 'respond' || onRefusal === 'next' || typeof onRefusal === 'function') {
    return onRefusal
  }
  throw new ConfigError("onRefusal must be 'respond', 'next' or a function.")
}

function bind(auth: MemberAuth, onRefusal: OnKoaRefusal): KoaMemberAuth {
  return {
    client: auth.client,
    forget: auth.forget,
    requireMemberSession(options) {
      const guard = auth.sessionGuard<Context>(options)
      return function requireMemberSession(ctx, next) {
        return run(guard, onRefusal, ctx, next)
      }
    },
    requirePermission(resource_id, action, options) {
      const guard = auth.permissionGuard<Context>(resource_id, action, options)
      return function requirePermission(ctx, next) {
        return run(guard, onRefusal, ctx, next)
      }
    },
    requireRecentFactor(options) {
      const guard = auth.recentFactorGuard<Context>(options)
      return function requireRecentFactor(ctx, next) {
        return run(guard, onRefusal, ctx, next)
      }
    },
    handleMfaRedirect(...uncalled: unknown[]) {
      refuseUncalled('handleMfaRedirect', uncalled[0])
      return function handleMfaRedirect(ctx, next) {
        auth.memory.allowContinuation(ctx.req)
        return next()
      }
    },
    memberOf: (ctx) => auth.memory.memberOf(ctx.req),
    authorizationOf: (ctx) => auth.memory.authorizationOf(ctx.req),
    verdictOf: (ctx) => auth.memory.verdictOf(ctx.req),
    completeSignIn: (ctx, result, options) =>
      setCookies(ctx.res, 'completeSignIn', () => auth.completeSignIn(ctx.req, result, options)),
    completeDiscovery: (ctx, result, options) =>
      setCookies(ctx.res, 'completeDiscovery', () =>
        auth.completeDiscovery(ctx.req, result, options)
      ),
    pendingSignIn: (ctx) => auth.pendingSignIn(ctx.req),
    pendingDiscovery: (ctx) => auth.pendingDiscovery(ctx.req),
    chooseOrganization(options) {
      const action = auth.chooseOrganization<Context>(options)
      return function chooseOrganization(ctx, next) {
        return act(action, onRefusal, ctx, next)
      }
    },
    switchOrganization(options) {
      const action = auth.switchOrganization<Context>(options)
      return function switchOrganization(ctx, next) {
        return act(action, onRefusal, ctx, next)
      }
    },
    mfaRoutes(options) {
      const action = auth.mfaRoutes(options)
      return function mfaRoutes(ctx, next) {
        return act(action, onRefusal, ctx, next)
      }
    },
    signOut(options) {
      const action = auth.signOut(options)
      return function signOut(ctx, next) {
        return act(action, onRefusal, ctx, next)
      }
    }
  }
}

/** Carries out an action: its answer, its refusal, or on to the next middleware where it is not meant. */
async function act(
  action: Action<Context>,
  onRefusal: OnKoaRefusal,
  ctx: Context,
  next: Next
): Promise<void> {
  const { req, originalUrl, request } = ctx
  const body: unknown = Reflect.get(request, 'body')
  const answer = await action({ request: req, target: originalUrl, body, source: ctx })
  if (answer === undefined) await next()
  else if ('error' in answer) await refuse(answer, onRefusal, ctx)
  else send(ctx, answer)
}

async function run(
  guard: Guard<Context>,
  onRefusal: OnKoaRefusal,
  ctx: Context,
  next: Next
): Promise<void> {
  const pending = guard(ctx.req, ctx.originalUrl, ctx)
  const decision = pending instanceof Promise ? await pending : pending
  if (!decision.accepted) {
    await refuse(decision, onRefusal, ctx)
    return
  }
  addHeaders(ctx.res, decision.headers)
  ctx.state.memberSession = decision.member_session
  if (decision.verdict !== undefined) ctx.state.authorizationVerdict = decision.verdict
  keepHeadersOnError(ctx, decision.headers)
  await next()
}

async function refuse(
  decision: RefusedDecision,
  onRefusal: OnKoaRefusal,
  ctx: Context
): Promise<void> {
  if (onRefusal === 'respond' || isNoError(decision, onRefusal)) {
    send(ctx, decision)
    return
  }
  const headers = headersBesideBody(decision.headers)
  addHeaders(ctx.res, headers)
  keepHeadersOnError(ctx, headers)
  if (onRefusal === 'next') throw decision.error
  await onRefusal(decision.error, ctx)
}

function send(
  ctx: Context,
  { status, headers, body }: Pick<RefusedDecision, 'status' | 'headers' | 'body'>
): void {
  if (ctx.headerSent) return
  ctx.status = status
  ctx.body = body === '' ? null : body
  if (body === '') ctx.status = status
  addHeaders(ctx.res, headers)
}

/**
 * Koa's own answer to an error drops every header. Ours are put back as it goes out: onto this response alone, for the
 * error may be shared with other requests. What the app answers by itself is left alone.
 */
function keepHeadersOnError(ctx: Context, headers: readonly HeaderPair[]): void {
  if (headers.length === 0) return
  const { onerror, res } = ctx
  ctx.onerror = function restoreHeaders(error: Error) {
    if (error) {
      const writeHead = res.writeHead
      res.writeHead = function addHeadersAndWriteHead(...rest: never[]) {
        res.writeHead = writeHead
        addMissingHeaders(res, headers)
        return Reflect.apply(writeHead, res, rest)
      } as ServerResponse['writeHead']
    }
    Reflect.apply(onerror, ctx, [error])
  }
}

/** The functions of the environment's default instance. */
function environment(): KoaMemberAuth {
  return bind(defaultInstance(), 'respond')
}

/** {@link KoaMemberAuth.requireMemberSession} of the environment's default instance. */
export const requireMemberSession: KoaMemberAuth['requireMemberSession'] = (options) =>
  environment().requireMemberSession(options)

/** {@link KoaMemberAuth.requirePermission} of the environment's default instance. */
export const requirePermission: KoaMemberAuth['requirePermission'] = (
  resource_id,
  action,
  options
) => environment().requirePermission(resource_id, action, options)

/** {@link KoaMemberAuth.handleMfaRedirect} of the environment's default instance. */
export const handleMfaRedirect: KoaMemberAuth['handleMfaRedirect'] = (...uncalled: []) =>
  environment().handleMfaRedirect(...uncalled)

/** {@link KoaMemberAuth.requireRecentFactor} of the environment's default instance. */
export const requireRecentFactor: KoaMemberAuth['requireRecentFactor'] = (options) =>
  environment().requireRecentFactor(options)

/** {@link KoaMemberAuth.completeSignIn} of the environment's default instance. */
export const completeSignIn: KoaMemberAuth['completeSignIn'] = (ctx, result, options) =>
  environment().completeSignIn(ctx, result, options)

/** {@link KoaMemberAuth.pendingSignIn} of the environment's default instance. */
export const pendingSignIn: KoaMemberAuth['pendingSignIn'] = (ctx) =>
  environment().pendingSignIn(ctx)

/** {@link KoaMemberAuth.completeDiscovery} of the environment's default instance. */
export const completeDiscovery: KoaMemberAuth['completeDiscovery'] = (ctx, result, options) =>
  environment().completeDiscovery(ctx, result, options)

/** {@link KoaMemberAuth.pendingDiscovery} of the environment's default instance. */
export const pendingDiscovery: KoaMemberAuth['pendingDiscovery'] = (ctx) =>
  environment().pendingDiscovery(ctx)

/** {@link KoaMemberAuth.chooseOrganization} of the environment's default instance. */
export const chooseOrganization: KoaMemberAuth['chooseOrganization'] = (options) =>
  environment().chooseOrganization(options)

/** {@link KoaMemberAuth.switchOrganization} of the environment's default instance. */
export const switchOrganization: KoaMemberAuth['switchOrganization'] = (options) =>
  environment().switchOrganization(options)

/** {@link KoaMemberAuth.mfaRoutes} of the environment's default instance. */
export const mfaRoutes: KoaMemberAuth['mfaRoutes'] = (options) => environment().mfaRoutes(options)

/** {@link KoaMemberAuth.signOut} of the environment's default instance. */
export const signOut: KoaMemberAuth['signOut'] = (options) => environment().signOut(options)

/** The session that guards accepted on this request, whichever instance they belong to. */
export const memberOf: KoaMemberAuth['memberOf'] = (ctx) => memberOfAny(ctx.req)

/** {@link KoaMemberAuth.authorizationOf} of the environment's default instance. */
export const authorizationOf: KoaMemberAuth['authorizationOf'] = (ctx) =>
  environment().authorizationOf(ctx)

/** The latest verdict of `requirePermission` on this request, whichever instance it belongs to. */
export const verdictOf: KoaMemberAuth['verdictOf'] = (ctx) => verdictOfAny(ctx.req)
