import { RateLimiterMemory, RateLimiterPostgres } from 'rate-limiter-flexible'
import { reportError } from '../http/report-error.ts'
import type { Engine, Value } from './engine.ts'

/** Failures of one project, each counter for as long as the time lasts that begins with its first. */
export interface FailureCounts {
  /** Counts one, and tells how many that makes. */
  add(counter: string, minutes: number): Promise<number>
  find(counter: string): Promise<number>
}

export interface AllFailureCounts {
  ofProject(project_id: string): FailureCounts
  /** Deletes those that have ended by then. */
  sweep(ended_by: number): Promise<void>
}

/** How many are too many is decided where they are read, so that here they are only counted. */
const onlyCounting = { points: Number.MAX_SAFE_INTEGER, duration: 3600, keyPrefix: '' }

/**
 * Counts in the database, which all processes share, and in memory as long as that fails: what limits guesses must neither
 * stop at a failure nor make one of a sign-in. The statements of the library are PostgreSQL's, and SQLite understands them.
 */
export function createFailureCounts(engine: Engine): AllFailureCounts {
  const limiter = new RateLimiterPostgres({
    ...onlyCounting,
    storeClient: { query: queryOn(engine) },
    storeType: 'pool',
    tableName: 'failure_counts',
    tableCreated: true,
    clearExpiredByTimeout: false,
    insuranceLimiter: new RateLimiterMemory(onlyCounting)
  })
  return {
    ofProject: (project_id) => ({
      async add(counter, minutes) {
        const options = { customDuration: minutes * 60 }
        return (await limiter.penalty(`${project_id}|${counter}`, 1, options)).consumedPoints
      },
      async find(counter) {
        return (await limiter.get(`${project_id}|${counter}`))?.consumedPoints ?? 0
      }
    }),
    async sweep(ended_by) {
      const sql = 'delete from failure_counts where expire <= $1'
      await engine.runUnit([{ sql, values: [ended_by], guarded: false }])
    }
  }
}

interface Query {
  readonly text: string
  readonly values: readonly Value[]
}

/** What the library asks of a pool. Each of its statements stands by itself. */
function queryOn(engine: Engine) {
  return async function query({ text, values }: Query) {
    try {
      const rows = await engine.read(text, values)
      return { rows, rowCount: rows.length }
    } catch (error) {
      reportError(error, 'none', 'failure_counts')
      throw error
    }
  }
}
