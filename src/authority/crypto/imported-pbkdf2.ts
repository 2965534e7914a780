import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { PBKDF2Config } from '../../wire/passwords.ts'
import { OperationError } from '../domain/operation-error.ts'
import { isInRange } from './is-in-range.ts'
import { unpaddedBase64 } from './unpadded-base64.ts'

interface Pbkdf2Hash {
  readonly algorithm: string
  readonly iterations: number
  readonly salt: Buffer
  readonly digest: Buffer
}

const run = promisify(pbkdf2)

/** Bytes that one round of iterations yields: longer digests cost a round more for each. */
const blockLengths: ReadonlyMap<string, number> = new Map([
  ['sha256', 32],
  ['sha512', 64]
])
/** About a second. */
const maxIterations = 2_000_000

const base64Form = /^[A-Za-z0-9+/]+={0,2}$/
const storedForm = /^\$pbkdf2-(sha256|sha512)\$i=([0-9]{1,10})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

export function importPbkdf2(text: string, config: PBKDF2Config | undefined): string {
  if (config === undefined || !base64Form.test(text) || !base64Form.test(config.salt)) {
    throw new OperationError('invalid_pbkdf_2_hash')
  }
  const { algorithm = 'sha256', iteration_amount: iterations, key_length } = config
  const salt = Buffer.from(config.salt, 'base64')
  const digest = Buffer.from(text, 'base64')
  if (!isBounded({ algorithm, iterations, salt, digest })) {
    throw new OperationError('invalid_pbkdf_2_hash')
  }
  if (key_length !== digest.length) throw new OperationError('pbkdf_2_key_length_mismatch')
  const bytes = `${unpaddedBase64(salt)}$${unpaddedBase64(digest)}`
  return `$pbkdf2-${algorithm}$i=${iterations}$${bytes}`
}

/** How a password is compared with what was stored, if that is PBKDF2. */
export function pbkdf2Comparison(
  stored: string
): ((password: string) => Promise<boolean>) | undefined {
  const match = storedForm.exec(stored)
  if (match === null) return undefined
  const [, algorithm = '', iterations, salt = '', encoded = ''] = match
  const digest = Buffer.from(encoded, 'base64')
  return async (password) => {
    const bytes = Buffer.from(salt, 'base64')
    const derived = await run(password, bytes, Number(iterations), digest.length, algorithm)
    return timingSafeEqual(derived, digest)
  }
}

function isBounded({ algorithm, iterations, salt, digest }: Pbkdf2Hash): boolean {
  const rounds = Math.ceil(digest.length / (blockLengths.get(algorithm) ?? 0))
  return (
    blockLengths.has(algorithm) &&
    isInRange(iterations, 1, maxIterations) &&
    iterations * rounds <= maxIterations &&
    isInRange(salt.length, 1, 256) &&
    isInRange(digest.length, 12, 128)
  )
}
