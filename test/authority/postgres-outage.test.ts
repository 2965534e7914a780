import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import pg from 'pg'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { openPostgres } from '../../src/authority/store/postgres.ts'
import { type Authority, createAuthority } from '../../src/authority.ts'
import { describeOnPostgres, type TestDatabase } from '../support/databases.ts'

const password = 'correct horse battery staple'
const member = { email_address: 'ada@acme.test', password }
const organizations = [{ organization_name: 'Acme', organization_slug: 'acme', members: [member] }]

/** The network between the authority and its database. */
interface Network {
  readonly location: string
  /** Breaks every connection. */
  cut(): void
  /** Carries nothing any more over the connections of now, and breaks none. */
  silence(): void
  close(): Promise<void>
}

async function openNetwork(location: string): Promise<Network> {
  const target = new URL(location)
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname)
    const pair = [near, far] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('error', () => {}).on('data', (bytes) => to.write(bytes))
      from.on('close', () => {
        to.destroy()
        pairs.delete(pair)
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  function cut(): void {
    for (const socket of [...pairs].flat()) socket.destroy()
  }

  return {
    location: location.replace(target.host, `127.0.0.1:${port}`),
    cut,
    silence() {
      for (const socket of [...pairs].flat()) socket.removeAllListeners('data').pause()
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    }
  }
}

describeOnPostgres('PostgreSQL that goes away', (createDatabase) => {
  let database: TestDatabase
  let network: Network
  let authority: Authority
  let rival: pg.Client

  beforeEach(async () => {
    database = await createDatabase()
    network = await openNetwork(database.location)
    authority = await createAuthority({
      database: network.location,
      keys: [newAtRestKey()],
      projects: [{ secret: 'secret-of-the-project-of-these-tests', organizations }]
    })
    rival = new pg.Client({ connectionString: database.location })
    await rival.connect()
  })

  afterEach(async () => {
    await rival.end()
    await authority.close()
    await network.close()
    await database.drop()
  })

  function signIn() {
    return request(authority.app)
      .post('/v1/b2b/passwords/authenticate')
      .auth(String(authority.projects[0]?.project_id), 'secret-of-the-project-of-these-tests')
      .send({ organization_id: 'acme', ...member })
  }

  /** A sign-in that waits inside of its unit, for a row that the rival holds. */
  async function signInThatWaits(): Promise<{ answer: Promise<request.Response> }> {
    await rival.query('begin')
    await rival.query('select 1 from members for update')
    const answer = signIn().then((received) => received)
    for (;;) {
      const { rows } = await rival.query(
        `select 1 from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))`
      )
      if (rows.length > 0) return { answer }
    }
  }

  test('in the middle of a unit is a 503, and the next call is answered', async () => {
    const { answer } = await signInThatWaits()
    network.cut()
    expect((await answer).status).toBe(503)
    await rival.query('rollback')
    expect((await signIn()).status).toBe(200)
  })

  test('without a word is a 503 in seconds, and the next call is answered', async () => {
    expect((await signIn()).status).toBe(200)
    network.silence()
    const started = Date.now()
    expect((await signIn()).status).toBe(503)
    expect(Date.now() - started).toBeLessThan(10_000)
    expect((await signIn()).status).toBe(200)
  }, 20_000)

  test('in the middle of a transaction leaves its locks for seconds only', async () => {
    const engine = await openPostgres(database.location)
    const [row] = await engine.read('show idle_in_transaction_session_timeout', [])
    expect(row).toEqual({ idle_in_transaction_session_timeout: '5s' })
    await engine.close()
  })
})
