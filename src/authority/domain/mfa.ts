import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { MfaEnrollment } from '../../wire/totps.ts'
import { verifiesMember } from '../../wire/verifying-factors.ts'
import { hasSecondaryFactor } from './factors.ts'
import { OperationError } from './operation-error.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'
import { missingPrimary } from './sign-in-requirements.ts'

export type MfaMethod = 'sms_otp' | 'totp'

/** The member may complete MFA here at all, on the strength of the factors of an intermediate session. */
export function assertMayCompleteMfa(
  organization: OrganizationRecord,
  member: MemberRecord,
  factors: readonly AuthenticationFactor[] | undefined
): void {
  if (member.status !== 'active') {
    throw new OperationError('action_available_only_for_active_members')
  }
  const lacksPrimary =
    factors !== undefined && missingPrimary(organization, member, factors) !== null
  if (lacksPrimary) {
    throw new OperationError('action_available_only_once_primary_authentication_is_met')
  }
}

/** The same of a method, which the member uses or enrols: the organization must allow it as well. */
export function assertMfaMethodAllowed(
  method: MfaMethod,
  organization: OrganizationRecord,
  member: MemberRecord,
  factors: readonly AuthenticationFactor[] | undefined
): void {
  assertMayCompleteMfa(organization, member, factors)
  if (!allowsMfaMethod(method, organization, member)) {
    throw new OperationError('operation_restricted_by_organization_mfa_methods')
  }
}

function allowsMfaMethod(
  method: MfaMethod,
  { settings }: OrganizationRecord,
  { is_breakglass }: MemberRecord
): boolean {
  const { mfa_methods, allowed_mfa_methods } = settings
  return is_breakglass || mfa_methods !== 'RESTRICTED' || allowed_mfa_methods.includes(method)
}

/**
 * A new second factor must not become a way around the one there is: a member who has an active one (a verified
 * number or authenticator) enrols another only with a session or intermediate session that holds it.
 */
export function assertMayEnrolFactor(
  member: MemberRecord,
  factors: readonly AuthenticationFactor[]
): void {
  if (!hasActiveMfaFactor(member)) return
  if (activeMfaFactors(member, factors).length === 0) {
    throw new OperationError('insufficient_factors')
  }
}

/** Those by which the member verified the second factor that is active today; recovery codes stand in for the app. */
export function activeMfaFactors(
  { mfa_phone_number_verified, phone_id, totp_registration_id }: MemberRecord,
  factors: readonly AuthenticationFactor[]
): readonly AuthenticationFactor[] {
  return factors.filter(
    ({ type, phone_number_factor, authenticator_app_factor }) =>
      (mfa_phone_number_verified && phone_number_factor?.phone_id === phone_id) ||
      (totp_registration_id !== '' &&
        (type === 'recovery_codes' || authenticator_app_factor?.totp_id === totp_registration_id))
  )
}

/** A running session keeps a second factor that the member has removed since. What begins anew does not get it. */
export function withoutRemovedFactors(
  member: MemberRecord,
  factors: readonly AuthenticationFactor[]
): readonly AuthenticationFactor[] {
  const active = activeMfaFactors(member, factors)
  return factors.filter(
    (factor) => factor.sequence_order !== 'SECONDARY' || active.includes(factor)
  )
}

/** Whether a second factor of another type was verified. After that, a new one of this type is as if none had failed. */
export function hasOtherSecondFactor(
  type: string,
  factors: readonly AuthenticationFactor[]
): boolean {
  const others = factors.filter((factor) => factor.type !== type && verifiesMember(factor))
  return hasSecondaryFactor(others)
}

/**
 * A code to the verified number of a member who is as far as the second factor challenges what is there and adds
 * nothing. Any other code enrols the number, so what holds for enrolments holds for it. `factors` are those of the
 * session or intermediate session, if there is one.
 */
export function assertMaySendSmsCode(
  member: MemberRecord,
  factors: readonly AuthenticationFactor[] | undefined
): void {
  const challenges = member.mfa_phone_number_verified && factors !== undefined
  if (!challenges) assertMayEnrolFactor(member, factors ?? [])
}

/**
 * Whether a sign-in that waits for the second factor has a code sent by itself: the member has a number that may be
 * challenged, the organization allows it, and of several methods TOTP is not the default.
 */
export function isChallengedBySms(organization: OrganizationRecord, member: MemberRecord): boolean {
  const { mfa_phone_number, mfa_phone_number_verified, totp_registration_id } = member
  const hasTotp = totp_registration_id !== ''
  const prefersTotp =
    hasTotp && member.default_mfa_method === 'totp' && allowsMfaMethod('totp', organization, member)
  return (
    mfa_phone_number !== '' &&
    (mfa_phone_number_verified || !hasTotp) &&
    allowsMfaMethod('sms_otp', organization, member) &&
    !prefersTotp
  )
}

export function hasActiveMfaFactor(member: MemberRecord): boolean {
  return member.mfa_phone_number_verified || member.totp_registration_id !== ''
}

export interface MfaPreferences {
  readonly mfa_enrolled: boolean | null
  readonly default_mfa_method: MfaMethod | null
}

/** The member with the preferences that are not `null`. */
export function withMfaPreferences(
  member: MemberRecord,
  { mfa_enrolled, default_mfa_method }: MfaPreferences,
  now: number
): MemberRecord {
  return {
    ...member,
    mfa_enrolled: mfa_enrolled ?? member.mfa_enrolled,
    default_mfa_method: default_mfa_method ?? member.default_mfa_method,
    updated_at: now
  }
}

/** What a completed second factor changes about the next sign-in; `null` leaves it. */
export function mfaPreferences(
  method: MfaMethod,
  organization: OrganizationRecord,
  member: MemberRecord,
  { set_mfa_enrollment, set_default_mfa }: MfaEnrollment
): MfaPreferences {
  const isDefault = set_default_mfa === true || member.default_mfa_method === ''
  const default_mfa_method = isDefault ? method : null
  if (organization.settings.mfa_policy === 'REQUIRED_FOR_ALL') {
    return { mfa_enrolled: true, default_mfa_method }
  }
  const mfa_enrolled = set_mfa_enrollment === undefined ? null : set_mfa_enrollment === 'enroll'
  return { mfa_enrolled, default_mfa_method }
}
