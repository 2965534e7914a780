import type { Context, Handler } from '../context.ts'
import { wayIn } from '../domain/admission.ts'
import { domainOf } from '../domain/members.ts'
import { problem, stale } from '../domain/problem.ts'
import type { IntermediateSessionRecord, OrganizationRecord } from '../domain/records.ts'
import { demand, Refusal } from '../refusal.ts'
import { about } from '../steps/about.ts'
import { enterAsMember, enterAsNewMember, enterOrganization } from '../steps/enter-organization.ts'
import { loadOrganization } from '../steps/load.ts'

/**
 * - A member with the address enters, also one who was invited or is pending; what was proven decides whether at once.
 * - Anybody else becomes a member where the organization admits the address or the tenant.
 */
export const exchange: Handler<'discovery.intermediateSessions.exchange'> = (context, request) =>
  enterOrganization(context, request, async (intermediate) => {
    const organization = await loadOrganization(context, request.organization_id)
    const { organization_id } = organization
    const { email_address } = intermediate
    const member = about(
      context,
      await context.store.findMemberByEmail(organization_id, email_address)
    )
    if (member !== undefined) return enterAsMember(organization, member, intermediate)
    await refuseNewcomer(context, organization, intermediate)
    return enterAsNewMember(context, organization, intermediate, { roles: [] })
  })

async function refuseNewcomer(
  { store }: Context,
  organization: OrganizationRecord,
  { email_address, oauth_tenants }: IntermediateSessionRecord
): Promise<void> {
  const { organization_id } = organization
  const domain = domainOf(email_address)
  const claimants = await store.listClaimants(domain)
  const hasColleague = await store.hasVerifiedMember(organization_id, domain)
  demand(wayIn(organization, { email_address, oauth_tenants, claimants, hasColleague }))
  if (await store.wasEmailUsed(organization_id, email_address)) {
    const justJoined = await store.findMemberByEmail(organization_id, email_address)
    throw new Refusal(justJoined === undefined ? problem('retired_member_email') : stale)
  }
}
