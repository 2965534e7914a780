import type { RequestOf } from '../../wire/routes.ts'
import type { Context, Handler } from '../context.ts'
import { refuseVerifier } from '../crypto/pkce.ts'
import { isLinkToken, newId, newLinkToken, sha256 } from '../crypto/tokens.ts'
import { demandEmailSender, sendEmail } from '../delivery/deliver.ts'
import { emailText, textLocale } from '../delivery/texts.ts'
import { passwordProof } from '../domain/factors.ts'
import { viewMember } from '../domain/member-view.ts'
import { canonicalEmail } from '../domain/members.ts'
import { problem } from '../domain/problem.ts'
import type { LinkRecord, MemberRecord, OrganizationRecord } from '../domain/records.ts'
import { linkTo, redirectUrl } from '../domain/redirect-url.ts'
import { countEmail } from '../domain/send-limits.ts'
import { demand, Refusal } from '../refusal.ts'
import { finishPasswordReset } from '../steps/finish-password-reset.ts'
import { loadOrganization } from '../steps/load.ts'
import { refuseWeakPassword } from '../steps/password-strength.ts'
import { refuseBesideFactor, refuseUnaccepted } from '../steps/primary-factor.ts'
import { admitVerified } from '../steps/sign-in.ts'

const defaultMinutes = 30

const redirectProblems = {
  missing: problem('no_password_reset_redirect_url'),
  unregistered: problem('invalid_password_reset_redirect_url')
}

const deadToken = problem('unable_to_auth_password_reset_token')

/**
 * - Where passwords do not sign the member in, none is offered.
 * - The message is counted before anything is written, and the link is kept before it is sent.
 * - Links that were sent earlier go on: whoever asks for another one ends none.
 */
export const resetStart: Handler<'passwords.email.resetStart'> = async (context, request) => {
  const { store, environment, now } = context
  demandEmailSender(context.delivery)
  const organization = await loadOrganization(context, request.organization_id)
  const { organization_id } = organization
  const email_address = canonicalEmail(request.email_address)
  const member = await store.findMemberByEmail(organization_id, email_address)
  if (member === undefined) throw new Refusal(problem('member_not_found'))
  refuseUnaccepted(organization, member, passwordProof)
  const redirect = chooseRedirect(context, request)

  demand(await store.run(countEmail(email_address, now)))
  const minutes = request.reset_password_expiration_minutes ?? defaultMinutes
  const token = newLinkToken()
  const link: LinkRecord = {
    link_id: newId('password-reset', environment),
    kind: 'password_reset',
    member_id: member.member_id,
    email_address,
    code_challenge: request.code_challenge ?? null,
    expires_at: now + minutes * 60_000,
    used_at: null
  }
  demand(await store.run([{ do: 'insertLink', link, token_hash: sha256(token), now }]))
  await sendReset(context, { organization, member, minutes, token, redirect }, request.locale)
  return {
    member_id: member.member_id,
    member_email_id: member.email_id,
    member: viewMember(member, organization, now)
  }
}

/** The other URL is for a way in without a new password, which the e-mail does not offer. */
function chooseRedirect(
  { project: { settings } }: Context,
  request: RequestOf<'passwords.email.resetStart'>
): URL {
  const { reset_password_redirect_url, login_redirect_url } = request
  if (login_redirect_url !== undefined) {
    demand(redirectUrl(login_redirect_url, settings, redirectProblems))
  }
  return demand(redirectUrl(reset_password_redirect_url, settings, redirectProblems))
}

interface ResetEmail {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly minutes: number
  readonly token: string
  readonly redirect: URL
}

async function sendReset(
  { delivery, store }: Context,
  { organization, member, minutes, token, redirect }: ResetEmail,
  requestedLocale: string | undefined
): Promise<void> {
  const { organization_id, organization_name } = organization
  const { member_id, email_address } = member
  const kind = 'reset_password'
  const locale = textLocale(requestedLocale)
  const link = linkTo(redirect, 'multi_tenant_passwords', token)
  await sendEmail(delivery, {
    to: email_address,
    ...emailText(kind, { link, organization_name, minutes }, locale),
    locale,
    kind,
    link,
    token,
    project_id: store.project_id,
    organization_id,
    member_id
  })
}

/**
 * - A used, an ended and an unknown token have one answer. So has one whose member has another address by now.
 * - A weak password, a wrong verifier and a method that the organization does not accept leave the token as it was.
 * - Who has the link has the mailbox: the address is verified, and a member who waited for that is active.
 */
export const reset: Handler<'passwords.email.reset'> = async (context, request) => {
  await refuseBesideFactor(context, request)
  const { link, organization, member } = await loadReset(context, request.password_reset_token)
  demand(refuseVerifier(link.code_challenge, request.code_verifier))
  refuseUnaccepted(organization, member, passwordProof)
  await refuseWeakPassword(context, request.password, member)

  const admitted = admitVerified(member, context.now)
  const { link_id } = link
  const answer = await finishPasswordReset(context, request, {
    organization,
    member: admitted.member,
    password: request.password,
    writes: [...admitted.writes, { do: 'useLink', link_id, now: context.now, otherwise: deadToken }]
  })
  const { organization_id } = organization
  return { organization_id, member_email_id: member.email_id, ...answer }
}

/** The link that the token belongs to, while it is good, and whose it is. */
async function loadReset({ store, now }: Context, token: string) {
  if (!isLinkToken(token)) throw new Refusal(problem('invalid_token'))
  const link = await store.findLink(sha256(token))
  const isGood = link?.kind === 'password_reset' && link.used_at === null && link.expires_at > now
  const member = isGood && link.member_id ? await store.findMemberById(link.member_id) : undefined
  const organization = member && (await store.findOrganization(member.organization_id))
  if (!link || !member || !organization || member.email_address !== link.email_address) {
    throw new Refusal(deadToken)
  }
  return { link, organization, member }
}
