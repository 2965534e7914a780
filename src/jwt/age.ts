/**
 * Whether what was true at `since` is too old at `now`: all three in one unit. Exactly the age is too old. Nothing is
 * younger than zero, so 0 is too old for everything, also for what lies ahead of our clock; no tolerance applies.
 */
export function isTooOld(since: number, now: number, maxAge: number): boolean {
  return Math.max(0, now - since) >= maxAge
}
