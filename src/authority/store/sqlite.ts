import { existsSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { ConfigError } from '../../errors/config-error.ts'
import { assertPrivate, makePrivate } from '../private-file.ts'
import {
  DatabaseUnavailable,
  type Engine,
  type Row,
  type Statement,
  type UnitOutcome,
  type Value
} from './engine.ts'
import { lockFile } from './file-lock.ts'
import { commit, createGroupCommit, rollBack } from './group-commit.ts'
import { pendingMigrations } from './pending-migrations.ts'
import {
  type Driver,
  errcodeOf,
  loadDriver,
  type SqliteDatabase,
  type SqliteStatement
} from './sqlite-driver.ts'

const busyTimeoutMs = 5000
/** More than the authority has; searches have one for every combination and length of lists. */
const maxPrepared = 200

/** Primary result codes of SQLite that mean "not now": busy, locked, I/O, full, cannot open, read-only. */
const unavailableCodes: ReadonlySet<number> = new Set([5, 6, 8, 10, 13, 14])
const uniqueCodes: ReadonlySet<number> = new Set([2067, 1555])
const foreignKeyCode = 787

/**
 * SQLite by the API of `node:sqlite`. There is one connection, and units run from begin to commit without giving the
 * event loop a turn, so no other request's statement can fall into them.
 *
 * A file that is served belongs to this process; `beside` leaves it to the process that serves it.
 */
export async function openSqlite(path: string, use: 'serve' | 'beside' = 'serve'): Promise<Engine> {
  const driver = await loadDriver()
  if (use === 'serve') tryToMakePrivate(path)
  else assertExists(path)
  const database = translatingErrors(() => new driver.DatabaseSync(path))
  let release = () => {}
  try {
    const file = fileOf(database)
    if (file !== '') {
      // SQLite gives what it puts beside a file the mode of that file.
      assertPrivate(file, ...['-wal', '-shm', '-journal'].map((suffix) => file + suffix))
      if (use === 'serve') release = lockPrivately(file, driver)
    }
    database.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
    database.exec('pragma journal_mode = wal')
    database.exec('pragma synchronous = full')
    database.exec('pragma foreign_keys = on')
    // What is deleted is overwritten, and does not stay in the file.
    database.exec('pragma secure_delete = on')
  } catch (error) {
    database.close()
    release()
    throw translated(error)
  }
  const prepared = new LRUCache<string, SqliteStatement>({ max: maxPrepared })
  const units = createGroupCommit(database, runAll)
  let closed = false

  function whileOpen<Result>(work: () => Result): Result {
    if (closed) throw closedError()
    return translatingErrors(work)
  }

  function prepare(sql: string): SqliteStatement {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }

  function transact(work: () => void): void {
    database.exec('begin immediate')
    try {
      work()
    } catch (error) {
      rollBack(database)
      throw error
    }
    commit(database)
  }

  function runAll(statements: readonly Statement[]): UnitOutcome {
    for (const [index, { sql, values, guarded }] of statements.entries()) {
      try {
        const { changes } = prepare(sql).run(named(values))
        if (guarded && Number(changes) === 0) {
          return { done: false, statement: index, violated: undefined, orphaned: false }
        }
      } catch (error) {
        const violated = violatedIndex(error)
        const orphaned = errcodeOf(error) === foreignKeyCode
        if (violated === undefined && !orphaned) throw error
        return { done: false, statement: index, violated, orphaned }
      }
    }
    return { done: true }
  }

  return {
    read: async (sql, values) => whileOpen(() => prepare(sql).all(named(values)) as Row[]),
    async runUnit(statements) {
      if (closed) throw closedError()
      return units.run(statements).catch((error: unknown) => {
        throw translated(error)
      })
    },
    async migrate(migrations) {
      translatingErrors(() =>
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
        })
      )
    },
    // A file belongs to one process.
    exclusively: (work) => work(),
    async close() {
      closed = true
      units.flush()
      if (use === 'serve') emptyJournal(database)
      database.close()
      release()
    }
  }
}

/** What was deleted stands in the journal too, which not every driver ends when it closes. */
function emptyJournal(database: SqliteDatabase): void {
  try {
    database.exec('pragma wal_checkpoint(truncate)')
  } catch {
    // What cannot be written now, the next start takes from the journal.
  }
}

/** Where SQLite makes a file for a path, or for a URI as sqlite.org/uri.html describes it; `undefined` where it makes none. */
function madeFileOf(path: string): string | undefined {
  if (path === ':memory:') return undefined
  if (!path.startsWith('file:')) return path
  const [, encoded = '', query = ''] =
    /^file:(?:\/\/(?:localhost)?(?=\/))?([^?#]*)\??([^#]*)/.exec(path) ?? []
  const mode = new URLSearchParams(query).get('mode') ?? 'rwc'
  const file = decodeURIComponent(encoded)
  return mode === 'rwc' && file !== ':memory:' && file !== '' ? file : undefined
}

function tryToMakePrivate(path: string): void {
  try {
    const file = madeFileOf(path)
    if (file !== undefined) makePrivate(file)
  } catch {
    // SQLite is about to say why it cannot.
  }
}

function assertExists(path: string): void {
  if (!existsSync(path)) throw new ConfigError(`--database ${path} does not exist.`)
}

/** SQLite says where the file is, whatever links and spellings of the path lead to it. In memory it is nowhere: empty. */
function fileOf(database: SqliteDatabase): string {
  const [row] = database
    .prepare("select file from pragma_database_list where name = 'main'")
    .all({})
  return String(Reflect.get(Object(row), 'file') ?? '')
}

function lockPrivately(file: string, driver: Driver): () => void {
  tryToMakePrivate(`${file}-lock`)
  return lockFile(driver, file)
}

/** `$1` is a name to SQLite. */
function named(values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))
}

function translatingErrors<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw translated(error)
  }
}

function translated(error: unknown): unknown {
  const code = errcodeOf(error)
  // The low byte of an extended result code is the primary one.
  return code !== undefined && unavailableCodes.has(code & 0xff)
    ? new DatabaseUnavailable(error)
    : error
}

function closedError(): DatabaseUnavailable {
  return new DatabaseUnavailable(new Error('The database was closed.'))
}

function violatedIndex(error: unknown): string | undefined {
  const code = errcodeOf(error)
  return code !== undefined && uniqueCodes.has(code) ? String(error) : undefined
}
