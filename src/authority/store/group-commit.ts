import type { Statement, UnitOutcome } from './engine.ts'
import type { SqliteDatabase } from './sqlite-driver.ts'

/** Units that share one commit: more would keep the event loop for too long. */
const maxTogether = 100

export interface GroupCommit {
  /** Resolves once the unit is committed, or undone by itself. */
  run(statements: readonly Statement[]): Promise<UnitOutcome>
  /** Runs now what waits for its turn. */
  flush(): void
}

/**
 * Waits for the disk once per turn of the event loop, and not once per unit: all units that came in one turn share a
 * transaction, in their order, each within a savepoint of its own. One that is not met, or fails, undoes only itself.
 */
export function createGroupCommit(
  database: SqliteDatabase,
  runStatements: (statements: readonly Statement[]) => UnitOutcome
): GroupCommit {
  const waiting: WaitingUnit[] = []

  function commitWaiting(): void {
    const units = waiting.splice(0, maxTogether)
    if (waiting.length > 0) setImmediate(commitWaiting)
    if (units.length > 0) settle(units, tryTogether(units))
  }

  function tryTogether(units: readonly WaitingUnit[]): readonly Settled[] {
    try {
      return runTogether(units)
    } catch (error) {
      return units.map(() => ({ error }))
    }
  }

  function runTogether(units: readonly WaitingUnit[]): readonly Settled[] {
    let settled: readonly Settled[]
    database.exec('begin immediate')
    try {
      settled = units.map(runInSavepoint)
    } catch (error) {
      rollBack(database)
      // One of them took the whole transaction with it, as a full disk does: the others need not suffer.
      return units.length === 1 ? [{ error }] : units.flatMap((unit) => tryTogether([unit]))
    }
    commit(database)
    return settled
  }

  /** Throws where the transaction is gone with the savepoint. */
  function runInSavepoint({ statements }: WaitingUnit): Settled {
    database.exec('savepoint unit')
    const settled = tryStatements(statements)
    try {
      if (settled.outcome?.done !== true) database.exec('rollback to unit')
      database.exec('release unit')
    } catch (error) {
      throw settled.error ?? error
    }
    return settled
  }

  function tryStatements(statements: readonly Statement[]): Settled {
    try {
      return { outcome: runStatements(statements) }
    } catch (error) {
      return { error }
    }
  }

  return {
    run: (statements) =>
      new Promise((resolve, reject) => {
        waiting.push({ statements, resolve, reject })
        if (waiting.length === 1) setImmediate(commitWaiting)
      }),
    flush() {
      while (waiting.length > 0) commitWaiting()
    }
  }
}

export function commit(database: SqliteDatabase): void {
  try {
    database.exec('commit')
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/** After some errors SQLite has done so itself. */
export function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('rollback')
  } catch {}
}

interface WaitingUnit {
  readonly statements: readonly Statement[]
  readonly resolve: (outcome: UnitOutcome) => void
  readonly reject: (error: unknown) => void
}

/** One of the two. */
interface Settled {
  readonly outcome?: UnitOutcome
  readonly error?: unknown
}

function settle(units: readonly WaitingUnit[], settled: readonly Settled[]): void {
  for (const [index, { resolve, reject }] of units.entries()) {
    const { outcome, error } = settled[index] ?? {}
    if (outcome === undefined) reject(error)
    else resolve(outcome)
  }
}
