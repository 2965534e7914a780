import type { Context, Handler } from '../context.ts'
import { emailOtpFactor } from '../domain/factors.ts'
import { canonicalEmail } from '../domain/members.ts'
import type { OrganizationRecord } from '../domain/records.ts'
import { about } from '../steps/about.ts'
import { loadAddressee } from '../steps/addressee.ts'
import { answerMember } from '../steps/answer-member.ts'
import { beginDiscovery } from '../steps/begin-discovery.ts'
import { type CodeSubject, newEmailCode, verifyEmailCode } from '../steps/email-codes.ts'
import { findRecipient, storeSent } from '../steps/email-recipient.ts'
import { loadOrganization } from '../steps/load.ts'
import { mail } from '../steps/mail.ts'
import { assertAcceptedFactor, finishPrimary } from '../steps/primary-factor.ts'
import { loadReferencedSession } from '../steps/session-reference.ts'

const defaultMinutes = 10

/**
 * - The member with the address gets a code; a person who is no member is created where the organization lets the
 *   address join.
 * - Where such codes do not sign the member in, none is sent.
 * - No member is created, and the code before stays good, until the e-mail is on its way.
 */
export const loginOrSignup: Handler<'otps.email.loginOrSignup'> = async (context, request) => {
  const organization = await loadOrganization(context, request.organization_id)
  const email_address = canonicalEmail(request.email_address)
  const recipient = await findRecipient(context, organization, email_address)
  assertAcceptedFactor(organization, recipient.member, emailOtpFactor(recipient.member))

  const logsIn = recipient.member.status === 'active'
  const minutes =
    (logsIn ? request.login_expiration_minutes : request.signup_expiration_minutes) ??
    defaultMinutes
  const { code, write } = newEmailCode(context, { purpose: 'email', email_address, minutes })
  await mail(context, {
    kind: 'email_otp',
    signsUp: !logsIn,
    to: email_address,
    brings: { code },
    minutes,
    locale: request.locale,
    about: { organization, member_id: recipient.member.member_id }
  })
  const sent = await storeSent(context, recipient, ({ member_id }) => [write(member_id)])
  return { ...answerMember(context, sent.member, organization), member_created: sent.isNew }
}

/**
 * - An address that no member has and one that no code was sent to are answered as a wrong code is.
 * - The code is used up in the unit that starts the session, or the intermediate session; an error leaves it good.
 * - One that was sent to a new address of a member makes that the address.
 */
export const authenticate: Handler<'otps.email.authenticate'> = async (context, request) => {
  const organization = await loadOrganization(context, request.organization_id)
  const referenced = await loadReferencedSession(context, request)
  const subject = await findSubject(context, organization, canonicalEmail(request.email_address))
  const use = await verifyEmailCode(context, subject, request.code)
  const { member_id, email_address, purpose } = subject
  const { member, writes } = await loadAddressee(context, {
    member_id,
    email_address,
    updates: purpose === 'email_update',
    organization,
    gone: 'otp_code_not_found'
  })
  const answer = await finishPrimary(context, request, {
    organization,
    member,
    factor: emailOtpFactor(member),
    registers: purpose === 'email_update',
    referenced,
    writes: [...use, ...writes]
  })
  return { ...answer, method_id: member.email_id }
}

/** Sends to every address alike: whether a member has it is not looked at. */
export const sendDiscovery: Handler<'otps.email.discovery.send'> = async (
  context,
  { discovery_expiration_minutes: minutes = defaultMinutes, locale, ...request }
) => {
  const email_address = canonicalEmail(request.email_address)
  const purpose = 'discovery_email'
  const { code, write } = newEmailCode(context, { purpose, email_address, minutes })
  await mail(context, {
    kind: 'discovery_email_otp',
    to: email_address,
    brings: { code },
    minutes,
    locale
  })
  await context.store.run([write(null)])
  return {}
}

export const authenticateDiscovery: Handler<'otps.email.discovery.authenticate'> = async (
  context,
  request
) => {
  const email_address = canonicalEmail(request.email_address)
  const subject = { purpose: 'discovery_email', member_id: null, email_address } as const
  const use = await verifyEmailCode(context, subject, request.code)
  return beginDiscovery(context, { email_address, factorOf: emailOtpFactor, use })
}

/** The member with the address, else the one that is about to take it. */
async function findSubject(
  context: Context,
  { organization_id }: OrganizationRecord,
  email_address: string
): Promise<CodeSubject> {
  const { store } = context
  const member = about(context, await store.findMemberByEmail(organization_id, email_address))
  if (member !== undefined) return { purpose: 'email', member_id: member.member_id, email_address }
  const update = about(context, await store.findEmailUpdateCode(organization_id, email_address))
  return { purpose: 'email_update', member_id: update?.member_id ?? null, email_address }
}
