import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import express from 'express'
import { createMemberAuth } from 'membergate/express'
import { createAtRest } from '../../src/authority/crypto/at-rest.ts'
import { rotateSigningKeys } from '../../src/authority/signing-keys.ts'
import { openStoreBeside } from '../../src/authority/store/store.ts'
import { describeOnEachDatabase } from '../support/databases.ts'
import { type Fixture, openFixture } from '../support/fixture.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixture-server.ts'
import { headerOf } from '../support/session-jwts.ts'

const hour = 3600
const day = 24 * hour

/** As `openAuthority` encrypts what a test may open again. */
const testKey = createHash('sha256').update('membergate test key').digest('base64url')

/** A guard, its key set and its caches run all along. */
describeOnEachDatabase((create) => {
  let fixtureServer: FixtureServer
  let fixture: Fixture
  let guarded: Server
  let url: string

  beforeEach(async () => {
    fixtureServer = await openFixtureServer(create)
    fixture = openFixture(fixtureServer, 'our client')
    const auth = createMemberAuth({
      ...fixtureServer.project,
      url: fixtureServer.tap.url,
      now: fixtureServer.clock.now,
      origin: 'http://localhost:3000'
    })
    const app = express()
    app.use(auth.requireMemberSession())
    app.use((req, res) => {
      res.send(req.memberSession?.member_id)
    })
    guarded = createServer(app).listen(0, '127.0.0.1')
    await new Promise((resolve) => guarded.once('listening', resolve))
    url = `http://127.0.0.1:${(guarded.address() as AddressInfo).port}/`
  })

  afterEach(async () => {
    guarded.closeAllConnections()
    guarded.close()
    await fixtureServer.close()
  })

  async function ask(headers: Record<string, string>): Promise<number> {
    const answer = await fetch(url, { headers })
    await answer.text()
    return answer.status
  }

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  test('S-JWK-07: no request with a valid session fails while keys rotate, by age and by hand', async () => {
    const person = await fixture.newPerson()
    const { session_token } = await fixture.signIn(person, { session_duration_minutes: 500_000 })
    const kids = new Set<unknown>()
    const jwts: { session_jwt: string; until: number }[] = []
    const statuses = new Set<number>()

    /** Fresh JWTs, all JWTs that have not expired, the token, and the pair of cookies. */
    async function traffic(): Promise<void> {
      const { session_jwt } = await fixture.client.sessions.authenticate({ session_token })
      kids.add(headerOf(session_jwt).kid)
      jwts.push({ session_jwt, until: fixtureServer.clock.now() + 300_000 })
      const living = jwts.filter(({ until }) => until > fixtureServer.clock.now())
      const cookie = `stytch_session=${session_token}; stytch_session_jwt=${jwts[0]?.session_jwt}`
      const asked = [
        ...living.map((jwt) => ask(bearer(jwt.session_jwt))),
        ask(bearer(session_token)),
        ask({ cookie })
      ]
      for (const status of await Promise.all(asked)) statuses.add(status)
    }

    async function pass(seconds: number, step: number): Promise<void> {
      for (let passed = 0; passed < seconds; passed += step) {
        fixtureServer.clock.advance(step)
        await traffic()
      }
    }

    await traffic()
    // By age: the next key is published after 179 days, and signs a day later.
    await pass(179 * day, 179 * day)
    await pass(day - 600, hour * 6 - 150)
    await pass(1200, 60)
    expect(kids.size).toBe(2)

    // By hand, from another process.
    const store = await openStoreBeside(fixtureServer.database)
    await rotateSigningKeys(
      store.ofProject(fixtureServer.project.project_id),
      createAtRest([testKey]),
      'test',
      {
        atOnce: false,
        now: fixtureServer.clock.now
      }
    )
    await store.close()
    await pass(day - 300, hour * 6 - 75)
    await pass(600, 60)
    expect(kids.size).toBe(3)
    expect(statuses).toEqual(new Set([200]))
  }, 120_000)
})
