import type { Handler } from '../context.ts'
import { assertMayMoveTo, assertMayUpdateEmail } from '../domain/email-update.ts'
import { emailOtpFactor, magicLinkFactor } from '../domain/factors.ts'
import { canonicalEmail } from '../domain/members.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertUnclaimed } from '../steps/assert-unclaimed.ts'
import { assertAuthorized, assertAuthorizedBy } from '../steps/caller.ts'
import { newEmailCode } from '../steps/email-codes.ts'
import { newLink, readRedirectUrl } from '../steps/links.ts'
import { loadOrganizationAndMember } from '../steps/load.ts'
import { mail } from '../steps/mail.ts'
import { assertAcceptedFactor } from '../steps/primary-factor.ts'

const minutes = 5

/**
 * Sends a link or a code to the address that a member wants. Signing in with it makes that the address; until then the
 * old one stays. Of several that were sent to one member only the last is good.
 */
export const startEmailUpdate: Handler<'organizations.members.startEmailUpdate'> = async (
  context,
  request
) => {
  const { store, now } = context
  const { organization, member } = await loadOrganizationAndMember(context, request)
  assertAuthorized(context, member, 'stytch.member', 'update.info.email')
  const email_address = canonicalEmail(request.email_address)
  assertAuthorizedBy(context, (caller) =>
    assertMayMoveTo(caller, organization, member, email_address)
  )
  const { organization_id, member_id } = member
  assertMayUpdateEmail(member, {
    email_address,
    owner: await store.findMemberByAnyEmail(organization_id, email_address),
    pendingOwners: await store.listPendingEmailOwners(organization_id, email_address, now)
  })
  await assertUnclaimed(context, organization, email_address)
  const byCode = request.delivery_method === 'EMAIL_OTP'
  const factorOf = byCode ? emailOtpFactor : magicLinkFactor
  assertAcceptedFactor(organization, member, factorOf(member))

  const purpose = 'email_update'
  const { write, ...brings } = byCode
    ? newEmailCode(context, { purpose, email_address, minutes })
    : newLink(context, {
        kind: purpose,
        stytch_token_type: 'multi_tenant_magic_links',
        email_address,
        redirect_url: readRedirectUrl(context, request.login_redirect_url, 'no_login_redirect_url'),
        code_challenge: undefined,
        minutes
      })
  await mail(context, {
    kind: 'email_update',
    to: email_address,
    brings,
    minutes,
    locale: request.locale,
    about: { organization, member_id }
  })
  await store.run([
    { do: 'deleteMemberLinks', member_id, kind: purpose },
    { do: 'deleteMemberCodes', member_id, purpose },
    write(member_id)
  ])
  return answerMember(context, member, organization)
}
