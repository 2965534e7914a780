import express, { type ErrorRequestHandler, type Router } from 'express'
import type { Member } from 'membergate/client'
import type { AuthenticatingResponse, ExpressMemberAuth } from 'membergate/express'
import {
  Problem,
  problemJson,
  problemOf,
  readStrings,
  refuseCode,
  refuseSignIn,
  signInOver
} from '../problems.ts'

/** JSON for programs: cookies or `Authorization: Bearer`. */
export function createApi(auth: ExpressMemberAuth): Router {
  const { client, completeSignIn, pendingSignIn, memberOf, authorizationOf, verdictOf } = auth
  const { requireMemberSession, requirePermission, handleMfaRedirect, signOut } = auth
  const api = express.Router()

  // Public: before the guards.
  api.post('/sign-in', express.json(), async (req, res) => {
    const { organization_slug, email_address, password } = readStrings(
      req.body,
      'organization_slug',
      'email_address',
      'password'
    )
    let answer: AuthenticatingResponse | undefined
    const call = async () => {
      const credentials = { organization_id: organization_slug, email_address, password }
      answer = await client.passwords.authenticate(credentials).catch(refuseSignIn)
      return answer
    }
    const { member_authenticated } = await completeSignIn(req, res, call)
    res.json({ member_authenticated, mfa_required: answer?.mfa_required ?? undefined })
  })

  api.post('/mfa/totp', express.json(), async (req, res) => {
    const { code } = readStrings(req.body, 'code')
    const pending = await pendingSignIn(req)
    if (pending === null) throw signInOver()
    const { intermediate_session_token, organization_id, member_id } = pending
    const call = () =>
      client.totps
        .authenticate({ intermediate_session_token, organization_id, member_id, code })
        .catch(refuseCode)
    const { member_authenticated } = await completeSignIn(req, res, call)
    res.json({ member_authenticated })
  })

  api.all('/sign-out', signOut())

  // Everyone else needs a session. Whatever they ask for, the tenant comes from it.
  api.use(handleMfaRedirect())
  api.use(requireMemberSession())

  api.get('/me', (req, res) => {
    const { member_id, organization_id, organization_slug, roles } = memberOf(req)
    res.json({ member_id, organization_id, organization_slug, roles })
  })

  api.get('/members', async (req, res) => {
    const { organization_id } = memberOf(req)
    const { members } = await client.organizations.members.search({
      organization_ids: [organization_id]
    })
    res.json({ members: members.map(viewOf) })
  })

  api.put(
    '/members/:member_id',
    requirePermission('stytch.member', 'update.info.name'),
    express.json(),
    async (req, res) => {
      const { organization_id } = memberOf(req)
      const { member_id } = req.params
      const { name } = readStrings(req.body, 'name')
      const change = { organization_id, member_id, name }
      // In the name of the member, so that the API decides as well.
      const authorization = authorizationOf(req)
      const { member } = await client.organizations.members.update(change, { authorization })
      res.json({ member: viewOf(member), because: verdictOf(req).granting_roles })
    }
  )

  // An address that names a tenant: only that tenant's members pass.
  api.get(
    '/organizations/:organization_slug/reports',
    requireMemberSession({ organization_slug: (req) => req.params.organization_slug }),
    (req, res) => {
      const { organization_slug } = memberOf(req)
      res.json({ organization_slug, reports: [] })
    }
  )

  api.use(() => {
    throw new Problem(404, 'not_found', 'There is nothing here.')
  })
  api.use(answerProblem)
  return api
}

/** Of a member, what other members may see: the API tells the backend everything. */
function viewOf({ member_id, name, email_address }: Member) {
  return { member_id, name, email_address }
}

const answerProblem: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error)
  const problem = problemOf(error)
  res.status(problem.status).set(problem.headers)
  res.type('application/problem+json').send(problemJson(problem))
}
