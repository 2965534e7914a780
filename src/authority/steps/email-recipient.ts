import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { createMember, writesOfCreation } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { about } from './about.ts'
import { assertMayJoin } from './assert-may-join.ts'
import { memberContext } from './member-context.ts'
import { retryWhileStale } from './retry-while-stale.ts'

/** Whom an e-mail of an organization goes to: a member, or one who is created with it. */
export interface Recipient {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly isNew: boolean
}

/** The member with the address, or a pending one, if the organization lets the address join. */
export async function findRecipient(
  context: Context,
  organization: OrganizationRecord,
  email_address: string
): Promise<Recipient> {
  const { organization_id } = organization
  const known = await findByEmail(context, organization, email_address)
  if (known !== undefined) return { organization, member: known, isNew: false }
  await assertMayJoin(context, organization, { email_address, oauth_tenants: [] })
  const member = createMember(
    organization_id,
    newId('member', context.environment),
    { email_address, create_member_as_pending: true },
    memberContext(context, organization)
  )
  return { organization, member, isNew: true }
}

/** The member with the address. One that a member had before joins nothing. */
export async function findByEmail(
  context: Context,
  { organization_id }: OrganizationRecord,
  email_address: string
): Promise<MemberRecord | undefined> {
  const { store } = context
  const owner = about(context, await store.findMemberByAnyEmail(organization_id, email_address))
  if (owner === undefined || owner.email_address === email_address) return owner
  throw new OperationError('retired_member_email')
}

/** Stores what was sent, and a recipient who is new. If another call has created that member meanwhile, that one is used. */
export function storeSent(
  { store }: Context,
  { organization, member: planned, isNew }: Recipient,
  writesFor: (member: MemberRecord) => readonly Write[]
): Promise<Recipient> {
  return retryWhileStale(async () => {
    const known = await store.findMemberByEmail(organization.organization_id, planned.email_address)
    if (known === undefined && !isNew) throw new OperationError('member_not_found')
    const member = known ?? planned
    const creation = known === undefined ? writesOfCreation(member, 'stale') : []
    await store.run([...creation, ...writesFor(member)])
    return { organization, member, isNew: known === undefined }
  })
}
