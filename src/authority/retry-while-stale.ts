import { stale } from './domain/problem.ts'
import { Refusal } from './refusal.ts'

const maxTries = 100

/**
 * Loads, decides and writes again when the facts changed in between. Each round one of the rivals gets through, so
 * as many rounds as rivals are enough; after too many the caller is told to try again.
 */
export async function retryWhileStale<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = maxTries - 1; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left === 0 || !(error instanceof Refusal) || error.problem !== stale) throw error
    }
  }
}
