import { json } from 'node:stream/consumers'
import Router from '@koa/router'
import Koa, { type Context, type Next } from 'koa'
import type { Member } from 'membergate/client'
import type { AuthenticatingResponse, KoaMemberAuth } from 'membergate/koa'
import {
  Problem,
  problemJson,
  problemOf,
  readStrings,
  refuseCode,
  refuseSignIn,
  signInOver
} from './problems.ts'

/** A JSON API, called with cookies or `Authorization: Bearer`. */
export function createApp(auth: KoaMemberAuth): Koa {
  const { client, completeSignIn, pendingSignIn, memberOf, authorizationOf, verdictOf } = auth
  const { requireMemberSession, requirePermission, handleMfaRedirect, signOut } = auth
  const app = new Koa()
  app.use(answerProblems)

  // Public: before the guards.
  const open = new Router({ prefix: '/api' })

  open.post('/sign-in', async (ctx) => {
    const { organization_slug, email_address, password } = readStrings(
      await readJson(ctx),
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
    const { member_authenticated } = await completeSignIn(ctx, call)
    ctx.body = { member_authenticated, mfa_required: answer?.mfa_required ?? undefined }
  })

  open.post('/mfa/totp', async (ctx) => {
    const { code } = readStrings(await readJson(ctx), 'code')
    const pending = await pendingSignIn(ctx)
    if (pending === null) throw signInOver()
    const { intermediate_session_token, organization_id, member_id } = pending
    const call = () =>
      client.totps
        .authenticate({ intermediate_session_token, organization_id, member_id, code })
        .catch(refuseCode)
    const { member_authenticated } = await completeSignIn(ctx, call)
    ctx.body = { member_authenticated }
  })

  open.all('/sign-out', signOut())

  app.use(open.routes())

  // Everyone else needs a session. Whatever they ask for, the tenant comes from it.
  app.use(handleMfaRedirect())
  app.use(requireMemberSession())

  const guarded = new Router({ prefix: '/api' })

  guarded.get('/me', (ctx) => {
    const { member_id, organization_id, organization_slug, roles } = memberOf(ctx)
    ctx.body = { member_id, organization_id, organization_slug, roles }
  })

  guarded.get('/members', async (ctx) => {
    const { organization_id } = memberOf(ctx)
    const { members } = await client.organizations.members.search({
      organization_ids: [organization_id]
    })
    ctx.body = { members: members.map(viewOf) }
  })

  guarded.put(
    '/members/:member_id',
    requirePermission('stytch.member', 'update.info.name'),
    async (ctx) => {
      const { organization_id } = memberOf(ctx)
      const { member_id = '' } = ctx.params
      const { name } = readStrings(await readJson(ctx), 'name')
      const change = { organization_id, member_id, name }
      // In the name of the member, so that the API decides as well.
      const authorization = authorizationOf(ctx)
      const { member } = await client.organizations.members.update(change, { authorization })
      ctx.body = { member: viewOf(member), because: verdictOf(ctx).granting_roles }
    }
  )

  // An address that names a tenant: only that tenant's members pass.
  guarded.get(
    '/organizations/:organization_slug/reports',
    requireMemberSession({ organization_slug: (ctx) => ctx.params.organization_slug }),
    (ctx) => {
      const { organization_slug } = memberOf(ctx)
      ctx.body = { organization_slug, reports: [] }
    }
  )

  app.use(guarded.routes())
  app.use(() => {
    throw new Problem(404, 'not_found', 'There is nothing here.')
  })
  return app
}

/** Of a member, what other members may see: the API tells the backend everything. */
function viewOf({ member_id, name, email_address }: Member) {
  return { member_id, name, email_address }
}

/** What `@koa/bodyparser` would do: JSON, of a size that is said and small. */
async function readJson(ctx: Context): Promise<unknown> {
  const { length = Number.POSITIVE_INFINITY } = ctx.request
  if (length > 16_384) throw new Problem(413, 'body_too_large', 'The body is too large.')
  if (!ctx.is('json')) throw new Problem(415, 'body_not_json', 'The body must be JSON.')
  return json(ctx.req).catch(() => {
    throw new Problem(400, 'body_not_json', 'The body must be JSON.')
  })
}

async function answerProblems(ctx: Context, next: Next): Promise<void> {
  try {
    await next()
  } catch (error) {
    const problem = problemOf(error)
    ctx.status = problem.status
    ctx.set(problem.headers)
    ctx.type = 'application/problem+json'
    ctx.body = problemJson(problem)
  }
}
