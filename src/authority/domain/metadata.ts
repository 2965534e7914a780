import { OperationError } from './operation-error.ts'
import type { JsonObject } from './records.ts'

const maxBytes = 4096
const maxKeys = 20

/** Metadata after a call brought some: merged at the top level, `null` deletes a key. */
export function mergeMetadata(existing: JsonObject, brought: JsonObject | undefined): JsonObject {
  if (brought === undefined) return existing
  const merged = new Map(Object.entries(existing))
  for (const [name, value] of Object.entries(brought)) {
    if (value === null) merged.delete(name)
    else merged.set(name, value)
  }
  if (merged.size > maxKeys) throw new OperationError('metadata_too_many_keys')
  const metadata = Object.fromEntries(merged)
  if (Buffer.byteLength(JSON.stringify(metadata)) > maxBytes) {
    throw new OperationError('metadata_too_large')
  }
  return metadata
}
