import type { AuthenticationFactor } from './member-session.ts'

/**
 * The types of factors by which a member can be verified. An `imported` factor says that a session elsewhere was alive,
 * of whatever age, and an `impersonated` one that it was another person.
 */
const verifyingTypes: ReadonlySet<string> = new Set([
  'password',
  'magic_link',
  'email_otp',
  'oauth',
  'sso',
  'trusted_auth_token',
  'otp',
  'totp',
  'recovery_codes'
])

/**
 * Whether the member was verified when the factor says, for the authority and the guards alike. A factor that was first
 * registered in the session itself may be that of a person who stole the session. Of the factors that an exchange leaves:
 *
 * - `oauth_access_token_exchange` never counts: the session itself let the app in, and gets the factor without a question
 *   to the member.
 * - `oauth_exchange_google` and the like count, at the time of the sign-in at the provider: an exchange to another
 *   organization keeps that time and renews nothing.
 * - `trusted_token_exchange` counts: its issuer says anew who the person is, in a token that counts once and lives ten
 *   minutes at most.
 */
export function verifiesMember({
  type,
  delivery_method,
  registered_in_session
}: AuthenticationFactor): boolean {
  return (
    verifyingTypes.has(type) &&
    delivery_method !== 'oauth_access_token_exchange' &&
    registered_in_session !== true
  )
}
