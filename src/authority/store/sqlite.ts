import { closeSync, openSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { ConfigError } from '../../errors/config-error.ts'
import { DatabaseUnavailable, type Engine, type Row, type Statement, type Value } from './engine.ts'
import { pendingMigrations } from './pending-migrations.ts'

const busyTimeoutMs = 5000
/** More than the authority has; searches have one for every combination and length of lists. */
const maxPrepared = 200

/** Primary result codes of SQLite that mean "not now": busy, locked, I/O, full, cannot open, read-only. */
const unavailableCodes: ReadonlySet<number> = new Set([5, 6, 8, 10, 13, 14])
const uniqueCodes: ReadonlySet<number> = new Set([2067, 1555])
const foreignKeyCode = 787

/**
 * SQLite by the API of `node:sqlite`. There is one connection, and every unit runs from begin to commit without
 * giving the event loop a turn, so no other request's statement can fall into it.
 */
export async function openSqlite(path: string): Promise<Engine> {
  const driver = await loadDriver()
  keepPrivate(path)
  const database = attempt(() => new driver.DatabaseSync(path))
  attempt(() => {
    database.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
    database.exec('pragma journal_mode = wal')
    database.exec('pragma synchronous = full')
    database.exec('pragma foreign_keys = on')
  })
  const prepared = new LRUCache<string, SqliteStatement>({ max: maxPrepared })
  let closed = false

  function whileOpen<Result>(work: () => Result): Result {
    if (closed) throw new DatabaseUnavailable(new Error('The database was closed.'))
    return attempt(work)
  }

  function prepare(sql: string): SqliteStatement {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }

  function transact<Result extends { done: boolean }>(work: () => Result): Result {
    database.exec('begin immediate')
    try {
      const outcome = work()
      database.exec(outcome.done ? 'commit' : 'rollback')
      return outcome
    } catch (error) {
      rollBack()
      throw error
    }
  }

  /** After some errors, a full disk among them, SQLite has done so itself. */
  function rollBack(): void {
    try {
      database.exec('rollback')
    } catch {}
  }

  function runAll(statements: readonly Statement[]) {
    for (const [index, { sql, values, guarded }] of statements.entries()) {
      try {
        const { changes } = prepare(sql).run(named(values))
        if (guarded && Number(changes) === 0) {
          return { done: false, statement: index, violated: undefined, orphaned: false } as const
        }
      } catch (error) {
        const violated = violatedIndex(error)
        const orphaned = errcodeOf(error) === foreignKeyCode
        if (violated === undefined && !orphaned) throw error
        return { done: false, statement: index, violated, orphaned } as const
      }
    }
    return { done: true } as const
  }

  return {
    read: async (sql, values) => whileOpen(() => prepare(sql).all(named(values)) as Row[]),
    runUnit: async (statements) => whileOpen(() => transact(() => runAll(statements))),
    async migrate(migrations) {
      attempt(() =>
        transact(() => {
          database.exec(
            'create table if not exists membergate_migrations (version bigint primary key)'
          )
          const [row] = database
            .prepare('select coalesce(max(version), 0) as version from membergate_migrations')
            .all({}) as Row[]
          for (const { version, sql } of pendingMigrations(Number(row?.version), migrations)) {
            database.exec(sql)
            database
              .prepare('insert into membergate_migrations (version) values ($1)')
              .run(named([version]))
          }
          return { done: true }
        })
      )
    },
    // A file belongs to one process.
    exclusively: (work) => work(),
    async close() {
      closed = true
      database.close()
    }
  }
}

/** A file that is made here is its owner's alone, and SQLite gives its journal the same mode. */
function keepPrivate(path: string): void {
  if (path === ':memory:' || path.startsWith('file:')) return
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch {
    // It exists, or SQLite is about to say why it cannot.
  }
}

/** What we use of the API of `node:sqlite`. */
interface Driver {
  readonly DatabaseSync: new (path: string) => SqliteDatabase
}

interface SqliteDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

interface SqliteStatement {
  run(values: Record<string, Value>): { readonly changes: number | bigint }
  all(values: Record<string, Value>): unknown[]
}

/** Built into Node from 22.13 on; before that a package with the same API. */
async function loadDriver(): Promise<Driver> {
  const builtIn: object | undefined = process.getBuiltinModule('node:sqlite')
  if (builtIn !== undefined) return builtIn as Driver
  try {
    return await import('@photostructure/sqlite')
  } catch (cause) {
    throw new ConfigError(
      'This version of Node has no SQLite of its own. Run: npm install @photostructure/sqlite@1',
      { cause }
    )
  }
}

/** `$1` is a name to SQLite. */
function named(values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))
}

function attempt<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    const code = errcodeOf(error)
    // The low byte of an extended result code is the primary one.
    throw code !== undefined && unavailableCodes.has(code & 0xff)
      ? new DatabaseUnavailable(error)
      : error
  }
}

function violatedIndex(error: unknown): string | undefined {
  const code = errcodeOf(error)
  return code !== undefined && uniqueCodes.has(code) ? String(error) : undefined
}

function errcodeOf(error: unknown): number | undefined {
  const code: unknown = Reflect.get(Object(error), 'errcode')
  return typeof code === 'number' ? code : undefined
}
