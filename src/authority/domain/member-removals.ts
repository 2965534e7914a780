import { noPhoneNumber } from './members.ts'
import { OperationError } from './operation-error.ts'
import type { MemberRecord } from './records.ts'

/** The member without its number. Sessions that hold it as a factor go on. */
export function withoutPhoneNumber(member: MemberRecord, now: number): MemberRecord {
  if (member.mfa_phone_number === '') throw new OperationError('member_phone_number_not_found')
  return withDefaultMethod({ ...member, ...noPhoneNumber, updated_at: now })
}

/** The member without its authenticator. */
export function withoutTotp(member: MemberRecord, now: number): MemberRecord {
  return withDefaultMethod({ ...member, totp_registration_id: '', updated_at: now })
}

export function withoutPassword(member: MemberRecord, now: number): MemberRecord {
  return { ...member, member_password_id: '', updated_at: now }
}

export function memberWithoutExternalId(member: MemberRecord, now: number): MemberRecord {
  return { ...member, external_id: null, updated_at: now }
}

/** The member without a retired address, which must be what is named by each of the two. */
export function withoutRetiredEmail(
  member: MemberRecord,
  { email_id, email_address }: { readonly email_id?: string; readonly email_address?: string },
  now: number
): MemberRecord {
  if (email_id === undefined && email_address === undefined) {
    throw new OperationError('retired_email_missing_email_identifiers')
  }
  const unlinked = member.retired_email_addresses.find(
    (retired) =>
      retired.email_id === (email_id ?? retired.email_id) &&
      retired.email_address === (email_address ?? retired.email_address)
  )
  if (unlinked === undefined) throw new OperationError('email_not_found')
  const retired_email_addresses = member.retired_email_addresses.filter(
    (retired) => retired !== unlinked
  )
  return { ...member, retired_email_addresses, updated_at: now }
}

/** When the default went, the factor that is left becomes it. */
function withDefaultMethod(member: MemberRecord): MemberRecord {
  const { default_mfa_method, mfa_phone_number_verified, totp_registration_id } = member
  const has = { sms_otp: mfa_phone_number_verified, totp: totp_registration_id !== '' }
  if (default_mfa_method === '' || has[default_mfa_method]) return member
  const left = (['totp', 'sms_otp'] as const).find((method) => has[method])
  return { ...member, default_mfa_method: left ?? '' }
}
