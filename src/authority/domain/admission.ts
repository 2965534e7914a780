import { assertNotClaimedElsewhere, isClaimedElsewhere } from './claimed-domains.ts'
import { domainOf } from './members.ts'
import { OperationError } from './operation-error.ts'
import type { OAuthTenant, OrganizationRecord } from './records.ts'

/** A person who is no member, and would become one. */
export interface Applicant {
  readonly email_address: string
  readonly oauth_tenants: readonly OAuthTenant[]
  /** Ids of organizations that claim the domain of the address. */
  readonly claimedBy: readonly string[]
  /** Whether the organization has another member with a verified address of that domain. */
  readonly hasDomainMember: boolean
}

/** What lets an applicant join: discovery lists it as the `membership` of a person who is no member yet. */
export type JitProvisioningRule =
  | {
      readonly type: 'eligible_to_join_by_email_domain'
      readonly details: { readonly domain: string }
    }
  | { readonly type: 'eligible_to_join_by_oauth_tenant'; readonly details: OAuthTenant }

/**
 * The rule by which the applicant may join the organization; `undefined`: there is none. Members need no rule: they are
 * there already, invited or pending as they may be.
 *
 * - Where another organization claims the domain, no applicant with an address of it joins.
 * - By e-mail domain only where a person with a verified address of the domain is a member already. Else an organization
 *   could list a domain that is not its own, and lure the people of that domain in.
 * - By a tenant of a provider that the sign-in there belonged to.
 */
export function findJitRule(
  organization: OrganizationRecord,
  applicant: Applicant
): JitProvisioningRule | undefined {
  if (isClaimedElsewhere(organization, applicant.claimedBy)) return undefined
  const { settings } = organization
  const domain = domainOf(applicant.email_address)
  const byEmail = settings.email_jit_provisioning === 'RESTRICTED'
  if (byEmail && settings.email_allowed_domains.includes(domain) && applicant.hasDomainMember) {
    return { type: 'eligible_to_join_by_email_domain', details: { domain } }
  }
  const byTenant = settings.oauth_tenant_jit_provisioning === 'RESTRICTED'
  const details = applicant.oauth_tenants.find((tenant) => allowsTenant(organization, tenant))
  return byTenant && details !== undefined
    ? { type: 'eligible_to_join_by_oauth_tenant', details }
    : undefined
}

/** One of the rules lets the applicant join; else the error says which one came closest. */
export function assertJitRule(organization: OrganizationRecord, applicant: Applicant): void {
  if (findJitRule(organization, applicant) !== undefined) return
  assertNotClaimedElsewhere(organization, applicant.claimedBy)
  const { email_jit_provisioning, oauth_tenant_jit_provisioning } = organization.settings
  if (oauth_tenant_jit_provisioning === 'RESTRICTED' && applicant.oauth_tenants.length > 0) {
    throw new OperationError('invalid_oauth_tenant_for_jit_provisioning')
  }
  throw new OperationError(
    email_jit_provisioning === 'RESTRICTED'
      ? 'invalid_email_for_jit_provisioning'
      : 'email_jit_provisioning_not_allowed'
  )
}

function allowsTenant({ settings }: OrganizationRecord, { provider, tenant }: OAuthTenant) {
  const { allowed_oauth_tenants } = settings
  const allowed = Object.hasOwn(allowed_oauth_tenants, provider)
    ? allowed_oauth_tenants[provider]
    : undefined
  return Array.isArray(allowed) && allowed.includes(tenant)
}
