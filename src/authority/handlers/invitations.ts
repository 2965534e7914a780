import type { RequestOf } from '../../wire/routes.ts'
import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { magicLinkFactor } from '../domain/factors.ts'
import { assertMayCreateMember } from '../domain/field-permissions.ts'
import { assertMayInvite } from '../domain/invitations.ts'
import {
  canonicalEmail,
  changeMember,
  createMember,
  writesOfChange,
  writesOfCreation
} from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertUnclaimed } from '../steps/assert-unclaimed.ts'
import { assertAuthorizedBy } from '../steps/caller.ts'
import { findByEmail } from '../steps/email-recipient.ts'
import { newLink, readRedirectUrl } from '../steps/links.ts'
import { loadOrganization, loadOrganizationAndMember } from '../steps/load.ts'
import { mail } from '../steps/mail.ts'
import { memberContext } from '../steps/member-context.ts'
import { assertAcceptedFactor } from '../steps/primary-factor.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'

type InviteRequest = RequestOf<'magicLinks.email.invite'>

const defaultMinutes = 10_080

/**
 * - A member who invites needs what creating the same member needs.
 * - Any person may be invited, and again, but an active member; with the fields that the last invitation names.
 * - The organization allows the invitation, and no other one claims the domain of the address.
 * - No member is created or changed until the e-mail is on its way.
 */
export const invite: Handler<'magicLinks.email.invite'> = async (context, request) => {
  const {
    invited_by_member_id,
    locale,
    invite_expiration_minutes: minutes = defaultMinutes
  } = request
  const organization = await loadOrganization(context, request.organization_id)
  const { organization_id } = organization
  assertAuthorizedBy(context, (caller) =>
    assertMayCreateMember(caller, organization, fieldsOf(request))
  )
  if (invited_by_member_id !== undefined) {
    // The inviting member is not the one that the call is about.
    const beside = { ...context, subject: {} }
    const member_id = invited_by_member_id
    await loadOrganizationAndMember(beside, { organization_id, member_id })
  }
  const email_address = canonicalEmail(request.email_address)
  assertMayInvite(organization, email_address)
  await assertUnclaimed(context, organization, email_address)
  const redirect_url = readRedirectUrl(
    context,
    request.invite_redirect_url,
    'no_invite_redirect_url'
  )
  const newMemberId = newId('member', context.environment)
  const { member: planned } = await planInvited(context, organization, request, newMemberId)
  assertAcceptedFactor(organization, planned, magicLinkFactor(planned))

  const { link, token, write } = newLink(context, {
    kind: 'magic_link',
    stytch_token_type: 'multi_tenant_magic_links',
    email_address,
    redirect_url,
    code_challenge: undefined,
    minutes
  })
  await mail(context, {
    kind: 'invite',
    to: email_address,
    brings: { link, token },
    minutes,
    locale,
    about: { organization, member_id: planned.member_id }
  })
  return retryWhileStale(async () => {
    const { member, writes } = await planInvited(context, organization, request, newMemberId)
    await context.store.run([...writes, write(member.member_id)])
    return answerMember(context, member, organization)
  })
}

/** The invited member, new or as it was with what the request changes, and the writes that store it. */
async function planInvited(
  context: Context,
  organization: OrganizationRecord,
  request: InviteRequest,
  newMemberId: string
): Promise<{ readonly member: MemberRecord; readonly writes: readonly Write[] }> {
  const { organization_id } = organization
  const outside = memberContext(context, organization)
  const { email_address, ...changes } = fieldsOf(request)
  const before = await findByEmail(context, organization, canonicalEmail(email_address))
  if (before === undefined) {
    const created = createMember(organization_id, newMemberId, fieldsOf(request), outside)
    const member: MemberRecord = { ...created, status: 'invited' }
    return { member, writes: writesOfCreation(member, 'stale') }
  }
  if (before.status === 'active') throw new OperationError('duplicate_member_email')
  const changed = changeMember(before, changes, outside)
  const member: MemberRecord = { ...changed, status: 'invited' }
  return { member, writes: writesOfChange(before, member) }
}

/** What an invitation says of the member. */
function fieldsOf({
  email_address,
  name,
  trusted_metadata,
  untrusted_metadata,
  roles
}: InviteRequest) {
  return { email_address, name, trusted_metadata, untrusted_metadata, roles }
}
