import type { EmailKind } from '../delivery/delivery.ts'
import { countryOf } from './phone-numbers.ts'
import type { MemberRecord, ProjectSettings, SendLimits } from './records.ts'
import type { WriteNamed } from './writes.ts'

/**
 * What a message counts as. Each budget counts by itself, so that a flood of one denies no other: what anyone can ask for
 * by an address or number alone stands apart from what members ask for.
 */
type Budget =
  | 'discovery'
  | 'sign_up'
  | 'sign_in'
  | 'invitation'
  | 'password_reset'
  | 'email_update'
  | 'notice'
  | 'sms_enrolment'
  | 'sms_challenge'

const emailBudgets: Readonly<Record<EmailKind, Budget>> = {
  discovery: 'discovery',
  discovery_email_otp: 'discovery',
  signup: 'sign_up',
  login: 'sign_in',
  email_otp: 'sign_in',
  invite: 'invitation',
  reset_password: 'password_reset',
  email_update: 'email_update'
}

/** The call that sends a message. */
interface SendingCall {
  readonly settings: ProjectSettings
  readonly ipKey: string | undefined
  readonly now: number
}

/** An e-mail that is about to be sent. */
interface CountedEmail {
  readonly kind: EmailKind
  readonly to: string
  /** Whether it goes to a person who is not an active member, where the kind does not say so. */
  readonly signsUp?: boolean
  readonly organization_id: string | undefined
}

/** Counts an e-mail before it is sent. */
export function countEmail(
  { kind, to, signsUp = false, organization_id }: CountedEmail,
  { settings, ipKey, now }: SendingCall
): CountSend[] {
  const counted = {
    email_address: to,
    mailbox: mailboxOf(to),
    ip_address: ipKey,
    organization: organization_id,
    project: ''
  }
  return countSends(signsUp ? 'sign_up' : emailBudgets[kind], counted, settings.email_limits, now)
}

/** Counts a notice before it is sent. */
export function countNotice(
  { to, organization_id }: Pick<CountedEmail, 'to' | 'organization_id'>,
  { email_limits }: ProjectSettings,
  now: number
): CountSend[] {
  const counted = {
    email_address: to,
    mailbox: mailboxOf(to),
    ip_address: undefined,
    organization: organization_id,
    project: ''
  }
  return countSends('notice', counted, email_limits, now)
}

/** Counts an SMS before it is sent: for a number that is not verified yet apart from one that is. */
export function countSms(
  { member_id, organization_id, mfa_phone_number_verified }: MemberRecord,
  phoneNumber: string,
  { settings, ipKey, now }: SendingCall
): CountSend[] {
  const counted = {
    member: member_id,
    phone_number: phoneNumber,
    number_prefix: phoneNumber.slice(0, -4),
    ip_address: ipKey,
    country: countryOf(phoneNumber),
    organization: organization_id,
    project: ''
  }
  return countSends(
    mfa_phone_number_verified ? 'sms_challenge' : 'sms_enrolment',
    counted,
    settings.sms_limits,
    now
  )
}

const dotlessProviders: ReadonlySet<string> = new Set(['gmail.com', 'googlemail.com'])

/**
 * Where an e-mail address probably leads: without a tag after `+`, and without the dots that the provider does not look
 * at. For counting only: whose address it is, an address says as it is written.
 */
export function mailboxOf(email_address: string): string {
  const at = email_address.lastIndexOf('@')
  const domain = email_address.slice(at + 1)
  const name = email_address.slice(0, at).replace(/(?<=.)\+.*$/, '')
  return dotlessProviders.has(domain)
    ? `${name.replaceAll('.', '')}@gmail.com`
    : `${name}@${domain}`
}

type CountSend = WriteNamed<'countSend'>

/**
 * One write for every limit. They go from the narrow to the wide, always in one order: calls at the same time do not wait
 * for each other in a circle, and what all share is held last.
 */
function countSends<Scope extends string>(
  budget: Budget,
  counted: Readonly<Record<Scope, string | undefined>>,
  limits: SendLimits<Scope>,
  now: number
): CountSend[] {
  const scopes = Object.entries<string | undefined>(counted) as [Scope, string | undefined][]
  return scopes.flatMap(([scope, who]) =>
    who === undefined
      ? []
      : limits[scope].map(
          ({ messages, minutes }): CountSend => ({
            do: 'countSend',
            counter: `${budget}|${scope}|${who}|${minutes}`,
            window_ms: minutes * 60_000,
            limit: messages,
            now,
            onConflict: 'too_many_requests'
          })
        )
  )
}
