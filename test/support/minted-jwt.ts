import { type KeyObject, sign } from 'node:crypto'
import { takeRsaPair } from './rsa-pairs.ts'

/** Keys of a test: `jwk` is what a key set holds of `trusted`. */
export const trusted = await takeRsaPair()
export const stranger = await takeRsaPair()
export const jwk = {
  ...trusted.publicKey.export({ format: 'jwk' }),
  kid: 'k1',
  alg: 'RS256',
  use: 'sig'
}
export const goodHeader = { alg: 'RS256', typ: 'JWT', kid: 'k1' }

export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A compact JWS over claims, right or wrong, signed by a key of the test. */
export function mintJwt(
  claims: unknown,
  header: unknown = goodHeader,
  key: KeyObject = trusted.privateKey
): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), key).toString('base64url')}`
}
