import {
  type ClaimsFault,
  type ExpectedToken,
  readSessionClaims,
  type SessionClaims
} from './claims.ts'
import { hasValidSignature } from './jose.ts'
import type { KeySet } from './key-set.ts'
import { parseJwt } from './parse.ts'

/**
 * What is known of a JWT without a remote check. `unverified`: no key could be had to check the signature with, and
 * `claims` are what the token says of itself.
 */
export type Verification =
  | { readonly status: 'verified'; readonly claims: SessionClaims }
  | { readonly status: 'unverified'; readonly claims: SessionClaims; readonly cause: unknown }
  | {
      readonly status: 'rejected'
      readonly reason: 'malformed_jwt' | 'unknown_key' | 'wrong_signature' | ClaimsFault
    }

export interface JwtVerifier {
  verify(token: string): Promise<Verification>
}

/**
 * Verifies session JWTs of one project: form, issuer and audience, claims, and last the signature. It compares no times:
 * the caller decides what too old means.
 */
export function createJwtVerifier(
  options: ExpectedToken & { readonly keySet: KeySet }
): JwtVerifier {
  return {
    async verify(token) {
      const parsed = parseJwt(token)
      if (parsed === undefined) return { status: 'rejected', reason: 'malformed_jwt' }

      const claims = readSessionClaims(parsed.claims, options)
      if (typeof claims === 'string') return { status: 'rejected', reason: claims }

      const lookup = await options.keySet.find(parsed.kid)
      if (lookup.status === 'unknown') return { status: 'rejected', reason: 'unknown_key' }
      if (lookup.status === 'unavailable') {
        return { status: 'unverified', claims, cause: lookup.cause }
      }
      return (await hasValidSignature(token, lookup.key))
        ? { status: 'verified', claims }
        : { status: 'rejected', reason: 'wrong_signature' }
    }
  }
}
