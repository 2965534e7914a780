/** What is stored of the messages that one counter has counted: those of its last window, and those of the one before. */
export interface SendCount {
  readonly counter: string
  readonly first_at: number
  readonly last_at: number
  readonly sent: number
  readonly first_before: number
  readonly last_before: number
  readonly sent_before: number
}

interface Limit {
  readonly window_ms: number
  readonly limit: number
}

/** From when on the counter takes one more message, as the statement that counts them will find. */
export function limitEndsAt(count: SendCount, limit: Limit): number {
  const { first_at, last_at, sent, first_before, last_before, sent_before } = count
  const endsAt = first_at + limit.window_ms
  const before = { first: first_before, last: last_before, sent: sent_before }
  const inWindow = enoughEndedAt(before, sent, limit)
  if (inWindow < endsAt) return inWindow
  return Math.max(endsAt, enoughEndedAt({ first: first_at, last: last_at, sent }, 0, limit))
}

/** From when on enough of the earlier messages count no more. They count as evenly spread between the first and the last. */
function enoughEndedAt(
  earlier: { readonly first: number; readonly last: number; readonly sent: number },
  others: number,
  { window_ms, limit }: Limit
): number {
  const free = limit - 1 - others
  if (free < 0) return Number.POSITIVE_INFINITY
  if (earlier.sent <= free) return 0
  const apart = earlier.sent > 1 ? (earlier.last - earlier.first) / (earlier.sent - 1) : 0
  return Math.ceil(earlier.last - free * apart) + window_ms
}
