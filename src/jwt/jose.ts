/** Every use of jose stands here, so that its types stay out of ours and one file shows what we lean on. */
import type { KeyObject } from 'node:crypto'
import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify } from 'jose'
import type { SignatureAlgorithm } from './verification-key.ts'

const encode = (text: string) => new TextEncoder().encode(text)

/** Whether the signature of a compact JWS is by this key, with RS256 unless others are named, and with nothing else. */
export async function hasValidSignature(
  token: string,
  key: KeyObject,
  algorithms: readonly SignatureAlgorithm[] = ['RS256']
): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [...algorithms] })
    return true
  } catch {
    return false
  }
}

/** A compact JWS over `claims`: RS256, `typ: JWT`. */
export function signJwt(claims: object, kid: string, privateKey: KeyObject): Promise<string> {
  return new CompactSign(encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
    .sign(privateKey)
}

/** A compact JWE of `text`: direct encryption with a 256-bit key, AES-GCM. */
export function encryptText(text: string, key: Uint8Array): Promise<string> {
  return new CompactEncrypt(encode(text))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key)
}

/** The text of a compact JWE made by {@link encryptText} with this key, or `undefined`. */
export async function decryptText(sealed: string, key: Uint8Array): Promise<string | undefined> {
  try {
    const { plaintext } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM']
    })
    return new TextDecoder().decode(plaintext)
  } catch {
    return undefined
  }
}
