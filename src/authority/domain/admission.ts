import { domainOf } from './members.ts'
import { type Problem, problem } from './problem.ts'
import type { OAuthTenant, OrganizationRecord } from './records.ts'

/** Somebody who is no member, and would become one. */
export interface Newcomer {
  readonly email_address: string
  readonly oauth_tenants: readonly OAuthTenant[]
  /** Ids of organizations that claim the domain of the address. */
  readonly claimants: readonly string[]
  /** Whether the organization has another member with a verified address of that domain. */
  readonly hasColleague: boolean
}

/** Why somebody may join: what discovery lists as the `membership` of those who are no members yet. */
export type WayIn =
  | {
      readonly type: 'eligible_to_join_by_email_domain'
      readonly details: { readonly domain: string }
    }
  | { readonly type: 'eligible_to_join_by_oauth_tenant'; readonly details: OAuthTenant }

/**
 * How the newcomer may join the organization, or why not. Members need no way in: they are there already, invited or
 * pending as they may be.
 *
 * - Where another organization claims the domain, nobody with an address of it joins.
 * - By e-mail domain only where somebody with a verified address of the domain is a member already. Else everybody could
 *   list a domain that is not theirs, and lure its people in.
 * - By a tenant of a provider that the sign-in there belonged to.
 */
export function wayIn(organization: OrganizationRecord, newcomer: Newcomer): WayIn | Problem {
  const { organization_id, settings } = organization
  if (newcomer.claimants.some((claimant) => claimant !== organization_id)) {
    return problem('action_not_allowed_email_domain_is_claimed')
  }
  const domain = domainOf(newcomer.email_address)
  const byEmail = settings.email_jit_provisioning === 'RESTRICTED'
  if (byEmail && settings.email_allowed_domains.includes(domain) && newcomer.hasColleague) {
    return { type: 'eligible_to_join_by_email_domain', details: { domain } }
  }
  const byTenant = settings.oauth_tenant_jit_provisioning === 'RESTRICTED'
  const details = newcomer.oauth_tenants.find((tenant) => admitsTenant(organization, tenant))
  if (byTenant && details !== undefined) {
    return { type: 'eligible_to_join_by_oauth_tenant', details }
  }
  if (byTenant && newcomer.oauth_tenants.length > 0) {
    return problem('invalid_oauth_tenant_for_jit_provisioning')
  }
  return problem(
    byEmail ? 'invalid_email_for_jit_provisioning' : 'email_jit_provisioning_not_allowed'
  )
}

function admitsTenant({ settings }: OrganizationRecord, { provider, tenant }: OAuthTenant) {
  const { allowed_oauth_tenants } = settings
  const allowed = Object.hasOwn(allowed_oauth_tenants, provider)
    ? allowed_oauth_tenants[provider]
    : undefined
  return Array.isArray(allowed) && allowed.includes(tenant)
}
