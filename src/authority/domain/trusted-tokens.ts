import * as v from 'valibot'
import { sessionClaim } from '../../jwt/claims.ts'
import { emailAddress } from '../../wire/schema.ts'
import { isEmailVerified } from './federated-email.ts'
import { canonicalEmail } from './members.ts'
import { OperationError } from './operation-error.ts'
import type { TrustedTokenProfile } from './records.ts'
import { isStorableText } from './storable-text.ts'

/** Clocks differ: what was issued this many seconds ahead of ours is not from the future. */
const toleranceSeconds = 5
const maxLifetimeSeconds = 600
const maxRoles = 100

/** Whom a trusted token is about, in the words of its profile's mapping. */
export interface TrustedIdentity {
  readonly token_id: string
  /** From then on the token is rejected anyway. Epoch milliseconds. */
  readonly expires_at: number
  /** `undefined` when the token names none. */
  readonly organization_id: string | undefined
  /** `undefined` when the profile maps none. */
  readonly external_member_id: string | undefined
  readonly email_address: string
  /** Where it is not, the address finds, creates and activates no member. */
  readonly is_email_verified: boolean
  readonly role_ids: readonly string[]
}

type Claims = Readonly<Record<string, unknown>>

const seconds = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(256), v.check(isStorableText))
const times = v.looseObject({ iat: seconds, exp: seconds, nbf: v.optional(seconds) })

/**
 * Reads the claims of a trusted token, or throws what is wrong with them. Its signature is checked elsewhere.
 *
 * - Issuer and audience are those of the profile, and it is no session JWT of an authority.
 * - It lives at most ten minutes, and has begun and not ended.
 * - It names itself and an address that the issuer does not call unverified; where the profile maps the member's id,
 *   that too.
 * - {@link assertEmailVerified} is for what depends on the address.
 */
export function readTrustedClaims(
  claims: Claims,
  profile: TrustedTokenProfile,
  now: number
): TrustedIdentity {
  if (claims.iss !== profile.issuer) throw new OperationError('jwt_invalid_issuer')
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (!audiences.includes(profile.audience)) throw new OperationError('jwt_invalid_audience')
  if (Object.hasOwn(claims, sessionClaim)) throw new OperationError('invalid_trusted_auth_token')
  assertTimes(claims, now)
  return readIdentity(claims, profile)
}

/** The issuer says that the address is the person's. */
export function assertEmailVerified({ is_email_verified }: TrustedIdentity): void {
  if (is_email_verified) return
  throw new OperationError(
    'jwt_invalid_claims',
    'The token does not say, by email_verified, that its address is verified.'
  )
}

function assertTimes(claims: Claims, now: number): void {
  if (!v.is(times, claims)) {
    throw new OperationError('jwt_invalid_claims', 'The token needs iat and exp, in seconds.')
  }
  const { iat, exp, nbf = iat } = claims
  if (exp - iat > maxLifetimeSeconds) {
    throw new OperationError('jwt_invalid_claims', 'The token lives longer than ten minutes.')
  }
  const hasBegun = Math.max(iat, nbf) <= now / 1000 + toleranceSeconds
  const hasEnded = exp * 1000 <= now
  if (!hasBegun || hasEnded) throw new OperationError('invalid_trusted_auth_token')
}

function readIdentity(
  claims: Claims,
  { attribute_mapping: mapping, email_verified: verification = 'claim' }: TrustedTokenProfile
): TrustedIdentity {
  const mapped = (name: string | undefined) =>
    name !== undefined && Object.hasOwn(claims, name) ? claims[name] : undefined
  const is_email_verified = isEmailVerified(claims, verification)
  const isDenied = Object.hasOwn(claims, 'email_verified') && !is_email_verified
  const read = v.safeParse(identity, {
    token_id: mapped(mapping.token_id),
    organization_id: mapped(mapping.organization_id),
    external_member_id: mapped(mapping.external_member_id),
    email_address: mapped(mapping.email),
    role_ids: mapped(mapping.role_ids)
  })
  if (!read.success || isDenied) {
    throw new OperationError('jwt_invalid_claims', 'The token lacks a claim that its profile maps.')
  }
  const { token_id, organization_id, external_member_id, email_address, role_ids } = read.output
  if (mapping.external_member_id !== undefined && external_member_id === undefined) {
    throw new OperationError('jwt_invalid_claims', 'The token does not name the member.')
  }
  return {
    token_id,
    expires_at: Number(claims.exp) * 1000,
    organization_id,
    external_member_id,
    email_address: canonicalEmail(email_address),
    is_email_verified,
    role_ids
  }
}

const identity = v.object({
  token_id: id,
  organization_id: v.optional(id),
  external_member_id: v.optional(id),
  email_address: emailAddress,
  role_ids: v.optional(v.pipe(v.array(id), v.maxLength(maxRoles)), [])
})
