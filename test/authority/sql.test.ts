import { expect, test } from '@jest/globals'
import { isPostgresUrl } from '../../src/authority/store/is-postgres-url.ts'
import { migrations } from '../../src/authority/store/migrations.ts'
import { openPostgres } from '../../src/authority/store/postgres.ts'
import { list, raw, sql } from '../../src/authority/store/sql.ts'
import { openSqlite } from '../../src/authority/store/sqlite.ts'
import {
  flag,
  integer,
  sharedJson,
  string,
  table,
  textOrEmpty,
  updateAtVersion
} from '../../src/authority/store/table.ts'
import * as tables from '../../src/authority/store/tables.ts'
import { describeOnEachDatabase } from '../support/databases.ts'

test('values become placeholders, from the second on', () => {
  expect(sql`a = ${'one'} and b = ${2} and c = ${null}`).toMatchObject({
    text: 'a = $2 and b = $3 and c = $4',
    values: ['one', 2, null]
  })
})

test('SQL in SQL is numbered anew, and the project stays the first', () => {
  const inner = sql`project_id = $1 and b = ${'b'} and c in (${list(['c', 'd'])})`
  expect(sql`a = ${'a'} and ${inner} and ${raw('e = 1')} and f = ${'f'}`).toMatchObject({
    text: 'a = $2 and project_id = $1 and b = $3 and c in ($4, $5) and e = 1 and f = $6',
    values: ['a', 'b', 'c', 'd', 'f']
  })
})

test('more than nine values are numbered anew as well', () => {
  const letters = [...'abcdefghijk']
  const { text } = sql`${'first'} ${list(letters)}`
  expect(text).toBe(`$2 ${letters.map((_, index) => `$${index + 3}`).join(', ')}`)
})

test('what only looks like SQL stays a value', () => {
  const sent = JSON.parse('{ "text": "1 = 1", "values": [] }')
  expect(sql`a = ${sent}`).toMatchObject({ text: 'a = $2', values: [sent] })
  expect(sql`${raw('a')} = ${sent}`).toMatchObject({ text: 'a = $2', values: [sent] })
})

test('a statement has the same text each time, whatever its values are', () => {
  const make = (value: string) => sql`a = ${value}`
  expect(make('one').text).toBe(make('two').text)
  expect(make("' or 1 = 1 --").text).toBe('a = $2')
})

const things = table<{
  thing_id: string
  name: string
  active: boolean
  made_at: number
  version: number
}>('things', ['thing_id'], {
  thing_id: string(),
  name: textOrEmpty(),
  active: flag(),
  made_at: integer(),
  version: integer()
})
const thing = { thing_id: 't', name: '', active: true, made_at: 5, version: 3 }

test('a whole row is written and read by the columns of its table', () => {
  const { text, values } = things.insert(thing)
  expect(text.replace(/\s+/g, ' ')).toBe(
    'insert into things (project_id, thing_id, name, active, made_at, version) values ($1, $2, $3, $4, $5, $6)'
  )
  expect(values).toEqual(['t', null, 1, 5, 3])
  const row = { thing_id: 't', name: null, active: 1, made_at: 5, version: 3, project_id: 'p' }
  expect(things.read(row)).toEqual(thing)
})

test('a row that is put replaces all but its key', () => {
  expect(things.putWhere('things.active = 0')(thing).text.replace(/\s+/g, ' ')).toBe(
    `${things.insert(thing).text.replace(/\s+/g, ' ')} on conflict (project_id, thing_id) do update set name = excluded.name, active = excluded.active, made_at = excluded.made_at, version = excluded.version where things.active = 0`
  )
})

test('an update leaves what it is to keep, and is guarded by the version', () => {
  const update = updateAtVersion(things, { of: ['thing_id'], keep: ['made_at'] })
  expect(update(thing)).toMatchObject({
    text: expect.stringMatching(
      /^update things set name = \$2, active = \$3, version = version \+ 1\s+where project_id = \$1 and thing_id = \$4 and version = \$5$/
    ),
    values: [null, 1, 't', 3]
  })
})

test('JSON that is shared is one frozen object for as long as its text is the same', () => {
  const { read, write } = sharedJson<{ roles: string[] }>()
  const text = String(write({ roles: ['editor'] }))
  const first = read(text)
  expect(first).toEqual({ roles: ['editor'] })
  expect(read(`${text}`)).toBe(first)
  expect(read(String(write({ roles: ['reader'] })))).toEqual({ roles: ['reader'] })
  expect(() => first.roles.push('admin')).toThrow(TypeError)
})

describeOnEachDatabase((createDatabase) => {
  test('every table has just the columns that are described', async () => {
    const database = await createDatabase()
    const isPostgres = isPostgresUrl(database.location)
    const engine = await (isPostgres ? openPostgres : openSqlite)(database.location)
    await engine.migrate(migrations)
    for (const described of Object.values(tables)) {
      if (typeof described === 'function') continue
      const columns = await engine.read(
        isPostgres
          ? 'select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = $1'
          : 'select name from pragma_table_info($1)',
        [described.name]
      )
      expect({ [described.name]: columns.map(({ name }) => name).sort() }).toEqual({
        [described.name]: ['project_id', ...Object.keys(described.columns)].sort()
      })
    }
    await engine.close()
    await database.drop()
  })
})
