import type { Pool, PoolClient } from 'pg'
import { ConfigError } from '../../errors/config-error.ts'
import {
  DatabaseUnavailable,
  type Engine,
  type Row,
  type Statement,
  type UnitOutcome
} from './engine.ts'

const poolSize = 10
const connectTimeoutMs = 3000
const statementTimeoutMs = 5000
const migrationLock = 7_236_491
const bigintOid = 20
const attempts = 5

/** Serialization failure and deadlock: the unit did nothing, and may succeed now. */
const retryable: ReadonlySet<string> = new Set(['40001', '40P01'])
const uniqueViolation = '23505'

/** Classes of SQLSTATE for "not now": connection, resources, operator intervention, system error. */
const unavailableState = /^(08|53|57|58)/
/** What Node says of a broken connection. */
const brokenConnection =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOENT)$/
/** What `pg` says of one, without a code. */
const brokenConnectionMessage = /connection (terminated|timeout)|timeout exceeded|not queryable/i

/** PostgreSQL by `pg`: a pool, and one connection for each unit from begin to commit. */
export async function openPostgres(url: string): Promise<Engine> {
  const { default: pg } = await loadDriver()
  const pool: Pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === bigintOid ? Number : pg.types.getTypeParser(oid, format as 'text')
    }
  })
  // An idle connection that breaks is replaced by the pool; unheard, its event would end the process.
  pool.on('error', () => {})

  return {
    read: (sql, values) => attempt(async () => (await pool.query<Row>(sql, [...values])).rows),
    runUnit: (statements) => attempt(() => retryConflicts(() => runUnit(pool, statements))),
    migrate: (migrations) => attempt(() => migrate(pool, migrations)),
    close: () => pool.end()
  }
}

async function loadDriver() {
  try {
    return await import('pg')
  } catch (cause) {
    throw new ConfigError('PostgreSQL needs its driver. Run: npm install pg', { cause })
  }
}

async function runUnit(pool: Pool, statements: readonly Statement[]): Promise<UnitOutcome> {
  return withClient(pool, async (client) => {
    // A single statement is a transaction by itself.
    if (statements.length === 1) return runAll(client, statements)
    await client.query('begin')
    const outcome = await runAll(client, statements)
    await client.query(outcome.done ? 'commit' : 'rollback')
    return outcome
  })
}

async function runAll(client: PoolClient, statements: readonly Statement[]): Promise<UnitOutcome> {
  for (const [index, { sql, values, guarded }] of statements.entries()) {
    try {
      const { rowCount } = await client.query(sql, [...values])
      if (guarded && rowCount === 0) {
        return { done: false, statement: index, violated: undefined }
      }
    } catch (error) {
      if (stateOf(error) !== uniqueViolation) throw error
      return {
        done: false,
        statement: index,
        violated: String(Reflect.get(Object(error), 'constraint'))
      }
    }
  }
  return { done: true }
}

/** A connection on which anything went wrong is closed, which also ends its transaction. */
async function withClient<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>
): Promise<Result> {
  const client = await pool.connect()
  try {
    const result = await work(client)
    client.release()
    return result
  } catch (error) {
    client.release(true)
    throw error
  }
}

async function retryConflicts<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = attempts - 1; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left === 0 || !retryable.has(stateOf(error) ?? '')) throw error
    }
  }
}

async function migrate(pool: Pool, migrations: readonly string[]): Promise<void> {
  await withClient(pool, async (client) => {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
    await client.query(
      'create table if not exists membergate_migrations (version bigint primary key)'
    )
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0) as version from membergate_migrations'
    )
    const version = rows[0]?.version ?? 0
    for (const [index, sql] of migrations.entries()) {
      if (index < version) continue
      await client.query(sql)
      await client.query('insert into membergate_migrations (version) values ($1)', [index + 1])
    }
    await client.query('commit')
  })
}

async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw isUnavailable(error) ? new DatabaseUnavailable(error) : error
  }
}

function isUnavailable(error: unknown): boolean {
  const state = stateOf(error)
  if (state !== undefined) {
    return retryable.has(state) || unavailableState.test(state) || brokenConnection.test(state)
  }
  return brokenConnectionMessage.test(String(error))
}

function stateOf(error: unknown): string | undefined {
  const code: unknown = Reflect.get(Object(error), 'code')
  return typeof code === 'string' ? code : undefined
}
