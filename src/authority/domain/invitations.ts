import { domainOf } from './members.ts'
import { OperationError } from './operation-error.ts'
import type { OrganizationRecord } from './records.ts'

/**
 * The organization may invite the address: all addresses, or those of its allowed domains, but none of a domain
 * that another organization claims.
 */
export function assertMayInvite(
  { organization_id, settings }: OrganizationRecord,
  {
    email_address,
    claimedBy
  }: { readonly email_address: string; readonly claimedBy: readonly string[] }
): void {
  const { email_invites, email_allowed_domains } = settings
  const isAllowed =
    email_invites === 'ALL_ALLOWED' ||
    (email_invites === 'RESTRICTED' && email_allowed_domains.includes(domainOf(email_address)))
  if (!isAllowed) throw new OperationError('invalid_email_for_invites')
  if (claimedBy.some((claiming_id) => claiming_id !== organization_id)) {
    throw new OperationError('action_not_allowed_email_domain_is_claimed')
  }
}
