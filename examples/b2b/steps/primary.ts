import type { PendingSignIn } from 'membergate/express'
import { readStrings, signInOver } from '../../problems.ts'
import { type Exchange, linkTo, type Reply, show, submit } from '../exchange.ts'
import * as pages from '../pages.ts'
import { sayInWords } from '../refusals.ts'

/** Whose sign-in lacks a factor that the organization accepts, and which ones it does. */
export async function primaryStep({ client }: Exchange, pending: PendingSignIn) {
  const { organization_id, member_id, primary_required } = pending
  const { member, organization } = await client.organizations.members.get({
    organization_id,
    member_id
  })
  return {
    email_address: member.email_address,
    organization_name: organization.organization_name,
    methods: primary_required?.allowed_auth_methods ?? []
  }
}

/** The intermediate session goes along: what was verified before still counts. */
export async function addPassword(exchange: Exchange): Promise<Reply> {
  const { client, body } = exchange
  const { password } = readStrings(body, 'password')
  const pending = await halfSignedIn(exchange)
  const step = await primaryStep(exchange, pending)
  const { organization_id, intermediate_session_token } = pending
  const { email_address } = step
  return submit(
    async () => {
      const call = () =>
        client.passwords
          .authenticate({ organization_id, email_address, password, intermediate_session_token })
          .catch(sayInWords)
      return (await exchange.completeSignIn(call)).next
    },
    (problem) => pages.primary({ ...step, problem })
  )
}

export async function addLink(exchange: Exchange): Promise<Reply> {
  const { client, origin } = exchange
  const pending = await halfSignedIn(exchange)
  const step = await primaryStep(exchange, pending)
  const url = linkTo(`${origin}/sign-in/member-link`, pending.return_to)
  await client.magicLinks.email
    .loginOrSignup({
      organization_id: pending.organization_id,
      email_address: step.email_address,
      login_redirect_url: url,
      signup_redirect_url: url
    })
    .catch(sayInWords)
  return show(pages.primary({ ...step, isSent: true }))
}

async function halfSignedIn(exchange: Exchange): Promise<PendingSignIn> {
  const pending = await exchange.pendingSignIn()
  if (pending === null) throw signInOver()
  return pending
}
