import { type Problem, problem } from './problem.ts'
import type { JsonObject } from './records.ts'

const maxBytes = 4096
const maxKeys = 20

/** Metadata after a call brought some: merged at the top level, `null` deletes a key. */
export function mergeMetadata(
  existing: JsonObject,
  brought: JsonObject | undefined
): JsonObject | Problem {
  if (brought === undefined) return existing
  const merged = new Map(Object.entries(existing))
  for (const [name, value] of Object.entries(brought)) {
    if (value === null) merged.delete(name)
    else merged.set(name, value)
  }
  if (merged.size > maxKeys) return problem('metadata_too_many_keys')
  const metadata = Object.fromEntries(merged)
  if (Buffer.byteLength(JSON.stringify(metadata)) > maxBytes) return problem('metadata_too_large')
  return metadata
}
