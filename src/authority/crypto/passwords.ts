import {
  type Argon2idCost,
  argon2idPrefix,
  dummyArgon2id,
  hashArgon2id,
  matchesArgon2id
} from './argon2id.ts'
import {
  type ImportRequest,
  importForeignHash,
  isHashedOnImport,
  isImportedHash,
  verifyImported
} from './imported-passwords.ts'
import { createWorkQueue } from './work-queue.ts'

export { isOverloaded } from './work-queue.ts'

/** Hashing is slow on purpose: without a bound, a burst of sign-ins would starve everything else. */
const runQueued = createWorkQueue({ running: 2, waiting: 50 })

/** How an authority keeps passwords: by argon2id, or as another system hashed them until they are next used. */
export interface PasswordHashing {
  /** The stored form of a password. It is compared by what it looks like, not by how it was typed: Unicode NFKC. */
  hash(password: string): Promise<string>
  /** The stored form of a hash that another system made, or an error that says what is wrong with it. */
  importHash(request: ImportRequest): Promise<string>
  /** Without a stored password it does the same work and answers `false`, so that time does not tell who has one. */
  verify(password: string, stored: string | null): Promise<boolean>
  /** Whether we made it, at the cost of today. If not, a right password is worth hashing again. */
  isCurrent(stored: string): boolean
}

export function createPasswordHashing(cost: Argon2idCost): PasswordHashing {
  const prefix = argon2idPrefix(cost)
  const dummy = dummyArgon2id(cost)
  return {
    hash: (password) => runQueued(() => hashArgon2id(password.normalize('NFKC'), cost)),
    async importHash(request) {
      const read = () => importForeignHash(request)
      return isHashedOnImport(request.hash_type) ? runQueued(read) : read()
    },
    async verify(password, stored) {
      if (stored !== null && isImportedHash(stored)) {
        return runQueued(() => verifyImported(password, stored))
      }
      const matches = await runQueued(() =>
        matchesArgon2id(password.normalize('NFKC'), stored ?? dummy)
      )
      return stored !== null && matches
    },
    isCurrent: (stored) => stored.startsWith(prefix)
  }
}
