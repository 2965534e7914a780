import type { DiscoveredOrganization } from '../../wire/discovery.ts'
import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { JitProvisioningRule } from './admission.ts'
import { viewMember } from './member-view.ts'
import { viewOrganization } from './organization-view.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'
import { missingForSession } from './sign-in-requirements.ts'

/** Whom a person would be in the organization, and what an exchange would count for them. */
export interface Discovered {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly factors: readonly AuthenticationFactor[]
  /** What would let the person join; `undefined`: the person is a member. */
  readonly jitRule?: JitProvisioningRule
}

/** The object of the API: what an exchange into the organization would answer now. */
export function viewDiscovered(
  { organization, member, factors, jitRule }: Discovered,
  now: number
): DiscoveredOrganization {
  const missing = missingForSession(organization, member, factors)
  return {
    organization: viewOrganization(organization),
    membership:
      jitRule === undefined
        ? {
            type: `${member.status}_member`,
            details: null,
            member: viewMember(member, organization, now)
          }
        : { type: jitRule.type, details: { ...jitRule.details }, member: null },
    member_authenticated: missing.primary_required === null && missing.mfa_required === null,
    ...missing
  }
}
