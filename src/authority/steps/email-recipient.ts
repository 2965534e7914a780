import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { type DomainFacts, domainOf, refuseJoiningByEmail } from '../domain/admission.ts'
import { createMember, type MemberContext, writesOfCreation } from '../domain/members.ts'
import { assignableRoles } from '../domain/policy.ts'
import { type Problem, problem, stale } from '../domain/problem.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { demand, Refusal } from '../refusal.ts'
import { retryWhileStale } from './retry-while-stale.ts'

/** Whom an e-mail of an organization goes to: a member, or one who will be created with it. */
export interface Recipient {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly isNew: boolean
}

/** The member with the address, or a pending one for it, if the organization lets the address join. */
export async function findRecipient(
  context: Context,
  organization: OrganizationRecord,
  email_address: string
): Promise<Recipient> {
  const { organization_id } = organization
  const known = await context.store.findMemberByEmail(organization_id, email_address)
  if (known !== undefined) return { organization, member: known, isNew: false }
  await refuseRetired(context, organization, email_address)
  const facts = await findDomainFacts(context, organization, email_address)
  demand(refuseJoiningByEmail(organization, facts) ?? true)
  const member = createMember(
    organization_id,
    newId('member', context.environment),
    { email_address, create_member_as_pending: true },
    newMemberContext(context, organization)
  )
  return { organization, member: demand(member), isNew: true }
}

/** Stores what was sent, and the recipient who is new. Whoever else created that member meanwhile has done so for both. */
export function storeSent(
  context: Context,
  { organization, member: planned, isNew }: Recipient,
  writesFor: (member: MemberRecord) => readonly Write[]
): Promise<Recipient> {
  const { store } = context
  return retryWhileStale(async () => {
    const known = await store.findMemberByEmail(organization.organization_id, planned.email_address)
    if (known === undefined && !isNew) throw new Refusal(problem('member_not_found'))
    const member = known ?? planned
    const creation = known === undefined ? writesOfCreation(member) : []
    const refusal = await store.run([...creation, ...writesFor(member)])
    demand(known === undefined ? staleWhereTaken(refusal) : (refusal ?? true))
    return { organization, member, isNew: known === undefined }
  })
}

/** Whoever took the address first is found by the next try. */
export function staleWhereTaken(refusal: Problem | undefined): Problem | true {
  return refusal?.problem === 'duplicate_member_email' ? stale : (refusal ?? true)
}

/** An address that a member had before is nobody's to join with. */
export async function refuseRetired(
  { store }: Context,
  { organization_id }: OrganizationRecord,
  email_address: string
): Promise<void> {
  const owner = await store.findEmailOwner(organization_id, email_address)
  if (owner !== undefined) throw new Refusal(problem('retired_member_email'))
}

export async function findDomainFacts(
  { store }: Context,
  { organization_id }: OrganizationRecord,
  email_address: string
): Promise<DomainFacts> {
  const domain = domainOf(email_address)
  return {
    domain,
    isClaimed: await store.isDomainClaimed(organization_id, domain),
    isRepresented: await store.isDomainRepresented(organization_id, domain)
  }
}

function newMemberContext(context: Context, organization: OrganizationRecord): MemberContext {
  return {
    email_id: newId('email', context.environment),
    phone_id: newId('phone-number', context.environment),
    roles: assignableRoles(context.project.policy, organization),
    now: context.now
  }
}
