import type { Engine, Row, Value } from '../engine.ts'
import type { Page } from '../search.ts'

/** A page of what was found, and how many there are on all pages. */
export interface Found<Item> {
  readonly items: readonly Item[]
  readonly total: number
}

/** Asks the database as one project: `$1` is always the project. */
export type Reader = ReturnType<typeof createReader>

export function createReader(engine: Engine, project_id: string) {
  async function all(sql: string, ...values: Value[]): Promise<readonly Row[]> {
    return engine.read(sql, [project_id, ...values])
  }

  async function one<Item>(
    read: (row: Row) => Item,
    sql: string,
    ...values: Value[]
  ): Promise<Item | undefined> {
    const [row] = await all(sql, ...values)
    return row && read(row)
  }

  async function find<Item>(
    read: (row: Row) => Item,
    { limit, after }: Page,
    { columns, source, values, order }: Selection
  ): Promise<Found<Item>> {
    const next = values.length + 2
    const behind = after === undefined ? '' : `and (${order}) > ($${next + 1}, $${next + 2})`
    const start = after === undefined ? [] : [after.created_at, after.id]
    const rows = await all(
      `select ${columns} from ${source} ${behind} order by ${order} limit $${next}`,
      ...values,
      limit,
      ...start
    )
    const [counted] = await all(`select count(*) as total from ${source}`, ...values)
    return { items: rows.map(read), total: Number(counted?.total) }
  }

  return { all, one, find }
}

interface Selection {
  readonly columns: string
  /** Tables and conditions. */
  readonly source: string
  readonly values: readonly Value[]
  /** Creation time and id: together they order every row. */
  readonly order: string
}
