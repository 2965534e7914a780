import { loadDriver } from '../../src/authority/store/sqlite-driver.ts'

/** Tells what work changes in the SQLite database of a running authority. */
export interface NotedChanges {
  /**
   * What is different after the work: `members.name` for a column of a row, `+sessions` for a new row, `-sessions` for
   * one that is gone. What was written and taken back is no change.
   */
  during(work: () => Promise<unknown>): Promise<readonly string[]>
  close(): void
}

/** Written beside every call, or by the clock: it says nothing about what a call does. */
const beside = ['audit_events', 'failure_counts', 'leases', 'noted_changes']

/** Has the database itself note every row that is inserted, updated or deleted. */
export async function noteChanges(database: string): Promise<NotedChanges> {
  const { DatabaseSync } = await loadDriver()
  const connection = new DatabaseSync(database)
  connection.exec('pragma busy_timeout = 5000')
  connection.exec(
    'create table noted_changes (id integer primary key, changed text, before text, after text)'
  )
  const namesOf = (sql: string) =>
    (connection.prepare(sql).all({}) as Note[]).map(({ name }) => String(name))
  const tables = namesOf(
    "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
  )
  for (const table of tables.filter((name) => !beside.includes(name))) {
    const columns = namesOf(`pragma table_info(${table})`)
    const rowOf = (side: 'old' | 'new') =>
      `json_object(${columns.map((name) => `'${name}', ${side}.${name}`).join(', ')})`
    for (const [event, before, after] of [
      ['insert', 'null', rowOf('new')],
      ['update', rowOf('old'), rowOf('new')],
      ['delete', rowOf('old'), 'null']
    ]) {
      connection.exec(
        `create trigger note_${event}_of_${table} after ${event} on ${table} begin
           insert into noted_changes (changed, before, after) values ('${table}', ${before}, ${after});
         end`
      )
    }
  }
  const notes = connection.prepare('select changed, before, after from noted_changes order by id')

  return {
    async during(work) {
      connection.exec('delete from noted_changes')
      await work()
      return differences(notes.all({}) as Note[])
    },
    close: () => connection.close()
  }
}

type Note = Readonly<Record<string, unknown>>

function differences(notes: readonly Note[]): readonly string[] {
  const tables = [...new Set(notes.map(({ changed }) => String(changed)))]
  return tables.flatMap((table) => {
    const ofTable = notes.filter(({ changed }) => changed === table)
    const before = rowsOf(ofTable, 'before')
    const after = rowsOf(ofTable, 'after')
    return differencesOf(table, without(before, after), without(after, before))
  })
}

function rowsOf(notes: readonly Note[], side: 'before' | 'after'): readonly string[] {
  return notes.flatMap((note) => (note[side] === null ? [] : [String(note[side])]))
}

/** Each row that is in `others` as well takes one of `rows` away. */
function without(rows: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others]
  return rows.filter((row) => {
    const at = left.indexOf(row)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}

function differencesOf(
  table: string,
  before: readonly string[],
  after: readonly string[]
): readonly string[] {
  const fresh = after.map(columnsOf)
  const gone: string[] = []
  const columns: string[] = []
  for (const old of before.map(columnsOf)) {
    const changed = mostLike(old, fresh)
    if (changed === undefined) gone.push(`-${table}`)
    else columns.push(...namesOfDifferences(old, changed).map((name) => `${table}.${name}`))
    if (changed !== undefined) fresh.splice(fresh.indexOf(changed), 1)
  }
  return [...new Set(columns), ...gone, ...fresh.map(() => `+${table}`)]
}

type Columns = Readonly<Record<string, unknown>>

function columnsOf(row: string): Columns {
  return JSON.parse(row)
}

/** A row that was updated is taken for the one that differs from it least. */
function mostLike(row: Columns, others: readonly Columns[]): Columns | undefined {
  const distance = (other: Columns) => namesOfDifferences(row, other).length
  return [...others].sort((one, other) => distance(one) - distance(other))[0]
}

function namesOfDifferences(row: Columns, other: Columns): readonly string[] {
  return Object.keys(row).filter((name) => row[name] !== other[name])
}
