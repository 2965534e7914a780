import type { Context, Handler } from '../context.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { IntermediateSessionRecord, OrganizationRecord } from '../domain/records.ts'
import { about } from '../steps/about.ts'
import { assertMayJoin } from '../steps/assert-may-join.ts'
import { enterAsMember, enterAsNewMember, enterOrganization } from '../steps/enter-organization.ts'
import { loadOrganization } from '../steps/load.ts'

/**
 * - A member with the address enters, also one who was invited or is pending; what was verified decides whether at once.
 * - Any other person becomes a member where a rule of the organization lets the address or the tenant join.
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
    await assertMayJoin(context, organization, intermediate)
    await assertNeverUsed(context, organization, intermediate)
    return enterAsNewMember(context, organization, intermediate, { roles: [] })
  })

/** An address that a member had before joins nothing, unless it became a member's just now. */
async function assertNeverUsed(
  { store }: Context,
  { organization_id }: OrganizationRecord,
  { email_address }: IntermediateSessionRecord
): Promise<void> {
  if (!(await store.wasEmailUsed(organization_id, email_address))) return
  const justJoined = await store.findMemberByEmail(organization_id, email_address)
  throw new OperationError(justJoined === undefined ? 'retired_member_email' : 'stale')
}
