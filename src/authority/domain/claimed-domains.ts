import { OperationError } from './operation-error.ts'
import type { OrganizationRecord } from './records.ts'

/** Whether a domain, which these organizations claim, is another organization's. */
export function isClaimedElsewhere(
  { organization_id }: Pick<OrganizationRecord, 'organization_id'>,
  claimedBy: readonly string[]
): boolean {
  return claimedBy.some((claiming_id) => claiming_id !== organization_id)
}

/** No other organization claims the domain. */
export function assertNotClaimedElsewhere(
  organization: Pick<OrganizationRecord, 'organization_id'>,
  claimedBy: readonly string[]
): void {
  if (isClaimedElsewhere(organization, claimedBy)) {
    throw new OperationError('action_not_allowed_email_domain_is_claimed')
  }
}
