import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { wayIn } from '../domain/admission.ts'
import { type Discovered, viewDiscovered } from '../domain/discovered-organization.ts'
import { domainOf } from '../domain/members.ts'
import {
  createOrganization,
  nameFromEmail,
  writesOfNewOrganization
} from '../domain/organizations.ts'
import { assignableRoles } from '../domain/policy.ts'
import { isProblem, problem } from '../domain/problem.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord,
  SessionRecord
} from '../domain/records.ts'
import { adminRole } from '../domain/roles.ts'
import {
  evidenceOfIntermediateSession,
  evidenceOfSession,
  exchangedFactors,
  factorsToEnter,
  provesMember
} from '../domain/transferred-factors.ts'
import { demand, Refusal } from '../refusal.ts'
import { namesCarrier } from '../steps/carrier.ts'
import { enterAsNewMember, enterOrganization, newMember } from '../steps/enter-organization.ts'
import { loadIntermediateSession, loadSession, loadSessionMember } from '../steps/load.ts'
import { newSlug } from './organizations.ts'

/** So many memberships are listed, the oldest first, and as many organizations to join. */
const maxListed = 200

/**
 * What an exchange into each organization would answer now. Nothing is used up by it.
 *
 * - A membership is listed only to whom it is proven to belong; an unproven address lists none, and no domain.
 * - A session lists memberships only, for sessions.exchange makes nobody a member.
 */
export const list: Handler<'discovery.organizations.list'> = async (context, request) => {
  if (!namesCarrier(request)) throw new Refusal(problem('no_session_arguments'))
  const { intermediate_session_token } = request
  if (intermediate_session_token === undefined) {
    const session = await loadSession(context, request)
    const { member } = await loadSessionMember(context, session)
    const found = await membershipsOfSession(context, session, member)
    return answer(context, member.email_address, null, found)
  }
  const intermediate = await loadIntermediateSession(context, intermediate_session_token)
  const found = [
    ...(await membershipsOfIntermediateSession(context, intermediate)),
    ...(await organizationsToJoin(context, intermediate))
  ]
  return answer(context, intermediate.email_address, intermediate.organization_id, found)
}

/**
 * The creator becomes a member and an admin, active when the address is verified. The organization is created also when
 * something is missing: the same token completes the sign-in to it.
 */
export const create: Handler<'discovery.organizations.create'> = (context, request) =>
  enterOrganization(context, request, async (intermediate) => {
    const { email_address } = intermediate
    const claimants = await context.store.listClaimants(domainOf(email_address))
    if (claimants.length > 0) {
      throw new Refusal(problem('action_not_allowed_email_domain_is_claimed'))
    }
    const name = nameFromEmail(email_address)
    const { intermediate_session_token, organization_name = name, ...settings } = request
    const organization = demand(
      createOrganization(
        { organization_name, ...settings },
        {
          organization_id: newId('organization', context.environment),
          organization_slug: newSlug(name),
          roles: assignableRoles(context.project.policy),
          now: context.now
        }
      )
    )
    return enterAsNewMember(context, organization, intermediate, {
      roles: [adminRole],
      writesBefore: writesOfNewOrganization(organization)
    })
  })

function answer(
  { now }: Context,
  email_address: string,
  organization_id_hint: string | null,
  found: readonly Discovered[]
) {
  return {
    email_address,
    discovered_organizations: found.map((discovered) => viewDiscovered(discovered, now)),
    organization_id_hint
  }
}

interface Membership {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
}

async function membershipsOfSession(
  context: Context,
  session: SessionRecord,
  own: MemberRecord
): Promise<readonly Discovered[]> {
  const evidence = evidenceOfSession(session, own)
  const memberships = await listMemberships(context, own.email_address)
  return memberships
    .filter(({ member }) => member.member_id === own.member_id || provesMember(evidence, member))
    .map(({ organization, member }) => ({
      organization,
      member,
      factors: exchangedFactors(evidence, organization, member)
    }))
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

async function listMemberships(
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

/** By a domain only for an address that is proven; by a tenant also for one that is merely claimed. */
async function organizationsToJoin(
  context: Context,
  intermediate: IntermediateSessionRecord
): Promise<readonly Discovered[]> {
  const { store } = context
  const { email_address, oauth_tenants } = intermediate
  const domain = domainOf(email_address)
  const claimants = await store.listClaimants(domain)
  const newcomer = { email_address, oauth_tenants, claimants }
  const byDomain = evidenceOfIntermediateSession(intermediate).provesAddress
    ? await store.listOrganizationsByDomain(email_address, domain, maxListed)
    : []
  const tenants = oauth_tenants.map(({ tenant }) => tenant)
  const byTenant = await store.listOrganizationsByTenant(email_address, tenants, maxListed)
  const known = new Set(byDomain.map(({ organization_id }) => organization_id))
  const others = byTenant.filter(({ organization_id }) => !known.has(organization_id))

  return [
    ...byDomain.map((organization) => ({ organization, hasColleague: true })),
    ...others.map((organization) => ({ organization, hasColleague: false }))
  ].flatMap(({ organization, hasColleague }) => {
    const way = wayIn(organization, { ...newcomer, hasColleague })
    if (isProblem(way)) return []
    return { organization, wayIn: way, ...newMember(context, organization, intermediate, []) }
  })
}
