import type { RequestListener, ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import type { RefusalError } from 'membergate'
import * as expressAdapter from 'membergate/express'
import * as koaAdapter from 'membergate/koa'
import request from 'supertest'
import { type AppBuilder, type Auth, frameworks } from '../support/frameworks.ts'
import { serve } from '../support/listen.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

let testServer: TestServer
let cookie: string
/** What would have ended the process. */
let uncaught: unknown[]
let handled = 0

beforeAll(async () => {
  testServer = await openTestServer()
  const { session_token } = await testServer.signIn('member@acme.test')
  cookie = `stytch_session=${session_token}`
})
afterAll(() => testServer.close())

const note = (error: unknown) => {
  uncaught.push(error)
}
beforeEach(() => {
  uncaught = []
  handled = 0
  process.on('unhandledRejection', note).on('uncaughtException', note)
})
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note).off('uncaughtException', note)
  expect(uncaught).toEqual([])
})

function options() {
  const { url, project_id, secret } = testServer.authority
  return { url, project_id, secret, now: testServer.clock.now }
}

/** A token that only the authority can judge, so that the refusal comes late; and none, so that it comes at once. */
const refused = [
  ['at once', {}],
  ['after a remote check', { Authorization: `Bearer ${'t'.repeat(44)}` }]
] as const

interface Hooked {
  readonly status: number
  readonly handled: number
  /** What Express' own error handling was called with. */
  readonly errors: readonly unknown[]
}

type Hook = (error: RefusalError, next: (given?: unknown) => void) => unknown

async function sendToExpress(
  express: typeof express5,
  hook: Hook,
  headers: Record<string, string>,
  path = '/guarded'
): Promise<Hooked> {
  const errors: unknown[] = []
  const auth = expressAdapter.createMemberAuth({
    ...options(),
    onRefusal: (error, _req, _res, next) => hook(error, next)
  })
  const handle: express5.RequestHandler = (_req, res) => {
    handled += 1
    res.json({})
  }
  const showError: express5.ErrorRequestHandler = (error, _req, res, _next) => {
    errors.push(error)
    res.status(error?.status ?? 500).end()
  }
  const app = express()
    .get('/guarded', auth.requireMemberSession(), handle)
    .post('/sign-out', auth.signOut(), handle)
    .use('/', auth.mfaRoutes(), showError)
    .use(handle, showError)
  const served = await serve(app as unknown as RequestListener)
  const method = path === '/guarded' ? 'get' : 'post'
  const { status } = await request(served.url)[method](path).set(headers)
  await served.close()
  return { status, handled, errors }
}

describe.each([
  ['Express 4', express4],
  ['Express 5', express5]
] as [string, typeof express5][])('what takes over a refusal on %s', (_, express) => {
  const passing: [string, Hook][] = [
    ['calls next', (_error, next) => next()],
    ['calls next later', async (_error, next) => setImmediate(next)],
    ["calls next with 'route'", (_error, next) => next('route')],
    ["calls next with 'router'", (_error, next) => next('router')],
    ['calls next with null', (_error, next) => next(null)],
    ['calls next with a number', (_error, next) => next(7)],
    ['calls next twice', (_error, next) => [next(), next('route')]],
    [
      'calls next and throws',
      async (_error, next) => {
        next()
        throw new Error('late')
      }
    ],
    ['passes the refusal on', (error, next) => next(error)],
    ['rejects with nothing', () => Promise.reject()],
    ["rejects with 'route'", () => Promise.reject('route')]
  ]

  describe.each(refused)('that comes %s', (_, headers) => {
    test.each(passing)('and %s, leads to no handler: the refusal stands', async (_, hook) => {
      const { status, handled, errors } = await sendToExpress(express, hook, headers)
      expect({ status, handled }).toEqual({ status: 401, handled: 0 })
      expect(errors).toEqual([expect.objectContaining({ name: 'AccessError' })])
    })

    test('and calls next with an error, has that error handled once', async () => {
      const own = Object.assign(new Error('mine'), { status: 418 })
      const hook: Hook = (_error, next) => [next(own), next()]
      const { status, handled, errors } = await sendToExpress(express, hook, headers)
      expect({ status, handled, errors }).toEqual({ status: 418, handled: 0, errors: [own] })
    })
  })

  test.each(['/sign-out', '/mfa/totp'])(
    'of the action %s leads past it only as a refusal',
    async (path) => {
      const elsewhere = { 'Sec-Fetch-Site': 'cross-site' }
      const { status, errors } = await sendToExpress(
        express,
        (_error, next) => next(),
        elsewhere,
        path
      )
      expect({ status, handled, count: errors.length }).toEqual({
        status: 403,
        handled: 0,
        count: 1
      })
    }
  )
})

describe.each([
  ['Koa 2', Koa2],
  ['Koa 3', Koa3]
] as [string, typeof Koa3][])('what takes over a refusal on %s', (_, Koa) => {
  test.each([
    ['answers nothing', 404, () => undefined],
    ['rejects with nothing', 500, () => Promise.reject()]
  ])('and %s leads to no handler', async (_, status, onRefusal) => {
    const auth = koaAdapter.createMemberAuth({ ...options(), onRefusal })
    const app = new Koa()
    app.silent = true
    app.use(auth.requireMemberSession()).use((ctx) => {
      handled += 1
      ctx.body = {}
    })
    for (const [, headers] of refused) {
      const answer = await request(app.callback()).get('/').set(headers)
      expect({ status: answer.status, handled }).toEqual({ status, handled: 0 })
      expect(answer.headers['cache-control']).toBe('private, no-store')
    }
  })
})

describe.each(frameworks)('a function of the app on $name', ({ open }) => {
  const thrown = [undefined, null, 'route', 'router', 0, new Error('a mistake')]

  test.each(thrown)('that throws %p lets no request pass, and is answered 500', async (value) => {
    let isBroken = false
    const fail = () => {
      throw value
    }
    const define = (app: AppBuilder, auth: Auth) => {
      const handle = () => {
        handled += 1
        return {}
      }
      app.get('/tenant', auth.requireMemberSession({ organization_id: fail }), handle)
      app.mount('post', '/switch', auth.switchOrganization({ organization_id: fail }))
      app.post('/switch', handle)
      app.use(auth.mfaRoutes())
      app.post('/mfa/sms/send', handle)
      app.get('/clock', auth.requireMemberSession(), handle)
    }
    const { now } = testServer.clock
    const app = await open(
      { ...options(), clientIp: fail, now: () => (isBroken ? fail() : now()) },
      define
    )
    const statusOf = async (call: request.Test) => (await call.set('Cookie', cookie)).status
    const form = 'mfa_phone_number=%2B12025550143'
    expect(await statusOf(request(app.url).get('/tenant'))).toBe(500)
    expect(await statusOf(request(app.url).post('/switch'))).toBe(500)
    expect(await statusOf(request(app.url).post('/mfa/sms/send').send(form))).toBe(500)
    isBroken = true
    expect(await statusOf(request(app.url).get('/clock'))).toBe(500)
    expect(handled).toBe(0)
    isBroken = false
    await app.close()
  })

  test('that is its fetch, and throws at once or answers nonsense, is an outage', async () => {
    for (const value of [undefined, new Error('a mistake'), 'route']) {
      for (const broken of [
        () => {
          throw value
        },
        () => Promise.reject(value),
        () => value
      ]) {
        const app = await open(
          { ...options(), fetch: broken as typeof globalThis.fetch },
          (builder, auth) => {
            builder.mount('post', '/sign-out', auth.signOut())
            builder.get('/me', auth.requireMemberSession(), () => ({}))
          }
        )
        await request(app.url).get('/me').set('Cookie', cookie).expect(503)
        await request(app.url).post('/sign-out').set('Cookie', cookie).expect(202)
        await app.close()
      }
    }
  })
})

type Break = (res: ServerResponse) => void

/** Hooks as libraries put them on a response. */
const broken: [string, Break][] = [
  [
    'setHeader',
    (res) => {
      const { setHeader } = res
      res.setHeader = (name, value) => {
        if (name === 'Vary') throw new Error('hook')
        return Reflect.apply(setHeader, res, [name, value])
      }
    }
  ],
  ['writeHead', (res) => failOnce(res, 'writeHead')],
  ['end', (res) => failOnce(res, 'end')]
]

function failOnce(res: ServerResponse, name: 'writeHead' | 'end'): void {
  const method = res[name]
  Object.assign(res, {
    [name]() {
      Object.assign(res, { [name]: method })
      throw new Error('hook')
    }
  })
}

type OpenApp = (breakIt: Break) => ReturnType<typeof serve>

const openExpressApp =
  (express: typeof express5): OpenApp =>
  (breakIt) => {
    const auth = expressAdapter.createMemberAuth(options())
    const handle: express5.RequestHandler = (_req, res) => {
      handled += 1
      res.json({})
    }
    const app = express()
      .set('env', 'test')
      .use((_req, res, next) => {
        breakIt(res)
        next()
      })
      .use(auth.handleMfaRedirect(), auth.mfaRoutes())
      .get('/me', auth.requireMemberSession(), handle)
      .get('/editors', auth.requirePermission('stytch.member', 'update'), handle)
      .post('/sign-out', auth.signOut())
      .post('/sign-in', async (req, res, next) => {
        const answer = await testServer.authenticate('member@acme.test')
        await auth.completeSignIn(req, res, answer).then(() => handle(req, res, next), next)
      })
    return serve(app as unknown as RequestListener)
  }

const openKoaApp =
  (Koa: typeof Koa3): OpenApp =>
  (breakIt) => {
    const auth = koaAdapter.createMemberAuth(options())
    const app = new Koa()
    app.silent = true
    const session = auth.requireMemberSession()
    const permission = auth.requirePermission('stytch.member', 'update')
    const signOut = auth.signOut()
    app.use((ctx, next) => {
      breakIt(ctx.res)
      return next()
    })
    app.use(auth.handleMfaRedirect()).use(auth.mfaRoutes())
    app.use((ctx, next) => {
      const guards: Record<string, koaAdapter.KoaMiddleware> = {
        '/me': session,
        '/editors': permission,
        '/sign-out': signOut
      }
      return guards[ctx.path]?.(ctx, next)
    })
    app.use((ctx) => {
      handled += 1
      ctx.body = {}
    })
    return serve(app.callback())
  }

describe.each([
  ['Express 4', openExpressApp(express4 as unknown as typeof express5)],
  ['Express 5', openExpressApp(express5)],
  ['Koa 2', openKoaApp(Koa2 as unknown as typeof Koa3)],
  ['Koa 3', openKoaApp(Koa3)]
] as [string, OpenApp][])('a hook on the response that throws on %s', (_, openApp) => {
  test.each(broken)('from %s ends the request, and never the process', async (_, breakIt) => {
    const app = await openApp(breakIt)
    const wrong = { Cookie: `stytch_session=${'t'.repeat(44)}` }
    for (const [method, path, headers] of [
      ['get', '/me', { Cookie: cookie }],
      ['get', '/me', wrong],
      ['get', '/editors', { Cookie: cookie }],
      ['post', '/sign-out', wrong],
      ['get', '/mfa', wrong],
      ['post', '/mfa/totp', wrong]
    ] as const) {
      const status = await request(app.url)
        [method](path)
        .set(headers)
        .then(
          (answer) => answer.status,
          (error) => error.code
        )
      // Express answers its own error with the status that the response had already.
      expect([401, 403, 500, 'ECONNRESET']).toContain(status)
    }
    await app.close()
  })
})

test.each([
  ['Koa 2', Koa2],
  ['Koa 3', Koa3]
] as [string, typeof Koa3][])(
  'a hook that throws while %s answers an error ends the request, and never the process',
  async (_, Koa) => {
    const auth = koaAdapter.createMemberAuth(options())
    const app = new Koa()
    app.silent = true
    app.use(auth.requireMemberSession()).use(({ res }) => {
      broken[0]?.[1](res)
      throw new Error('of the handler')
    })
    const call = request(app.callback()).get('/').set('Cookie', cookie)
    await expect(call).rejects.toMatchObject({ code: 'ECONNRESET' })
  }
)

describe.each([
  ['Express 4', express4],
  ['Express 5', express5]
] as [string, typeof express5][])('a handler on %s', (_, express) => {
  test('that throws behind a guard which waited has its error handled once', async () => {
    const auth = expressAdapter.createMemberAuth(options())
    const errors: Error[] = []
    const app = express()
      .get('/me', auth.requireMemberSession(), () => {
        handled += 1
        throw new Error('of the handler')
      })
      .use(((error: Error, _req, res, _next) => {
        errors.push(error)
        res.status(500).end()
      }) as express5.ErrorRequestHandler)
    await request(app as unknown as RequestListener)
      .get('/me')
      .set('Cookie', cookie)
      .expect(500)
    expect(errors.map(({ message }) => message)).toEqual(['of the handler'])
    expect(handled).toBe(1)
  })
})
