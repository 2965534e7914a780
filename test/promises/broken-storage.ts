import pg from 'pg'
import { loadDriver } from '../../src/authority/store/sqlite-driver.ts'

/** Breaks the database of a running authority from outside, as long as `work` runs. */

/** Every statement that writes so into the table fails, the others go on. */
export async function breakWrites(
  database: string,
  event: 'insert' | 'update',
  table: string,
  work: () => Promise<unknown>
): Promise<void> {
  const trigger = `break_${event}_${table}`
  if (isPostgres(database)) {
    await run(
      database,
      `create or replace function break_it() returns trigger language plpgsql
       as $$ begin raise exception 'broken on purpose'; end $$`
    )
    await run(
      database,
      `create trigger ${trigger} before ${event} on ${table} for each row execute function break_it()`
    )
  } else {
    await run(
      database,
      `create trigger ${trigger} before ${event} on ${table}
       begin select raise(abort, 'broken on purpose'); end`
    )
  }
  try {
    await work()
  } finally {
    await run(database, `drop trigger ${trigger}${isPostgres(database) ? ` on ${table}` : ''}`)
  }
}

/** Every statement that names the table fails. */
export async function withoutTable(
  database: string,
  table: string,
  work: () => Promise<unknown>
): Promise<void> {
  await run(database, `alter table ${table} rename to ${table}_away`)
  try {
    await work()
  } finally {
    await run(database, `alter table ${table}_away rename to ${table}`)
  }
}

function isPostgres(database: string): boolean {
  return database.startsWith('postgres:')
}

async function run(database: string, sql: string): Promise<void> {
  if (isPostgres(database)) {
    const client = new pg.Client({ connectionString: database })
    await client.connect()
    try {
      await client.query(sql)
    } finally {
      await client.end()
    }
    return
  }
  // The driver of the authority: two SQLites in one process do not see each other's locks on a file.
  const { DatabaseSync } = await loadDriver()
  const connection = new DatabaseSync(database)
  try {
    connection.exec('pragma busy_timeout = 5000')
    connection.exec(sql)
  } finally {
    connection.close()
  }
}
