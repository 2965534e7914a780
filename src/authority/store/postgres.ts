import type { Client, ClientBase, Pool } from 'pg'
import { ConfigError } from '../../errors/config-error.ts'
import {
  DatabaseUnavailable,
  type Engine,
  type Row,
  type Statement,
  type UnitOutcome
} from './engine.ts'
import { pendingMigrations } from './pending-migrations.ts'
import { type PostgresOptions, readPostgresUrl } from './postgres-connection.ts'
import { tlsFailure } from './postgres-tls.ts'

const poolSize = 10
const connectTimeoutMs = 3000
const statementTimeoutMs = 5000
/** The server ends a statement first; where nothing comes back, the network is dead. */
const queryTimeoutMs = statementTimeoutMs + 1000
const idleInTransactionTimeoutMs = 5000
/** The process that has the lock may be hashing the passwords of a whole seed. */
const lockTimeoutMs = 5 * 60 * 1000
const startLock = 7_236_491
const bigintOid = 20
const maxTries = 5

/** Serialization failure and deadlock: the unit did nothing, and may succeed now. */
const retryable: ReadonlySet<string> = new Set(['40001', '40P01'])
const uniqueViolation = '23505'
const foreignKeyViolation = '23503'

/** SQLSTATE for "not now": connection, resources, a lock, operator intervention, system error. */
const unavailableState = /^(08|53|55P03|57|58)/
/** What Node says of a broken connection. */
const brokenConnection =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOENT)$/
/** What `pg` says of one, without a code. */
const brokenConnectionMessage =
  /connection (terminated|timeout)|timeout exceeded|read timeout|not queryable|calling end on the pool/i

/** PostgreSQL by `pg`: a pool, and one connection for each unit from begin to commit. */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Engine> {
  const connection = readPostgresUrl(url, options, process.env)
  const { default: pg } = await loadDriver()
  const pool: Pool = new pg.Pool({
    ...connection,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: queryTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === bigintOid ? Number : pg.types.getTypeParser(oid, format as 'text')
    }
  })
  // A connection that breaks fails its query, or is replaced when idle; unheard, its event would end the process.
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))

  /** Requests can come back later, whatever is wrong; who starts the process can set it right. */
  function translatingErrors<Result>(work: () => Promise<Result>): Promise<Result> {
    return work().catch((error: unknown) => {
      const cause = tlsFailure(error, connection.host) ?? error
      throw cause !== error || isUnavailable(error) ? new DatabaseUnavailable(cause) : error
    })
  }

  const alone = <Result>(work: (client: ClientBase) => Promise<Result>) =>
    whileAlone(
      new pg.Client({ ...connection, connectionTimeoutMillis: connectTimeoutMs }),
      work
    ).catch((error: unknown) => {
      throw tlsFailure(error, connection.host) ?? error
    })

  return {
    read: (sql, values) =>
      translatingErrors(async () => (await pool.query<Row>(sql, [...values])).rows),
    runUnit: (statements) =>
      translatingErrors(() => retryConflicts(() => runUnit(pool, statements))),
    migrate: (migrations) =>
      translatingErrors(() => alone((client) => migrate(client, migrations))),
    exclusively: (work) => translatingErrors(() => alone(work)),
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

async function runAll(client: ClientBase, statements: readonly Statement[]): Promise<UnitOutcome> {
  for (const [index, { sql, values, guarded }] of statements.entries()) {
    try {
      const { rowCount } = await client.query(sql, [...values])
      if (guarded && rowCount === 0) {
        return { done: false, statement: index, violated: undefined, orphaned: false }
      }
    } catch (error) {
      const state = stateOf(error)
      if (state === foreignKeyViolation) {
        return { done: false, statement: index, violated: undefined, orphaned: true }
      }
      if (state !== uniqueViolation) throw error
      const violated = String(Reflect.get(Object(error), 'constraint'))
      return { done: false, statement: index, violated, orphaned: false }
    }
  }
  return { done: true }
}

/** A connection on which a query failed is closed, which also ends its transaction. */
async function withClient<Result>(
  pool: Pool,
  work: (client: ClientBase) => Promise<Result>
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
  for (let left = maxTries - 1; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left === 0 || !retryable.has(stateOf(error) ?? '')) throw error
    }
  }
}

/** On a connection without the time limits of requests, in a transaction whose end gives the lock back. */
async function whileAlone<Result>(
  client: Client,
  work: (client: ClientBase) => Promise<Result>
): Promise<Result> {
  client.on('error', ignore)
  try {
    await client.connect()
    await client.query('begin')
    await client.query(`set local lock_timeout = ${lockTimeoutMs}`)
    await client.query('set local idle_in_transaction_session_timeout = 0')
    await client.query('select pg_advisory_xact_lock($1)', [startLock])
    const result = await work(client)
    await client.query('commit')
    return result
  } finally {
    await client.end()
  }
}

async function migrate(client: ClientBase, migrations: readonly string[]): Promise<void> {
  await client.query(
    'create table if not exists membergate_migrations (version bigint primary key)'
  )
  const { rows } = await client.query<{ version: string }>(
    'select coalesce(max(version), 0) as version from membergate_migrations'
  )
  for (const { version, sql } of pendingMigrations(Number(rows[0]?.version), migrations)) {
    await client.query(sql)
    await client.query('insert into membergate_migrations (version) values ($1)', [version])
  }
}

function ignore(): void {}

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
