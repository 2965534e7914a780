import { isPostgresUrl } from '../authority/store/is-postgres-url.ts'
import { ConfigError } from '../errors/config-error.ts'
import { nonEmpty, type Variables } from './variables.ts'

export interface Database {
  readonly kind: 'memory' | 'file' | 'postgres'
  readonly location: string
  readonly dangerouslyAllowUnverifiedDatabase: boolean
}

/** What every command that works on a database takes. */
export const databaseFlags = {
  database: { type: 'string' },
  'dangerously-allow-unverified-database': { type: 'boolean', default: false }
} as const

export interface DatabaseValues {
  readonly database?: string | undefined
  readonly 'dangerously-allow-unverified-database': boolean
}

/** The flag, else `MEMBERGATE_DATABASE`, else the fallback. */
export function readDatabase(
  values: DatabaseValues,
  env: Variables,
  fallback?: ':memory:'
): Database {
  const location = values.database ?? nonEmpty(env.MEMBERGATE_DATABASE) ?? fallback ?? ''
  const dangerouslyAllowUnverifiedDatabase = values['dangerously-allow-unverified-database']
  return { kind: kindOf(location), location, dangerouslyAllowUnverifiedDatabase }
}

/** A database that another process may be serving: `:memory:` is its own process's alone. */
export function readDatabaseBeside(values: DatabaseValues, env: Variables): Database {
  const database = readDatabase(values, env)
  if (database.kind === 'memory') {
    throw new ConfigError(
      '--database must be a file or postgres://…: nothing else can see :memory:.'
    )
  }
  return database
}

function kindOf(location: string): Database['kind'] {
  if (location === '') {
    throw new ConfigError(
      '--database or MEMBERGATE_DATABASE is required: a file, :memory: or postgres://…'
    )
  }
  if (location === ':memory:') return 'memory'
  if (isPostgresUrl(location)) return 'postgres'
  if (/^(?:[a-z][a-z0-9+.-]*:\/\/|file:|sqlite:)/i.test(location)) {
    throw new ConfigError('--database takes a file, :memory: or postgres://…, and no other URL.')
  }
  return 'file'
}

/** Whether a database URL holds a password, in the place of one or as a parameter. */
export function holdsPassword(location: string): boolean {
  return isPostgresUrl(location) && /^[^/]*\/\/[^/?#]*:[^/?#@]+@|[?&]password=[^&]/i.test(location)
}
