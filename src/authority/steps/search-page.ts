import type { ResultsMetadata } from '../../wire/search.ts'
import type { Context } from '../context.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import type { Found } from '../store/reads/reader.ts'
import type { Page } from '../store/search.ts'

const defaultLimit = 100

interface Search<Item> {
  /** What is searched for: a cursor belongs to it, and to no other search. */
  readonly scope: readonly unknown[]
  find(page: Page): Promise<Found<Item>>
  idOf(item: Item): string
}

/** One page of what a search finds, from where the cursor says. It reads one row more, to know whether there are any. */
export async function findPage<Item extends { readonly created_at: number }>(
  { store, atRest }: Context,
  { cursor, limit = defaultLimit }: { readonly cursor?: string; readonly limit?: number },
  { scope: parts, find, idOf }: Search<Item>
): Promise<{ items: readonly Item[]; results_metadata: ResultsMetadata }> {
  const scope = JSON.stringify([store.project_id, ...parts])
  const after = cursor === undefined ? undefined : readCursor(atRest, scope, cursor)
  const found = await find({ limit: limit + 1, after })
  const items = found.items.slice(0, limit)
  const last = found.items.length > limit ? items.at(-1) : undefined
  const next_cursor =
    last && writeCursor(atRest, scope, { created_at: last.created_at, id: idOf(last) })
  return { items, results_metadata: { total: found.total, next_cursor: next_cursor ?? null } }
}
