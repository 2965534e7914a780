import { LRUCache } from 'lru-cache'
import type { Row, Value } from './engine.ts'
import { type Sql, withValues } from './sql.ts'

const maxSharedCharacters = 4_000_000

/** How a value stands in a column. */
export interface Column<Content> {
  readonly write: (content: Content) => Value
  readonly read: (value: unknown) => Content
}

/** A column for every field, of its very type. A field without one does not compile, nor one without a field. */
export type Columns<Fields> = { readonly [Name in keyof Fields]-?: Column<Fields[Name]> }

export function string<Content extends string>(): Column<Content> {
  return { write: (content) => content, read: (value) => value as Content }
}

export function integer(): Column<number> {
  return { write: (content) => content, read: (value) => value as number }
}

/** `0` or `1`. */
export function flag(): Column<boolean> {
  return { write: (content) => (content ? 1 : 0), read: (value) => value === 1 }
}

export function json<Content extends object>(): Column<Content> {
  return { write: (content) => JSON.stringify(content), read: (value) => JSON.parse(String(value)) }
}

/** JSON that is read over and over, as a policy is: one text is parsed once, to one frozen object. */
export function sharedJson<Content extends object>(): Column<Content> {
  const { write, read } = json<Content>()
  const known = new LRUCache<string, Content>({
    maxSize: maxSharedCharacters,
    sizeCalculation: (_, text) => text.length
  })
  return {
    write,
    read(value) {
      const text = String(value)
      const kept = known.get(text)
      if (kept !== undefined) return kept
      const content = deepFrozen(read(text))
      known.set(text, content)
      return content
    }
  }
}

function deepFrozen<Content>(content: Content): Content {
  if (typeof content !== 'object' || content === null) return content
  for (const part of Object.values(content)) deepFrozen(part)
  return Object.freeze(content)
}

export function nullable<Content>({ write, read }: Column<Content>): Column<Content | null> {
  return {
    write: (content) => (content === null ? null : write(content)),
    read: (value) => (value === null ? null : read(value))
  }
}

/** `''` where there is none: `null` in the database, where a column may be unique. */
export function textOrEmpty(): Column<string> {
  return {
    write: (content) => (content === '' ? null : content),
    read: (value) => (typeof value === 'string' ? value : '')
  }
}

/** Reads the columns of a row, and no others. */
export function rowReader<Fields extends object>(columns: Columns<Fields>): (row: Row) => Fields {
  const names = namesOf(columns)
  return (row) => {
    const fields = {} as Fields
    for (const name of names) fields[name] = columns[name].read(row[name])
    return fields
  }
}

export type Table<Fields extends object> = ReturnType<typeof table<Fields>>

/** A table whose key is `key`, after the project. Its rows are written whole, by SQL that is made once. */
export function table<Fields extends object>(
  name: string,
  key: readonly Named<Fields>[],
  columns: Columns<Fields>
) {
  const names = namesOf(columns)
  const placeholders = names.map((_, index) => `$${index + 2}`)
  const insertion = `insert into ${name} (project_id, ${names.join(', ')})
     values ($1, ${placeholders.join(', ')})`
  const replacements = names
    .filter((column) => !key.includes(column))
    .map((column) => `${column} = excluded.${column}`)
  const replacement = `${insertion}
     on conflict (${['project_id', ...key].join(', ')}) do update set ${replacements.join(', ')}`

  function inserting(text: string): (fields: Fields) => Sql {
    return (fields) =>
      withValues(
        text,
        names.map((name) => columns[name].write(fields[name]))
      )
  }

  return {
    name,
    columns,
    read: rowReader(columns),
    insert: inserting(insertion),
    /** Touches no row where there is one already. */
    insertNew: inserting(`${insertion} on conflict do nothing`),
    /** Replaces the row that there is. */
    put: inserting(replacement),
    /** Replaces the row that there is if it meets the condition, and touches none otherwise. */
    putWhere: (condition: string) => inserting(`${replacement} where ${condition}`)
  }
}

/** Writes a whole row anew, but for the columns of `keep`, where it still has the version of the record. */
export function updateAtVersion<
  Fields extends { readonly version: number },
  Kept extends Named<Fields> = never
>(
  { name, columns }: Table<Fields>,
  { of, keep = [] }: { readonly of: readonly Named<Fields>[]; readonly keep?: readonly Kept[] }
): (fields: Omit<Fields, Kept>) => Sql {
  const unchanged: readonly string[] = ['version', ...of, ...keep]
  const changed = namesOf(columns).filter((column) => !unchanged.includes(column))
  const conditions = [...of, 'version' as const]
  const bound = [...changed, ...conditions] as Exclude<Named<Fields>, Kept>[]
  const equal = bound.map((column, index) => `${column} = $${index + 2}`)
  const text = `update ${name} set ${equal.slice(0, changed.length).join(', ')}, version = version + 1
     where project_id = $1 and ${equal.slice(changed.length).join(' and ')}`
  return (fields) =>
    withValues(
      text,
      bound.map((column) => columns[column].write(fields[column]))
    )
}

type Named<Fields> = keyof Fields & string

function namesOf<Fields>(columns: Columns<Fields>): Named<Fields>[] {
  return Object.keys(columns) as Named<Fields>[]
}
