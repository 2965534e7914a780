import type { Context } from '../context.ts'
import { findJitRule } from '../domain/admission.ts'
import type { Discovered } from '../domain/discovered-organization.ts'
import { domainOf } from '../domain/members.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord
} from '../domain/records.ts'
import { factorsToEnter, identityOfIntermediateSession } from '../domain/transferred-factors.ts'
import { newMember } from './enter-organization.ts'

/** So many memberships are listed, the oldest first, and as many organizations to join. */
const maxListed = 200

/** The organizations that an intermediate session may enter: the person's own, and those that would let the person join. */
export async function discoverOrganizations(
  context: Context,
  intermediate: IntermediateSessionRecord
): Promise<readonly Discovered[]> {
  return [
    ...(await membershipsOfIntermediateSession(context, intermediate)),
    ...(await organizationsToJoin(context, intermediate))
  ]
}

interface Membership {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
}

/** The memberships of all members with the address, the oldest first. */
export async function listMemberships(
  { store }: Context,
  email_address: string
): Promise<readonly Membership[]> {
  const members = await store.listMembersByEmail(email_address, maxListed)
  const organizations = await store.listOrganizations(
    members.map(({ organization_id }) => organization_id)
  )
  return members.flatMap((member) => {
    const organization = organizations.get(member.organization_id)
    return organization === undefined ? [] : [{ organization, member }]
  })
}

async function membershipsOfIntermediateSession(
  context: Context,
  intermediate: IntermediateSessionRecord
): Promise<readonly Discovered[]> {
  const memberships = await listMemberships(context, intermediate.email_address)
  return memberships
    .map((membership) => ({
      ...membership,
      factors: factorsToEnter(intermediate, membership.member)
    }))
    .filter(({ factors }) => factors.length > 0)
}

/** By a domain only for an address that is verified; by a tenant also for one that is merely claimed. */
async function organizationsToJoin(
  context: Context,
  intermediate: IntermediateSessionRecord
): Promise<readonly Discovered[]> {
  const { store } = context
  const { email_address, oauth_tenants } = intermediate
  const domain = domainOf(email_address)
  const claimedBy = await store.listClaimingOrganizations(domain)
  const applicant = { email_address, oauth_tenants, claimedBy }
  const byDomain = identityOfIntermediateSession(intermediate).isAddressVerified
    ? await store.listOrganizationsByDomain(email_address, domain, maxListed)
    : []
  const tenants = oauth_tenants.map(({ tenant }) => tenant)
  const byTenant = await store.listOrganizationsByTenant(email_address, tenants, maxListed)
  const known = new Set(byDomain.map(({ organization_id }) => organization_id))
  const others = byTenant.filter(({ organization_id }) => !known.has(organization_id))

  return [
    ...byDomain.map((organization) => ({ organization, hasDomainMember: true })),
    ...others.map((organization) => ({ organization, hasDomainMember: false }))
  ].flatMap(({ organization, hasDomainMember }) => {
    const jitRule = findJitRule(organization, { ...applicant, hasDomainMember })
    if (jitRule === undefined) return []
    return { organization, jitRule, ...newMember(context, organization, intermediate, []) }
  })
}
