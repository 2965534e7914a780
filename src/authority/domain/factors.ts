import type { AuthenticationFactor } from '../../wire/member-session.ts'
import { authMethods } from '../../wire/organization.ts'
import type { OrganizationRecord } from './records.ts'
import { toTimestamp } from './timestamps.ts'

/** A factor that was just verified, before the time of it is noted. */
export type VerifiedFactor = Omit<
  AuthenticationFactor,
  'created_at' | 'updated_at' | 'last_authenticated_at'
>

/** The address that an e-mail factor is about; a member has these two. */
export interface EmailAddress {
  readonly email_id: string
  readonly email_address: string
}

export const passwordFactor: VerifiedFactor = {
  type: 'password',
  delivery_method: 'knowledge',
  sequence_order: 'PRIMARY'
}

export function magicLinkFactor({ email_id, email_address }: EmailAddress): VerifiedFactor {
  return {
    type: 'magic_link',
    delivery_method: 'email',
    sequence_order: 'PRIMARY',
    email_factor: { email_id, email_address }
  }
}

export function emailOtpFactor(address: EmailAddress): VerifiedFactor {
  return { ...magicLinkFactor(address), type: 'email_otp' }
}

export function smsFactor(phone_id: string, phone_number: string): VerifiedFactor {
  return {
    type: 'otp',
    delivery_method: 'sms',
    sequence_order: 'SECONDARY',
    phone_number_factor: { phone_id, phone_number }
  }
}

export function totpFactor(totp_id: string): VerifiedFactor {
  return {
    type: 'totp',
    delivery_method: 'authenticator_app',
    sequence_order: 'SECONDARY',
    authenticator_app_factor: { totp_id }
  }
}

export function recoveryCodeFactor(totp_recovery_code_id: string): VerifiedFactor {
  return {
    type: 'recovery_codes',
    delivery_method: 'recovery_code',
    sequence_order: 'SECONDARY',
    recovery_code_factor: { totp_recovery_code_id }
  }
}

/** A session at another provider, by the word of its UserInfo endpoint. */
export const importedFactor: VerifiedFactor = {
  type: 'imported',
  delivery_method: 'imported_auth0',
  sequence_order: 'PRIMARY'
}

export function trustedTokenFactor(token_id: string): VerifiedFactor {
  return {
    type: 'trusted_auth_token',
    delivery_method: 'trusted_token_exchange',
    sequence_order: 'PRIMARY',
    trusted_auth_token_factor: { token_id }
  }
}

export function accessTokenFactor(client_id: string): VerifiedFactor {
  return {
    type: 'oauth',
    delivery_method: 'oauth_access_token_exchange',
    sequence_order: 'PRIMARY',
    oauth_access_token_exchange_factor: { client_id }
  }
}

/** A factor that is first verified in a session that goes on: it did not begin it, so it says nothing of whose it is. */
export function registeredInSession(verified: VerifiedFactor): VerifiedFactor {
  return { ...verified, registered_in_session: true }
}

/** Whether the authenticator of this id was first registered in the session of these factors. */
export function hasRegisteredTotp(
  factors: readonly AuthenticationFactor[],
  totp_id: string
): boolean {
  return factors.some(
    ({ registered_in_session, authenticator_app_factor }) =>
      registered_in_session === true && authenticator_app_factor?.totp_id === totp_id
  )
}

/**
 * The factors with one more; the same factor verified again is renewed in its place. One that was registered in the
 * session stays so for as long as the session lives.
 */
export function addFactor(
  factors: readonly AuthenticationFactor[],
  verified: VerifiedFactor,
  now: number
): readonly AuthenticationFactor[] {
  const time = toTimestamp(now)
  const renewed = { updated_at: time, last_authenticated_at: time }
  const known = factors.findIndex((factor) => keyOf(factor) === keyOf(verified))
  if (known === -1) return [...factors, { ...verified, created_at: time, ...renewed }]
  return factors.map((factor, index) => (index === known ? { ...factor, ...renewed } : factor))
}

/** Two verifications are of one factor when everything is equal but when, and in which session, they were. */
function keyOf(factor: AuthenticationFactor): string {
  const { created_at, updated_at, last_authenticated_at, registered_in_session, ...rest } = factor
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function hasSecondaryFactor(factors: readonly AuthenticationFactor[]): boolean {
  return factors.some(({ sequence_order }) => sequence_order === 'SECONDARY')
}

/** The name of a factor in `allowed_auth_methods`; no list holds what is answered for other factors. */
export function authMethodOf(factor: AuthenticationFactor): string | undefined {
  if (factor.type !== 'oauth') return factor.type
  const provider = /^oauth_(?:exchange_)?(google|microsoft|slack|github|hubspot)$/.exec(
    factor.delivery_method
  )
  return provider === null ? undefined : `${provider[1]}_oauth`
}

const emailVerifyingMethods = ['magic_link', 'email_otp', 'google_oauth', 'microsoft_oauth']

/** Whether the factor is of a kind that verifies an address to be the person's, whichever address that is. */
export function verifiesEmail(factor: AuthenticationFactor): boolean {
  return emailVerifyingMethods.includes(authMethodOf(factor) ?? '') && !wasExchanged(factor)
}

/** Whether the factor verifies that this very address is the person's: not the one that the member had before. */
export function verifiesAddress(
  factor: AuthenticationFactor,
  { email_id, email_address }: EmailAddress
): boolean {
  if (!verifiesEmail(factor) || emailIdOf(factor) !== email_id) return false
  return factor.email_factor === undefined || factor.email_factor.email_address === email_address
}

/** The id of the address that a primary factor is about; `undefined` where it names none. */
export function emailIdOf(factor: AuthenticationFactor): string | undefined {
  return factor.email_factor?.email_id ?? oauthFactorOf(factor)?.email_id
}

export function isOAuth(factor: AuthenticationFactor): boolean {
  return factor.type === 'oauth' && authMethodOf(factor) !== undefined
}

/** `google`, from `google_oauth`. */
export function providerOf(factor: AuthenticationFactor): string | undefined {
  return isOAuth(factor) ? authMethodOf(factor)?.replace(/_oauth$/, '') : undefined
}

/** What the provider said. A factor that came from another organization without it has none. */
export function oauthFactorOf(
  factor: AuthenticationFactor
): { readonly provider_subject?: string; readonly email_id?: string } | undefined {
  return Reflect.get(factor, `${providerOf(factor)}_oauth_factor`)
}

/** The sign-ins at providers that verify the address, and so may stand for it from now on. */
export function registrationsOf(
  factors: readonly AuthenticationFactor[],
  address: EmailAddress
): readonly { readonly provider_type: string; readonly provider_subject: string }[] {
  return factors.flatMap((factor) => {
    const provider_type = providerOf(factor)
    const provider_subject = oauthFactorOf(factor)?.provider_subject
    return provider_type !== undefined &&
      provider_subject !== undefined &&
      verifiesAddress(factor, address)
      ? { provider_type, provider_subject }
      : []
  })
}

/** An OAuth factor that came from another organization, without having verified an address there. */
export function wasExchanged({ delivery_method }: AuthenticationFactor): boolean {
  return delivery_method.startsWith('oauth_exchange_')
}

/** Methods that the organization accepts. */
export function acceptedMethods({ settings }: OrganizationRecord): string[] {
  return settings.auth_methods === 'RESTRICTED'
    ? [...settings.allowed_auth_methods]
    : [...authMethods]
}

/** Methods that verify an address and that the organization accepts. */
export function acceptedEmailMethods(organization: OrganizationRecord): string[] {
  return acceptedMethods(organization).filter((method) => emailVerifyingMethods.includes(method))
}
