import { registeredClaims } from '../../jwt/claims.ts'
import { OperationError } from './operation-error.ts'
import type { JsonObject } from './records.ts'

const maxBytes = 4096
const reservedPrefix = 'https://stytch.com/'

/**
 * The claims of a session after a call brought some.
 *
 * - `null` deletes a key; objects are merged, at every depth; anything else replaces.
 * - The names that RFC 7519 registers are dropped; those of the API itself are rejected.
 * - What results may be 4,096 bytes of compact JSON in UTF-8.
 */
export function mergeCustomClaims(
  existing: JsonObject,
  brought: JsonObject | undefined
): JsonObject {
  if (brought === undefined) return existing
  const names = Object.keys(brought)
  if (names.some((name) => name.startsWith(reservedPrefix))) {
    throw new OperationError('stytch_claims_in_custom_claims')
  }
  const ours = Object.entries(brought).filter(([name]) => !registeredClaims.has(name))
  const merged = mergeDeep(existing, ours)
  const bytes = Buffer.byteLength(JSON.stringify(merged))
  if (bytes > maxBytes) throw new OperationError('custom_claims_too_large')
  return merged
}

/** By entries and `fromEntries`, which define members: `__proto__` is a name like any other. */
function mergeDeep(
  existing: unknown,
  brought: readonly (readonly [string, unknown])[]
): JsonObject {
  const merged = new Map(isObject(existing) ? Object.entries(existing) : [])
  for (const [name, value] of brought) {
    if (value === null) merged.delete(name)
    else if (isObject(value)) merged.set(name, mergeDeep(merged.get(name), Object.entries(value)))
    else merged.set(name, value)
  }
  return Object.fromEntries(merged)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
