import pg from 'pg'
import { loadDriver } from '../../src/authority/store/sqlite-driver.ts'

type Value = string | number | null
type Row = Record<string, unknown>

/**
 * Runs one statement in the database of a running authority, from outside and on either engine: with `$1` and so on for the values, and gives
 * the rows that it returns.
 */
export async function runSql(
  database: string,
  sql: string,
  values: readonly Value[] = []
): Promise<readonly Row[]> {
  return isPostgres(database)
    ? runInPostgres(database, sql, values)
    : runInSqlite(database, sql, values)
}

function isPostgres(database: string): boolean {
  return database.startsWith('postgres:')
}

async function runInPostgres(database: string, sql: string, values: readonly Value[]) {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    return (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

async function runInSqlite(database: string, sql: string, values: readonly Value[]) {
  // The driver of the authority: two SQLites in one process do not see each other's locks on a file.
  const { DatabaseSync } = await loadDriver()
  const connection = new DatabaseSync(database)
  try {
    connection.exec('pragma busy_timeout = 5000')
    connection.exec('pragma foreign_keys = on')
    const named = Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))
    return connection.prepare(sql).all(named) as Row[]
  } finally {
    connection.close()
  }
}
