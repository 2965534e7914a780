import type { Handler } from '../context.ts'
import { assertMayReactivate } from '../domain/field-permissions.ts'
import { reactivateMember, writesOfDeletion, writesOfReactivation } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import { about } from '../steps/about.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertUnclaimedForCaller } from '../steps/assert-unclaimed.ts'
import { assertAuthorized, assertAuthorizedBy } from '../steps/caller.ts'
import { loadOrganization, loadOrganizationAndMember } from '../steps/load.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'

/** What belongs to the member ends in the same unit, so no session that begins meanwhile outlives it. */
export const deleteMember: Handler<'organizations.members.delete'> = (context, request) =>
  retryWhileStale(async () => {
    const { member } = await loadOrganizationAndMember(context, request)
    assertAuthorized(context, member, 'stytch.member', 'delete')
    await context.store.run(writesOfDeletion(member, context.now))
    return { member_id: member.member_id }
  })

/** By id only: an external id may have passed to another member. */
export const reactivate: Handler<'organizations.members.reactivate'> = (context, request) =>
  retryWhileStale(async () => {
    const { store, now } = context
    const organization = await loadOrganization(context, request.organization_id)
    assertAuthorized(context, organization, 'stytch.member', 'create')
    const deleted = await store.findDeletedMember(request.member_id)
    if (deleted?.organization_id !== organization.organization_id) {
      throw new OperationError('no_deleted_member_found_for_reactivation')
    }
    assertAuthorizedBy(context, (caller) => assertMayReactivate(caller, organization, deleted))
    const member = reactivateMember(about(context, deleted), now)
    await assertUnclaimedForCaller(context, organization, member.email_address)
    await store.run(writesOfReactivation(member))
    return answerMember(context, member, organization)
  })
