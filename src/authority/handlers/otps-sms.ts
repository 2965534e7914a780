import type { Handler } from '../context.ts'
import { isOneTimeCode } from '../crypto/one-time-codes.ts'
import { newId } from '../crypto/tokens.ts'
import { demandSmsSender } from '../delivery/deliver.ts'
import { smsProof } from '../domain/factors.ts'
import { isLocked } from '../domain/lockout.ts'
import { viewMember } from '../domain/member-view.ts'
import { mfaPreferences, refuseMfaBypass, refuseMfaStep, refuseSmsBypass } from '../domain/mfa.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import { numberToProve } from '../domain/phone-numbers.ts'
import { problem } from '../domain/problem.ts'
import type { Write } from '../domain/writes.ts'
import { demand, Refusal } from '../refusal.ts'
import { attempt } from '../steps/attempts.ts'
import { factorsToComplete, guesserOf, loadCarrier, namesCarrier } from '../steps/carrier.ts'
import { compareCode } from '../steps/compare-code.ts'
import { finishSecondFactor } from '../steps/finish-second-factor.ts'
import { loadOrganizationAndMember } from '../steps/load.ts'
import { loadSmsCode, sendSmsCode } from '../steps/sms-codes.ts'

/**
 * - A session or intermediate session is needed only by a member with an active second factor; one that is given must be
 *   the member's.
 * - A new number is linked, unverified, together with the code: by a message that was taken, and by no other.
 * - What is refused, or could not be sent, leaves the number and the earlier code as they were.
 */
export const send: Handler<'otps.sms.send'> = async (context, request) => {
  const { store, environment, delivery, now } = context
  demandSmsSender(delivery)
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const carrier = namesCarrier(request) ? await loadCarrier(context, member, request) : undefined
  demand(refuseMfaStep('sms_otp', organization, member, factorsToComplete(carrier)))
  demand(refuseSmsBypass(member, carrier?.record.authentication_factors))
  if (isLocked(member, now)) throw new Refusal(problem('user_lock_limit_reached'))
  const mfa_phone_number = demand(numberToProve(member, request.mfa_phone_number))

  const { member_id, organization_id } = member
  const writes: Write[] = []
  if (member.mfa_phone_number === '') {
    if (await store.isPhoneNumberTaken(organization_id, mfa_phone_number)) {
      throw new Refusal(problem('duplicate_member_phone_number'))
    }
    const phone_id = newId('phone-number', environment)
    const otherwise = problem('duplicate_member_phone_number_for_member')
    writes.push({ do: 'linkPhoneNumber', member_id, phone_id, mfa_phone_number, now, otherwise })
  }
  const code = demand(await sendSmsCode(context, member, mfa_phone_number, request.locale))
  demand(await store.run([...writes, code]))

  const changed = await loadOrganizationAndMember(context, request)
  return {
    member_id,
    member: viewMember(changed.member, organization, now),
    organization: viewOrganization(organization)
  }
}

/**
 * - The session or intermediate session must be the member's, and primary authentication complete: SMS is never a
 *   primary factor.
 * - A first code enrols the number, so what held for the send holds again: another factor may have come since.
 * - A guess counts against the code, the member and the intermediate session before it is compared.
 * - Who gives the right code may know that it was used or is too old; a wrong one is as good as none.
 * - The code, the end of the intermediate session and the new session are one unit: all or nothing.
 */
export const authenticate: Handler<'otps.sms.authenticate'> = async (context, request) => {
  const { now } = context
  if (!namesCarrier(request)) throw new Refusal(problem('no_session_arguments'))
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const carrier = await loadCarrier(context, member, request)
  demand(refuseMfaStep('sms_otp', organization, member, factorsToComplete(carrier)))
  if (!isOneTimeCode(request.code)) throw new Refusal(problem('invalid_code'))
  if (!member.mfa_phone_number_verified) {
    demand(refuseMfaBypass(member, carrier.record.authentication_factors))
  }

  const otherwise = problem('otp_code_not_found')
  const sent = await loadSmsCode(context, member)
  if (sent === undefined) throw new Refusal(otherwise)
  const right = await attempt(context, guesserOf(member, carrier), () =>
    compareCode(context, sent, request.code)
  )
  if (right === undefined) throw new Refusal(otherwise)

  const { member_id, phone_id } = member
  const preferences = mfaPreferences('sms_otp', organization, member, request)
  return finishSecondFactor(context, request, {
    organization,
    member,
    proof: smsProof(phone_id, member.mfa_phone_number),
    use: { do: 'useCode', code: sent, now, otherwise: problem('unable_to_auth_otp_code') },
    changes: [
      { do: 'verifyPhoneNumber', member_id, phone_id, now, otherwise },
      { do: 'setMfaPreferences', member_id, ...preferences, now }
    ]
  })
}
