const perSecond = 50
const burst = 100

export interface Budget {
  /** Takes one; false when none is left. */
  take(): boolean
  giveBack(): void
}

/** A token bucket: 100 at once, 50 more a second. It bounds what strangers can make us ask the authority. */
export function createBudget(now: () => number): Budget {
  let left = burst
  let countedAt = now()

  return {
    take() {
      const elapsedMs = Math.max(0, now() - countedAt)
      left = Math.min(burst, left + (elapsedMs / 1000) * perSecond)
      countedAt = now()
      if (left < 1) return false
      left -= 1
      return true
    },
    giveBack() {
      left = Math.min(burst, left + 1)
    }
  }
}
