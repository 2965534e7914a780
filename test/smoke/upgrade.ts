import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createApp, pack, root, run } from './app.ts'

/**
 * A database that the last release made, and what stands in it, goes on in this one. `UPGRADE_FROM` names another commit
 * than that of the last tag.
 */

const postgresUrl =
  process.env.MEMBERGATE_TEST_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/test'
const key = randomBytes(32).toString('base64url')

const from = process.env.UPGRADE_FROM ?? lastTag()
if (from === '') console.log('skipped: nothing was released yet, so nothing is upgraded')
else await upgradeFrom(from)

function lastTag(): string {
  const [newest = ''] = run('git', ['tag', '--sort=-creatordate'], root).split('\n')
  return newest
}

async function upgradeFrom(commit: string): Promise<void> {
  const checkout = mkdtempSync(join(tmpdir(), 'membergate-upgrade-'))
  const apps = { before: createApp(), after: createApp() }
  try {
    run('bash', ['-c', `git archive "$1" | tar -x -C "$2"`, 'bash', commit, checkout], root)
    run('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'], checkout)
    const drivers = ['@photostructure/sqlite@1', 'pg@8']
    apps.before.install(pack(checkout), 'express@5', ...drivers)
    apps.after.install(pack(), ...drivers)
    for (const database of [join(checkout, 'upgrade.sqlite'), await newPostgresDatabase()]) {
      const args = [database, key, join(checkout, 'signed-in.json')]
      apps.before.use('upgrade.mjs', ['begin', ...args])
      apps.after.use('upgrade.mjs', ['continue', ...args])
      console.log(`from ${commit} to this: ${database.replace(/\/\/.*@/, '//')} goes on`)
    }
  } finally {
    apps.before.remove()
    apps.after.remove()
    rmSync(checkout, { recursive: true })
    await onPostgres('drop database if exists membergate_upgrade')
  }
}

async function newPostgresDatabase(): Promise<string> {
  await onPostgres('drop database if exists membergate_upgrade')
  await onPostgres('create database membergate_upgrade')
  const url = new URL(postgresUrl)
  url.pathname = 'membergate_upgrade'
  return url.href
}

async function onPostgres(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
