import type { KeyObject } from 'node:crypto'
import { readVerificationKeys, type SignatureAlgorithm } from './verification-key.ts'

/**
 * What a key set knows of a `kid`. `unknown`: a set fetched now or a moment ago has no such key.
 * `unavailable`: it cannot be told, because fetching fails.
 */
export type KeyLookup =
  | { readonly status: 'found'; readonly key: KeyObject }
  | { readonly status: 'unknown' }
  | { readonly status: 'unavailable'; readonly cause: unknown }

export interface KeySet {
  find(kid: string): Promise<KeyLookup>
}

export interface KeySetOptions {
  /** Fetches the JWKS: resolves to its `keys`, rejects when it cannot be had. */
  readonly fetchKeys: () => Promise<readonly unknown[]>
  readonly now: () => number
  /** What the keys may verify. Default RS256. */
  readonly algorithms?: readonly SignatureAlgorithm[]
}

const freshMs = 10 * 60_000
const staleIfErrorMs = 60 * 60_000
const cooldownAfterSuccessMs = 30_000
const firstBackoffMs = 1000
const maxBackoffMs = 30_000

/** A key set that never changes and is never fetched. */
export function createFixedKeySet(jwks: readonly unknown[]): KeySet | undefined {
  const keys = readVerificationKeys(jwks)
  if (keys === undefined) return undefined
  return {
    async find(kid) {
      const key = keys.get(kid)
      return key === undefined ? { status: 'unknown' } : { status: 'found', key }
    }
  }
}

/**
 * A key set that is fetched when it is first needed and again when it is old or lacks a `kid`.
 *
 * One fetch at a time, which all that need it await. After a success strange `kid`s cause no fetch for 30 s; after a failure
 * nothing does for 1 s, 2 s, 4 s … 30 s. Keys are fresh for 10 minutes and serve for an hour while fetching fails.
 */
export function createKeySet({ fetchKeys, now, algorithms }: KeySetOptions): KeySet {
  let keys: ReadonlyMap<string, KeyObject> = new Map()
  let fetchedAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let failedAt = 0
  let lastFailure: unknown
  let inFlight: Promise<void> | undefined

  async function find(kid: string): Promise<KeyLookup> {
    if (!isFresh(freshMs)) await refreshUnlessHeldBack()
    if (isFresh(freshMs) || (isFailing() && isFresh(staleIfErrorMs))) {
      const key = keys.get(kid)
      if (key !== undefined) return { status: 'found', key }
    }
    if (isFresh(cooldownAfterSuccessMs) && !isFailing()) return { status: 'unknown' }
    await refreshUnlessHeldBack()
    if (isFailing()) return { status: 'unavailable', cause: lastFailure }
    const key = keys.get(kid)
    return key === undefined ? { status: 'unknown' } : { status: 'found', key }
  }

  function isFresh(forMs: number): boolean {
    return Math.abs(now() - fetchedAt) < forMs
  }

  function isFailing(): boolean {
    return failures > 0
  }

  function refreshUnlessHeldBack(): Promise<void> {
    if (inFlight !== undefined) return inFlight
    const backoffMs = Math.min(firstBackoffMs * 2 ** (failures - 1), maxBackoffMs)
    if (isFailing() && Math.abs(now() - failedAt) < backoffMs) return Promise.resolve()
    inFlight = refresh().finally(() => {
      inFlight = undefined
    })
    return inFlight
  }

  async function refresh(): Promise<void> {
    try {
      const read = readVerificationKeys(await fetchKeys(), algorithms)
      if (read === undefined) throw new Error('The JWKS holds no usable keys, or a kid twice.')
      keys = read
      fetchedAt = now()
      failures = 0
    } catch (error) {
      failures += 1
      failedAt = now()
      lastFailure = error
    }
  }

  return { find }
}
