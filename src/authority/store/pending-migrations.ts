import { ConfigError } from '../../errors/config-error.ts'

interface Migration {
  /** Of the schema, once it ran. */
  readonly version: number
  readonly sql: string
}

/**
 * What a schema of this version still needs.
 *
 * @throws ConfigError when a newer release made it: this one could not tell what it would break
 */
export function pendingMigrations(
  version: number,
  migrations: readonly string[]
): readonly Migration[] {
  if (version > migrations.length) {
    throw new ConfigError(
      `The database has schema version ${version}, and this release of membergate knows ${migrations.length}. Run the release that migrated it, or a newer one.`
    )
  }
  return migrations.map((sql, index) => ({ version: index + 1, sql })).slice(version)
}
