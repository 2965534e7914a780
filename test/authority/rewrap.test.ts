import { afterEach, beforeEach, expect, test } from '@jest/globals'
import request from 'supertest'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { newTotpSecret } from '../../src/authority/crypto/totp.ts'
import { rewrap } from '../../src/authority/rewrap.ts'
import { openStoreBeside } from '../../src/authority/store/store.ts'
import { type Authority, createAuthority } from '../../src/authority.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { runSql } from '../support/run-sql.ts'
import { totpCode } from '../support/totp-code.ts'

const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const secret = 'secret-of-the-project-of-these-tests'
const password = 'correct horse battery staple'
const hourMs = 60 * 60 * 1000
const [old, young] = [newAtRestKey(), newAtRestKey()]
const oldId = createAtRest([old]).key_ids[0]
const both = createAtRest([young, old])

describeOnEachDatabase((createDatabase) => {
  const totp_secret = newTotpSecret()
  const members = Array.from({ length: 25 }, (_, index) => ({
    email_address: `member-${index}@acme.test`,
    totp_secret,
    ...(index === 0 ? { password } : {})
  }))
  let database: TestDatabase
  let now: number
  let authority: Authority

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1, 12)
    database = await createDatabase()
    authority = await open([old])
    await call('passwords/authenticate', credentials)
  })

  afterEach(async () => {
    await authority.close()
    await database.drop()
  })

  const organizations = [{ organization_name: 'Acme', organization_slug: 'acme', members }]
  const credentials = { organization_id: 'acme', email_address: 'member-0@acme.test', password }

  function open(keys: readonly string[]): Promise<Authority> {
    const projects = [{ project_id, secret, organizations }]
    return createAuthority({ database: database.location, keys, projects, now: () => now })
  }

  async function reopen(keys: readonly string[]): Promise<void> {
    await authority.close()
    authority = await open(keys)
  }

  async function call(path: string, body?: object) {
    const target = `/v1/b2b/${path}`
    const asked =
      body === undefined
        ? request(authority.app).get(target)
        : request(authority.app).post(target).send(body)
    return (await asked.auth(project_id, secret)).body
  }

  /** Everything that stands in the database and names the old key. */
  async function leftovers(): Promise<number> {
    let count = 0
    for (const [table, column] of [
      ['totps', 'secret'],
      ['recovery_codes', 'code'],
      ['signing_keys', 'private_key']
    ]) {
      const rows = await runSql(database.location, `select ${column} as sealed from ${table}`)
      count += rows.filter(({ sealed }) => String(sealed).startsWith(`v1.${oldId}.`)).length
    }
    return count
  }

  async function rewrapOnce(onBatch?: () => void, atRest = both) {
    const store = await openStoreBeside(database.location)
    try {
      return await rewrap(store.ofProject(project_id), atRest, now, onBatch)
    } finally {
      await store.close()
    }
  }

  test('after it, and the end of the sessions of the old key, that key can be dropped', async () => {
    await reopen([young, old])
    const codes = await codesOfFirst()
    expect(await leftovers()).toBe(25 + 250 + 1)
    const result = await rewrapOnce()
    expect(result).toEqual({
      rewrapped: { signing_key: 1, totp: 25, recovery_code: 250 },
      unreadable: 0,
      remaining: 0,
      sessions: [{ key_id: oldId, key: 2, sessions: 1, last_expires_at: now + hourMs }]
    })
    expect(await leftovers()).toBe(0)

    now += hourMs
    expect((await rewrapOnce()).sessions).toEqual([])
    await reopen([young])
    expect(await codesOfFirst()).toEqual(codes)
    const { member, session_token, session_jwt } = await call('passwords/authenticate', credentials)
    expect((await call('sessions/authenticate', { session_jwt })).status_code).toBe(200)
    const given = { organization_id: 'acme', member_id: member.member_id, session_token }
    const code = totpCode(totp_secret, now)
    expect((await call('totp/authenticate', { ...given, code })).status_code).toBe(200)
  })

  test('a key that is dropped too early ends no session: its token works on, and its JWT waits for the key', async () => {
    const { session_token, session_jwt } = await call('passwords/authenticate', credentials)
    await reopen([young, old])
    await rewrapOnce()
    await reopen([young])
    const byToken = await call('sessions/authenticate', { session_token })
    expect(byToken).toMatchObject({ status_code: 200, session_token })
    for (const jwt of [session_jwt, byToken.session_jwt]) {
      const byJwt = await call('sessions/authenticate', { session_jwt: jwt })
      expect(byJwt).toMatchObject({ status_code: 503, error_type: 'server_unavailable' })
    }
    await reopen([young, old])
    const again = await call('sessions/authenticate', { session_jwt })
    expect(again).toMatchObject({ status_code: 200, session_token })
  })

  test('what is sealed with a key that is not there is a 503 too', async () => {
    const { member, session_token } = await call('passwords/authenticate', credentials)
    await runSql(database.location, 'update totps set secret = $1', ['v1.AAAAAAAA.AAAA'])
    const given = { organization_id: 'acme', member_id: member.member_id, session_token }
    const answer = await call('totp/authenticate', { ...given, code: totpCode(totp_secret, now) })
    expect(answer).toMatchObject({ status_code: 503, error_type: 'server_unavailable' })
  })

  async function codesOfFirst(): Promise<readonly string[]> {
    const { member } = await call('organizations/acme/member?email_address=member-0%40acme.test')
    const { recovery_codes } = await call(`recovery_codes/acme/${member.member_id}`)
    expect(recovery_codes).toHaveLength(10)
    return recovery_codes
  }

  test('it may be ended at any moment and begun again, beside a process that serves', async () => {
    await reopen([young, old])
    let batches = 0
    const ended = rewrapOnce(() => {
      batches += 1
      if (batches === 3) throw new Error('killed')
    })
    await expect(ended).rejects.toThrow('killed')
    const left = await leftovers()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(276)
    const { rewrapped } = await rewrapOnce()
    expect(rewrapped.signing_key + rewrapped.totp + rewrapped.recovery_code).toBe(left)
    expect(await codesOfFirst()).toHaveLength(10)
  })

  test('a text that changed meanwhile is left to the process that changed it', async () => {
    await reopen([young, old])
    const store = await openStoreBeside(database.location)
    const project = store.ofProject(project_id)
    const [row] = await project.listSealedByOthers('totp', both.key_ids[0], {
      after: '',
      limit: 100
    })
    const changed = 'v1.changed_.meanwhile'
    await runSql(database.location, 'update totps set secret = $1 where member_id = $2', [
      changed,
      String(row?.member_id)
    ])
    const { id = '', sealed: sealed_before = '' } = row ?? {}
    await project.run([{ do: 'resealTotp', member_id: id, sealed_before, sealed: 'anew' }])
    expect((await project.findTotp(id))?.secret).toBe(changed)
    await store.close()
  })

  test('what no key of the list opens is counted and left alone', async () => {
    const { unreadable, rewrapped } = await rewrapOnce(undefined, createAtRest([young]))
    expect(unreadable).toBe(276)
    expect(rewrapped).toEqual({ signing_key: 0, totp: 0, recovery_code: 0 })
    expect(await leftovers()).toBe(276)
  })
})
