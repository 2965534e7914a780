import type { Context } from '../context.ts'
import { assertNotClaimedElsewhere } from '../domain/claimed-domains.ts'
import { domainOf } from '../domain/members.ts'
import type { MemberRecord, OrganizationRecord, ProjectSettings } from '../domain/records.ts'

type Organization = Pick<OrganizationRecord, 'organization_id'>
type Claims = { readonly store: Pick<Context['store'], 'listClaimingOrganizations'> }
type Call = Claims &
  Pick<Context, 'caller'> & {
    readonly project: { readonly settings: Pick<ProjectSettings, 'strict_claimed_domains'> }
  }

/** No other organization claims the domain of the address, which is to become that of a member. */
export async function assertUnclaimed(
  { store }: Claims,
  organization: Organization,
  email_address: string
): Promise<void> {
  assertNotClaimedElsewhere(
    organization,
    await store.listClaimingOrganizations(domainOf(email_address))
  )
}

/** The same of the address of a member who accepts an invitation: the domain may be claimed since that was sent. */
export async function assertMayAccept(
  claims: Claims,
  organization: Organization,
  { status, email_address }: Pick<MemberRecord, 'status' | 'email_address'>
): Promise<void> {
  if (status === 'invited') await assertUnclaimed(claims, organization, email_address)
}

/** The same, where the backend may answer for the address: a claim binds the backend only if the project says so. */
export async function assertUnclaimedForCaller(
  context: Call,
  organization: Organization,
  email_address: string
): Promise<void> {
  const isBackend = context.caller === undefined
  if (isBackend && !context.project.settings.strict_claimed_domains) return
  await assertUnclaimed(context, organization, email_address)
}
