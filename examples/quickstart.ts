import express from 'express'
import { createMemberAuth } from 'membergate/express'

const { client, requireMemberSession, requirePermission, memberOf, authorizationOf, verdictOf } =
  createMemberAuth()

export const app = express()

app.use(requireMemberSession())

app.get('/me', (req, res) => {
  res.json(memberOf(req))
})

app.put(
  '/members/:member_id',
  requirePermission('stytch.member', 'update.info.name'),
  express.json(),
  async (req, res) => {
    const { organization_id } = memberOf(req) // the tenant comes from the session, never from the URL
    const { member_id } = req.params
    const { name } = req.body ?? {}
    const { member } = await client.organizations.members.update(
      { organization_id, member_id, name },
      { authorization: authorizationOf(req) } // as this member, so that the API decides as well
    )
    res.json({ name: member.name, because: verdictOf(req).granting_roles }) // not all of the member
  }
)
