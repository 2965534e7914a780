/**
 * Compiled, never run: what users write must need no cast. `npm run check` fails when it does.
 */
import Router from '@koa/router'
import express, { type Request, type RequestHandler } from 'express'
import Koa from 'koa'
import { createMemberAuth } from 'membergate'
import * as expressAdapter from 'membergate/express'
import * as koaAdapter from 'membergate/koa'
import stytch from 'stytch'

const { requireMemberSession, requirePermission, handleMfaRedirect, signOut, memberOf } =
  expressAdapter.createMemberAuth({
    client: new stytch.B2BClient({ project_id: 'project-test-1', secret: 'secret-test-1' }),
    onRefusal: (error, _req, res, next) =>
      error.status === 503 ? next(error) : res.end(error.code)
  })

const app = express()
app.use(handleMfaRedirect(), requireMemberSession())
app.use('/api', requireMemberSession({ max_token_age_seconds: 0 }))
app.put('/members/:member_id', requirePermission('stytch.member', 'update'), (req, res) => {
  const member_id: string = req.params.member_id
  const organization_id: string = memberOf(req).organization_id
  const granting_roles: string[] | undefined = req.authorizationVerdict?.granting_roles
  res.json({ member_id, organization_id, granting_roles, session: req.memberSession?.roles })
})
app.get(
  '/organizations/:organization_slug',
  requireMemberSession({ organization_slug: (req: Request) => req.params.organization_slug }),
  requirePermission('documents', 'read', {
    organization_slug: (req) => req.params.organization_slug
  }),
  (req, res) => {
    const slug: string = req.params.organization_slug
    res.json({ slug })
  }
)
app.post('/sign-out', signOut({ return_to: '/' }))
app.use(expressAdapter.mfaRoutes({ pages: false }))
app.get('/danger', expressAdapter.requireRecentFactor({ withinMinutes: 10, methods: ['totp'] }))
app.post('/switch', expressAdapter.switchOrganization())
app.post(
  '/switch/:slug',
  expressAdapter.switchOrganization({ organization_slug: (req: Request) => req.params.slug })
)
app.post('/choose', expressAdapter.chooseOrganization())
app.post('/sign-in', async (req, res) => {
  const result = await expressAdapter.createMemberAuth().client.passwords.authenticate({
    organization_id: 'acme',
    email_address: 'a@b.test',
    password: 'secret'
  })
  const { next } = await expressAdapter.completeSignIn(req, res, result)
  res.redirect(303, next)
})
export const asHandler: RequestHandler = requireMemberSession()

const koa = new Koa<koaAdapter.MemberState>()
const router = new Router<koaAdapter.MemberState>()
koa.use(koaAdapter.handleMfaRedirect())
koa.use(koaAdapter.requireMemberSession({ optional: true }))
router.put(
  '/members/:member_id',
  koaAdapter.requirePermission('stytch.member', 'update'),
  (ctx) => {
    const roles: string[] | undefined = ctx.state.memberSession?.roles
    const member_id: string | undefined = ctx.params.member_id
    ctx.body = { roles, member_id, session: koaAdapter.memberOf(ctx) }
  }
)
router.get(
  '/:slug',
  koaAdapter.requireMemberSession({ organization_slug: (ctx) => ctx.params.slug }),
  async (ctx) => {
    const pending = await koaAdapter.pendingSignIn(ctx)
    ctx.body = pending?.return_to
  }
)
koa.use(koaAdapter.mfaRoutes())
router.get('/danger', koaAdapter.requireRecentFactor({ withinMinutes: 10, factors: 2 }))
router.post(
  '/switch/:slug',
  koaAdapter.switchOrganization({ organization_slug: (ctx) => ctx.params.slug })
)
router.post('/choose', koaAdapter.chooseOrganization())
router.post('/discover', async (ctx) => {
  const intermediate_session_token = 'x'
  const found = {
    intermediate_session_token,
    email_address: 'a@b.test',
    discovered_organizations: []
  }
  const { next } = await koaAdapter.completeDiscovery(ctx, found)
  const email_address: string | undefined = (await koaAdapter.pendingDiscovery(ctx))?.email_address
  ctx.body = { next, email_address }
})
router.post('/sign-out', koaAdapter.signOut())
koa.use(router.routes())

const { authenticate } = createMemberAuth()
export async function decide(req: Request): Promise<string> {
  const decision = await authenticate(req)
  if (!decision.accepted) return decision.error.code
  const anonymous = await authenticate(req, { optional: true })
  const id: string | undefined = anonymous.accepted
    ? anonymous.member_session?.member_id
    : undefined
  return id ?? decision.member_session.member_id
}
