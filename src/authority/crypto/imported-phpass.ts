import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { OperationError } from '../domain/operation-error.ts'
import { hashArgon2id, matchesArgon2id, recommendedCost } from './argon2id.ts'
import { isInRange } from './is-in-range.ts'

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** phpass writes `$P$`, and phpBB `$H$` for the same. */
const prefix = /^\$[PH]\$/
// The last character carries two bits. Where more are set, no password compares equal.
const form = /^\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{21}[./01])$/
const storedForm = /^\$phpass\$([0-9]+)\$([./0-9A-Za-z]{8})(\$argon2id\$.+)$/

/** WordPress has 13. Each step doubles what every sign-in costs. */
const roundsLog2 = { min: 7, max: 16 }
/** After so many, other requests have their turn. */
const roundsAtOnce = 1024

/** MD5 gives way to an attacker who reads the database, also 8,192 times, so a hash is kept only as hashed itself. */
export async function importPhpass(hash: string): Promise<string> {
  if (!prefix.test(hash)) throw new OperationError('invalid_phpass_hash_prefix')
  const [, rounds = '', salt, digest] = form.exec(hash) ?? []
  const log2 = alphabet.indexOf(rounds)
  if (digest === undefined || !isInRange(log2, roundsLog2.min, roundsLog2.max)) {
    throw new OperationError('invalid_phpass_hash_format')
  }
  return `$phpass$${log2}$${salt}${await hashArgon2id(digest, recommendedCost)}`
}

/** How a password is compared with what was stored, if that is of phpass. */
export function phpassComparison(
  stored: string
): ((password: string) => Promise<boolean>) | undefined {
  const [, log2, salt = '', hashed] = storedForm.exec(stored) ?? []
  if (hashed === undefined) return undefined
  return async (password) =>
    matchesArgon2id(encode(await digestOf(password, salt, 2 ** Number(log2))), hashed)
}

async function digestOf(password: string, salt: string, rounds: number): Promise<Buffer> {
  const md5 = (before: string | Buffer) =>
    createHash('md5').update(before).update(password).digest()
  let digest = md5(salt)
  for (let round = 1; round <= rounds; round += 1) {
    digest = md5(digest)
    if (round % roundsAtOnce === 0) await setImmediate()
  }
  return digest
}

/** Six bits a character, the lowest first: not base64. */
function encode(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const group = bytes.subarray(at, at + 3)
    const value = group.readUIntLE(0, group.length)
    for (let bits = 0; bits < group.length * 8; bits += 6) {
      text += alphabet[(value >> bits) & 63]
    }
  }
  return text
}
