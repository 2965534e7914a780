import type { Answer } from '../core/answer/refusal.ts'
import type { Decision } from '../core/guard/decision.ts'
import * as core from '../core/member-auth-functions.ts'
import type { AuthRequest } from '../core/request/request.ts'
import type { RefusalError } from '../errors/refusal-error.ts'
import type { ExpressRequest, ExpressTenantRequest } from './express-request.ts'
import * as response from './response.ts'

/** What is used of an Express response, 4 or 5. */
export type ExpressResponse = response.NodeResponse
export type ExpressNext = (error?: unknown) => void
type Given = [req: ExpressRequest, res: ExpressResponse, next: ExpressNext]
export type ExpressMiddleware = (...given: Given) => void

/**
 * What happens to a denied request. `respond` answers it. `next` hands the error to Express' error handling, with
 * `status`, `headers` and `expose`; browsers that have a page to go to are still sent there. A function takes over.
 */
export type OnExpressRefusal = 'respond' | 'next' | RefusalHandler['handle']
/** Declared as a method, so that a handler may name Express' own types for its parameters. */
interface RefusalHandler {
  handle(error: RefusalError, ...given: Given): unknown
}

export interface ExpressMemberAuthOptions
  extends response.AdapterOptions<OnExpressRefusal, ExpressTenantRequest> {}
type Binding = core.MiddlewareBinding<
  [req: AuthRequest, res: ExpressResponse],
  ExpressTenantRequest,
  ExpressMiddleware
>
/** The middlewares and accessors of one configuration. */
export interface ExpressMemberAuth extends core.MemberAuthFunctions<Binding> {}

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
  return response.bindOptions(options, express)
}

function express(onRefusal: OnExpressRefusal): core.Framework<Binding> {
  const act: core.Framework<Binding>['route'] = (name, action) =>
    core.named(name, (req, res, next) => {
      const source = req as ExpressTenantRequest
      action({ request: req, target: req.originalUrl, body: source.body, source }).then(
        (answer) => {
          if (answer === undefined) next()
          else respond(answer, req, res, next)
        },
        next
      )
    })

  /** What calls `next` has no `catch` behind it: a handler's error must not call it twice. */
  function carryOut(decision: Decision, ...[req, res, next]: Given): void {
    if (decision.accepted) {
      response.addHeaders(res, decision.headers)
      req.memberSession = decision.member_session
      if (decision.verdict !== undefined) req.authorizationVerdict = decision.verdict
      next()
    } else respond(decision, req, res, next)
  }

  function respond(answer: Answer, ...[req, res, next]: Given): void {
    const error = response.errorToHandOver(answer, onRefusal)
    if (error === undefined) response.sendAnswer(res, answer)
    else {
      response.prepareHandOver(res, answer)
      if (typeof onRefusal !== 'function') next(error)
      // What the app's function throws or rejects with goes to Express, never to the process.
      else new Promise((resolve) => resolve(onRefusal(error, req, res, next))).catch(next)
    }
  }

  return {
    requestOf: (req) => req,
    guard: (name, guard) =>
      core.named(name, (req, res, next) => {
        const decision = guard(req, req.originalUrl, req as ExpressTenantRequest)
        if (decision instanceof Promise) {
          decision.then((late) => carryOut(late, req, res, next), next)
        } else carryOut(decision, req, res, next)
      }),
    marker: (name, mark) =>
      core.named(name, (req, _res, next) => {
        mark(req)
        next()
      }),
    action: act,
    route: act,
    completing: (name, complete) => (req, res, result, options) =>
      response.setCookies(res, name, () => complete(req, result, options))
  }
}

/** The functions of the environment's default instance: see {@link ExpressMemberAuth}. */
export const {
  requireMemberSession,
  requirePermission,
  requireRecentFactor,
  handleMfaRedirect,
  memberOf,
  authorizationOf,
  verdictOf,
  completeSignIn,
  pendingSignIn,
  completeDiscovery,
  pendingDiscovery,
  chooseOrganization,
  switchOrganization,
  mfaRoutes,
  signOut
} = core.bindDefaultInstance(express('respond'))
