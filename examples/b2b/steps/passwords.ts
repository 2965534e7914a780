import { readStrings } from '../../problems.ts'
import { type Exchange, type Reply, readText, show, submit } from '../exchange.ts'
import * as pages from '../pages.ts'
import { sayInWords, sayNothing } from '../refusals.ts'

export async function showPassword({ query }: Exchange): Promise<Reply> {
  return show(pages.password({ return_to: readText(query.return_to) }))
}

export async function signInWithPassword(exchange: Exchange): Promise<Reply> {
  const { client, body } = exchange
  const form = readStrings(body, 'organization_slug', 'email_address', 'password', 'return_to')
  const { organization_slug, email_address, password, return_to } = form
  return submit(
    async () => {
      const call = () =>
        client.passwords
          .authenticate({ organization_id: organization_slug, email_address, password })
          .catch(sayInWords)
      return (await exchange.completeSignIn(call, { return_to })).next
    },
    (problem) => pages.password({ organization_slug, email_address, return_to, problem })
  )
}

export async function showForgot(): Promise<Reply> {
  return show(pages.forgot({}))
}

/** Whether anything was sent is for the owner of the mailbox to see. */
export async function sendReset({ client, body, origin }: Exchange): Promise<Reply> {
  const form = readStrings(body, 'organization_slug', 'email_address')
  const { organization_slug, email_address } = form
  return submit(
    async () => {
      await client.passwords.email
        .resetStart({
          organization_id: organization_slug,
          email_address,
          reset_password_redirect_url: `${origin}/sign-in/reset`
        })
        .catch(sayNothing)
      return '/sign-in/sent'
    },
    (problem) => pages.forgot({ ...form, problem })
  )
}

export async function showReset({ query }: Exchange): Promise<Reply> {
  return show(pages.reset(readText(query.token)))
}

/** A new password signs in, as far as a password does: a second factor is asked for as ever. */
export async function resetPassword(exchange: Exchange): Promise<Reply> {
  const { client, body } = exchange
  const { token, password } = readStrings(body, 'token', 'password')
  return submit(
    async () => {
      const call = () =>
        client.passwords.email.reset({ password_reset_token: token, password }).catch(sayInWords)
      return (await exchange.completeSignIn(call)).next
    },
    (problem) => pages.reset(token, problem)
  )
}
