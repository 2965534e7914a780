import type { Context, Handler } from '../context.ts'
import { assertMayReactivate } from '../domain/field-permissions.ts'
import {
  reactivateMember,
  writesOfDeletion,
  writesOfErasure,
  writesOfReactivation
} from '../domain/members.ts'
import { type Conflict, OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
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
    const onMissing = 'no_deleted_member_found_for_reactivation'
    const deleted = await loadDeletedMember(context, organization, request.member_id, onMissing)
    assertAuthorizedBy(context, (caller) => assertMayReactivate(caller, organization, deleted))
    const member = reactivateMember(deleted, now)
    await assertUnclaimedForCaller(context, organization, member.email_address)
    await store.run(writesOfReactivation(member))
    return answerMember(context, member, organization)
  })

/** The same ids, and for good: nothing is left that could come back. */
export const erase: Handler<'organizations.members.erase'> = (context, request) =>
  retryWhileStale(async () => {
    const { member_id } = request
    const organization = await loadOrganization(context, request.organization_id)
    const onMissing = 'no_deleted_member_found'
    const deleted = await loadDeletedMember(context, organization, member_id, onMissing)
    await context.store.run(writesOfErasure(deleted))
    return { member_id }
  })

async function loadDeletedMember(
  context: Context,
  { organization_id }: OrganizationRecord,
  member_id: string,
  onMissing: Exclude<Conflict, 'stale'>
): Promise<MemberRecord> {
  const deleted = await context.store.findDeletedMember(member_id)
  if (deleted?.organization_id !== organization_id) throw new OperationError(onMissing)
  return about(context, deleted)
}
