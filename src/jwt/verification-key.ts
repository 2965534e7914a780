import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** How tokens may be signed: by RSA, or on the curve P-256. */
export type SignatureAlgorithm = 'RS256' | 'PS256' | 'ES256'

const minModulusBits = 2048
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * The keys of a JWKS that may verify signatures of these algorithms, by `kid`; `undefined` when the set itself cannot be
 * trusted. A key that is no signature key, or an RSA key of less than 2048 bits, is left out. Two keys of one `kid`
 * spoil the set.
 */
export function readVerificationKeys(
  jwks: readonly unknown[],
  algorithms: readonly SignatureAlgorithm[] = ['RS256']
): ReadonlyMap<string, KeyObject> | undefined {
  const keys = new Map<string, KeyObject>()
  const seen = new Set<string>()
  for (const jwk of jwks) {
    if (typeof jwk !== 'object' || jwk === null) continue
    const { kid } = jwk as { kid?: unknown }
    if (typeof kid !== 'string' || kid === '') continue
    if (seen.has(kid)) return undefined
    seen.add(kid)
    const key = readVerificationKey(jwk as Record<string, unknown>, algorithms)
    if (key !== undefined) keys.set(kid, key)
  }
  return keys.size > 0 ? keys : undefined
}

/** A public key in PEM, or that of a certificate, if it can verify signatures of one of these algorithms. */
export function readPemKey(
  pem: string,
  algorithms: readonly SignatureAlgorithm[]
): KeyObject | undefined {
  if (!/^\s*-----BEGIN (PUBLIC KEY|CERTIFICATE)-----/.test(pem)) return undefined
  return usableKey(() => createPublicKey(pem), algorithms)
}

function readVerificationKey(
  jwk: Record<string, unknown>,
  algorithms: readonly SignatureAlgorithm[]
): KeyObject | undefined {
  const { alg, use, key_ops } = jwk
  if (alg !== undefined && !algorithms.some((algorithm) => algorithm === alg)) return undefined
  if (use !== undefined && use !== 'sig') return undefined
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes('verify'))) {
    return undefined
  }
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return undefined
  const members = publicMembers(jwk)
  return members && usableKey(() => createPublicKey({ key: members, format: 'jwk' }), algorithms)
}

function publicMembers({ kty, n, e, crv, x, y }: Record<string, unknown>): JsonWebKey | undefined {
  if (kty === 'RSA' && typeof n === 'string' && e === 'AQAB') return { kty, n, e }
  if (kty === 'EC' && crv === 'P-256' && typeof x === 'string' && typeof y === 'string') {
    return { kty, crv, x, y }
  }
  return undefined
}

function usableKey(
  read: () => KeyObject,
  algorithms: readonly SignatureAlgorithm[]
): KeyObject | undefined {
  try {
    const key = read()
    return algorithms.some((algorithm) => fits(key, algorithm)) ? key : undefined
  } catch {
    return undefined
  }
}

function fits(
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
  algorithm: SignatureAlgorithm
): boolean {
  if (algorithm === 'ES256') {
    return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
  }
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= minModulusBits
}
