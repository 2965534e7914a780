import type { AuthenticationFactor } from '../../wire/member-session.ts'
import {
  emailIdOf,
  isOAuth,
  oauthFactorOf,
  providerOf,
  verifiesAddress,
  verifiesEmail,
  wasExchanged
} from './factors.ts'
import { OperationError } from './operation-error.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord,
  SessionRecord
} from './records.ts'
import { acceptsFactor } from './sign-in-requirements.ts'

/** Who a person is, as verified outside of an organization, or in another one. */
export interface VerifiedIdentity {
  /** The address that the person goes by. */
  readonly email_address: string
  /** Whether it is the person's: one of the factors verifies it, or it is known to be verified. */
  readonly isAddressVerified: boolean
  /** Those about other addresses are left out. */
  readonly factors: readonly IdentityFactor[]
  /** A number that is known to be the person's, or `''`. */
  readonly verified_phone_number: string
}

interface IdentityFactor {
  readonly factor: AuthenticationFactor
  /** Whether it names the address. A provider that claimed another one, or none, does not. */
  readonly isAboutAddress: boolean
}

/**
 * The factors of an intermediate session that count for the member.
 *
 * - One that is bound to the member counts as it is; one that is bound to another member is denied.
 * - One of discovery counts for the member with its address, as {@link transferredFactors} says.
 * - When the member has another address by now, it is the member's no more.
 */
export function factorsForMember(
  intermediate: IntermediateSessionRecord,
  member: MemberRecord
): readonly AuthenticationFactor[] {
  const { member_id, organization_id, email_address } = intermediate
  if (member_id !== null && organization_id !== member.organization_id) {
    throw new OperationError('invalid_intermediate_session_token_for_organization')
  }
  const isOfAnother = member_id !== null && member_id !== member.member_id
  if (isOfAnother || email_address !== member.email_address) {
    throw new OperationError('member_session_member_id_mismatch')
  }
  return factorsToEnter(intermediate, member)
}

/** The same for an exchange of an intermediate session: one that is bound to another member identifies the person too. */
export function factorsToEnter(
  intermediate: IntermediateSessionRecord,
  member: MemberRecord
): readonly AuthenticationFactor[] {
  const isOfMember =
    intermediate.member_id === member.member_id &&
    intermediate.email_address === member.email_address
  return isOfMember
    ? intermediate.authentication_factors
    : transferredFactors(identityOfIntermediateSession(intermediate), member)
}

/**
 * In discovery a provider says nothing but the address of the intermediate session. Later steps of a member may
 * add providers that go by another address: they name no `email_id`.
 */
export function identityOfIntermediateSession({
  member_id,
  email_address,
  authentication_factors
}: IntermediateSessionRecord): VerifiedIdentity {
  const factors = authentication_factors
    .filter(({ email_factor }) => (email_factor?.email_address ?? email_address) === email_address)
    .map((factor) => ({
      factor,
      isAboutAddress: member_id === null || emailIdOf(factor) !== undefined
    }))
  return {
    email_address,
    isAddressVerified: factors.some(verifiesItsAddress),
    factors,
    verified_phone_number: ''
  }
}

/** A factor about an address that the member had before says nothing about the one of today. */
export function identityOfSession(session: SessionRecord, member: MemberRecord): VerifiedIdentity {
  const { email_id, email_address } = member
  const factors = session.authentication_factors
    .filter(
      (factor) =>
        (emailIdOf(factor) ?? email_id) === email_id &&
        (factor.email_factor?.email_address ?? email_address) === email_address
    )
    .map((factor) => ({ factor, isAboutAddress: emailIdOf(factor) === email_id }))
  return {
    email_address,
    isAddressVerified: member.email_address_verified || factors.some(verifiesItsAddress),
    factors,
    verified_phone_number: member.mfa_phone_number_verified ? member.mfa_phone_number : ''
  }
}

function verifiesItsAddress({ factor, isAboutAddress }: IdentityFactor): boolean {
  return isAboutAddress && verifiesEmail(factor)
}

/** Whether this person is that member, and does not merely share an address by claim. */
export function identifiesMember(identity: VerifiedIdentity, member: MemberRecord): boolean {
  if (identity.email_address !== member.email_address) return false
  return (
    identity.isAddressVerified ||
    identity.factors.some(({ factor }) => isRegistered(factor, member))
  )
}

/**
 * The factors that the member may take over. None, unless they show that this person is that member: by a factor that
 * verifies the member's address, an address known to be verified, or a sign-in at a provider that is bound to this very
 * member. An address that a provider merely claims opens no membership.
 *
 * Taken over are e-mail and OAuth factors, and an SMS factor where both members have the same verified number; never
 * passwords, SSO, TOTP or recovery codes.
 */
export function transferredFactors(
  identity: VerifiedIdentity,
  member: MemberRecord
): readonly AuthenticationFactor[] {
  if (!identifiesMember(identity, member)) return []
  return identity.factors.flatMap((found) => asFactorOf(member, found, identity) ?? [])
}

/**
 * As {@link transferredFactors}, for a session of one organization that is exchanged for one of another: only what the
 * other one accepts, and a sign-in at a provider that verifies no address becomes one that says less.
 */
export function exchangedFactors(
  identity: VerifiedIdentity,
  organization: OrganizationRecord,
  member: MemberRecord
): readonly AuthenticationFactor[] {
  return transferredFactors(identity, member)
    .map((factor) =>
      isOAuth(factor) && !verifiesAddress(factor, member) ? asExchanged(member, factor) : factor
    )
    .filter(
      (factor) =>
        factor.sequence_order === 'SECONDARY' || acceptsFactor(organization, member, factor)
    )
}

function asFactorOf(
  member: MemberRecord,
  { factor, isAboutAddress }: IdentityFactor,
  { verified_phone_number }: VerifiedIdentity
): AuthenticationFactor | undefined {
  const { email_id, email_address, phone_id, mfa_phone_number } = member
  if (factor.email_factor !== undefined) {
    return { ...factor, email_factor: { email_id, email_address } }
  }
  if (wasExchanged(factor)) return asExchanged(member, factor)
  if (isOAuth(factor)) return isAboutAddress ? withEmailId(member, factor) : factor
  const samePhone =
    member.mfa_phone_number_verified &&
    mfa_phone_number === verified_phone_number &&
    factor.phone_number_factor?.phone_number === mfa_phone_number
  return samePhone
    ? { ...factor, phone_number_factor: { phone_id, phone_number: mfa_phone_number } }
    : undefined
}

function withEmailId(
  { email_id }: MemberRecord,
  factor: AuthenticationFactor
): AuthenticationFactor {
  const said = { ...oauthFactorOf(factor), email_id }
  return { ...factor, [`${providerOf(factor)}_oauth_factor`]: said }
}

/** `oauth_github` becomes `oauth_exchange_github`, which says less. */
function asExchanged(
  { email_id }: MemberRecord,
  factor: AuthenticationFactor
): AuthenticationFactor {
  const provider = providerOf(factor)
  const { [`${provider}_oauth_factor`]: _, ...rest } = factor as unknown as Record<string, unknown>
  const exchanged: unknown = {
    ...rest,
    delivery_method: `oauth_exchange_${provider}`,
    [`${provider}_oauth_exchange_factor`]: { email_id }
  }
  return exchanged as AuthenticationFactor
}

function isRegistered(
  factor: AuthenticationFactor,
  { oauth_registrations }: MemberRecord
): boolean {
  const provider = providerOf(factor)
  const subject = oauthFactorOf(factor)?.provider_subject
  return oauth_registrations.some(
    ({ provider_type, provider_subject }) =>
      provider_type === provider && provider_subject === subject
  )
}
