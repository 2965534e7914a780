import type { Answer } from '../core/answer/refusal.ts'
import type { Decision } from '../core/guard/decision.ts'
import * as core from '../core/member-auth-functions.ts'
import type { AuthRequest } from '../core/request/request.ts'
import {
  contain,
  type ExpressResponse,
  type Given,
  handOver,
  hasWritten,
  type OnExpressRefusal
} from './express-next.ts'
import type { ExpressTenantRequest } from './express-request.ts'
import * as response from './response.ts'

export type ExpressMiddleware = (...given: Given) => void

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
      const answer = action({ request: req, target: req.originalUrl, body: source.body, source })
      const carriedOut = answer.then((it) => (it ? respond(it, req, res, next) : next()), next)
      contain(res, carriedOut)
    })

  function carryOut(decision: Decision, ...[req, res, next]: Given): void {
    if (!decision.accepted) {
      respond(decision, req, res, next)
    } else if (hasWritten(next, response.addHeaders, res, decision)) {
      req.memberSession = decision.member_session
      if (decision.verdict !== undefined) req.authorizationVerdict = decision.verdict
      next()
    }
  }

  function respond(answer: Answer, ...[req, res, next]: Given): void {
    const error = response.errorToHandOver(answer, onRefusal)
    const write = error === undefined ? response.sendAnswer : response.prepareHandOver
    if (!hasWritten(next, write, res, answer) || error === undefined) return
    if (typeof onRefusal === 'function') contain(res, handOver(onRefusal, error, req, res, next))
    else next(error)
  }

  return {
    requestOf: (req) => req,
    guard: (name, guard) =>
      core.named(name, (req, res, next) => {
        const decision = guard(req, req.originalUrl, req as ExpressTenantRequest)
        if (decision instanceof Promise) {
          const carriedOut = decision.then((late) => carryOut(late, req, res, next), next)
          contain(res, carriedOut)
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
