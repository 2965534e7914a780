import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import type { ExpressMemberAuth, ExpressTenantRequest } from 'membergate/express'
import type { Step } from '../b2b/exchange.ts'
import { securityHeaders } from '../b2b/headers.ts'
import * as pages from '../b2b/pages.ts'
import { homeOf } from '../b2b/paths.ts'
import * as steps from '../b2b/steps.ts'
import { problemOf } from '../problems.ts'
import { exchangeOf } from './exchange.ts'

/**
 * A whole app: signing in, second factors, organizations, and pages of an organization. Forms and links, no script.
 *
 * @param auth made with `onRefusal: 'next'`: what a refusal looks like is for the error handler here to say
 * @param origin of this app, for the links in e-mails
 */
export function createApp(auth: ExpressMemberAuth, origin: string) {
  const { requireMemberSession, requirePermission, requireRecentFactor } = auth
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(express.static(fileURLToPath(new URL('../b2b/public', import.meta.url))))
  app.use(setSecurityHeaders)
  app.use(express.urlencoded({ extended: false, limit: '16kb' }))

  // Public: before the guards.
  const ifSignedIn = requireMemberSession({ optional: true })
  app.get('/sign-in', ifSignedIn, run(steps.showSignIn))
  app.post('/sign-in', run(steps.sendLink))
  app.get('/sign-in/sent', run(steps.showSent))
  app.get('/sign-in/link', run(steps.showLink))
  app.post('/sign-in/link', run(steps.followLink))
  app.get('/sign-in/member-link', run(steps.showLink))
  app.post('/sign-in/member-link', run(steps.followMemberLink))
  app.post('/sign-in/primary', run(steps.addPassword))
  app.post('/sign-in/primary/link', run(steps.addLink))
  app.get('/sign-in/password', run(steps.showPassword))
  app.post('/sign-in/password', run(steps.signInWithPassword))
  app.get('/sign-in/forgot', run(steps.showForgot))
  app.post('/sign-in/forgot', run(steps.sendReset))
  app.get('/sign-in/reset', run(steps.showReset))
  app.post('/sign-in/reset', run(steps.resetPassword))

  app.get('/organizations', ifSignedIn, run(steps.showOrganizations))
  app.post('/organizations', auth.chooseOrganization())
  app.post('/organizations/new', run(steps.createOrganization))
  app.post('/organizations/switch', auth.switchOrganization())

  app.all('/sign-out', auth.signOut({ return_to: '/sign-in' }))
  app.use(auth.mfaRoutes())

  // Everyone else needs a session. A pending sign-in goes on where it stopped.
  app.use(auth.handleMfaRedirect())

  app.get('/', requireMemberSession(), (req, res) => {
    res.redirect(303, homeOf(auth.memberOf(req)))
  })

  // The path names the organization, so a tab that was left behind acts in none: it is refused.
  const organization_slug = (req: ExpressTenantRequest) => req.params.organization_slug
  const workspace = express.Router()
  app.use('/o/:organization_slug', requireMemberSession({ organization_slug }), workspace)

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
    async (req, res, next) => {
      await steps.endSessions(exchangeOf(auth, origin, req, res))
      next()
    },
    auth.signOut({ return_to: '/sign-in' })
  )

  app.use((_req, res) => {
    res.status(404).send(pages.problem('There is nothing here.'))
  })
  app.use(answerWithPage)
  return app

  function run(step: Step): RequestHandler {
    return async (req, res) => {
      const reply = await step(exchangeOf(auth, origin, req, res))
      if ('next' in reply) res.redirect(303, reply.next)
      else res.status(reply.status).send(reply.page)
    }
  }
}

const setSecurityHeaders: RequestHandler = (_req, res, next) => {
  res.set(securityHeaders)
  next()
}

const answerWithPage: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error)
  const { status, code, message, headers } = problemOf(error)
  res.status(status).set(headers)
  res.send(code === 'permission_denied' ? pages.notAllowed() : pages.problem(message))
}
