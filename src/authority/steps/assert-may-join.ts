import type { Context } from '../context.ts'
import { assertJitRule } from '../domain/admission.ts'
import { domainOf } from '../domain/members.ts'
import type { OAuthTenant, OrganizationRecord } from '../domain/records.ts'

/** The organization lets a person who is no member join. */
export async function assertMayJoin(
  { store }: Context,
  organization: OrganizationRecord,
  person: { readonly email_address: string; readonly oauth_tenants: readonly OAuthTenant[] }
): Promise<void> {
  const { email_address, oauth_tenants } = person
  const domain = domainOf(email_address)
  const claimedBy = await store.listClaimingOrganizations(domain)
  const hasDomainMember = await store.hasVerifiedMember(organization.organization_id, domain)
  assertJitRule(organization, { email_address, oauth_tenants, claimedBy, hasDomainMember })
}
