import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { type Authority, createAuthority } from '../../src/authority.ts'
import { withoutTable } from '../promises/broken-storage.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'

const secret = 'secret-of-the-project-of-these-tests'
const member = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
const organizations = [{ organization_name: 'Acme', organization_slug: 'acme', members: [member] }]

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let authority: Authority

  beforeEach(async () => {
    database = await createDatabase()
    const projects = [{ secret, organizations }]
    authority = await createAuthority({
      database: database.location,
      keys: [newAtRestKey()],
      projects
    })
  })

  afterEach(async () => {
    await authority.close()
    await database.drop()
  })

  const credentials = () =>
    `Basic ${Buffer.from(`${authority.projects[0]?.project_id}:${secret}`).toString('base64')}`

  test('both kinds need no credentials, and say nothing else', async () => {
    for (const [path, body] of [
      ['/health/live', { live: true }],
      ['/health/ready', { ready: true }]
    ] as const) {
      const answer = await request(authority.app).get(path)
      expect([answer.status, answer.body]).toEqual([200, body])
      expect(answer.headers['cache-control']).toBe('no-store')
      expect((await request(authority.app).post(path)).status).toBe(404)
    }
    expect((await request(authority.app).get('/health')).status).toBe(404)
  })

  test('a database that does not answer is not ready, and the process lives', async () => {
    await authority.close()
    const ready = await request(authority.app).get('/health/ready')
    expect([ready.status, ready.body]).toEqual([503, { ready: false }])
    const live = await request(authority.app).get('/health/live')
    expect([live.status, live.body]).toEqual([200, { live: true }])
  })

  test('an error of one operation is no matter of health', async () => {
    await withoutTable(database.location, 'sessions', async () => {
      expect((await request(authority.app).get('/health/ready')).status).toBe(200)
    })
  })

  test('is not ready once the end began, on a connection that is still open', async () => {
    const { port } = await authority.listen()
    // A request in flight keeps its connection open: its body has not come yet.
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const body = JSON.stringify({ organization_id: 'acme', ...member })
    socket.write(
      `POST /v1/b2b/passwords/authenticate HTTP/1.1\r\nHost: x\r\nAuthorization: ${credentials()}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    const closing = authority.close()
    const asked = await request(authority.app).get('/health/ready')
    expect(asked.status).toBe(503)
    expect(asked.headers.connection).toBe('close')
    const [refused] = await once(connect(port, '127.0.0.1'), 'error')
    expect(Reflect.get(Object(refused), 'code')).toBe('ECONNREFUSED')

    socket.write(body)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
    await closing
  })

  test('every request in flight when the end begins is answered, and the end is quick', async () => {
    const { url } = await authority.listen()
    const body = JSON.stringify({ organization_id: 'acme', ...member })
    const answers = Array.from({ length: 20 }, () =>
      fetch(new URL('/v1/b2b/passwords/authenticate', url), {
        method: 'POST',
        headers: { authorization: credentials(), 'content-type': 'application/json' },
        body
      })
    )
    // The first answer shows that the others have come.
    expect((await Promise.race(answers)).status).toBe(200)
    const began = Date.now()
    const [statuses] = await Promise.all([
      Promise.all(answers.map(async (answer) => (await answer).status)),
      authority.close()
    ])
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(Date.now() - began).toBeLessThan(4500)
  }, 20_000)

  test('a client that keeps asking on its connection does not hold the end up', async () => {
    const { url } = await authority.listen()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let running = true
    const asking = (async () => {
      while (running) {
        await new Promise<void>((resolve) => {
          get(new URL('/health/live', url), { agent }, (answer) =>
            answer.resume().on('end', resolve)
          ).on('error', () => resolve())
        })
      }
    })()
    const began = Date.now()
    await authority.close()
    expect(Date.now() - began).toBeLessThan(2000)
    running = false
    await asking
    agent.destroy()
  })
})
