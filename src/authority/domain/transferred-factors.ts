import type { AuthenticationFactor } from '../../wire/member-session.ts'
import { authMethodOf, verifiesEmail } from './factors.ts'
import { type Problem, problem } from './problem.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord,
  SessionRecord
} from './records.ts'
import { acceptsFactor } from './sign-in-requirements.ts'

/** What a person has proven outside of an organization, or in another one. */
export interface Evidence {
  readonly factors: readonly AuthenticationFactor[]
  /** The address that the factors are about. */
  readonly email_address: string
  /** Whether it is known to be the person's, whatever these factors say. */
  readonly email_address_verified: boolean
  /** A number that is known to be the person's, or `''`. */
  readonly verified_phone_number: string
}

/**
 * The factors of an intermediate session that count for the member.
 *
 * - One that is bound to the member counts as it is; one that is bound to another member is refused.
 * - One of discovery counts for the member with its address, as {@link transferredFactors} says.
 */
export function factorsForMember(
  intermediate: IntermediateSessionRecord,
  member: MemberRecord
): readonly AuthenticationFactor[] | Problem {
  const { member_id, organization_id, authentication_factors, email_address } = intermediate
  if (member_id === null) {
    return email_address === member.email_address
      ? transferredFactors(evidenceOfIntermediateSession(intermediate), member)
      : problem('member_session_member_id_mismatch')
  }
  if (organization_id !== member.organization_id) {
    return problem('invalid_intermediate_session_token_for_organization')
  }
  return member_id === member.member_id
    ? authentication_factors
    : problem('member_session_member_id_mismatch')
}

export function evidenceOfIntermediateSession({
  authentication_factors,
  email_address
}: IntermediateSessionRecord): Evidence {
  return {
    factors: authentication_factors.filter((factor) => isAbout(factor, email_address)),
    email_address,
    email_address_verified: false,
    verified_phone_number: ''
  }
}

/** A factor about an address that the member had before says nothing about the one of today. */
export function evidenceOfSession(session: SessionRecord, member: MemberRecord): Evidence {
  return {
    factors: session.authentication_factors.filter(
      (factor) =>
        isAbout(factor, member.email_address) &&
        (emailIdOf(factor) ?? member.email_id) === member.email_id
    ),
    email_address: member.email_address,
    email_address_verified: member.email_address_verified,
    verified_phone_number: member.mfa_phone_number_verified ? member.mfa_phone_number : ''
  }
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
  evidence: Evidence,
  member: MemberRecord
): readonly AuthenticationFactor[] {
  if (!provesMember(evidence, member)) return []
  return evidence.factors.flatMap((factor) => asFactorOf(member, factor, evidence) ?? [])
}

/** As {@link transferredFactors}, for a session of one organization that is exchanged for one of another. */
export function exchangedFactors(
  evidence: Evidence,
  organization: OrganizationRecord,
  member: MemberRecord
): readonly AuthenticationFactor[] {
  return transferredFactors(evidence, member)
    .map((factor) =>
      isOAuth(factor) && !verifiesEmail(factor) ? asExchanged(member, factor) : factor
    )
    .filter(
      (factor) =>
        factor.sequence_order === 'SECONDARY' || acceptsFactor(organization, member, factor)
    )
}

export function provesMember(evidence: Evidence, member: MemberRecord): boolean {
  if (evidence.email_address !== member.email_address) return false
  return (
    evidence.email_address_verified ||
    evidence.factors.some((factor) => verifiesEmail(factor) || isRegistered(factor, member))
  )
}

function asFactorOf(
  member: MemberRecord,
  factor: AuthenticationFactor,
  { verified_phone_number }: Evidence
): AuthenticationFactor | undefined {
  const { email_id, email_address, phone_id, mfa_phone_number } = member
  if (factor.email_factor !== undefined) {
    return { ...factor, email_factor: { email_id, email_address } }
  }
  if (isOAuth(factor)) return factor
  const samePhone =
    member.mfa_phone_number_verified &&
    mfa_phone_number === verified_phone_number &&
    factor.phone_number_factor?.phone_number === mfa_phone_number
  return samePhone
    ? { ...factor, phone_number_factor: { phone_id, phone_number: mfa_phone_number } }
    : undefined
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
  const subject = subFactorOf(factor)?.provider_subject
  return oauth_registrations.some(
    ({ provider_type, provider_subject }) =>
      provider_type === provider && provider_subject === subject
  )
}

function isAbout({ email_factor }: AuthenticationFactor, email_address: string): boolean {
  return email_factor === undefined || email_factor.email_address === email_address
}

function emailIdOf(factor: AuthenticationFactor): string | undefined {
  return factor.email_factor?.email_id ?? subFactorOf(factor)?.email_id
}

function isOAuth(factor: AuthenticationFactor): boolean {
  return factor.type === 'oauth' && authMethodOf(factor) !== undefined
}

/** `google`, from `google_oauth`. */
function providerOf(factor: AuthenticationFactor): string | undefined {
  return isOAuth(factor) ? authMethodOf(factor)?.replace(/_oauth$/, '') : undefined
}

function subFactorOf(
  factor: AuthenticationFactor
): { readonly provider_subject?: string; readonly email_id?: string } | undefined {
  return Reflect.get(factor, `${providerOf(factor)}_oauth_factor`)
}
