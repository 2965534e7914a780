import type { Context } from '../context.ts'
import { hashOneTimeCode, newOneTimeCode } from '../crypto/one-time-codes.ts'
import { newId } from '../crypto/tokens.ts'
import { sendSms } from '../delivery/deliver.ts'
import { smsText, textLocale } from '../delivery/texts.ts'
import { isLocked } from '../domain/lockout.ts'
import { isChallengedBySms } from '../domain/mfa.ts'
import { assertSmsDestination, isSmsDestination } from '../domain/phone-numbers.ts'
import type { MemberRecord, OneTimeCodeRecord, OrganizationRecord } from '../domain/records.ts'
import { countSms } from '../domain/send-limits.ts'
import type { WriteNamed } from '../domain/writes.ts'
import { countMessage } from './count-message.ts'
import { isAnotherMembersNumber } from './phone-number-owner.ts'

const codeLifeMs = 120_000

/**
 * Sends a code to the number, and gives the write that makes it good.
 *
 * - The message is counted before it is handed over, and committed by itself: neither a burst nor a failure sends more.
 * - Only a message that was taken makes a code. Until then the one before it is good.
 */
export async function sendSmsCode(
  context: Context,
  member: MemberRecord,
  phoneNumber: string,
  locale: string | undefined
): Promise<WriteNamed<'putCode'>> {
  const { ipKey, now } = context
  const { settings } = context.project
  assertSmsDestination(phoneNumber, settings.sms_country_codes)
  await countMessage(context, countSms(member, phoneNumber, { settings, ipKey, now }))
  return deliverCode(context, member, phoneNumber, locale)
}

async function deliverCode(
  context: Context,
  { member_id, organization_id }: MemberRecord,
  phoneNumber: string,
  locale: string | undefined
): Promise<WriteNamed<'putCode'>> {
  const { store, atRest, environment, now } = context
  const code = newOneTimeCode()
  const language = textLocale(locale)
  await sendSms(context.delivery, {
    to: phoneNumber,
    text: smsText(code, language),
    code,
    locale: language,
    project_id: store.project_id,
    organization_id,
    member_id
  })

  const code_id = newId('one-time-code', environment)
  const place = { code_id, purpose: 'sms', subject: member_id } as const
  return {
    do: 'putCode',
    code: {
      ...place,
      code_hash: hashOneTimeCode(atRest, place, code),
      member_id,
      recipient: phoneNumber,
      failed_attempts: 0,
      expires_at: now + codeLifeMs,
      used_at: null
    },
    now
  }
}

/** What was sent by itself in a call: a sign-in that is tried again does not send again. */
const challenges = new WeakMap<Context, Promise<WriteNamed<'putCode'> | undefined>>()

/**
 * Sends the code that a sign-in waits for, and gives the write that makes it good. Where the member is not challenged by
 * SMS, the server sends none, too many were sent, or another member has verified the number, the sign-in goes on without.
 */
export async function challengeBySms(
  context: Context,
  organization: OrganizationRecord,
  member: MemberRecord,
  locale: string | undefined
): Promise<WriteNamed<'putCode'> | undefined> {
  const { delivery, now } = context
  if (delivery.sms === undefined || isLocked(member, 'otp', now)) return undefined
  if (!isChallengedBySms(organization, member)) return undefined
  const challenge = challenges.get(context) ?? trySend(context, member, locale)
  challenges.set(context, challenge)
  const write = await challenge
  return write?.code.recipient === member.mfa_phone_number ? write : undefined
}

async function trySend(context: Context, member: MemberRecord, locale: string | undefined) {
  const { store, ipKey, now } = context
  const { settings } = context.project
  const { mfa_phone_number } = member
  if (!isSmsDestination(mfa_phone_number, settings.sms_country_codes)) return undefined
  if (await isAnotherMembersNumber(context, member)) return undefined
  const conflict = await store.tryRun(countSms(member, mfa_phone_number, { settings, ipKey, now }))
  return conflict === undefined ? deliverCode(context, member, mfa_phone_number, locale) : undefined
}

/** The newest code of the member, if it went to the number of today. */
export async function loadSmsCode(
  { store }: Context,
  { member_id, mfa_phone_number }: MemberRecord
): Promise<OneTimeCodeRecord | undefined> {
  const sent = await store.findOneTimeCode('sms', member_id)
  return sent?.recipient === mfa_phone_number ? sent : undefined
}
