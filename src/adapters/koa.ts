import type { Context, Next } from 'koa'
import type { Answer } from '../core/answer/refusal.ts'
import * as core from '../core/member-auth-functions.ts'
import type { RefusalError } from '../errors/refusal-error.ts'
import { toError } from '../errors/thrown-error.ts'
import type { MemberSession } from '../wire/member-session.ts'
import type { AuthorizationVerdict } from '../wire/sessions.ts'
import * as response from './response.ts'

/** What handlers find in `ctx.state`: `new Koa<MemberState>()`. */
export interface MemberState {
  memberSession?: MemberSession
  authorizationVerdict?: AuthorizationVerdict
}

export type KoaMiddleware = (ctx: Context, next: Next) => Promise<void>

/**
 * What happens to a denied request. `respond` answers it. `next` throws the error for Koa and the middlewares above,
 * with `status`, `headers` and `expose`; browsers that have a page to go to are still sent there. A function takes over.
 */
export type OnKoaRefusal = 'respond' | 'next' | ((error: RefusalError, ctx: Context) => unknown)

export interface KoaMemberAuthOptions extends response.AdapterOptions<OnKoaRefusal, Context> {}

type Binding = core.MiddlewareBinding<[ctx: Context], Context, KoaMiddleware>
/** The middlewares and accessors of one configuration. */
export interface KoaMemberAuth extends core.MemberAuthFunctions<Binding> {}

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
  return response.bindOptions(options, koa)
}

function koa(onRefusal: OnKoaRefusal): core.Framework<Binding> {
  const act: core.Framework<Binding>['route'] = (name, action) =>
    core.named(name, async (ctx, next) => {
      const body: unknown = Reflect.get(ctx.request, 'body')
      const { req: request, originalUrl: target } = ctx
      const answer = await action({ request, target, body, source: ctx })
      await (answer === undefined ? next() : respond(answer, ctx))
    })

  async function respond(answer: Answer, ctx: Context): Promise<void> {
    const error = response.errorToHandOver(answer, onRefusal)
    response.keepHeadersOnError(ctx)
    if (error === undefined) {
      send(answer, ctx)
      return
    }
    response.prepareHandOver(ctx.res, answer)
    if (typeof onRefusal !== 'function') throw error
    try {
      await onRefusal(error, ctx)
    } catch (thrown) {
      throw toError(thrown)
    }
  }

  return {
    requestOf: (ctx) => ctx.req,
    guard: (name, guard) =>
      core.named(name, async (ctx, next) => {
        const found = guard(ctx.req, ctx.originalUrl, ctx)
        const decision = found instanceof Promise ? await found : found
        if (!decision.accepted) return respond(decision, ctx)
        response.keepHeadersOnError(ctx)
        response.addHeaders(ctx.res, decision)
        ctx.state.memberSession = decision.member_session
        if (decision.verdict !== undefined) ctx.state.authorizationVerdict = decision.verdict
        await next()
      }),
    marker: (name, mark) =>
      core.named(name, (ctx, next) => {
        mark(ctx.req)
        return next()
      }),
    action: act,
    route: act,
    completing: (name, complete) => (ctx, result, options) =>
      response.setCookies(ctx.res, name, () => complete(ctx.req, result, options))
  }
}

function send(answer: Answer, ctx: Context): void {
  if (response.destroyBegun(ctx.res)) return
  const { status, body } = answer
  ctx.status = status
  ctx.body = body === '' ? null : body
  if (body === '') ctx.status = status
  response.addHeaders(ctx.res, answer)
}

/** The functions of the environment's default instance: see {@link KoaMemberAuth}. */
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
} = core.bindDefaultInstance(koa('respond'))
