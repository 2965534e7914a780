import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import { toTimestamp } from '../domain/timestamps.ts'
import type { Delivery, NoticeKind } from './delivery.ts'

/** What would have been sent. */
export interface OutboxEntry {
  readonly channel: 'sms' | 'email' | 'notice'
  readonly to: string
  readonly code?: string
  readonly token?: string
  readonly link?: string
  /** What a notice tells of. */
  readonly kind?: NoticeKind
  /** RFC 3339. */
  readonly sent_at: string
}

export interface OutboxOptions {
  /** The clock of `sent_at`, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** Sends nothing and remembers everything. */
export interface Outbox {
  /** For the option `deliver` of `createAuthority`. */
  readonly deliver: Delivery
  /** The newest 1,000 messages, the newest first. Notices, which carry nothing to sign in with, only where they are asked for. */
  entries(options?: OutboxView): readonly OutboxEntry[]
}

export interface OutboxView {
  /** Shows notices too. Default false. */
  readonly notices?: boolean
}

const maxEntries = 1000

/** Complete by type: an option that is missing here does not compile. */
const knownOptions: Readonly<Record<keyof OutboxOptions, true>> = { now: true }

/**
 * Keeps messages instead of sending them, for development and tests.
 *
 * @example
 * const { deliver, entries } = createOutbox()
 * const authority = await createAuthority({ database: ':memory:', deliver })
 * // …
 * const [latest] = entries()
 */
export function createOutbox(options: OutboxOptions = {}): Outbox {
  assertKnownOptions('createOutbox', options, knownOptions)
  const { now = Date.now } = options
  if (typeof now !== 'function') throw new ConfigError('now must be a function.')
  const newestFirst: OutboxEntry[] = []

  function keep(message: Omit<OutboxEntry, 'sent_at'>): void {
    newestFirst.unshift({ ...message, sent_at: toTimestamp(now()) })
    newestFirst.length = Math.min(newestFirst.length, maxEntries)
  }

  return {
    deliver: {
      async sms({ to, code }) {
        keep({ channel: 'sms', to, code })
      },
      async email({ to, code, token, link }) {
        keep({
          channel: 'email',
          to,
          ...(code === undefined ? {} : { code }),
          ...(token === undefined ? {} : { token }),
          ...(link === undefined ? {} : { link })
        })
      },
      async notice({ to, kind }) {
        keep({ channel: 'notice', to, kind })
      }
    },
    entries: ({ notices = false } = {}) =>
      newestFirst.filter(({ channel }) => notices || channel !== 'notice')
  }
}
