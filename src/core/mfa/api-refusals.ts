import { type AccessCode, AccessError } from '../../errors/access-error.ts'
import { AnsweredCause } from '../../errors/private-cause.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import {
  saysSessionIsOver,
  saysSignInIsOver,
  sessionOver,
  signInOver
} from '../session/session-over.ts'

/** What each refusal of the API means here, and what the person can do next. */
const refusals: Readonly<Record<string, readonly [code: AccessCode, hint: string]>> = {
  unable_to_authenticate_totp: [
    'code_rejected',
    'That code is not right. Type the code that your app shows now. If it is rejected again, let your phone set its clock by itself.'
  ],
  totp_code_already_authenticated: [
    'code_rejected',
    'That code was used already. Wait for the next one: at most 30 seconds.'
  ],
  invalid_totp_code: ['code_rejected', 'A code has six digits.'],
  recovery_code_used_as_totp_code: [
    'code_rejected',
    'That is a recovery code. Use it on the page for recovery codes.'
  ],
  totp_not_found: ['code_rejected', 'No authenticator app is set up. Set one up first.'],
  expired_totp: ['code_rejected', 'The set-up was not finished in time. Set the app up again.'],
  invalid_code: ['code_rejected', 'A code has six digits.'],
  otp_code_not_found: [
    'code_rejected',
    'That code is not right. Look at the newest message, or have another code sent.'
  ],
  unable_to_auth_otp_code: [
    'code_rejected',
    'That code was used already or is older than two minutes. Have another code sent.'
  ],
  invalid_recovery_code: ['code_rejected', 'A recovery code looks like abcd-efgh-1234.'],
  unable_to_authenticate_recovery_code: [
    'code_rejected',
    'That recovery code is not right, or was used already. Try another one.'
  ],
  totp_code_used_as_recovery_code: [
    'code_rejected',
    'That is a code of an authenticator app. Use it on the page for such codes.'
  ],
  recovery_codes_not_found: ['code_rejected', 'There are no recovery codes left.'],

  phone_number_not_found: ['phone_number_rejected', 'Give a phone number.'],
  invalid_phone_number: [
    'phone_number_rejected',
    'Write the number with + and the code of its country, such as +1 202 555 0143.'
  ],
  invalid_phone_number_country_code: [
    'phone_number_rejected',
    'No codes are sent to numbers of this country.'
  ],
  duplicate_member_phone_number: [
    'phone_number_rejected',
    'Another member of this organization uses that number.'
  ],
  duplicate_member_phone_number_for_member: [
    'phone_number_rejected',
    'Another number is set up already. Have a code sent to that one.'
  ],

  active_totp_exists: [
    'method_unavailable',
    'An authenticator app is set up already. Use that one.'
  ],
  insufficient_factors: [
    'method_unavailable',
    'Give a code of the second factor that is set up already. Then another one can be added.'
  ],
  operation_restricted_by_organization_mfa_methods: [
    'method_unavailable',
    'The organization does not accept this second factor. Choose another one.'
  ],
  action_available_only_for_active_members: [
    'method_unavailable',
    'The membership is not active. Ask an administrator of the organization.'
  ],
  action_available_only_once_primary_authentication_is_met: [
    'method_unavailable',
    'Sign in again: another way to sign in is needed first.'
  ],
  invalid_locale: ['request_malformed', 'The locale is not one that messages are written in.'],

  user_lock_limit_reached: [
    'too_many_attempts',
    'This second factor is locked after too many wrong codes. Use another one, or wait an hour and sign in again. An administrator of the organization can unlock it.'
  ]
}

const waitAWhile = 'Wait a few minutes, then try again.'

/** The error to answer with for what a call of the API rejected with. What only the app can have caused is thrown on. */
export function refusalOfApi(error: unknown): unknown {
  if (saysSessionIsOver(error)) return sessionOver(error)
  if (saysSignInIsOver(error)) return signInOver(error)
  const { status_code, error_type } = Object(error)
  if (typeof status_code !== 'number' || typeof error_type !== 'string') return error

  const cause = new AnsweredCause(status_code, error_type)
  if (Object.hasOwn(refusals, error_type)) {
    const [code, hint] = refusals[error_type] ?? ['request_malformed', '']
    const reason = 'rejected_by_authority'
    return new AccessError(code, { reason, cause, required: { error_type, hint } })
  }
  if (status_code === 429) {
    return new AccessError('too_many_attempts', {
      reason: 'too_many_attempts_at_authority',
      cause,
      required: { error_type, hint: waitAWhile }
    })
  }
  return status_code >= 500
    ? new UnavailableError('authority_unavailable', { reason: 'authority_error_status', cause })
    : error
}

/** Whether the authority has locked what was tried. */
export function isLockedError(error: unknown): boolean {
  return Object(Object(error).required).error_type === 'user_lock_limit_reached'
}
