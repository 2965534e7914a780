import { randomUUID } from 'node:crypto'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test
} from '@jest/globals'
import { type Client, createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { networkOf } from '../../src/authority/domain/ip-addresses.ts'
import { refusalOf } from '../support/api-errors.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { timeoutMs } from '../support/patience.ts'
import { runSql } from '../support/run-sql.ts'

const wrong = { status_code: 401, error_type: 'unauthorized_credentials' }
const short = 'acme2026'

describeOnEachDatabase((create) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await create()
  })
  afterAll(() => database.drop())

  describe('the secret of a project', () => {
    const project_id = `project-test-${randomUUID()}`
    let warn: jest.SpiedFunction<typeof process.emitWarning>
    beforeEach(() => {
      warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    })
    afterEach(() => warn.mockRestore())

    async function serve(project: object, work: (client: Client) => Promise<unknown>) {
      const authority = await openAuthority({
        database: database.location,
        projects: [{ project_id, ...project }]
      })
      const { url, secret } = authority
      await work(createClient({ url, project_id, secret, timeoutMs }))
      await authority.close()
    }
    const search = ({ organizations }: Client) => organizations.search({})

    test.each([short, 'x'.repeat(31)])('that is new has 32 characters: not %s', async (secret) => {
      const refused = serve({ secret }, search)
      await expect(refused).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringMatching(/^projects\[0\]\.secret must have 32 characters or more/)
      })
      await expect(refused).rejects.not.toMatchObject({
        message: expect.stringContaining(secret)
      })
      await serve({ secret: 'x'.repeat(32) }, search)
      expect(warn).not.toHaveBeenCalled()
    })

    test('may be short in a fixture that says so', async () => {
      await serve({ secret: short, dangerouslyAllowShortSecret: true }, search)
      expect(warn).not.toHaveBeenCalled()
    })

    test('goes on where it was stored, and a warning says so once', async () => {
      await serve({ secret: short }, async (client) => {
        await search(client)
        await search(client)
      })
      expect(warn.mock.calls).toEqual([
        [
          expect.stringContaining(`${project_id} has fewer than 32 characters`),
          { type: 'MembergateWarning', code: 'MEMBERGATE_SHORT_SECRET' }
        ]
      ])
      await expect(serve({ secret: 'globex26' }, search)).rejects.toMatchObject({
        code: 'config_invalid'
      })
    })
  })

  describe('a wrong secret', () => {
    let authority: OpenAuthority
    let now: number
    const client = (given: { project_id?: string; secret?: string } = {}) => {
      const { url, project_id, secret } = authority
      return createClient({ url, project_id, secret, timeoutMs, ...given })
    }
    const call = (given?: Parameters<typeof client>[0]) => client(given).organizations.search({})
    const guess = () => refusalOf(call({ secret: `guess-${randomUUID()}` }))

    const events = async () => {
      const rows = await runSql(
        database.location,
        `select operation, outcome, error_type, occurrences from audit_events
         where kind = 'credentials' and project_id = $1 order by occurred_at`,
        [authority.project_id]
      )
      return rows.map((row) => ({ ...row, occurrences: Number(row.occurrences) }))
    }
    const event = (occurrences: number) => ({
      operation: 'project.authenticate',
      outcome: 'refused',
      error_type: 'unauthorized_credentials',
      occurrences
    })

    beforeEach(async () => {
      now = Date.UTC(2026, 0, 31)
      const project_id = `project-test-${randomUUID()}`
      const secret = `secret-test-${randomUUID()}`
      authority = await openAuthority({
        database: database.location,
        projects: [{ project_id, secret }],
        now: () => now
      })
    })

    test('is one event a minute, which counts them', async () => {
      for (let count = 0; count < 3; count += 1) expect(await guess()).toMatchObject(wrong)
      expect(await events()).toEqual([])
      now += 60_000
      await guess()
      expect(await events()).toEqual([event(3)])
      await call()
      const nobody = { project_id: `project-test-${randomUUID()}` }
      expect(await refusalOf(call(nobody))).toMatchObject(wrong)
      now += 1000
      await authority.close()
      expect(await events()).toEqual([event(3), event(1)])
    })

    test('waits after 150 in a minute from one IP address, and a right one never does', async () => {
      for (let count = 0; count < 150; count += 1) await guess()
      const answered: string[] = []
      const started = performance.now()
      const late = guess().then((refusal) => {
        answered.push('wrong')
        return refusal
      })
      for (let count = 0; count < 3; count += 1) {
        await call()
        answered.push('right')
      }
      expect(await late).toMatchObject(wrong)
      expect(performance.now() - started).toBeGreaterThan(900)
      expect(answered).toEqual(['right', 'right', 'right', 'wrong'])
      now += 60_000
      const again = performance.now()
      await guess()
      expect(performance.now() - again).toBeLessThan(900)
      await authority.close()
    }, 60_000)
  })
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', '']
])('the sender %s counts as %s', (ip_address, network) => {
  expect(networkOf(ip_address)).toBe(network)
})
