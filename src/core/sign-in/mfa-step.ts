import type { SignInState } from './sealed-state.ts'

/** What a half-signed-in browser does next. */
export type SignInStep = 'primary' | 'enroll' | 'totp' | 'sms'

/**
 * The next step of a sign-in. A missing primary factor comes first. Then what the member has enrolled: a code that was
 * already sent, the authenticator app, the phone; with nothing enrolled, enrolling.
 */
export function nextStep({ primary_required, mfa_required }: SignInState): SignInStep {
  if (primary_required !== null) return 'primary'
  const options = mfa_required?.member_options
  if (mfa_required?.secondary_auth_initiated === 'sms_otp') return 'sms'
  if (options?.totp_registration_id) return 'totp'
  if (options?.mfa_phone_number) return 'sms'
  return 'enroll'
}
