import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { assertMayMoveTo } from '../domain/email-update.ts'
import { assertMayChangeMember, assertMayCreateMember } from '../domain/field-permissions.ts'
import { assertMayInvite } from '../domain/invitations.ts'
import { viewMember } from '../domain/member-view.ts'
import {
  canonicalEmail,
  changeMember,
  createMember,
  writesOfChange,
  writesOfCreation
} from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import { connectionsOfLostRoles } from '../domain/roles.ts'
import type { Write } from '../domain/writes.ts'
import { runMemberWrites } from '../run-member-writes.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertUnclaimedForCaller } from '../steps/assert-unclaimed.ts'
import { assertAuthorized, assertAuthorizedBy } from '../steps/caller.ts'
import { loadMember, loadOrganization, loadOrganizationAndMember } from '../steps/load.ts'
import { memberContext } from '../steps/member-context.ts'
import { noteChange } from '../steps/notices.ts'
import { assertMayLinkNumber } from '../steps/phone-number-owner.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { findPage } from '../steps/search-page.ts'
import { memberCondition } from '../store/search.ts'

/** A member creates only whom the organization lets its members bring in, and one who waits for a first sign-in. */
export const create: Handler<'organizations.members.create'> = (context, request) =>
  retryWhileStale(async () => {
    const organization = await loadOrganization(context, request.organization_id)
    const { organization_id, ...fields } = request
    assertAuthorizedBy(context, (caller) => {
      assertMayCreateMember(caller, organization, fields)
      assertMayInvite(organization, canonicalEmail(fields.email_address))
    })
    const member = createMember(
      organization.organization_id,
      newId('member', context.environment),
      createsPending(context) ? { ...fields, create_member_as_pending: true } : fields,
      memberContext(context, organization)
    )
    await assertUnclaimedForCaller(context, organization, member.email_address)
    await assertMayLinkNumber(context, undefined, member)
    await runMemberWrites(context, member, writesOfCreation(member))
    return answerMember(context, member, organization)
  })

export const get: Handler<'organizations.members.get'> = async (
  context,
  { organization_id, member_id, email_address }
) => {
  const organization = await loadOrganization(context, organization_id)
  if (member_id !== undefined && email_address === undefined) {
    const member = await loadMember(context, organization, member_id)
    return answerMember(context, member, organization)
  }
  if (email_address === undefined || member_id !== undefined) {
    throw new OperationError('invalid_member_get_fields')
  }
  const member = await context.store.findMemberByEmail(
    organization.organization_id,
    canonicalEmail(email_address)
  )
  if (member === undefined) throw new OperationError('member_not_found')
  return answerMember(context, member, organization)
}

export const update: Handler<'organizations.members.update'> = (context, request) =>
  retryWhileStale(async () => {
    const { organization, member: before } = await loadOrganizationAndMember(context, request)
    const { organization_id, member_id, ...changes } = request
    assertAuthorizedBy(context, (caller) => {
      assertMayChangeMember(caller, before, changes)
      if (changes.email_address === undefined) return
      assertMayMoveTo(caller, organization, before, canonicalEmail(changes.email_address))
    })
    const member = changeMember(before, changes, memberContext(context, organization))
    if (member.email_address !== before.email_address) {
      await assertUnclaimedForCaller(context, organization, member.email_address)
    }
    await assertMayLinkNumber(context, before, member)
    await runMemberWrites(context, member, [
      ...writesOfChange(before, member),
      ...endedByLostRoles(context, before, member, request)
    ])
    noteChange(context, organization, before, member)
    return answerMember(context, member, organization)
  })

export const dangerouslyGet: Handler<'organizations.members.dangerouslyGet'> = async (
  context,
  { member_id, include_deleted }
) => {
  const { store } = context
  const member =
    (await store.findMemberById(member_id)) ??
    (include_deleted === true ? await store.findDeletedMember(member_id) : undefined)
  if (member === undefined) throw new OperationError('member_not_found')
  return answerMember(context, member, await loadOrganization(context, member.organization_id))
}

export const search: Handler<'organizations.members.search'> = async (
  context,
  { organization_ids, query, ...wanted }
) => {
  const { store, now } = context
  const organizations = await loadOrganizations(context, organization_ids)
  for (const organization of organizations.values()) {
    assertAuthorized(context, organization, 'stytch.member', 'search')
  }
  const condition = memberCondition(query)
  const ids = [...organizations.keys()]
  const { items, results_metadata } = await findPage(context, wanted, {
    scope: ['members', ids, query],
    find: (page) => store.searchMembers(ids, condition, page),
    idOf: ({ member_id }) => member_id
  })
  return {
    members: items.flatMap((member) => {
      const organization = organizations.get(member.organization_id)
      return organization === undefined ? [] : [viewMember(member, organization, now)]
    }),
    results_metadata,
    organizations: Object.fromEntries(
      [...organizations].map(([id, organization]) => [id, viewOrganization(organization)])
    )
  }
}

/** A member can say of no address whose it is, so the person has to show it. */
function createsPending({ caller, project }: Context): boolean {
  return caller !== undefined && !project.settings.activate_members_created_by_session
}

/** The end of the sessions by an SSO connection that gives a role which was taken away, unless the request spares them. */
export function endedByLostRoles(
  { now }: Context,
  before: MemberRecord | undefined,
  after: MemberRecord,
  request: { readonly preserve_existing_sessions?: boolean }
): Write[] {
  if (before === undefined || request.preserve_existing_sessions === true) return []
  const { member_id } = after
  return connectionsOfLostRoles(before.roles, after.roles).map((connection_id) => ({
    do: 'revokeConnectionSessions',
    member_id,
    connection_id,
    now
  }))
}

/** By id, each once, however often and by whichever of its identifiers the request names it. */
async function loadOrganizations(
  context: Context,
  identifiers: readonly string[]
): Promise<ReadonlyMap<string, OrganizationRecord>> {
  const found = new Map<string, OrganizationRecord>()
  for (const identifier of identifiers) {
    const organization = await loadOrganization(context, identifier)
    found.set(organization.organization_id, organization)
  }
  return found
}
