import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import Router from '@koa/router'
import Koa, { type Context, type Middleware, type Next } from 'koa'
import type { KoaMemberAuth, MemberState } from 'membergate/koa'
import type { Step } from '../b2b/exchange.ts'
import { securityHeaders } from '../b2b/headers.ts'
import * as pages from '../b2b/pages.ts'
import { homeOf } from '../b2b/paths.ts'
import * as steps from '../b2b/steps.ts'
import { Problem, problemOf } from '../problems.ts'
import { exchangeOf } from './exchange.ts'

const style = readFileSync(new URL('../b2b/public/style.css', import.meta.url), 'utf8')

/**
 * The app of express-b2b for Koa: the same steps and pages behind the same guards.
 *
 * @param auth made with `onRefusal: 'next'`: what a refusal looks like is for `answerWithPages` to say
 * @param origin of this app, for the links in e-mails
 */
export function createApp(auth: KoaMemberAuth, origin: string): Koa {
  const { requireMemberSession, requirePermission, requireRecentFactor } = auth
  const app = new Koa<MemberState>()
  app.use(answerWithPages)

  // Public: before the guards.
  const open = new Router<MemberState>()
  open.get('/style.css', (ctx) => {
    ctx.type = 'css'
    ctx.set('Cache-Control', 'public, max-age=3600')
    ctx.body = style
  })

  const ifSignedIn = requireMemberSession({ optional: true })
  open.get('/sign-in', ifSignedIn, run(steps.showSignIn))
  open.post('/sign-in', run(steps.sendLink))
  open.get('/sign-in/sent', run(steps.showSent))
  open.get('/sign-in/link', run(steps.showLink))
  open.post('/sign-in/link', run(steps.followLink))
  open.get('/sign-in/member-link', run(steps.showLink))
  open.post('/sign-in/member-link', run(steps.followMemberLink))
  open.post('/sign-in/primary', run(steps.addPassword))
  open.post('/sign-in/primary/link', run(steps.addLink))
  open.get('/sign-in/password', run(steps.showPassword))
  open.post('/sign-in/password', run(steps.signInWithPassword))
  open.get('/sign-in/forgot', run(steps.showForgot))
  open.post('/sign-in/forgot', run(steps.sendReset))
  open.get('/sign-in/reset', run(steps.showReset))
  open.post('/sign-in/reset', run(steps.resetPassword))

  open.get('/organizations', ifSignedIn, run(steps.showOrganizations))
  open.post('/organizations', auth.chooseOrganization())
  open.post('/organizations/new', run(steps.createOrganization))
  open.post('/organizations/switch', auth.switchOrganization())

  open.all('/sign-out', auth.signOut({ return_to: '/sign-in' }))
  app.use(open.routes())
  app.use(auth.mfaRoutes())

  // Everyone else needs a session. A pending sign-in goes on where it stopped.
  app.use(auth.handleMfaRedirect())

  const guarded = new Router<MemberState>()
  guarded.get('/', requireMemberSession(), (ctx) => {
    ctx.status = 303
    ctx.redirect(homeOf(auth.memberOf(ctx)))
  })

  // The path names the organization, so a tab that was left behind acts in none: it is refused.
  const organization_slug = (ctx: Context) => ctx.params.organization_slug
  const workspace = new Router<MemberState>({ prefix: '/o/:organization_slug' })
  workspace.use(requireMemberSession({ organization_slug }))

  workspace.get('/', run(steps.showOverview))
  workspace.get('/members', run(steps.showMembers))
  workspace.post('/members', requirePermission('stytch.member', 'create'), run(steps.inviteMember))
  workspace.get('/reports', requirePermission('reports', 'read'), run(steps.showReports))
  workspace.get('/account', run(steps.showAccount))

  const ifProvenLately = requireRecentFactor({ withinMinutes: 5 })
  workspace.get('/account/password', ifProvenLately, run(steps.showChangePassword))
  workspace.post('/account/password', ifProvenLately, run(steps.changePassword))

  workspace.post(
    '/account/sign-out-everywhere',
    async (ctx, next) => {
      await steps.endSessions(exchangeOf(auth, origin, ctx, undefined))
      await next()
    },
    auth.signOut({ return_to: '/sign-in' })
  )

  app.use(guarded.routes()).use(workspace.routes())
  app.use((ctx) => {
    ctx.status = 404
    ctx.body = pages.problem('There is nothing here.')
  })
  return app

  function run(step: Step): Middleware<MemberState> {
    return async (ctx: Context) => {
      const body = ctx.method === 'POST' ? await readForm(ctx) : undefined
      const reply = await step(exchangeOf(auth, origin, ctx, body))
      ctx.status = 'next' in reply ? 303 : reply.status
      if ('next' in reply) ctx.redirect(reply.next)
      else ctx.body = reply.page
    }
  }
}

/** What `@koa/bodyparser` would do: a form, of a size that is said and small. A button alone sends none. */
async function readForm(ctx: Context): Promise<Record<string, string>> {
  const { length = Number.POSITIVE_INFINITY } = ctx.request
  if (length === 0) return {}
  if (length > 16_384) throw new Problem(413, 'body_too_large', 'The form is too large.')
  if (!ctx.is('urlencoded')) throw new Problem(415, 'body_not_form', 'That is no form.')
  return Object.fromEntries(new URLSearchParams(await text(ctx.req)))
}

async function answerWithPages(ctx: Context, next: Next): Promise<void> {
  ctx.set(securityHeaders)
  try {
    await next()
  } catch (error) {
    const { status, code, message, headers } = problemOf(error)
    ctx.status = status
    ctx.set(headers)
    ctx.body = code === 'permission_denied' ? pages.notAllowed() : pages.problem(message)
  }
}
