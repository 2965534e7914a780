import { type Problem, problem } from './problem.ts'
import type { OrganizationRecord } from './records.ts'

/** What is known of the domain of an address, seen from an organization. */
export interface DomainFacts {
  readonly domain: string
  /** Whether another organization of the project claims it. */
  readonly isClaimed: boolean
  /** Whether the organization has an active member with a verified address of it. */
  readonly isRepresented: boolean
}

/**
 * Whether an address may join the organization by its domain: where provisioning by e-mail is on, the domain is allowed,
 * no other organization claims it, and somebody of the domain is there already. Without that last condition anybody
 * could gather a company's people by allowing its domain.
 */
export function refuseJoiningByEmail(
  { settings }: OrganizationRecord,
  { domain, isClaimed, isRepresented }: DomainFacts
): Problem | undefined {
  if (settings.email_jit_provisioning !== 'RESTRICTED') {
    return problem('email_jit_provisioning_not_allowed')
  }
  if (isClaimed) return problem('action_not_allowed_email_domain_is_claimed')
  const admits = settings.email_allowed_domains.includes(domain) && isRepresented
  return admits ? undefined : problem('invalid_email_for_jit_provisioning')
}

/** Whether an address may be invited. A domain that another organization claims is that one's to invite. */
export function refuseInvitation(
  { settings }: OrganizationRecord,
  { domain, isClaimed }: DomainFacts
): Problem | undefined {
  const { email_invites, email_allowed_domains } = settings
  const admits =
    email_invites === 'ALL_ALLOWED' ||
    (email_invites === 'RESTRICTED' && email_allowed_domains.includes(domain))
  if (!admits) return problem('invalid_email_for_invites')
  return isClaimed ? problem('action_not_allowed_email_domain_is_claimed') : undefined
}

export function domainOf(email_address: string): string {
  return email_address.slice(email_address.lastIndexOf('@') + 1)
}
