import type { Engine, Row } from '../engine.ts'
import type { Page } from '../search.ts'
import { type Sql, sql } from '../sql.ts'
import { noteTrip } from '../trips.ts'

/** A page of what was found, and how many there are on all pages. */
export interface Found<Item> {
  readonly items: readonly Item[]
  readonly total: number
}

/** Reads the database as one project: `$1` is always the project. */
export type Reader = ReturnType<typeof createReader>

export function createReader(engine: Engine, project_id: string) {
  async function all({ text, values }: Sql): Promise<readonly Row[]> {
    noteTrip(() => ({ read: text }))
    return engine.read(text, [project_id, ...values])
  }

  async function one<Item>(read: (row: Row) => Item, query: Sql): Promise<Item | undefined> {
    const [row] = await all(query)
    return row && read(row)
  }

  async function exists(query: Sql): Promise<boolean> {
    return (await all(query)).length > 0
  }

  async function find<Item>(
    read: (row: Row) => Item,
    { limit, after }: Page,
    { columns, source, order }: Selection
  ): Promise<Found<Item>> {
    const behind = after && sql`and (${order}) > (${after.created_at}, ${after.id})`
    const rows = await all(
      sql`select ${columns} from ${source} ${behind ?? sql``} order by ${order} limit ${limit}`
    )
    const [counted] = await all(sql`select count(*) as total from ${source}`)
    return { items: rows.map(read), total: Number(counted?.total) }
  }

  return { all, one, exists, find }
}

interface Selection {
  readonly columns: Sql
  /** Tables and conditions. */
  readonly source: Sql
  /** Creation time and id: together they order every row. */
  readonly order: Sql
}
