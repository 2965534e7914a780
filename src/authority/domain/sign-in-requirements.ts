import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { MfaRequired, PrimaryRequired } from '../../wire/sign-in.ts'
import {
  acceptedEmailMethods,
  acceptedMethods,
  authMethodOf,
  hasSecondaryFactor,
  verifiesAddress
} from './factors.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'

/** What still separates a set of factors from a session; both `null`: nothing. */
export interface Missing {
  readonly primary_required: PrimaryRequired | null
  readonly mfa_required: MfaRequired | null
}

export function missingForSession(
  organization: OrganizationRecord,
  member: MemberRecord,
  factors: readonly AuthenticationFactor[]
): Missing {
  return {
    primary_required: missingPrimary(organization, member, factors),
    mfa_required: missingMfa(organization, member, factors)
  }
}

/**
 * A primary factor is missing when
 * - the sign-in would activate the membership and no factor verifies the address, or
 * - none of the factors is one that the organization accepts (breakglass members are exempt).
 *
 * The factors are those that count for this member: see {@link transferredFactors} for what was verified elsewhere.
 */
export function missingPrimary(
  organization: OrganizationRecord,
  member: MemberRecord,
  factors: readonly AuthenticationFactor[]
): PrimaryRequired | null {
  const primary = factors.filter(({ sequence_order }) => sequence_order !== 'SECONDARY')
  if (member.status !== 'active' && !primary.some((factor) => verifiesAddress(factor, member))) {
    return { allowed_auth_methods: acceptedEmailMethods(organization) }
  }
  const accepted = primary.some((factor) => acceptsFactor(organization, member, factor))
  return accepted ? null : { allowed_auth_methods: acceptedMethods(organization) }
}

export function acceptsFactor(
  { settings }: OrganizationRecord,
  member: MemberRecord,
  factor: AuthenticationFactor
): boolean {
  if (settings.auth_methods !== 'RESTRICTED' || member.is_breakglass) return true
  const method = authMethodOf(factor)
  return method !== undefined && settings.allowed_auth_methods.includes(method)
}

/** A second factor is missing when the organization or the member's enrolment requires one and none is there. */
export function missingMfa(
  { settings }: OrganizationRecord,
  member: MemberRecord,
  factors: readonly AuthenticationFactor[]
): MfaRequired | null {
  const required = settings.mfa_policy === 'REQUIRED_FOR_ALL' || member.mfa_enrolled
  if (!required || hasSecondaryFactor(factors)) return null
  return { member_options: memberOptions(member), secondary_auth_initiated: null }
}

/** An unverified number can be challenged only while it is the sole thing that the member has. */
function memberOptions(member: MemberRecord): MfaRequired['member_options'] {
  const { mfa_phone_number, mfa_phone_number_verified, totp_registration_id } = member
  const usable = mfa_phone_number_verified || totp_registration_id === ''
  const phone = usable ? masked(mfa_phone_number) : ''
  if (phone === '' && totp_registration_id === '') return null
  return { mfa_phone_number: phone, totp_registration_id }
}

function masked(phoneNumber: string): string {
  return phoneNumber.slice(1, -4).replace(/./g, 'X') + phoneNumber.slice(-4)
}
