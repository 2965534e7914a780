import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { DatabaseUnavailable, type Engine } from '../../src/authority/store/engine.ts'
import { openSqlite } from '../../src/authority/store/sqlite.ts'

let folder: string
let path: string
let engine: Engine

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'membergate-sqlite-'))
  path = join(folder, 'authority.db')
  engine = await openSqlite(path)
  await engine.migrate(['create table texts (content text not null)'])
})

afterEach(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

function insert(content: string) {
  const sql = 'insert into texts (content) values ($1)'
  return engine.runUnit([{ sql, values: [content], guarded: false }])
}

test('a file that is full is unavailable, and goes on when there is room', async () => {
  const [row] = await engine.read('pragma page_count', [])
  await engine.read(`pragma max_page_count = ${Number(row?.page_count) + 2}`, [])
  const failure = await insert('x'.repeat(100_000)).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(DatabaseUnavailable)
  expect(failure).toMatchObject({ cause: { errcode: 13 } })

  await engine.read('pragma max_page_count = 1000', [])
  expect(await insert('x'.repeat(100_000))).toEqual({ done: true })
})

test('the files are readable by their owner only', async () => {
  await insert('secret')
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  }
})

test('the text of a thousand statements that are not used again is not kept', async () => {
  const before = usedHeap()
  for (let index = 0; index < 1000; index += 1) {
    await engine.read(`select ${index} -- ${'x'.repeat(100_000)}`, [])
  }
  expect(usedHeap() - before).toBeLessThan(50_000_000)
})

function usedHeap(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
