import type { IncomingMessage } from 'node:http'
import express, { type ErrorRequestHandler, type Router } from 'express'
import type { Member } from 'membergate/client'
import type { ExpressMemberAuth, PendingSignIn } from 'membergate/express'
import {
  Problem,
  problemOf,
  readStrings,
  refuseCode,
  refuseSignIn,
  signInOver
} from '../problems.ts'
import * as pages from './pages.ts'

/** Pages for people: forms and links, no script. */
export function createSite(auth: ExpressMemberAuth): Router {
  const { client, completeSignIn, pendingSignIn, memberOf, authorizationOf } = auth
  const { requireMemberSession, requirePermission, handleMfaRedirect, signOut } = auth
  const site = express.Router()
  site.use(express.urlencoded({ extended: false }))

  // Public: before the guards.
  site.get('/sign-in', (req, res) => {
    res.send(pages.signIn({ return_to: req.query.return_to }))
  })

  site.post('/sign-in', async (req, res) => {
    const { organization_slug, email_address, password, return_to } = readStrings(
      req.body,
      'organization_slug',
      'email_address',
      'password',
      'return_to'
    )
    try {
      const call = () =>
        client.passwords
          .authenticate({ organization_id: organization_slug, email_address, password })
          .catch(refuseSignIn)
      const done = await completeSignIn(req, res, call, { return_to })
      res.redirect(303, done.member_authenticated ? done.return_to : '/mfa/totp')
    } catch (error) {
      const { status, message: problem } = formProblem(error)
      res.status(status)
      res.send(pages.signIn({ organization_slug, email_address, return_to, problem }))
    }
  })

  site.get('/mfa/totp', async (req, res) => {
    const { mfa_required } = await halfSignedIn(req)
    if (mfa_required?.member_options?.totp_registration_id) res.send(pages.totp())
    else res.redirect(303, '/mfa/enroll')
  })

  site.post('/mfa/totp', async (req, res) => {
    const { intermediate_session_token, organization_id, member_id } = await halfSignedIn(req)
    const { code } = readStrings(req.body, 'code')
    try {
      const call = () =>
        client.totps
          .authenticate({ intermediate_session_token, organization_id, member_id, code })
          .catch(refuseCode)
      const { return_to } = await completeSignIn(req, res, call)
      res.redirect(303, return_to)
    } catch (error) {
      const { status, message: problem } = formProblem(error)
      res.status(status)
      res.send(pages.totp({ problem }))
    }
  })

  site.get('/mfa/enroll', async (req, res) => {
    await halfSignedIn(req)
    res.send(pages.enroll())
  })

  site.post('/mfa/enroll', async (req, res) => {
    const { intermediate_session_token, organization_id, member_id } = await halfSignedIn(req)
    const registration = await client.totps.create({
      intermediate_session_token,
      organization_id,
      member_id
    })
    res.send(pages.scan(registration))
  })

  site.get('/mfa/sms', (_req, res) => {
    res.send(pages.sms())
  })

  site.all('/sign-out', signOut({ return_to: '/sign-in' }))

  // Everyone else needs a session. Whatever they ask for, the tenant comes from it.
  site.use(handleMfaRedirect())
  site.use(requireMemberSession())

  site.get('/', (_req, res) => {
    res.redirect(303, '/members')
  })

  site.get('/members', async (req, res) => {
    const { organization_id, member_id, roles } = memberOf(req)
    const { members, organizations } = await client.organizations.members.search({
      organization_ids: [organization_id]
    })
    const showsEditor = roles.includes('stytch_admin')
    const listed = members
      .map((member) => listedMember(member, showsEditor))
      .toSorted((one, other) => one.name.localeCompare(other.name))
    res.send(
      pages.members({
        organization_name: organizations[organization_id]?.organization_name ?? '',
        members: listed,
        me: listed.find((member) => member.member_id === member_id),
        showsEditor,
        saved: 'saved' in req.query
      })
    )
  })

  site.post(
    '/members/:member_id',
    requirePermission('stytch.member', 'update.info.name'),
    async (req, res) => {
      const { organization_id } = memberOf(req)
      const { member_id } = req.params
      const { name } = readStrings(req.body, 'name')
      const change = { organization_id, member_id, name }
      // In the name of the member, so that the API decides as well.
      await client.organizations.members.update(change, { authorization: authorizationOf(req) })
      res.redirect(303, '/members?saved')
    }
  )

  site.use(() => {
    throw new Problem(404, 'not_found', 'This page does not exist.')
  })
  site.use(answerWithPage)
  return site

  async function halfSignedIn(req: IncomingMessage): Promise<PendingSignIn> {
    const pending = await pendingSignIn(req)
    if (pending === null) throw signInOver()
    return pending
  }
}

/** The API tells the backend everything of every member. A page gets what its reader is to see. */
function listedMember(
  { member_id, name, email_address, is_admin, totp_registration_id }: Member,
  isForAdministrators: boolean
): pages.ListedMember {
  if (!isForAdministrators) return { member_id, name, email_address }
  const role = is_admin ? 'Admin' : 'Member'
  const secondFactor = totp_registration_id === '' ? 'None' : 'Authenticator app'
  return { member_id, name, email_address, forAdministrators: { role, secondFactor } }
}

/** What the form itself can show. Everything else is thrown on, to a page of its own. */
function formProblem(error: unknown): Problem {
  if (error instanceof Problem && error.code !== 'sign_in_over') return error
  throw error
}

const answerWithPage: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error)
  const { status, code, message, headers } = problemOf(error)
  res.status(status).set(headers)
  if (code === 'sign_in_over') res.send(pages.signIn({ problem: message }))
  else if (code === 'permission_denied') res.send(pages.notAllowed())
  else res.send(pages.problem(message))
}
