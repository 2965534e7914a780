import { jest } from '@jest/globals'

/** A clock that a test moves. */
export interface Clock {
  now(): number
  advance(seconds: number): void
}

/** Goes on with the real time, from where a test sets it. */
export interface RunningClock extends Clock {
  /** Never earlier than the real one was when the test began: TOTP and JWTs of real peers still agree. */
  set(epochMs: number): void
  /** Stands still while `work` goes on: what is refilled by time is not, however slow the machine is. */
  whileStanding(work: () => Promise<void>): Promise<void>
}

export function createClock(): RunningClock {
  let offset = 0
  let standsAt: number | undefined
  const now = () => standsAt ?? Date.now() + offset
  return {
    now,
    async whileStanding(work) {
      standsAt = now()
      try {
        await work()
      } finally {
        standsAt = undefined
      }
    },
    advance: (seconds) => {
      offset += seconds * 1000
    },
    set: (epochMs) => {
      offset = epochMs - Date.now()
    }
  }
}

/**
 * Stands still until a test moves it. So does `Date`, and nothing else of the process: the official SDK, which takes no
 * clock, lives by this one too.
 */
export function stopClock(from: number): Clock {
  let now = from
  jest.useFakeTimers({
    now,
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout'
    ]
  })
  return {
    now: () => now,
    advance(seconds) {
      now += seconds * 1000
      jest.setSystemTime(now)
    }
  }
}

/** A whole second in the middle of a TOTP step, about now. */
export function middleOfStep(): number {
  return Math.floor(Date.now() / 30_000) * 30_000 + 15_000
}
