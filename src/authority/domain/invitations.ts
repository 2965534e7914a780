import { domainOf } from './members.ts'
import { OperationError } from './operation-error.ts'
import type { OrganizationRecord } from './records.ts'

/** The organization lets its members bring in the address: all addresses, or those of its allowed domains. */
export function assertMayInvite({ settings }: OrganizationRecord, email_address: string): void {
  const { email_invites, email_allowed_domains } = settings
  const isAllowed =
    email_invites === 'ALL_ALLOWED' ||
    (email_invites === 'RESTRICTED' && email_allowed_domains.includes(domainOf(email_address)))
  if (!isAllowed) throw new OperationError('invalid_email_for_invites')
}
