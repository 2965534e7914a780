import type { RequestListener } from 'node:http'
import Router from '@koa/router'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import * as expressAdapter from 'membergate/express'
import * as koaAdapter from 'membergate/koa'
import { serve } from './listen.ts'
import { openNode, openWeb } from './plain-frameworks.ts'

/** What a handler of the common spec sees, whatever the framework. */
export interface Exchange {
  readonly memberSession: expressAdapter.MemberSession | undefined
  readonly verdict: expressAdapter.AuthorizationVerdict | undefined
  readonly params: Readonly<Record<string, string>>
  memberOf(): expressAdapter.MemberSession
  verdictOf(): expressAdapter.AuthorizationVerdict
  freeMemberOf(): expressAdapter.MemberSession
  authorizationOf(): expressAdapter.Authorization
  /** Sets a header of the answer, as an app does. */
  setHeader(name: string, value: string): void
  completeSignIn(
    result: Parameters<expressAdapter.ExpressMemberAuth['completeSignIn']>[2],
    options?: expressAdapter.CompleteSignInOptions
  ): Promise<expressAdapter.CompletedSignIn>
  pendingSignIn(): Promise<expressAdapter.PendingSignIn | null>
  completeDiscovery(
    result: Parameters<expressAdapter.ExpressMemberAuth['completeDiscovery']>[2],
    options?: expressAdapter.CompleteSignInOptions
  ): Promise<expressAdapter.CompletedSignIn>
  pendingDiscovery(): Promise<expressAdapter.PendingDiscovery | null>
}

/** Whatever a framework mounts. */
export type Guard = object
export type Handler = (exchange: Exchange) => unknown

/** The common subset of the bound functions that the spec mounts. */
export interface Auth {
  readonly client: expressAdapter.ExpressMemberAuth['client']
  readonly invalidate: expressAdapter.ExpressMemberAuth['invalidate']
  requireMemberSession(options?: object): Guard
  requirePermission(resource_id: string, action: string, options?: object): Guard
  handleMfaRedirect(): Guard
  requireRecentFactor(options: expressAdapter.RecentFactorOptions): Guard
  mfaRoutes(options?: expressAdapter.MfaRoutesOptions): Guard
  switchOrganization(options?: object): Guard
  chooseOrganization(options?: object): Guard
  signOut(options?: { return_to?: string }): Guard
}

export interface AppBuilder {
  use(...guards: Guard[]): void
  get(path: string, ...steps: [...Guard[], Handler]): void
  post(path: string, ...steps: [...Guard[], Handler]): void
  put(path: string, ...steps: [...Guard[], Handler]): void
  /** A guard that answers by itself. */
  mount(method: 'get' | 'post', path: string, guard: Guard): void
  /** Something of the app between two guards. */
  step(run: (exchange: Exchange) => void): Guard
  /** Begins the response, and goes on. */
  readonly begin: Guard
}

export interface RunningApp {
  readonly url: string
  readonly auth: Auth
  close(): Promise<void>
}

export interface Framework {
  readonly name: string
  /** Whether a refusal can be handed over: to a function of the app, or to the framework's own error handling. */
  readonly hasOnRefusal: boolean
  /** Whether a response can begin before its answer is there. */
  readonly canBegin: boolean
  /** The first auth is the one that exchanges are bound to. */
  open(
    options: expressAdapter.ExpressMemberAuthOptions,
    define: (app: AppBuilder, auth: Auth) => void
  ): Promise<RunningApp>
}

export const frameworks: readonly Framework[] = [
  { name: 'Express 4', hasOnRefusal: true, canBegin: true, open: openExpress(express4) },
  { name: 'Express 5', hasOnRefusal: true, canBegin: true, open: openExpress(express5) },
  { name: 'Koa 2', hasOnRefusal: true, canBegin: true, open: openKoa(Koa2) },
  { name: 'Koa 3', hasOnRefusal: true, canBegin: true, open: openKoa(Koa3) },
  { name: 'node:http', hasOnRefusal: false, canBegin: true, open: openNode },
  { name: 'web requests', hasOnRefusal: false, canBegin: false, open: openWeb }
]

/** Without the older versions of each, for suites that take long; with them where `MEMBERGATE_TEST_ALL=1`. */
export const newestFrameworks = frameworks.filter(
  ({ name }) => process.env.MEMBERGATE_TEST_ALL === '1' || !/Express 4|Koa 2/.test(name)
)

function openExpress(express: typeof express5): Framework['open'] {
  return async (options, define) => {
    const auth = expressAdapter.createMemberAuth(options)
    const app = express()
    const exchangeOf = (req: express5.Request, res: express5.Response): Exchange => ({
      memberSession: req.memberSession,
      verdict: req.authorizationVerdict,
      params: req.params as Record<string, string>,
      memberOf: () => auth.memberOf(req),
      verdictOf: () => auth.verdictOf(req),
      freeMemberOf: () => expressAdapter.memberOf(req),
      authorizationOf: () => auth.authorizationOf(req),
      setHeader: (name, value) => void res.setHeader(name, value),
      completeSignIn: (result, given) => auth.completeSignIn(req, res, result, given),
      pendingSignIn: () => auth.pendingSignIn(req),
      completeDiscovery: (result, given) => auth.completeDiscovery(req, res, result, given),
      pendingDiscovery: () => auth.pendingDiscovery(req)
    })
    const route =
      (method: 'get' | 'post' | 'put') =>
      (path: string, ...steps: object[]) => {
        const handler = steps.pop() as Handler
        app[method](path, ...(steps as express5.RequestHandler[]), (req, res, next) => {
          Promise.resolve()
            .then(() => handler(exchangeOf(req, res)))
            .then((body) => res.json(body), next)
        })
      }
    define(
      {
        use: (...guards) => {
          for (const guard of guards) app.use(guard as express5.RequestHandler)
        },
        get: route('get'),
        post: route('post'),
        put: route('put'),
        mount: (method, path, guard) => app[method](path, guard as express5.RequestHandler),
        step: (run) => (req: express5.Request, res: express5.Response, next: () => void) => {
          run(exchangeOf(req, res))
          next()
        },
        begin: (_req: express5.Request, res: express5.Response, next: () => void) => {
          res.write('begun ')
          next()
        }
      },
      auth as unknown as Auth
    )
    return { ...(await serve(app as RequestListener)), auth: auth as unknown as Auth }
  }
}

function openKoa(Koa: typeof Koa3): Framework['open'] {
  return async (options, define) => {
    const auth = koaAdapter.createMemberAuth(options as unknown as koaAdapter.KoaMemberAuthOptions)
    const app = new Koa<koaAdapter.MemberState>()
    app.silent = true
    let router = new Router<koaAdapter.MemberState>()
    const exchangeOf = (ctx: Koa3.Context): Exchange => ({
      memberSession: ctx.state.memberSession,
      verdict: ctx.state.authorizationVerdict,
      params: ctx.params,
      memberOf: () => auth.memberOf(ctx),
      verdictOf: () => auth.verdictOf(ctx),
      freeMemberOf: () => koaAdapter.memberOf(ctx),
      authorizationOf: () => auth.authorizationOf(ctx),
      setHeader: (name, value) => ctx.set(name, value),
      completeSignIn: (result, given) => auth.completeSignIn(ctx, result, given),
      pendingSignIn: () => auth.pendingSignIn(ctx),
      completeDiscovery: (result, given) => auth.completeDiscovery(ctx, result, given),
      pendingDiscovery: () => auth.pendingDiscovery(ctx)
    })
    const route =
      (method: 'get' | 'post' | 'put') =>
      (path: string, ...steps: object[]) => {
        const handler = steps.pop() as Handler
        router[method](path, ...(steps as Koa3.Middleware[]), async (ctx: Koa3.Context) => {
          ctx.body = await handler(exchangeOf(ctx))
        })
      }
    define(
      {
        use: (...guards) => {
          app.use(router.routes())
          router = new Router<koaAdapter.MemberState>()
          for (const guard of guards) app.use(guard as Koa3.Middleware)
        },
        get: route('get'),
        post: route('post'),
        put: route('put'),
        mount: (method, path, guard) => router[method](path, guard as Koa3.Middleware),
        step: (run) => (ctx: Koa3.Context, next: Koa3.Next) => {
          run(exchangeOf(ctx))
          return next()
        },
        begin: (ctx: Koa3.Context, next: Koa3.Next) => {
          ctx.res.statusCode = 200
          ctx.res.write('begun ')
          return next()
        }
      },
      auth as unknown as Auth
    )
    app.use(router.routes())
    return { ...(await serve(app.callback())), auth: auth as unknown as Auth }
  }
}
