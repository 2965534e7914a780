import type { Authorization } from 'membergate/express'
import { Problem, readStrings, signInOver } from '../../problems.ts'
import { type Exchange, type Reply, readText, show, submit } from '../exchange.ts'
import type { Entry } from '../pages/organizations.ts'
import * as pages from '../pages.ts'
import { homeOf } from '../paths.ts'
import { sayInWords } from '../refusals.ts'
import { viewOf } from './workspace.ts'

/** To choose one after a discovery sign-in, or to leave one for another. Both forms are answered by membergate. */
export async function showOrganizations(exchange: Exchange): Promise<Reply> {
  const pending = await exchange.pendingDiscovery()
  if (pending !== null) {
    const { email_address, return_to } = pending
    const entries = await listEntries(exchange, pending, return_to)
    return show(pages.choose({ email_address, entries }))
  }
  if (exchange.memberSession === undefined) return { next: '/sign-in' }
  const return_to = readText(exchange.query.return_to)
  const viewer = await viewOf(exchange)
  const entries = await listEntries(exchange, exchange.authorizationOf(), return_to)
  // From a page of another organization browsers are sent here; who came to choose says so.
  const isRefused = !('choose' in exchange.query)
  return show(pages.switcher(viewer, entries, { isRefused }))
}

export async function createOrganization(exchange: Exchange): Promise<Reply> {
  const { client, body } = exchange
  const organization_name = readStrings(body, 'organization_name').organization_name.trim()
  const pending = await exchange.pendingDiscovery()
  if (pending === null) throw signInOver()
  const { email_address, intermediate_session_token } = pending
  const entries = await listEntries(exchange, pending, pending.return_to)
  return submit(
    async () => {
      if (organization_name === '') throw noName
      const call = () =>
        client.discovery.organizations
          .create({ intermediate_session_token, organization_name })
          .catch(sayInWords)
      return (await exchange.completeSignIn(call)).next
    },
    (problem) => pages.choose({ email_address, entries, problem })
  )
}

const noName = new Problem(400, 'name_missing', 'Give it a name.', 'organization_name')

/** The organizations that a person could enter, and what each organization would ask for. */
async function listEntries(
  { client }: Exchange,
  who: { readonly intermediate_session_token: string } | Authorization,
  return_to: string
): Promise<readonly Entry[]> {
  const tokens =
    'intermediate_session_token' in who
      ? { intermediate_session_token: who.intermediate_session_token }
      : who
  const { discovered_organizations } = await client.discovery.organizations.list(tokens)
  return discovered_organizations.flatMap((found) => {
    const { organization, membership, primary_required, mfa_required } = found
    if (organization === undefined) return []
    const { organization_name: name, organization_id } = organization
    const notes = [
      membership?.type === 'invited_member' && 'You are invited',
      membership?.type === 'eligible_to_join_by_email_domain' && 'You can join',
      primary_required && 'Asks for another way to sign in',
      mfa_required && 'Asks for a second factor'
    ]
    const note = notes.filter((text) => typeof text === 'string').join(' · ')
    return [{ name, organization_id, note, return_to: placeIn(homeOf(organization), return_to) }]
  })
}

/** The page that was wanted, where it is of this organization; else the organization's first. */
function placeIn(home: string, return_to: string): string {
  return return_to.startsWith(`${home}/`) ? return_to : home
}
