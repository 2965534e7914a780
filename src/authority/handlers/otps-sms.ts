import type { RequestOf } from '../../wire/routes.ts'
import type { Context, Handler } from '../context.ts'
import { isOneTimeCode, isRightCode } from '../crypto/one-time-codes.ts'
import { newId } from '../crypto/tokens.ts'
import { smsFactor } from '../domain/factors.ts'
import { type Lockable, lockableOf } from '../domain/lockables.ts'
import { clearFailures, lockOf } from '../domain/lockout.ts'
import {
  assertMaySendSmsCode,
  assertMfaMethodAllowed,
  hasOtherSecondFactor,
  mfaPreferences,
  withMfaPreferences
} from '../domain/mfa.ts'
import { LimitReached, OperationError } from '../domain/operation-error.ts'
import { numberToVerify } from '../domain/phone-numbers.ts'
import type { MemberRecord, OneTimeCodeRecord, OrganizationRecord } from '../domain/records.ts'
import type { Registration } from '../domain/registration.ts'
import type { Write } from '../domain/writes.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertMayUseCode } from '../steps/assert-may-use-code.ts'
import { attemptSecondFactor } from '../steps/attempts.ts'
import { finishSecondFactor } from '../steps/finish-second-factor.ts'
import { loadMember, loadOrganizationAndMember } from '../steps/load.ts'
import { isAnotherMembersNumber } from '../steps/phone-number-owner.ts'
import {
  assertSessionReference,
  attemptAt,
  factorsToComplete,
  hasSessionReference,
  loadReferencedSessionOf,
  type ReferencedSession
} from '../steps/session-reference.ts'
import { loadSmsCode, sendSmsCode } from '../steps/sms-codes.ts'

/**
 * - A session or intermediate session is needed only by a member with an active second factor; one that is given must be
 *   the member's.
 * - A new number is linked, unverified, together with the code: by a message that the sender took, and by no other.
 * - None is sent to a number that another member of the organization has verified, also since this one named it.
 * - While codes by SMS are locked none is sent. A new number after another second factor is counted anew.
 * - A call that ends with an error, or whose message could not be sent, leaves the number and the earlier code as they were.
 */
export const send: Handler<'otps.sms.send'> = async (context, request) => {
  const { store, environment, now } = context
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const referenced = hasSessionReference(request)
    ? await loadReferencedSessionOf(context, member, request)
    : undefined
  assertMfaMethodAllowed('sms_otp', organization, member, factorsToComplete(referenced))
  const factors = referenced?.record.authentication_factors
  assertMaySendSmsCode(member, factors)
  const isNew = member.mfa_phone_number === ''
  const isReenabled = isNew && hasOtherSecondFactor('otp', factors ?? [])
  const lock = lockOf(member, 'otp', now)
  if (!isReenabled && lock !== undefined) {
    throw new LimitReached('user_lock_limit_reached', lock.expires_at)
  }
  const mfa_phone_number = numberToVerify(member, request.mfa_phone_number)

  if (await isAnotherMembersNumber(context, { ...member, mfa_phone_number })) {
    throw new OperationError('duplicate_member_phone_number')
  }

  const { member_id } = member
  const writes: Write[] = isReenabled ? [clearFailures(lockableOf(member_id, 'otp'))] : []
  if (isNew) {
    const phone_id = newId('phone-number', environment)
    const onConflict = 'duplicate_member_phone_number_for_member'
    writes.push({ do: 'linkPhoneNumber', member_id, phone_id, mfa_phone_number, now, onConflict })
  }
  const code = await sendSmsCode(context, member, mfa_phone_number, request.locale)
  await store.run([...writes, code])

  const changed = await loadMember(context, organization, member_id)
  return answerMember(context, changed, organization)
}

/**
 * - The session or intermediate session must be the member's, and primary authentication complete: SMS is never a
 *   primary factor.
 * - A first code enrols the number, so what held for the send holds again: another factor may have come since.
 * - The first member of an organization who verifies a number has it.
 * - An attempt counts against the code, the member's codes by SMS and the intermediate session before it is compared.
 * - A client with the right code may know that it was used or is too old; a wrong one is as good as none.
 * - The code, the end of the intermediate session and the new session are one unit: all or nothing.
 */
export const authenticate: Handler<'otps.sms.authenticate'> = async (context, request) => {
  assertSessionReference(request)
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const referenced = await loadReferencedSessionOf(context, member, request)
  assertMfaMethodAllowed('sms_otp', organization, member, factorsToComplete(referenced))
  if (!isOneTimeCode(request.code)) throw new OperationError('invalid_code')
  const registration = registrationOf(member, context.now)
  assertMayUseCode(context, member, referenced, { ...request, method: 'sms_otp', registration })

  const sent = await loadSmsCode(context, member)
  if (sent === undefined) throw new OperationError('otp_code_not_found')
  const attempted = attemptAt('otp', member, referenced)
  const { lockable } = attempted
  const right = { organization, member, lockable, referenced, registration, sent }
  const answer = await attemptSecondFactor(
    context,
    { ...attempted, sent },
    {
      compare: async () => (isRightCode(context.atRest, sent, request.code) ? sent : undefined),
      finish: () => finishSms(context, request, right)
    }
  )
  if (answer === undefined) throw new OperationError('otp_code_not_found')
  return answer
}

function finishSms(
  context: Context,
  request: RequestOf<'otps.sms.authenticate'>,
  { organization, member, lockable, referenced, registration, sent }: RightSms
) {
  const { now } = context
  const { member_id, phone_id } = member
  const preferences = mfaPreferences('sms_otp', organization, member, request)
  return finishSecondFactor(context, request, {
    organization,
    before: member,
    member: { ...withMfaPreferences(member, preferences, now), mfa_phone_number_verified: true },
    lockable,
    referenced,
    factor: smsFactor(phone_id, member.mfa_phone_number),
    registration,
    writes: [
      { do: 'verifyPhoneNumber', member_id, phone_id, now, onConflict: 'otp_code_not_found' },
      { do: 'setMfaPreferences', member_id, ...preferences, now },
      { do: 'useCode', code: sent, now, onConflict: 'unable_to_auth_otp_code' }
    ]
  })
}

interface RightSms {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly lockable: Lockable
  readonly referenced: ReferencedSession
  readonly registration: Registration
  readonly sent: OneTimeCodeRecord
}

/** A number is registered by the first code that was right. */
function registrationOf(
  { mfa_phone_number_verified, mfa_phone_verified_at }: MemberRecord,
  now: number
): Registration {
  return {
    isNew: !mfa_phone_number_verified,
    registered_at: mfa_phone_number_verified ? (mfa_phone_verified_at ?? 0) : now
  }
}
