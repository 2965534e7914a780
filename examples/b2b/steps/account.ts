import { readStrings } from '../../problems.ts'
import { type Exchange, type Reply, show, submit } from '../exchange.ts'
import * as pages from '../pages.ts'
import { homeOf } from '../paths.ts'
import { sayInWords } from '../refusals.ts'
import { viewOf } from './workspace.ts'

export async function showAccount(exchange: Exchange): Promise<Reply> {
  const isChanged = 'changed' in exchange.query
  return show(pages.account(await viewOf(exchange), { isChanged }))
}

export async function showChangePassword(exchange: Exchange): Promise<Reply> {
  return show(pages.changePassword(await viewOf(exchange)))
}

/** Ends every other session of the member. */
export async function changePassword(exchange: Exchange): Promise<Reply> {
  const { client, body } = exchange
  const { password } = readStrings(body, 'password')
  const session = exchange.memberOf()
  const { organization_id } = session
  const viewer = await viewOf(exchange)
  return submit(
    async () => {
      const call = () =>
        client.passwords.sessions
          .reset({ organization_id, password, ...exchange.authorizationOf() })
          .catch(sayInWords)
      await exchange.completeSignIn(call)
      return `${homeOf(session)}/account?changed`
    },
    (problem) => pages.changePassword(viewer, problem)
  )
}

/** Every session of the member, this one included. `signOut` clears the cookies. */
export async function endSessions({ client, memberOf }: Exchange): Promise<void> {
  await client.sessions.revoke({ member_id: memberOf().member_id })
}
