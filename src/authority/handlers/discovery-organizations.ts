import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { type Discovered, viewDiscovered } from '../domain/discovered-organization.ts'
import {
  createOrganization,
  nameFromEmail,
  writesOfNewOrganization
} from '../domain/organizations.ts'
import { assignableRoles } from '../domain/policy.ts'
import type { MemberRecord, SessionRecord } from '../domain/records.ts'
import { adminRole } from '../domain/roles.ts'
import {
  exchangedFactors,
  identifiesMember,
  identityOfSession
} from '../domain/transferred-factors.ts'
import { assertUnclaimed } from '../steps/assert-unclaimed.ts'
import { discoverOrganizations, listMemberships } from '../steps/discover-organizations.ts'
import { enterAsNewMember, enterOrganization } from '../steps/enter-organization.ts'
import { loadIntermediateSession, loadSession, loadSessionMember } from '../steps/load.ts'
import { assertSessionReference } from '../steps/session-reference.ts'
import { newSlug } from './organizations.ts'

/**
 * What an exchange into each organization would answer now. Nothing is used up by it.
 *
 * - A membership is listed only to a person who is verified to be that member; an unverified address lists none, and no
 *   domain.
 * - A session lists memberships only, for sessions.exchange creates no members.
 */
export const list: Handler<'discovery.organizations.list'> = async (context, request) => {
  assertSessionReference(request)
  const { intermediate_session_token } = request
  if (intermediate_session_token === undefined) {
    const session = await loadSession(context, request)
    const { member } = await loadSessionMember(context, session)
    const found = await membershipsOfSession(context, session, member)
    return answer(context, member.email_address, null, found)
  }
  const intermediate = await loadIntermediateSession(context, intermediate_session_token)
  const found = await discoverOrganizations(context, intermediate)
  return answer(context, intermediate.email_address, intermediate.organization_id, found)
}

/**
 * The creator becomes a member and an admin, active when the address is verified. The organization is created also when
 * something is missing: the same token completes the sign-in to it.
 */
export const create: Handler<'discovery.organizations.create'> = (context, request) =>
  enterOrganization(context, request, async (intermediate) => {
    const { email_address } = intermediate
    const organization_id = newId('organization', context.environment)
    await assertUnclaimed(context, { organization_id }, email_address)
    const name = nameFromEmail(email_address)
    const { intermediate_session_token, organization_name = name, ...settings } = request
    const organization = createOrganization(
      { organization_name, ...settings },
      {
        organization_id,
        organization_slug: newSlug(name),
        roles: assignableRoles(context.project.policy),
        now: context.now
      }
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

async function membershipsOfSession(
  context: Context,
  session: SessionRecord,
  own: MemberRecord
): Promise<readonly Discovered[]> {
  const identity = identityOfSession(session, own)
  const memberships = await listMemberships(context, own.email_address)
  return memberships
    .filter(
      ({ member }) => member.member_id === own.member_id || identifiesMember(identity, member)
    )
    .map(({ organization, member }) => ({
      organization,
      member,
      factors: exchangedFactors(identity, organization, member)
    }))
}
