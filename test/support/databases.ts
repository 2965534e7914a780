import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from '@jest/globals'
import pg from 'pg'
import { describeWhere } from './describe-where.ts'
import { newFolder } from './new-folder.ts'

/** An empty database of its own, as `createAuthority` takes it. */
export interface TestDatabase {
  readonly location: string
  /** Everything that stands in it, as text. */
  dump(): Promise<string>
  drop(): Promise<void>
}

interface TestEngine {
  readonly name: string
  /** Why it cannot be tested here; `undefined` when it can. */
  readonly missing: string | undefined
  create(): Promise<TestDatabase>
}

const postgresUrl =
  process.env.MEMBERGATE_TEST_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/test'

/** Every engine that the authority runs on. */
export const engines: readonly TestEngine[] = [
  { name: 'sqlite', missing: undefined, create: createSqliteFile },
  { name: 'postgres', missing: await whyPostgresIsMissing(), create: createPostgresSchema }
]

/**
 * Runs a suite on every engine. One that is missing is reported as skipped by name, or as failed where `REQUIRE` lists
 * it.
 */
export function describeOnEachDatabase(
  suite: (create: TestEngine['create'], engine: string) => void
): void {
  for (const engine of engines) describeOn(engine, suite)
}

/** For what only several processes on one database, or a network, can show. */
export function describeOnPostgres(
  what: string,
  suite: (create: TestEngine['create'], engine: string) => void
): void {
  const postgres = engines.filter(({ name }) => name === 'postgres')
  describe(what, () => {
    for (const engine of postgres) describeOn(engine, suite)
  })
}

function describeOn(
  { name, missing, create }: TestEngine,
  suite: (create: TestEngine['create'], engine: string) => void
): void {
  describeWhere({ name, missing, requiredAs: name }, () => suite(create, name))
}

async function createSqliteFile(): Promise<TestDatabase> {
  const folder = await newFolder()
  const location = join(folder, 'authority.db')
  return {
    location,
    async dump() {
      const files = [location, `${location}-wal`].filter(existsSync)
      return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('')
    },
    drop: () => rm(folder, { recursive: true })
  }
}

async function createPostgresSchema(): Promise<TestDatabase> {
  const schema = `membergate_${randomUUID().replaceAll('-', '')}`
  await runOnPostgres(`create schema ${schema}`)
  const location = new URL(postgresUrl)
  // No test loses power, so a commit need not wait for the disk.
  location.searchParams.set('options', `-c search_path=${schema} -c synchronous_commit=off`)
  return {
    // A form's plus sign for a space is not understood in a connection URL.
    location: location.href.replaceAll('+', '%20'),
    async dump() {
      const [row] = await runOnPostgres(`select schema_to_xml('${schema}', true, false, '')`)
      return JSON.stringify(row)
    },
    async drop() {
      await runOnPostgres(`drop schema ${schema} cascade`)
    }
  }
}

async function whyPostgresIsMissing(): Promise<string | undefined> {
  try {
    await runOnPostgres('select 1')
    return undefined
  } catch {
    return `not reachable at ${new URL(postgresUrl).host}`
  }
}

async function runOnPostgres(sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 2000 })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
