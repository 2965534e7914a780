import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { isImportedHash, verifyImported } from './imported-passwords.ts'
import { unpaddedBase64 } from './unpadded-base64.ts'
import { createWorkQueue } from './work-queue.ts'

export { importHash } from './imported-passwords.ts'
export { isOverloaded } from './work-queue.ts'

/** argon2id as OWASP recommends it: 19 MiB, two passes, one lane. */
const argon2id = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const ownPrefix = '$argon2id$v=19$m=19456,t=2,p=1$'

/** Hashing is slow on purpose: without a bound, a burst of sign-ins would starve everything else. */
const runQueued = createWorkQueue({ running: 2, waiting: 50 })

/** No password has this hash. Comparing with it costs what comparing with a real one costs. */
const nobodysHash = `${ownPrefix}${unpaddedBase64(randomBytes(16))}$${unpaddedBase64(randomBytes(32))}`

/** The stored form of a password. It is compared by what it looks like, not by how it was typed: Unicode NFKC. */
export async function hashPassword(password: string): Promise<string> {
  return runQueued(() => hash(password.normalize('NFKC'), argon2id))
}

/** Without a stored password it does the same work and answers `false`, so that time does not tell who has one. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  if (stored !== null && isImportedHash(stored)) {
    return runQueued(() => verifyImported(password, stored))
  }
  const matches = await runQueued(() => verify(stored ?? nobodysHash, password.normalize('NFKC')))
  return stored !== null && matches
}

/** Whether we made it, with the parameters of today. If not, a right password is worth hashing again. */
export function isOwnHash(stored: string): boolean {
  return stored.startsWith(ownPrefix)
}
