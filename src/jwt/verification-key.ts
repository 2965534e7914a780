import { createPublicKey, type KeyObject } from 'node:crypto'

const minModulusBits = 2048
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * The keys of a JWKS that may verify session JWTs, by `kid`; `undefined` when the set itself cannot be trusted.
 * A key that is not an RSA signature key of at least 2048 bits is left out. Two keys of one `kid` spoil the set.
 */
export function readVerificationKeys(
  jwks: readonly unknown[]
): ReadonlyMap<string, KeyObject> | undefined {
  const keys = new Map<string, KeyObject>()
  const seen = new Set<string>()
  for (const jwk of jwks) {
    if (typeof jwk !== 'object' || jwk === null) continue
    const { kid } = jwk as { kid?: unknown }
    if (typeof kid !== 'string' || kid === '') continue
    if (seen.has(kid)) return undefined
    seen.add(kid)
    const key = readVerificationKey(jwk as Record<string, unknown>)
    if (key !== undefined) keys.set(kid, key)
  }
  return keys.size > 0 ? keys : undefined
}

function readVerificationKey(jwk: Record<string, unknown>): KeyObject | undefined {
  const { kty, alg, use, key_ops, n, e } = jwk
  if (kty !== 'RSA' || typeof n !== 'string' || e !== 'AQAB') return undefined
  if (alg !== undefined && alg !== 'RS256') return undefined
  if (use !== undefined && use !== 'sig') return undefined
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes('verify'))) {
    return undefined
  }
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return undefined
  try {
    const key = createPublicKey({ key: { kty, n, e }, format: 'jwk' })
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    return bits >= minModulusBits ? key : undefined
  } catch {
    return undefined
  }
}
