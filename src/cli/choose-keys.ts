import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { newAtRestKey } from '../authority/crypto/at-rest.ts'
import { assertPrivate } from '../authority/private-file.ts'
import { ConfigError } from '../errors/config-error.ts'
import type { Database } from './database-options.ts'
import type { ServeOptions } from './serve-options.ts'

/** The keys that the authority encrypts with: `undefined` leaves them to `MEMBERGATE_KEYS` and `MEMBERGATE_KEY`. */
export interface ChosenKeys {
  readonly keys: readonly string[] | undefined
  /** What the operator must know about the choice. */
  readonly warning?: string
}

/** It can be computed from this line. It keeps a development database readable from one start to the next, and protects nothing. */
const developmentKey = createHash('sha256').update('membergate development key').digest('base64url')

/**
 * A real key comes from the environment. Only with `--outbox`, which is for development, is there another way:
 *
 * - `:memory:` gets a key of its own; both are gone at the end.
 * - A SQLite file keeps its key beside it, in `<database>.key`.
 * - PostgreSQL gets a key that is no secret.
 */
export function chooseKeys(
  options: Pick<ServeOptions, 'database' | 'outbox' | 'hasKey'>
): ChosenKeys {
  const { database, outbox, hasKey } = options
  if (hasKey) return { keys: undefined }
  if (!outbox) {
    throw new ConfigError(
      'A key in MEMBERGATE_KEY is needed, to encrypt the secrets in the database. Make one with ' +
        `node -p "crypto.randomBytes(32).toString('base64url')" and keep it, or add --outbox to develop without.`
    )
  }
  switch (database.kind) {
    case 'memory':
      return { keys: [newAtRestKey()] }
    case 'file':
      return { keys: [keyBeside(database)] }
    case 'postgres':
      return {
        keys: [developmentKey],
        warning:
          'DEVELOPMENT KEY: the secrets in this database are encrypted with a key that is no secret. ' +
          'Never put real ones in it. Set MEMBERGATE_KEY for a key of your own.'
      }
  }
}

function keyBeside(database: Database): string {
  const path = `${database.location}.key`
  return existsSync(path) ? readKeyFile(path) : makeKeyFile(path, database)
}

function readKeyFile(path: string): string {
  assertPrivate(path)
  return readFileSync(path, 'utf8').trim()
}

function makeKeyFile(path: string, { location }: Database): string {
  if (existsSync(location) && statSync(location).size > 0) {
    throw new ConfigError(
      `${location} exists without its key file ${path}. Set MEMBERGATE_KEY to the key it was made with, or name a new file.`
    )
  }
  const key = newAtRestKey()
  try {
    writeFileSync(path, `${key}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new ConfigError(
      `The key file ${path} cannot be written. Is --database in a folder of yours?`,
      {
        cause: error
      }
    )
  }
  return key
}
