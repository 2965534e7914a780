import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { DatabaseUnavailable, type Engine } from '../../src/authority/store/engine.ts'
import { migrations } from '../../src/authority/store/migrations.ts'
import { openPostgres } from '../../src/authority/store/postgres.ts'
import { builtCli } from '../support/built-cli.ts'
import { describeOnPostgres, type TestDatabase } from '../support/databases.ts'
import { runSql } from '../support/run-sql.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describeOnPostgres('PostgreSQL at its limits', (createDatabase) => {
  let database: TestDatabase
  let engine: Engine

  beforeEach(async () => {
    database = await createDatabase()
    engine = await openPostgres(database.location)
  })

  afterEach(async () => {
    await engine.close()
    await database.drop()
  })

  const run = (sql: string) => runSql(database.location, sql)

  async function errorOf(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      () => undefined,
      (error: unknown) => error
    )
  }

  /** The first `failures` inserts of all fail as one that ran into another transaction does. */
  async function failFirst(failures: number): Promise<void> {
    await run('create table texts (content text not null)')
    await run('create sequence tries')
    await run(
      `create function collide() returns trigger language plpgsql as $$ begin
         if nextval('tries') <= ${failures} then
           raise exception 'collided' using errcode = '40001';
         end if;
         return new;
       end $$`
    )
    await run(
      'create trigger collide after insert on texts for each row execute function collide()'
    )
  }

  const insertTwice = () => {
    const statement = {
      sql: "insert into texts (content) values ('once')",
      values: [],
      guarded: false
    }
    return engine.runUnit([statement, { ...statement, sql: 'select 1' }])
  }

  test('ST-09: a unit that collides is tried again, and takes effect once', async () => {
    await failFirst(4)
    expect(await insertTwice()).toEqual({ done: true })
    expect(await run('select content from texts')).toHaveLength(1)
  })

  test('ST-09: a unit that always collides is unavailable, and did nothing', async () => {
    await failFirst(1000)
    expect(await errorOf(insertTwice())).toBeInstanceOf(DatabaseUnavailable)
    expect(await run('select content from texts')).toEqual([])
    const [row] = await run('select last_value as tries from tries')
    expect(Number(row?.tries)).toBe(5)
  })

  test('ST-10: with every connection busy the others wait for seconds only, and the pool recovers', async () => {
    const busy = Array.from({ length: 10 }, () => engine.read('select pg_sleep(4)', []))
    const began = Date.now()
    const waiting = Array.from({ length: 100 }, () => errorOf(engine.read('select 1', [])))
    for (const error of await Promise.all(waiting))
      expect(error).toBeInstanceOf(DatabaseUnavailable)
    expect(Date.now() - began).toBeLessThan(4000)
    await Promise.all(busy)
    expect(await engine.read('select 1 as one', [])).toEqual([{ one: 1 }])
  }, 20_000)

  test('ST-11: a statement that hangs is ended in seconds', async () => {
    const began = Date.now()
    expect(await errorOf(engine.read('select pg_sleep(60)', []))).toBeInstanceOf(
      DatabaseUnavailable
    )
    expect(Date.now() - began).toBeLessThan(7000)
  }, 20_000)

  test('ST-08: four processes that start together on an empty database migrate it once', async () => {
    const cli = await builtCli()
    const key = newAtRestKey()
    const children: ChildProcess[] = []
    const ready = Array.from({ length: 4 }, async () => {
      const args = ['serve', '--port', '0', '--json', '--database', database.location]
      const child = spawn(process.execPath, [cli, ...args], {
        cwd: root,
        env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', MEMBERGATE_KEY: key },
        stdio: ['ignore', 'pipe', 'inherit']
      })
      children.push(child)
      const [line] = await once(child.stdout, 'data')
      return JSON.parse(String(line))
    })
    const projects = (await Promise.all(ready)).map(({ project_id }) => project_id)
    expect(new Set(projects).size).toBe(1)
    expect(await run('select version from membergate_migrations')).toHaveLength(migrations.length)
    const codes = children.map(async (child) => {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      return (await exit)[0]
    })
    expect(await Promise.all(codes)).toEqual([0, 0, 0, 0])
  }, 60_000)
})
