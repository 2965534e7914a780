import type { Client } from '../client/create-client.ts'
import type { Authorization } from '../wire/authorization.ts'
import type { MemberSession } from '../wire/member-session.ts'
import type { AuthorizationVerdict } from '../wire/sessions.ts'
import type { Action } from './answer/action.ts'
import type { Answer } from './answer/refusal.ts'
import { defaultInstance } from './default-instance.ts'
import type { Guard } from './guard/guard.ts'
import {
  assertFactoryCalled,
  type PermissionOptions,
  type SessionGuardOptions
} from './guard/guard-options.ts'
import type { RecentFactorOptions } from './guard/recent-factor.ts'
import { memberOfAny, verdictOfAny } from './guard/request-memory.ts'
import type { Instance } from './instance.ts'
import type { MfaRoutesOptions } from './mfa/mfa-routes.ts'
import type { AuthRequest } from './request/request.ts'
import type { Invalidate } from './session/watch-client.ts'
import type { ChooseOrganizationOptions } from './sign-in/choose-organization.ts'
import type {
  AnswerOrCall,
  AuthenticatingResponse,
  CompletedSignIn,
  CompletedSignInWithHeaders,
  CompleteSignInOptions,
  DiscoveryResponse,
  PendingDiscovery,
  PendingSignIn
} from './sign-in/sign-in.ts'
import type { SignOutOptions } from './sign-in/sign-out.ts'

/** What the functions of an instance look like in one framework. */
export interface Binding {
  /** What functions of a request are called with: the request first. */
  readonly context: readonly [unknown, ...unknown[]]
  /** What `organization_id` and `organization_slug` are called with. */
  readonly source: unknown
  readonly guard: unknown
  readonly marker: unknown
  readonly action: unknown
  readonly route: unknown
  readonly completed: unknown
}

/** The same, where everything that is mounted is a middleware, which also sets the headers. */
export interface MiddlewareBinding<
  Context extends readonly [unknown, ...unknown[]],
  Source,
  Middleware
> extends Binding {
  readonly context: Context
  readonly source: Source
  readonly guard: Middleware
  readonly marker: Middleware
  readonly action: Middleware
  readonly route: Middleware
  readonly completed: CompletedSignIn
}

/** The guards, actions and accessors of one configuration. */
export interface MemberAuthFunctions<B extends Binding> {
  /**
   * A client of the API. Sessions revoked through it are denied by these guards at once, and members and organizations
   * that it changes are checked anew at the next request.
   */
  readonly client: Client
  /** Tells these guards of a session, member or organization that was ended or changed elsewhere. */
  readonly invalidate: Invalidate
  /**
   * Lets a request pass with a member session. Handlers read it with `memberOf`; in Express it is also
   * `req.memberSession`, in Koa `ctx.state.memberSession`.
   */
  requireMemberSession(options?: SessionGuardOptions<B['source']>): B['guard']
  /**
   * Lets a request pass whose member may perform `action` on `resource_id`. It authenticates by itself where no guard did
   * before. The verdict is read with `verdictOf`; in Express it is also `req.authorizationVerdict`, in Koa
   * `ctx.state.authorizationVerdict`.
   */
  requirePermission(
    resource_id: string,
    action: string,
    options?: PermissionOptions<B['source']>
  ): B['guard']
  /**
   * Lets a request pass whose member has verified a factor lately, and requires one otherwise: RFC 9470. Browsers go to the
   * step-up page of `mfaRoutes`, or to `loginPath`, and come back.
   */
  requireRecentFactor(options: RecentFactorOptions): B['guard']
  /** Comes before the guards: what they would deny as "not signed in" goes on with a pending sign-in. */
  handleMfaRedirect(): B['marker']
  /** The session that these guards accepted on this request. Throws what to mount when there is none. */
  memberOf(request: B['context'][0]): MemberSession
  /**
   * The session that these guards accepted on this request, for a call of the API in its name: `{ session_token }` or
   * `{ session_jwt }`, whichever showed whose it is. It never goes into a body, a page or a URL. Throws what to mount when there is none.
   */
  authorizationOf(request: B['context'][0]): Authorization
  /** The verdict of `requirePermission` on this request. Throws what to mount when there is none. */
  verdictOf(request: B['context'][0]): AuthorizationVerdict
  /**
   * Turns any authenticating answer of the API into cookies. It sends nothing: answer afterwards, say with a redirect to
   * `next`. Best it takes a function that makes the call, `() => client.passwords.authenticate(…)`: a request from another
   * site is then denied before the call. What the call throws is thrown on.
   *
   * @throws AccessError `csrf_rejected` when the request came from another site; the session of an answer is then revoked
   * @throws ConfigError when the response was sent already
   */
  completeSignIn(
    ...given: Completing<B, AnswerOrCall<AuthenticatingResponse>>
  ): Promise<B['completed']>
  /** The pending sign-in of this browser, or `null`. */
  pendingSignIn(request: B['context'][0]): Promise<PendingSignIn | null>
  /**
   * The same as `completeSignIn` for the answer to a discovery sign-in: an e-mail address is verified, and an organization
   * still to be chosen.
   */
  completeDiscovery(
    ...given: Completing<B, AnswerOrCall<DiscoveryResponse>>
  ): Promise<B['completed']>
  /** The pending discovery sign-in of this browser, or `null`. */
  pendingDiscovery(request: B['context'][0]): Promise<PendingDiscovery | null>
  /** A POST route that finishes a discovery sign-in in the organization that was chosen. */
  chooseOrganization(options?: ChooseOrganizationOptions<B['source']>): B['action']
  /** A POST route that exchanges the session for one in another organization. */
  switchOrganization(options?: ChooseOrganizationOptions<B['source']>): B['action']
  /** Answers what lies below `mfaPath`: pages and actions for second factors. It comes before the guards. */
  mfaRoutes(options?: MfaRoutesOptions): B['route']
  /**
   * A POST route that ends every session that the request proves, and clears the cookies: 204, or 303 with `return_to`; 202
   * while the authority has not confirmed; 200 where something that was presented proves no session.
   */
  signOut(options?: SignOutOptions): B['action']
}

type Completing<B extends Binding, Result> = [
  ...context: B['context'],
  result: Result,
  options?: CompleteSignInOptions
]

/** The part that is the framework's: how it calls what core decides, and how it carries that out. */
export interface Framework<B extends Binding> {
  /** The one object of a request by which decisions are remembered. */
  requestOf(request: B['context'][0]): AuthRequest
  guard(name: string, guard: Guard<B['source']>): B['guard']
  marker(name: string, mark: (request: AuthRequest) => void): B['marker']
  action(name: string, action: Action<B['source']>): B['action']
  route(name: string, route: Action<B['source'], Answer | undefined>): B['route']
  completing<Result>(
    name: string,
    complete: (
      request: AuthRequest,
      result: Result,
      options?: CompleteSignInOptions
    ) => Promise<CompletedSignInWithHeaders>
  ): (...given: Completing<B, Result>) => Promise<B['completed']>
}

/** The functions of an instance, in a framework. */
export function bindInstance<B extends Binding>(
  instance: Instance,
  framework: Framework<B>
): MemberAuthFunctions<B> {
  const { client, invalidate } = instance
  return { client, invalidate, ...bindFunctions(() => instance, framework) }
}

/**
 * The functions of the environment's default instance, which is made when the first of them is called. The session and
 * the verdict of a request are found whichever instance they belong to.
 */
export function bindDefaultInstance<B extends Binding>(
  framework: Framework<B>
): Omit<MemberAuthFunctions<B>, 'client' | 'invalidate'> {
  return {
    ...bindFunctions(defaultInstance, framework),
    memberOf: (request) => memberOfAny(framework.requestOf(request)),
    verdictOf: (request) => verdictOfAny(framework.requestOf(request))
  }
}

/** The one list of what an instance offers; every framework has just these. */
function bindFunctions<B extends Binding>(
  instance: () => Instance,
  { requestOf, guard, marker, action, route, completing }: Framework<B>
): Omit<MemberAuthFunctions<B>, 'client' | 'invalidate'> {
  return {
    requireMemberSession: (options) =>
      guard('requireMemberSession', instance().sessionGuard(options)),
    requirePermission: (resource_id, action, options) =>
      guard('requirePermission', instance().permissionGuard(resource_id, action, options)),
    requireRecentFactor: (options) =>
      guard('requireRecentFactor', instance().recentFactorGuard(options)),
    handleMfaRedirect(...uncalled: unknown[]) {
      assertFactoryCalled('handleMfaRedirect', uncalled[0])
      return marker('handleMfaRedirect', instance().memory.allowContinuation)
    },
    memberOf: (request) => instance().memory.memberOf(requestOf(request)),
    authorizationOf: (request) => instance().memory.authorizationOf(requestOf(request)),
    verdictOf: (request) => instance().memory.verdictOf(requestOf(request)),
    completeSignIn: completing(
      'completeSignIn',
      (request, result: AnswerOrCall<AuthenticatingResponse>, options) =>
        instance().completeSignIn(request, result, options)
    ),
    pendingSignIn: async (request) => instance().pendingSignIn(requestOf(request)),
    completeDiscovery: completing(
      'completeDiscovery',
      (request, result: AnswerOrCall<DiscoveryResponse>, options) =>
        instance().completeDiscovery(request, result, options)
    ),
    pendingDiscovery: async (request) => instance().pendingDiscovery(requestOf(request)),
    chooseOrganization: (options) =>
      action('chooseOrganization', instance().chooseOrganization(options)),
    switchOrganization: (options) =>
      action('switchOrganization', instance().switchOrganization(options)),
    mfaRoutes: (options) => route('mfaRoutes', instance().mfaRoutes(options)),
    signOut: (options) => action('signOut', instance().signOut(options))
  }
}

/** Gives what is mounted the name of its factory: a stack trace reads as a list of what happened to a request. */
export function named<Mounted extends object>(name: string, mounted: Mounted): Mounted {
  return Object.defineProperty(mounted, 'name', { value: name })
}
