import { publishGivenUp } from '../explain/events.ts'

export interface RevocationOutcome {
  readonly isEnded: boolean
  readonly member_session_id?: string | undefined
}

/** Tries to end a session again, later and a few times. Of one key, the token, one revocation is outstanding. */
export type RetryLater = (key: string, end: () => Promise<RevocationOutcome>) => void

/** Runs a function later, without keeping the process alive for it. */
export type Schedule = (run: () => void, delayMs: number) => void

/** An authority that is away for twenty minutes is worth waiting for; the session ends by itself some time. */
const delaysMs = [1000, 5000, 15_000, 60_000, 180_000, 300_000, 600_000]
const maxOutstanding = 1000

/**
 * Revocations that the authority did not confirm. They are in memory alone and die with the process. One that fails to
 * the end, or comes when the list is full, is given up, and `membergate.revocation` says so.
 */
export function createRetryLater(schedule: Schedule = scheduleUnref): RetryLater {
  const outstanding = new Set<string>()

  return function retryLater(key, end) {
    if (outstanding.has(key)) return
    if (outstanding.size >= maxOutstanding) {
      publishGivenUp(undefined, 0)
      return
    }
    outstanding.add(key)
    wait(key, end, 0)
  }

  function wait(key: string, end: () => Promise<RevocationOutcome>, index: number): void {
    schedule(() => {
      end().then(
        (outcome) => settle(key, end, index, outcome),
        () => settle(key, end, index, { isEnded: false })
      )
    }, delaysMs[index] ?? 0)
  }

  function settle(
    key: string,
    end: () => Promise<RevocationOutcome>,
    index: number,
    { isEnded, member_session_id }: RevocationOutcome
  ): void {
    if (!isEnded && index + 1 < delaysMs.length) {
      wait(key, end, index + 1)
      return
    }
    outstanding.delete(key)
    if (!isEnded) publishGivenUp(member_session_id, delaysMs.length)
  }
}

function scheduleUnref(run: () => void, delayMs: number): void {
  setTimeout(run, delayMs).unref()
}
