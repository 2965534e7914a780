import type { Handler } from '../context.ts'
import { magicLinkFactor } from '../domain/factors.ts'
import { canonicalEmail } from '../domain/members.ts'
import { loadAddressee } from '../steps/addressee.ts'
import { answerMember } from '../steps/answer-member.ts'
import { beginDiscovery } from '../steps/begin-discovery.ts'
import { findRecipient, storeSent } from '../steps/email-recipient.ts'
import { loadLink, newLink, readRedirectUrl, useLink } from '../steps/links.ts'
import { loadOrganization } from '../steps/load.ts'
import { mail } from '../steps/mail.ts'
import { assertAcceptedFactor, finishPrimary } from '../steps/primary-factor.ts'
import { loadReferencedSession } from '../steps/session-reference.ts'

const defaultMinutes = 60

/**
 * - An active member gets a link to log in; any other person one to sign up, who is created where the
 *   organization lets the address join.
 * - Where magic links do not sign the member in, none is sent.
 * - Both redirect URLs must be good, whichever is used.
 * - No member is created and no link is good until the e-mail is on its way.
 */
export const loginOrSignup: Handler<'magicLinks.email.loginOrSignup'> = async (
  context,
  request
) => {
  const { login_redirect_url, signup_redirect_url, pkce_code_challenge: code_challenge } = request
  const organization = await loadOrganization(context, request.organization_id)
  const email_address = canonicalEmail(request.email_address)
  const loginUrl = readRedirectUrl(context, login_redirect_url, 'no_login_redirect_url')
  const signupUrl = readRedirectUrl(context, signup_redirect_url, 'no_signup_redirect_url')
  const recipient = await findRecipient(context, organization, email_address)
  assertAcceptedFactor(organization, recipient.member, magicLinkFactor(recipient.member))

  const logsIn = recipient.member.status === 'active'
  const minutes =
    (logsIn ? request.login_expiration_minutes : request.signup_expiration_minutes) ??
    defaultMinutes
  const { link, token, write } = newLink(context, {
    kind: 'magic_link',
    stytch_token_type: 'multi_tenant_magic_links',
    email_address,
    redirect_url: logsIn ? loginUrl : signupUrl,
    code_challenge,
    minutes
  })
  await mail(context, {
    kind: logsIn ? 'login' : 'signup',
    to: email_address,
    brings: { link, token },
    minutes,
    locale: request.locale,
    about: { organization, member_id: recipient.member.member_id }
  })
  const sent = await storeSent(context, recipient, ({ member_id }) => [write(member_id)])
  return { ...answerMember(context, sent.member, organization), member_created: sent.isNew }
}

/**
 * - A link is good for the address that it was sent to, and for the member who has it: not after a change of address,
 *   nor for a member who was deleted.
 * - It is used up in the unit that starts the session, or the intermediate session; an error leaves it good.
 * - One that was sent to a new address of the member makes that the address.
 */
export const authenticate: Handler<'magicLinks.authenticate'> = async (context, request) => {
  const { magic_links_token, pkce_code_verifier } = request
  const kinds = ['magic_link', 'email_update'] as const
  const link = await loadLink(context, magic_links_token, kinds, pkce_code_verifier)
  const referenced = await loadReferencedSession(context, request)
  const { organization, member, writes } = await loadAddressee(context, {
    member_id: link.member_id,
    email_address: link.email_address,
    updates: link.kind === 'email_update',
    gone: 'unable_to_auth_magic_link'
  })
  const answer = await finishPrimary(context, request, {
    organization,
    member,
    factor: magicLinkFactor(member),
    registers: link.kind === 'email_update',
    referenced,
    writes: [useLink(link, context.now), ...writes]
  })
  return { ...answer, method_id: member.email_id, reset_sessions: false }
}

/** Sends to every address alike: whether a member has it is not looked at. */
export const sendDiscovery: Handler<'magicLinks.email.discovery.send'> = async (
  context,
  { discovery_redirect_url, discovery_expiration_minutes: minutes = defaultMinutes, ...request }
) => {
  const email_address = canonicalEmail(request.email_address)
  const { link, token, write } = newLink(context, {
    kind: 'discovery_magic_link',
    stytch_token_type: 'discovery',
    email_address,
    redirect_url: readRedirectUrl(context, discovery_redirect_url, 'no_discovery_redirect_url'),
    code_challenge: request.pkce_code_challenge,
    minutes
  })
  await mail(context, {
    kind: 'discovery',
    to: email_address,
    brings: { link, token },
    minutes,
    locale: request.locale
  })
  await context.store.run([write(null)])
  return {}
}

export const authenticateDiscovery: Handler<'magicLinks.discovery.authenticate'> = async (
  context,
  { discovery_magic_links_token, pkce_code_verifier }
) => {
  const kinds = ['discovery_magic_link'] as const
  const link = await loadLink(context, discovery_magic_links_token, kinds, pkce_code_verifier)
  return beginDiscovery(context, {
    email_address: link.email_address,
    factorOf: magicLinkFactor,
    use: [useLink(link, context.now)]
  })
}
