import { UnavailableError } from '../../errors/unavailable-error.ts'

const failuresToOpen = 20
const countedWithinMs = 10_000
const heldBackMs = 5000

export interface Breaker {
  /** Runs the call, or rejects at once while the authority is known to be away. */
  run<T>(call: () => Promise<T>): Promise<T>
}

/**
 * Spares an authority that is away, and the requests that would wait for it. 20 failures within 10 seconds, without an
 * answer in between, hold calls back for 5 seconds; then one call at a time tries, until one is answered.
 */
export function createBreaker(now: () => number): Breaker {
  let failures: number[] = []
  let openedAt: number | undefined
  let isTrying = false

  async function run<T>(call: () => Promise<T>): Promise<T> {
    if (openedAt === undefined) return watch(call)
    const heldForMs = Math.abs(now() - openedAt)
    if (isTrying || heldForMs < heldBackMs) throw heldBack(heldBackMs - heldForMs)
    isTrying = true
    try {
      return await watch(call)
    } finally {
      isTrying = false
    }
  }

  /** Any answer means that the authority is there, also a refusal. */
  async function watch<T>(call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call()
      close()
      return answer
    } catch (error) {
      if (isAnswer(error)) close()
      else recordFailure()
      throw error
    }
  }

  function close(): void {
    failures = []
    openedAt = undefined
  }

  function recordFailure(): void {
    const nowMs = now()
    failures = [...failures.filter((at) => Math.abs(nowMs - at) < countedWithinMs), nowMs]
    if (openedAt !== undefined || failures.length >= failuresToOpen) openedAt = nowMs
  }

  return { run }
}

/** A refusal is an answer too, unless it says that the authority itself cannot. */
function isAnswer(error: unknown): boolean {
  const { status_code } = Object(error)
  return typeof status_code === 'number' && status_code < 500 && status_code !== 429
}

function heldBack(remainingMs: number): UnavailableError {
  return new UnavailableError('authority_unavailable', {
    reason: 'held_back_by_breaker',
    retryAfterSeconds: Math.max(1, Math.ceil(remainingMs / 1000))
  })
}
