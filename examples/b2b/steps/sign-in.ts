import { readStrings } from '../../problems.ts'
import { type Exchange, linkTo, type Reply, readText, show, submit } from '../exchange.ts'
import * as pages from '../pages.ts'
import { sayInWords } from '../refusals.ts'
import { primaryStep } from './primary.ts'
import { viewOf } from './workspace.ts'

/** The form, or what an organization asks for besides what was verified so far. */
export async function showSignIn(exchange: Exchange): Promise<Reply> {
  const { query, memberSession } = exchange
  const pending = await exchange.pendingSignIn()
  if (pending?.primary_required) return show(pages.primary(await primaryStep(exchange, pending)))
  const viewer = memberSession && (await viewOf(exchange))
  const signedInTo = viewer?.organization.organization_name
  return show(pages.signIn({ return_to: readText(query.return_to), signedInTo }))
}

/** The answer is always the same: who has the mailbox sees there which organizations there are. */
export async function sendLink({ client, body, origin }: Exchange): Promise<Reply> {
  const form = readStrings(body, 'email_address', 'return_to')
  const { email_address, return_to } = form
  return submit(
    async () => {
      const discovery_redirect_url = linkTo(`${origin}/sign-in/link`, return_to)
      await client.magicLinks.email.discovery
        .send({ email_address, discovery_redirect_url })
        .catch(sayInWords)
      return '/sign-in/sent'
    },
    (problem) => pages.signIn({ ...form, problem })
  )
}

export async function showSent(): Promise<Reply> {
  return show(pages.sent())
}

/** Where links lead. A link is not used up by being looked at: mail scanners do that, so a person presses a button. */
export async function showLink({ path, query }: Exchange): Promise<Reply> {
  return show(pages.follow(path, readText(query.token), readText(query.return_to)))
}

/** The link of `sendLink`: the e-mail address is verified, and an organization to be chosen. */
export async function followLink(exchange: Exchange): Promise<Reply> {
  const { client, path, body } = exchange
  const { token, return_to } = readStrings(body, 'token', 'return_to')
  return submit(
    async () => {
      const call = () =>
        client.magicLinks.discovery
          .authenticate({ discovery_magic_links_token: token })
          .catch(sayInWords)
      return (await exchange.completeDiscovery(call, { return_to })).next
    },
    (problem) => pages.follow(path, '', return_to, problem)
  )
}

/** A link that names its organization: an invitation, or one that goes on with a pending sign-in. */
export async function followMemberLink(exchange: Exchange): Promise<Reply> {
  const { client, path, body } = exchange
  const { token, return_to } = readStrings(body, 'token', 'return_to')
  return submit(
    async () => {
      const pending = await exchange.pendingSignIn()
      const call = () =>
        client.magicLinks
          .authenticate({
            magic_links_token: token,
            ...(pending?.primary_required && {
              intermediate_session_token: pending.intermediate_session_token
            })
          })
          .catch(sayInWords)
      return (await exchange.completeSignIn(call, { return_to })).next
    },
    (problem) => pages.follow(path, '', return_to, problem)
  )
}
