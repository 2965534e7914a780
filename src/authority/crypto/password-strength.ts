import { once } from 'node:events'
import { createRequire } from 'node:module'
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
  /** `hints` are words that whoever knows the person would try. */
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

/** Work grows steeply with length. What is strong in so many characters is strong with more. */
const maxLength = 72

/** Loading the dictionaries takes a fraction of a second on an idle machine, and so does the worst password. */
const deadlineMs = 10_000

/** Plain JavaScript in a string, because it must run from TypeScript sources and from the built package alike. */
const program = `
  const { parentPort, workerData } = require('node:worker_threads')
  const [{ ZxcvbnFactory }, common, english] = workerData.packages.map((path) => require(path))
  const zxcvbn = new ZxcvbnFactory({
    translations: english.translations,
    graphs: common.adjacencyGraphs,
    dictionary: { ...common.dictionary, ...english.dictionary },
    maxLength: workerData.maxLength
  })
  parentPort.on('message', ({ password, hints }) => {
    const { score, feedback } = zxcvbn.check(password, hints)
    parentPort.postMessage({ score, warning: feedback.warning ?? '', suggestions: feedback.suggestions })
  })`

const packages = ['@zxcvbn-ts/core', '@zxcvbn-ts/language-common', '@zxcvbn-ts/language-en']

/**
 * Rates passwords with zxcvbn, in a thread of its own, so that nobody else waits for the arithmetic. The thread starts
 * with the first password, rates one at a time, and keeps no process alive.
 */
export function createStrengthMeter(): StrengthMeter {
  const runQueued = createWorkQueue({ running: 1, waiting: 50 })
  let worker: Worker | undefined

  function start(): Worker {
    const { resolve } = createRequire(import.meta.url)
    const workerData = { packages: packages.map((name) => resolve(name)), maxLength }
    // Neither the flags of this process nor its environment, which has secrets in it, is any of its business.
    const started = new Worker(program, { eval: true, execArgv: [], env: {}, workerData })
    started.unref()
    // Between two passwords nobody listens, and an error that nobody hears would end the process.
    return started.on('error', () => {})
  }

  async function stop(): Promise<void> {
    const stopped = worker
    worker = undefined
    await stopped?.terminate()
  }

  async function ask(password: string, hints: readonly string[]): Promise<PasswordRating> {
    worker ??= start()
    try {
      return await answerOf(worker, { password, hints })
    } catch (cause) {
      await stop()
      throw new RatingUnavailable('The password could not be rated.', { cause })
    }
  }

  return {
    rate: (password, hints) => runQueued(() => ask(password.normalize('NFKC'), hints)),
    close: stop
  }
}

/** Rejects when the thread fails or takes too long. */
async function answerOf(worker: Worker, question: object): Promise<PasswordRating> {
  const answered = once(worker, 'message', { signal: AbortSignal.timeout(deadlineMs) })
  worker.postMessage(question)
  const [rating] = await answered
  return rating
}
