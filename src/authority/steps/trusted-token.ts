import type { KeyObject } from 'node:crypto'
import { hasValidSignature } from '../../jwt/jose.ts'
import { isKid, parseJws } from '../../jwt/parse.ts'
import { readPemKey } from '../../jwt/verification-key.ts'
import type { Context } from '../context.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { TrustedTokenProfile } from '../domain/records.ts'
import { readTrustedClaims, type TrustedIdentity } from '../domain/trusted-tokens.ts'
import { ProviderFailure } from '../external/fetch-json.ts'

/** Tokens of another kind, as those of a log-out, say so in their `typ` (RFC 8725 section 3.11). */
const types = /^(application\/)?(at\+)?jwt$/i

/** Whom the token is about, once it is sure that the profile's issuer says so. */
export async function verifyTrustedToken(
  context: Context,
  profile: TrustedTokenProfile,
  token: string
): Promise<TrustedIdentity> {
  const { header, claims } = parseJws(token) ?? { header: {}, claims: {} }
  const { alg, typ = 'JWT', kid } = header
  const algorithm = profile.algorithms.find((allowed) => allowed === alg)
  if (algorithm === undefined || typeof typ !== 'string' || !types.test(typ)) throw invalidToken()
  const identity = readTrustedClaims(claims, profile, context.now)
  for (const key of await keysOf(context, profile, kid)) {
    if (await hasValidSignature(token, key, [algorithm])) return identity
  }
  throw invalidToken()
}

function invalidToken(): OperationError {
  return new OperationError('invalid_trusted_auth_token')
}

/** Those that the token may be signed with: the one that it names, or each PEM, which has no name. */
async function keysOf(
  { providers }: Context,
  profile: TrustedTokenProfile,
  kid: unknown
): Promise<readonly KeyObject[]> {
  if (profile.public_key_type === 'PEM') {
    return profile.pem_files.flatMap((pem) => readPemKey(pem, profile.algorithms) ?? [])
  }
  if (!isKid(kid)) return []
  const found = await providers.keySetOf(profile).find(kid)
  if (found.status === 'unavailable') {
    throw found.cause instanceof ProviderFailure ? found.cause : new ProviderFailure('NO_KEYS')
  }
  return found.status === 'found' ? [found.key] : []
}
