import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { hash } from '@node-rs/argon2'
import { createClient } from 'membergate/client'
import { type Cluster, startCluster } from '../support/postgres-cluster.ts'
import { type Journal, newJournal } from './journal.ts'
import {
  type AuthorityProcess,
  build,
  log,
  project,
  rotateKeys,
  startAuthority
} from './processes.ts'
import { verify } from './verify.ts'
import { firstPassword, startLoad, type Target } from './writers.ts'

/**
 * Crashes an authority, and the database behind it, under writes, and holds what is found afterwards to everything that
 * was acknowledged before. PostgreSQL runs in a cluster of its own, and only where `CRASH_POSTGRES=1` allows to start one.
 */

const restartLimitMs = 3000
const organization_slug = 'crash'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    restarts: { type: 'string', default: '3' }
  }
})
const rounds = Number(values.rounds)
const restarts = Number(values.restarts)

const folder = mkdtempSync(join(tmpdir(), 'membergate-crash-run-'))
const seed = join(folder, 'seed.json')
writeFileSync(
  seed,
  JSON.stringify({ organizations: [{ organization_name: 'Crash', organization_slug }] })
)

const faults: string[] = []

try {
  await build()
  await killAuthority('sqlite', join(folder, 'authority.sqlite'))
  if (process.env.CRASH_POSTGRES === '1') await crashWithPostgres(await startCluster())
  else
    print(
      'skipped: PostgreSQL, because CRASH_POSTGRES=1 does not allow to start a cluster of its own'
    )
} finally {
  rmSync(folder, { recursive: true })
}
for (const fault of faults) process.stderr.write(`${fault}\n`)
if (faults.length > 0) {
  print(`The authorities wrote to ${log}.`)
  process.exitCode = 1
}

async function crashWithPostgres(cluster: Cluster): Promise<void> {
  try {
    await killAuthority('postgres', cluster.url)
    await restartDatabase(cluster)
  } finally {
    await cluster.remove()
  }
}

/** kill -9 in the middle of writes, again and again, on one database. */
async function killAuthority(engine: string, database: string): Promise<void> {
  const journals: Journal[] = []
  const starts: number[] = []
  let authority = await startAuthority(database, seed)
  for (let round = 1; round <= rounds; round += 1) {
    const load = startLoad(await targetOf(authority), newJournal())
    const rotation = round % 3 === 0 ? rotateKeys(database, killTime(round)) : undefined
    await sleep(between(500, 4000))
    await authority.kill()
    await Promise.all([load.stop(), rotation])

    authority = await startAuthority(database, seed)
    starts.push(authority.startedInMs)
    journals.push(load.journal)
    const found = await verify(await targetOf(authority), database, load.journal)
    report(`${engine}, kill ${round}`, load.journal, found, `restart ${authority.startedInMs} ms`)
  }
  const target = await targetOf(authority)
  for (const { sessions, members } of journals) {
    const lasting = { ...newJournal(), sessions, members }
    faults.push(...(await verify(target, database, lasting)))
  }
  faults.push(
    ...starts
      .filter((startedInMs) => startedInMs >= restartLimitMs)
      .map((startedInMs) => `${engine}: a restart took ${startedInMs} ms`)
  )
  const code = await authority.end()
  if (code !== 0) faults.push(`${engine}: the end in peace had exit code ${code}`)
  summarize(`${engine}, ${rounds} kills`, journals, `slowest restart ${Math.max(...starts)} ms`)
}

/** Some rotations are killed as well. */
function killTime(round: number): number | undefined {
  return round % 2 === 0 ? between(200, 900) : undefined
}

/** The database crashes, and the authority goes on by itself. */
async function restartDatabase(cluster: Cluster): Promise<void> {
  const authority = await startAuthority(cluster.url, seed)
  const journals: Journal[] = []
  const backs: number[] = []
  for (let round = 1; round <= restarts; round += 1) {
    const load = startLoad(await targetOf(authority), newJournal())
    await sleep(between(1500, 3000))
    await cluster.restart()
    const restartedAt = Date.now()
    while (load.journal.lastAcknowledgedAt <= restartedAt && Date.now() < restartedAt + 30_000) {
      await sleep(5)
    }
    backs.push(load.journal.lastAcknowledgedAt - restartedAt)
    await sleep(1500)
    await load.stop()
    journals.push(load.journal)
    const found = await verify(await targetOf(authority), cluster.url, load.journal)
    report(`postgres, restart ${round}`, load.journal, found, `back after ${backs.at(-1)} ms`)
  }
  faults.push(
    ...backs
      .filter((backInMs) => backInMs >= restartLimitMs || backInMs < 0)
      .map((backInMs) => `postgres: back only after ${backInMs} ms`)
  )
  await authority.end()
  summarize(`postgres, ${restarts} restarts`, journals, `slowest return ${Math.max(...backs)} ms`)
}

async function targetOf({ url }: AuthorityProcess): Promise<Target> {
  const client = createClient({ ...project, url, timeoutMs: 10_000 })
  const { organization } = await client.organizations.get({ organization_id: organization_slug })
  return {
    client,
    organization_id: organization.organization_id,
    hash: await hash(firstPassword, { algorithm: 2, memoryCost: 64, timeCost: 1, parallelism: 1 })
  }
}

function report(what: string, journal: Journal, found: readonly string[], timing: string): void {
  const named = [...found, ...journal.otherStatuses.map((status) => `not a 503: ${status}`)]
  faults.push(...named.map((fault) => `${what}: ${fault}`))
  const { acknowledged, unknown } = journal
  print(
    `${what}: ${acknowledged} acknowledged, ${unknown} unknown, ${named.length} broken, ${timing}`
  )
}

function summarize(what: string, journals: readonly Journal[], timing: string): void {
  const sum = (count: (journal: Journal) => number) =>
    journals.reduce((total, journal) => total + count(journal), 0)
  print(
    `${what}: ${sum(({ acknowledged }) => acknowledged)} acknowledged, ${sum(({ unknown }) => unknown)} unknown ` +
      `(${sum(({ sessions }) => sessions.length)} sessions, ${sum(({ codes }) => codes.length)} codes, ` +
      `${sum(({ members }) => members.length)} members), ${faults.length} broken in all, ${timing}`
  )
}

function between(least: number, most: number): number {
  return least + Math.random() * (most - least)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
