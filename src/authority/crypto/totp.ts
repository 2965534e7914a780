import { randomBytes, randomInt } from 'node:crypto'
import { generate } from 'lean-qr'
import { toPngDataURL } from 'lean-qr/extras/node_export'
import { Secret, TOTP } from 'otpauth'

const stepMs = 30_000
const sixDigits = /^[0-9]{6}$/
const base32 = /^[A-Z2-7]+$/
const base32CharactersOf80Bits = 16

const recoveryCodeCount = 10
const recoveryAlphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'

const white = [255, 255, 255, 255] as const
const pixelsPerModule = 5

/** 160 random bits, as RFC 4226 section 4 recommends: 32 characters of base32. */
export function newTotpSecret(): string {
  return new Secret({ buffer: Uint8Array.from(randomBytes(20)).buffer }).base32
}

/** A secret from elsewhere in our spelling; `undefined` when it is not base32 or has less than 80 bits. */
export function normalizeTotpSecret(text: string): string | undefined {
  const secret = text.replace(/\s/g, '').replace(/=+$/, '').toUpperCase()
  if (!base32.test(secret) || secret.length < base32CharactersOf80Bits) return undefined
  // RFC 4648 section 6: no number of whole bytes ends after 1, 3 or 6 characters of a block.
  return [1, 3, 6].includes(secret.length % 8) ? undefined : secret
}

/** Whether the text has the form of a code: six digits. */
export function isTotpCode(text: string): boolean {
  return sixDigits.test(text)
}

/** The 30-second step since 1970 that the code belongs to, if that is the current one or a neighbour of it. */
export function totpStep(secret: string, code: string, now: number): number | undefined {
  if (!isTotpCode(code)) return undefined
  const delta = totpOf(secret).validate({ token: code, timestamp: now, window: 1 })
  return delta === null ? undefined : Math.floor(now / stepMs) + delta
}

/** The image that an authenticator app scans. The space after the comma is the API's. */
export function totpQrCode(secret: string, issuer: string, account: string): string {
  const label = { issuer: shortened(issuer, 400), label: shortened(account, 800) }
  const image = toPngDataURL(generate(totpOf(secret, label).toString()), {
    off: white,
    scale: pixelsPerModule
  })
  return image.replace(',', ', ')
}

/** Ten different codes `xxxx-xxxx-xxxx`, of 62 bits each. */
export function newRecoveryCodes(): string[] {
  const codes = new Set<string>()
  while (codes.size < recoveryCodeCount) codes.add(newRecoveryCode())
  return [...codes]
}

function newRecoveryCode(): string {
  const characters = Array.from({ length: 12 }, () =>
    recoveryAlphabet.charAt(randomInt(recoveryAlphabet.length))
  ).join('')
  return `${characters.slice(0, 4)}-${characters.slice(4, 8)}-${characters.slice(8)}`
}

/** What every authenticator app assumes: SHA-1, six digits, 30 seconds (RFC 6238). */
function totpOf(secret: string, label: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({
    ...label,
    secret: Secret.fromBase32(secret),
    algorithm: 'SHA1',
    digits: 6,
    period: stepMs / 1000
  })
}

/** A QR code holds about 2,900 bytes, and the URL in it holds the issuer twice. */
function shortened(text: string, maxEncodedLength: number): string {
  const characters = [...Buffer.from(text).toString()]
  while (encodeURIComponent(characters.join('')).length > maxEncodedLength) characters.pop()
  return characters.join('')
}
