import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  type KeyPairKeyObjectResult
} from 'node:crypto'
import { promisify } from 'node:util'
import type { JWK } from '../../wire/sessions.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import { type Environment, newId } from './tokens.ts'

const certificateLifeMs = 2 * 365 * 24 * 60 * 60 * 1000

export interface SigningKey {
  readonly kid: string
  /** As the key set publishes it: nothing private. */
  readonly public_jwk: JWK
  /** PKCS #8. Stored sealed only. */
  readonly private_pem: string
}

/** A key of RSA-2048 for RS256, with a self-signed certificate of itself in `x5c`. */
export async function newSigningKey(environment: Environment, now: number): Promise<SigningKey> {
  return signingKeyOf(
    await promisify(generateKeyPair)('rsa', { modulusLength: 2048 }),
    environment,
    now
  )
}

/** The same of a pair that is there. */
export function signingKeyOf(
  pair: KeyPairKeyObjectResult,
  environment: Environment,
  now: number
): SigningKey {
  const kid = newId('jwk', environment)
  const certificate = selfSignedCertificate(pair, {
    commonName: kid,
    notBefore: now,
    notAfter: now + certificateLifeMs
  })
  const { n, e } = pair.publicKey.export({ format: 'jwk' })
  if (n === undefined || e === undefined) throw new Error('The new key is not an RSA key.')
  return {
    kid,
    public_jwk: {
      kty: 'RSA',
      use: 'sig',
      key_ops: ['verify'],
      alg: 'RS256',
      kid,
      x5c: [certificate.toString('base64')],
      x5tS256: createHash('sha256').update(certificate).digest('base64url'),
      n,
      e
    },
    private_pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  }
}

export function readPrivateKey(pem: string): KeyObject {
  return createPrivateKey(pem)
}

export function readPublicKey(jwk: JWK): KeyObject {
  return createPublicKey({ key: { kty: jwk.kty, n: jwk.n, e: jwk.e }, format: 'jwk' })
}
