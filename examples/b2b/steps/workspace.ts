import type { Member } from 'membergate/client'
import { readStrings } from '../../problems.ts'
import { type Exchange, type Reply, show, submit } from '../exchange.ts'
import { isAdministrator, type ListedMember, type Viewer } from '../pages/workspace.ts'
import * as pages from '../pages.ts'
import { sayInWords } from '../refusals.ts'

// Whatever the path says, the tenant is that of the session: the guard has compared the two.

export async function viewOf({ client, memberOf }: Exchange): Promise<Viewer> {
  const session = memberOf()
  const { organization_id, member_id } = session
  const { member, organization } = await client.organizations.members.get({
    organization_id,
    member_id
  })
  return { session, member, organization }
}

export async function showOverview(exchange: Exchange): Promise<Reply> {
  return show(pages.overview(await viewOf(exchange)))
}

export async function showMembers(exchange: Exchange): Promise<Reply> {
  const members = await listMembers(exchange)
  const isInvited = 'invited' in exchange.query
  return show(pages.members(await viewOf(exchange), { members, isInvited }))
}

/** In the name of the member: besides the guard, the authority looks at their roles as well. */
export async function inviteMember(exchange: Exchange): Promise<Reply> {
  const { client, body, origin, path } = exchange
  const form = readStrings(body, 'name', 'email_address')
  const members = await listMembers(exchange)
  const viewer = await viewOf(exchange)
  const { organization_id, member_id } = exchange.memberOf()
  const invitation = {
    ...form,
    organization_id,
    invited_by_member_id: member_id,
    invite_redirect_url: `${origin}/sign-in/member-link`
  }
  return submit(
    async () => {
      const authorization = exchange.authorizationOf()
      await client.magicLinks.email.invite(invitation, { authorization }).catch(sayInWords)
      return `${path}?invited`
    },
    (problem) => pages.members(viewer, { ...form, members, problem })
  )
}

export async function showReports(exchange: Exchange): Promise<Reply> {
  return show(pages.reports(await viewOf(exchange), exchange.verdictOf()))
}

async function listMembers({ client, memberOf }: Exchange): Promise<readonly ListedMember[]> {
  const session = memberOf()
  const { members } = await client.organizations.members.search({
    organization_ids: [session.organization_id]
  })
  return members
    .map((member) => listedMember(member, isAdministrator(session)))
    .toSorted((one, other) => one.email_address.localeCompare(other.email_address))
}

/** The API tells the backend everything of every member. A page gets what its reader is to see. */
function listedMember(member: Member, isForAdministrators: boolean): ListedMember {
  const { member_id, name, email_address, status, is_admin } = member
  if (!isForAdministrators) return { member_id, name, email_address }
  const badges = [status !== 'active' && status, is_admin && 'Admin'].filter(isText)
  return {
    member_id,
    name,
    email_address,
    forAdministrators: { badges, secondFactors: secondFactorsOf(member) }
  }
}

function secondFactorsOf({ totp_registration_id, mfa_phone_number_verified }: Member): string {
  const all = [
    totp_registration_id !== '' && 'Authenticator app',
    mfa_phone_number_verified && 'Phone'
  ]
  return all.filter(isText).join(', ') || 'None'
}

function isText(value: string | false): value is string {
  return value !== false
}
