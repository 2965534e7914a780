import { ConfigError } from '../../errors/config-error.ts'
import { type Driver, errcodeOf, type SqliteDatabase } from './sqlite-driver.ts'

const waitMs = 1000
const busyCode = 5

/** What this process holds, by path: it may open a file as often as it likes. */
const held = new Map<string, { readonly lock: SqliteDatabase; users: number }>()

/**
 * Holds a database file for this process, by a transaction in a small database beside it, `<file>-lock`, that stays open.
 * So the operating system takes the lock back however the process ends, and nothing stale can stand in the way.
 *
 * @returns what gives the file back
 * @throws ConfigError when another process holds it, naming its id
 */
export function lockFile({ DatabaseSync }: Driver, path: string): () => void {
  const mine = held.get(path) ?? { lock: hold(new DatabaseSync(`${path}-lock`), path), users: 0 }
  held.set(path, mine)
  mine.users += 1
  return function release(): void {
    mine.users -= 1
    if (mine.users > 0) return
    held.delete(path)
    // Before it is closed: a statement that was not collected yet would keep the connection, and the lock.
    mine.lock.exec('rollback')
    mine.lock.close()
  }
}

/** Others can read the holder's id only once it was committed, and that ends the transaction: so it takes two. */
function hold(lock: SqliteDatabase, path: string): SqliteDatabase {
  try {
    lock.exec(`pragma busy_timeout = ${waitMs}`)
    for (;;) {
      lock.exec('begin immediate')
      if (holderOf(lock) === process.pid) return lock
      lock.exec(`pragma user_version = ${process.pid}`)
      lock.exec('commit')
    }
  } catch (error) {
    const isBusy = errcodeOf(error) === busyCode
    const failure = isBusy ? inUse(path, holderOf(lock)) : error
    lock.close()
    throw failure
  }
}

function holderOf(lock: SqliteDatabase): number {
  const [row] = lock.prepare('pragma user_version').all({})
  return Number(Reflect.get(Object(row), 'user_version'))
}

function inUse(path: string, pid: number): ConfigError {
  return new ConfigError(
    `${path} is in use by process ${pid}: a SQLite file belongs to one process. End that one first, or share a PostgreSQL database.`
  )
}
