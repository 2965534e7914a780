import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  webcrypto
} from 'node:crypto'
import { promisify } from 'node:util'
import type { JWK } from '../../wire/sessions.ts'
import { type Environment, newId } from './tokens.ts'

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
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
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const kid = newId('jwk', environment)
  const certificate = await selfSigned(pair, kid, now)
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

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** The certificate in DER. Its library is loaded here, because a key is made about twice a year. */
async function selfSigned(pair: KeyPair, name: string, now: number): Promise<Buffer> {
  await import('reflect-metadata')
  const { X509CertificateGenerator } = await import('@peculiar/x509')
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: randomBytes(16).toString('hex'),
      name: `CN=${name}`,
      notBefore: new Date(now),
      notAfter: new Date(now + certificateLifeMs),
      signingAlgorithm: algorithm,
      keys: await webCryptoPair(pair)
    },
    webcrypto
  )
  return Buffer.from(certificate.rawData)
}

async function webCryptoPair({ publicKey, privateKey }: KeyPair) {
  const { subtle } = webcrypto
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  return {
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
    privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
  }
}
