import type { Request, Response } from 'express'
import type { ExpressMemberAuth } from 'membergate/express'
import type { Exchange } from '../b2b/exchange.ts'

export function exchangeOf(
  auth: ExpressMemberAuth,
  origin: string,
  req: Request,
  res: Response
): Exchange {
  const { baseUrl, path, query, body, memberSession } = req
  return {
    client: auth.client,
    origin,
    path: `${baseUrl}${path}`,
    query,
    body,
    memberSession,
    memberOf: () => auth.memberOf(req),
    verdictOf: () => auth.verdictOf(req),
    authorizationOf: () => auth.authorizationOf(req),
    pendingSignIn: () => auth.pendingSignIn(req),
    pendingDiscovery: () => auth.pendingDiscovery(req),
    completeSignIn: (result, options) => auth.completeSignIn(req, res, result, options),
    completeDiscovery: (result, options) => auth.completeDiscovery(req, res, result, options)
  }
}
