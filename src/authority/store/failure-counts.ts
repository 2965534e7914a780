import { LRUCache } from 'lru-cache'
import { reportError } from '../http/report-error.ts'
import type { Engine, Value } from './engine.ts'

/** How often something failed, and until when that counts, in epoch milliseconds. */
export interface FailureCount {
  readonly failures: number
  readonly ends_at: number
}

/** Failures of one project, each counter for as long as the time lasts that begins with its first. */
export interface FailureCounts {
  /** Counts one, and tells how many that makes. */
  add(counter: string, minutes: number, now: number): Promise<FailureCount>
  /** `undefined` where none counts any more. */
  find(counter: string, now: number): Promise<FailureCount | undefined>
}

export interface AllFailureCounts {
  ofProject(project_id: string): FailureCounts
  /** Deletes those that have ended by then. */
  sweep(ended_by: number): Promise<void>
}

/** Each attacker has a few counters that are used all the time; those that were used last stay. */
const maxInMemory = 10_000

const addOne = `
  insert into failure_counts (key, points, expire) values ($1, 1, $2)
  on conflict (key) do update set
    points = case when failure_counts.expire <= $3 then 1 else failure_counts.points + 1 end,
    expire = case when failure_counts.expire <= $3 then excluded.expire else failure_counts.expire end
  returning points, expire`

const findOne = 'select points, expire from failure_counts where key = $1'

/**
 * Counts in the database, which all processes share, and in memory as long as that fails: what limits guesses must neither
 * stop at a failure nor make one of a sign-in.
 */
export function createFailureCounts(engine: Engine): AllFailureCounts {
  const inMemory = new LRUCache<string, FailureCount>({ max: maxInMemory })

  async function read(
    sql: string,
    values: readonly Value[],
    instead: () => FailureCount | undefined
  ): Promise<FailureCount | undefined> {
    try {
      const [row] = await engine.read(sql, values)
      return row && { failures: Number(row.points), ends_at: Number(row.expire) }
    } catch (error) {
      reportError(error, 'none', 'failure_counts')
      return instead()
    }
  }

  async function add(key: string, minutes: number, now: number): Promise<FailureCount> {
    const first = { failures: 1, ends_at: now + minutes * 60_000 }
    const count = await read(addOne, [key, first.ends_at, now], () => {
      const known = alive(inMemory.get(key), now)
      const next = known === undefined ? first : { ...known, failures: known.failures + 1 }
      inMemory.set(key, next)
      return next
    })
    return count ?? first
  }

  async function find(key: string, now: number): Promise<FailureCount | undefined> {
    return alive(await read(findOne, [key], () => inMemory.get(key)), now)
  }

  return {
    ofProject: (project_id) => ({
      add: (counter, minutes, now) => add(`${project_id}|${counter}`, minutes, now),
      find: (counter, now) => find(`${project_id}|${counter}`, now)
    }),
    async sweep(ended_by) {
      const sql = 'delete from failure_counts where expire <= $1'
      await engine.runUnit([{ sql, values: [ended_by], guarded: false }])
    }
  }
}

function alive(count: FailureCount | undefined, now: number): FailureCount | undefined {
  return count !== undefined && count.ends_at > now ? count : undefined
}
