import type { RequestOf } from '../../wire/routes.ts'
import type { Context, Handler } from '../context.ts'
import { assertCodeVerifier } from '../crypto/pkce.ts'
import { isLinkToken, sha256 } from '../crypto/tokens.ts'
import { passwordFactor } from '../domain/factors.ts'
import { lockableOf } from '../domain/lockables.ts'
import { clearFailures, withoutLock } from '../domain/lockout.ts'
import { viewMember } from '../domain/member-view.ts'
import { canonicalEmail } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import { about } from '../steps/about.ts'
import { assertMayAccept } from '../steps/assert-unclaimed.ts'
import { finishPasswordReset } from '../steps/finish-password-reset.ts'
import { newLink, readRedirectUrl } from '../steps/links.ts'
import { loadOrganization } from '../steps/load.ts'
import { mail } from '../steps/mail.ts'
import { assertStrongPassword } from '../steps/password-strength.ts'
import { assertAcceptedFactor } from '../steps/primary-factor.ts'
import { loadReferencedSession } from '../steps/session-reference.ts'
import { admitVerified } from '../steps/sign-in.ts'

const defaultMinutes = 30

const deadToken = 'unable_to_auth_password_reset_token'

/**
 * - Where passwords do not sign the member in, none is offered.
 * - No link is good until the e-mail is on its way.
 * - Links that were sent earlier go on: a client that asks for another one ends none.
 */
export const resetStart: Handler<'passwords.email.resetStart'> = async (context, request) => {
  const { store, now } = context
  const organization = await loadOrganization(context, request.organization_id)
  const email_address = canonicalEmail(request.email_address)
  const member = about(
    context,
    await store.findMemberByEmail(organization.organization_id, email_address)
  )
  if (member === undefined) throw new OperationError('member_not_found')
  assertAcceptedFactor(organization, member, passwordFactor)

  const { member_id } = member
  const minutes = request.reset_password_expiration_minutes ?? defaultMinutes
  const { link, token, write } = newLink(context, {
    kind: 'password_reset',
    stytch_token_type: 'multi_tenant_passwords',
    email_address,
    redirect_url: readResetUrl(context, request),
    code_challenge: request.code_challenge,
    minutes
  })
  await mail(context, {
    kind: 'reset_password',
    to: email_address,
    brings: { link, token },
    minutes,
    locale: request.locale,
    about: { organization, member_id }
  })
  await store.run([write(member_id)])
  return {
    member_id,
    member_email_id: member.email_id,
    member: viewMember(member, organization, now)
  }
}

/** The other URL is for a sign-in without a new password, which the e-mail does not offer. */
function readResetUrl(context: Context, request: RequestOf<'passwords.email.resetStart'>): URL {
  const { reset_password_redirect_url: given, login_redirect_url: other = given } = request
  const readRegistered = (url: string | undefined) =>
    readRedirectUrl(
      context,
      url,
      'no_password_reset_redirect_url',
      'invalid_password_reset_redirect_url'
    )
  readRegistered(other)
  return readRegistered(given)
}

/**
 * - A used, an ended and an unknown token have one answer. So has one whose member has another address by now.
 * - A weak password, a wrong verifier and a method that the organization does not accept leave the token as it was.
 * - A person who has the link has the mailbox: the address is verified, and a member who waited for that is active.
 * - A locked or disabled password gives way to the new one. Whatever else is locked stays so.
 */
export const reset: Handler<'passwords.email.reset'> = async (context, request) => {
  const referenced = await loadReferencedSession(context, request)
  const { link, organization, member } = await loadReset(context, request.password_reset_token)
  assertCodeVerifier(link.code_challenge, request.code_verifier)
  assertAcceptedFactor(organization, member, passwordFactor)
  await assertStrongPassword(context, request.password, member)

  await assertMayAccept(context, organization, member)
  const admitted = admitVerified(member, context.now)
  const { link_id } = link
  const answer = await finishPasswordReset(context, request, {
    organization,
    member: withoutLock(admitted.member, 'password'),
    password: request.password,
    referenced,
    writes: [
      clearFailures(lockableOf(member.member_id, 'password')),
      ...admitted.writes,
      { do: 'useLink', link_id, now: context.now, onConflict: deadToken }
    ]
  })
  const { organization_id } = organization
  return { organization_id, member_email_id: member.email_id, ...answer }
}

/** The link that the token belongs to, while it is good, and whose it is. */
async function loadReset(context: Context, token: string) {
  const { store, now } = context
  if (!isLinkToken(token)) throw new OperationError('invalid_token')
  const link = about(context, await store.findLink(sha256(token)))
  const isGood = link?.kind === 'password_reset' && link.used_at === null && link.expires_at > now
  if (!isGood) throw new OperationError(deadToken)
  const member = about(context, await store.findMemberById(link.member_id ?? ''))
  if (member?.email_address !== link.email_address) throw new OperationError(deadToken)
  return { link, organization: await loadOrganization(context, member.organization_id), member }
}
