/**
 * Compiled, never run: a table describes every field of its rows, each as what it is, and no others.
 */
import { flag, integer, json, nullable, string, table } from '../../src/authority/store/table.ts'
import { links, members } from '../../src/authority/store/tables.ts'

interface Fields {
  readonly kind: 'a' | 'b'
  readonly active: boolean
  readonly used_at: number | null
  readonly scopes: readonly string[]
}

const columns = {
  kind: string<Fields['kind']>(),
  active: flag(),
  used_at: nullable(integer()),
  scopes: json<Fields['scopes']>()
}
table<Fields>('things', ['kind'], columns)

// @ts-expect-error `scopes` has no column.
table<Fields>('things', ['kind'], { kind: string(), active: flag(), used_at: nullable(integer()) })

table<Fields>('things', ['kind'], {
  kind: string(),
  active: flag(),
  used_at: nullable(integer()),
  scopes: json(),
  // @ts-expect-error No field is called like that.
  scope: string()
})

// @ts-expect-error A flag is no number.
table<Fields>('things', ['kind'], { ...columns, active: integer() })

// @ts-expect-error The number may be absent.
table<Fields>('things', ['kind'], { ...columns, used_at: integer() })

// @ts-expect-error A structure is JSON.
table<Fields>('things', ['kind'], { ...columns, scopes: string() })

// @ts-expect-error A flag is no structure.
table<Fields>('things', ['kind'], { ...columns, active: json() })

// @ts-expect-error Other texts than these two.
table<Fields>('things', ['kind'], { ...columns, kind: string<'a' | 'b' | 'c'>() })

// @ts-expect-error The key is a column.
table<Fields>('things', ['id'], columns)

declare const link: Parameters<typeof links.insert>[0]
const { token_hash, ...unhashed } = link
links.insert({ ...unhashed, token_hash })
// @ts-expect-error A row is written whole.
links.insert(unhashed)

// @ts-expect-error A member is no link.
links.insert(members.read({}))
