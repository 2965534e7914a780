import type { Context } from 'koa'
import type { KoaMemberAuth } from 'membergate/koa'
import type { Exchange } from '../b2b/exchange.ts'

/** @param body the fields of a form */
export function exchangeOf(
  auth: KoaMemberAuth,
  origin: string,
  ctx: Context,
  body: unknown
): Exchange {
  return {
    client: auth.client,
    origin,
    path: ctx.path,
    query: ctx.query,
    body,
    memberSession: ctx.state.memberSession,
    memberOf: () => auth.memberOf(ctx),
    verdictOf: () => auth.verdictOf(ctx),
    authorizationOf: () => auth.authorizationOf(ctx),
    pendingSignIn: () => auth.pendingSignIn(ctx),
    pendingDiscovery: () => auth.pendingDiscovery(ctx),
    completeSignIn: (result, options) => auth.completeSignIn(ctx, result, options),
    completeDiscovery: (result, options) => auth.completeDiscovery(ctx, result, options)
  }
}
