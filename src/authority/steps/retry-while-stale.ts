import { setTimeout as pause } from 'node:timers/promises'
import { OperationError } from '../domain/operation-error.ts'

const maxTries = 100
const maxPauseMs = 100

/**
 * Loads, decides and writes again when the facts changed in between. Only the first try may use what the call has loaded
 * before. Random pauses, longer with every try, let rivals pass one after another; after too many tries the caller is told
 * to come again.
 */
export async function retryWhileStale<Result>(
  work: (isFirstTry: boolean) => Promise<Result>
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work(tries === 1)
    } catch (error) {
      if (tries === maxTries || !(error instanceof OperationError && error.isStale)) throw error
    }
    await pause(Math.random() * Math.min(2 ** tries, maxPauseMs))
  }
}
