import { domainOf } from './members.ts'
import { type Problem, problem } from './problem.ts'
import type { OrganizationRecord } from './records.ts'

/**
 * Whether the organization may invite the address: all addresses, or those of its allowed domains, but none of a domain
 * that another organization claims.
 */
export function refuseInvitation(
  { organization_id, settings }: OrganizationRecord,
  {
    email_address,
    claimants
  }: { readonly email_address: string; readonly claimants: readonly string[] }
): Problem | undefined {
  const { email_invites, email_allowed_domains } = settings
  const isAllowed =
    email_invites === 'ALL_ALLOWED' ||
    (email_invites === 'RESTRICTED' && email_allowed_domains.includes(domainOf(email_address)))
  if (!isAllowed) return problem('invalid_email_for_invites')
  return claimants.some((claimant) => claimant !== organization_id)
    ? problem('action_not_allowed_email_domain_is_claimed')
    : undefined
}
