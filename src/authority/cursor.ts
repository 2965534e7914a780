import type { AtRest } from './crypto/at-rest.ts'
import { OperationError } from './domain/operation-error.ts'
import type { Page } from './store/search.ts'

type Row = NonNullable<Page['after']>

/** Names the last row of a page. `scope` is the search that it belongs to: no other one takes it. */
export function writeCursor(atRest: AtRest, scope: string, { created_at, id }: Row): string {
  const parts = [created_at, id, sign(atRest, scope, created_at, id)]
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

export function readCursor(atRest: AtRest, scope: string, cursor: string): Row {
  const [created_at, id, signature] = readParts(cursor)
  if (typeof created_at !== 'number' || typeof id !== 'string') {
    throw new OperationError('search_invalid_cursor')
  }
  if (signature !== sign(atRest, scope, created_at, id)) {
    throw new OperationError('search_invalid_cursor')
  }
  return { created_at, id }
}

function sign(atRest: AtRest, scope: string, created_at: number, id: string): string {
  return atRest.keyedHash(JSON.stringify([scope, created_at, id]), 'search-cursor')
}

function readParts(cursor: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}
