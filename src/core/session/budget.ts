const perSecond = 50
const burst = 100
const maxDebt = 500

export interface Budget {
  hasSome(): boolean
  spend(): void
}

/**
 * Bounds the remote checks that strangers can cause: 100 denied ones at once, 50 more a second. What was denied is
 * known only afterwards, so a burst may run into debt, which is paid off first.
 */
export function createBudget(now: () => number): Budget {
  let left = burst
  let countedAt = now()

  function refill(): void {
    const elapsedMs = Math.max(0, now() - countedAt)
    left = Math.min(burst, left + (elapsedMs / 1000) * perSecond)
    countedAt = now()
  }

  return {
    hasSome() {
      refill()
      return left >= 1
    },
    spend() {
      refill()
      left = Math.max(-maxDebt, left - 1)
    }
  }
}
