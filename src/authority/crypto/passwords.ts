import { argon2idPrefix, dummyHash, hashArgon2id, matchesArgon2id } from './argon2id.ts'
import { isDigestType } from './imported-digests.ts'
import {
  type ImportRequest,
  importForeignHash,
  isImportedHash,
  verifyImported
} from './imported-passwords.ts'
import { createWorkQueue } from './work-queue.ts'

export { isOverloaded } from './work-queue.ts'

/** Hashing is slow on purpose: without a bound, a burst of sign-ins would starve everything else. */
const runQueued = createWorkQueue({ running: 2, waiting: 50 })

/** The stored form of a password. It is compared by what it looks like, not by how it was typed: Unicode NFKC. */
export async function hashPassword(password: string): Promise<string> {
  return runQueued(() => hashArgon2id(password.normalize('NFKC')))
}

/** The stored form of a hash that another system made, or an error that says what is wrong with it. Only digests are work. */
export async function importHash(request: ImportRequest): Promise<string> {
  const read = () => importForeignHash(request)
  return isDigestType(request.hash_type) ? runQueued(read) : read()
}

/** Without a stored password it does the same work and answers `false`, so that time does not tell who has one. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  if (stored !== null && isImportedHash(stored)) {
    return runQueued(() => verifyImported(password, stored))
  }
  const matches = await runQueued(() =>
    matchesArgon2id(password.normalize('NFKC'), stored ?? dummyHash)
  )
  return stored !== null && matches
}

/** Whether we made it, with the parameters of today. If not, a right password is worth hashing again. */
export function isOwnHash(stored: string): boolean {
  return stored.startsWith(argon2idPrefix)
}
