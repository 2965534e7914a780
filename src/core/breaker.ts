import { UnavailableError } from '../errors/unavailable-error.ts'

const failuresToOpen = 20
const countedWithinMs = 10_000
const openMs = 5000

export interface Breaker {
  /** Runs the call, or rejects at once while the authority is known to be away. */
  run<T>(call: () => Promise<T>): Promise<T>
}

/**
 * Spares an authority that is away, and the requests that would wait for it. 20 failures in a row within 10 seconds open
 * it for 5 seconds; then one call at a time tries whether the authority is back.
 */
export function createBreaker(now: () => number): Breaker {
  let failures: number[] = []
  let openUntil = Number.NEGATIVE_INFINITY
  let isTrying = false

  function isOpen(): boolean {
    return failures.length >= failuresToOpen
  }

  function recordFailure(): void {
    failures = [...failures.filter((at) => now() - at < countedWithinMs), now()]
    if (isOpen()) openUntil = now() + openMs
  }

  async function run<T>(call: () => Promise<T>): Promise<T> {
    if (isOpen() && (isTrying || now() < openUntil)) {
      throw new UnavailableError('authority_unavailable', {
        cause: new Error('Calls are held back: the last ones all failed.'),
        retryAfterSeconds: Math.max(1, Math.ceil((openUntil - now()) / 1000))
      })
    }
    isTrying = isOpen()
    try {
      const answer = await call()
      failures = []
      return answer
    } catch (error) {
      if (error instanceof UnavailableError) recordFailure()
      else failures = []
      throw error
    } finally {
      isTrying = false
    }
  }

  return { run }
}
