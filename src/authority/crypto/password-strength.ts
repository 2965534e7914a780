import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createWorkQueue } from './work-queue.ts'

/** How well a password would resist guessing. */
export interface PasswordRating {
  /** 0 to 4. */
  readonly score: number
  /** `''` when there is nothing to say. */
  readonly warning: string
  readonly suggestions: readonly string[]
}

export interface StrengthMeter {
  /** `hints` are words that people who know the member would try. */
  rate(password: string, hints: readonly string[]): Promise<PasswordRating>
  /** Ends its thread. */
  close(): Promise<void>
}

/** A password could not be rated: the thread ended, or took too long. */
export class RatingUnavailable extends Error {
  override get name(): string {
    return 'RatingUnavailable'
  }
}

/** Loading the dictionaries takes a fraction of a second on an idle machine, and so does the worst password. */
const deadlineMs = 10_000

const program = new URL('./password-strength-worker.js', import.meta.url)

/**
 * Rates passwords with zxcvbn, in a thread of its own, so that no other request waits for the arithmetic. The thread starts
 * with the first password, rates one at a time, and keeps no process alive.
 */
export function createStrengthMeter(): StrengthMeter {
  const runQueued = createWorkQueue({ running: 1, waiting: 50 })
  let worker: Worker | undefined

  function start(): Worker {
    // The thread needs neither the flags of this process nor its environment, which has secrets in it.
    const started = new Worker(program, { execArgv: [], env: {} })
    started.unref()
    // Between two passwords no call waits for the thread, and an error without a listener would end the process.
    return started.on('error', () => {})
  }

  async function stop(): Promise<void> {
    const stopped = worker
    worker = undefined
    await stopped?.terminate()
  }

  async function rateNow(password: string, hints: readonly string[]): Promise<PasswordRating> {
    worker ??= start()
    try {
      return await answerOf(worker, { password, hints })
    } catch (cause) {
      await stop()
      throw new RatingUnavailable('The password could not be rated.', { cause })
    }
  }

  return {
    rate: (password, hints) => runQueued(() => rateNow(password.normalize('NFKC'), hints)),
    close: stop
  }
}

/** Rejects when the thread fails or takes too long. */
async function answerOf(worker: Worker, request: object): Promise<PasswordRating> {
  const answered = once(worker, 'message', { signal: AbortSignal.timeout(deadlineMs) })
  worker.postMessage(request)
  const [rating] = await answered
  return rating
}
