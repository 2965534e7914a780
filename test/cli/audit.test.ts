import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { readAuditOptions } from '../../src/cli/audit-options.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { runCli, startCli } from '../support/run-cli.ts'

const day = Date.UTC(2026, 0, 31)

const start = (args: readonly string[]) => startCli(['audit', ...args])

const run = (...args: readonly string[]) => runCli(['audit', ...args])

describeOnEachDatabase((create) => {
  describe('membergate audit, beside a server', () => {
    let database: TestDatabase
    let authority: OpenAuthority
    let client: Client
    let now = day - 1000
    let ids: { organization_id: string; member_id: string }

    beforeAll(async () => {
      database = await create()
      const member = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
      authority = await openAuthority({
        database: database.location,
        now: () => now,
        projects: [
          {
            organizations: [
              { organization_name: 'Acme', organization_slug: 'acme', members: [member] }
            ]
          }
        ]
      })
      now = day
      const { url, project_id, secret } = authority
      // Longer than the client waits by itself: the machine may be busy with the other commands.
      client = createClient({ url, project_id, secret, now: () => now, timeoutMs: 20_000 })
      const { organization, member_id } = await client.passwords.authenticate({
        organization_id: 'acme',
        ...member
      })
      ids = { organization_id: organization.organization_id, member_id }
      now += 1000
      const wrong = client.passwords.authenticate({
        organization_id: 'acme',
        ...member,
        password: 'wrong'
      })
      await expect(wrong).rejects.toMatchObject({ code: 'api_error' })
      now += 1000
      await client.organizations.create({ organization_name: 'Globex' })
    })

    afterAll(async () => {
      await authority.close()
      await database.drop()
    })

    test('prints a line for each event, the newest last', async () => {
      const since = ['--since', '2026-01-31']
      const { code, stdout, stderr } = await run('--database', database.location, ...since)
      expect([code, stderr]).toEqual([0, ''])
      const { organization_id, member_id } = ids
      const lines = stdout.trimEnd().split('\n')
      expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
        [
          '2026-01-31T00:00:00.000Z',
          'sign_in',
          'passwords.authenticate',
          'succeeded',
          member_id,
          organization_id,
          expect.stringMatching(/^member-session-test-/)
        ],
        [
          '2026-01-31T00:00:01.000Z',
          'sign_in',
          'passwords.authenticate',
          'unauthorized_credentials',
          member_id,
          organization_id
        ],
        [
          '2026-01-31T00:00:02.000Z',
          'organization',
          'organizations.create',
          'succeeded',
          expect.stringMatching(/^organization-test-/)
        ]
      ])
    }, 60_000)

    test('has what the seed brought, and nothing of a seed that changes nothing', async () => {
      const { stdout } = await run('--database', database.location)
      const lines = stdout.trimEnd().split('\n').slice(0, 3)
      const { organization_id, member_id } = ids
      expect(new Set(lines.map((line) => line.split(/ {2,}/).slice(1).join(' ')))).toEqual(
        new Set([
          'project seed.apply succeeded',
          `organization seed.apply succeeded ${organization_id}`,
          `member seed.apply succeeded ${member_id} ${organization_id}`
        ])
      )
    }, 60_000)

    test.each([
      [
        ['--kind', 'organization'],
        ['seed.apply', 'organizations.create']
      ],
      [
        ['--since', '2026-01-31T00:00:01Z'],
        ['passwords.authenticate', 'organizations.create']
      ],
      [['--since', '2026-02-01'], []]
    ])(
      '--json %j prints a JSON line for each of %j',
      async (args, operations) => {
        const { stdout } = await run('--json', '--database', database.location, ...args)
        const events = stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line))
        expect(events.map(({ operation }) => operation)).toEqual(operations)
        for (const event of events) expect(event.project_id).toBe(authority.project_id)
      },
      60_000
    )

    test('--organization and --member print those of one', async () => {
      const of = async (...args: string[]) =>
        (await run('--database', database.location, ...args)).stdout.split('\n').length - 1
      expect(await of('--organization', ids.organization_id)).toBe(4)
      expect(await of('--member', ids.member_id)).toBe(3)
      expect(await of('--member', 'member-test-nobody')).toBe(0)
    }, 60_000)

    test('--follow goes on, also with what shows up late', async () => {
      const child = start([
        '--follow',
        '--json',
        '--database',
        database.location,
        '--since',
        '2026-01-31'
      ])
      const ended = once(child, 'exit')
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      const next = async () => JSON.parse((await lines.next()).value ?? '{}').occurred_at
      for (let second = 0; second < 3; second += 1) {
        expect(await next()).toBe(`2026-01-31T00:00:0${second}.000Z`)
      }
      now += 30_000
      await client.organizations.create({ organization_name: 'Initech' })
      expect(await next()).toBe('2026-01-31T00:00:32.000Z')
      now -= 20_000
      await client.organizations.create({ organization_name: 'Hooli' })
      expect(await next()).toBe('2026-01-31T00:00:12.000Z')
      child.kill()
      await ended
    }, 60_000)

    test('a reader that reads no further ends it, without an error', async () => {
      const child = start(['--follow', '--database', database.location])
      const said = text(child.stderr)
      const ended = once(child, 'exit')
      await once(child.stdout, 'data')
      child.stdout.destroy()
      await client.organizations.create({ organization_name: 'Umbrella' })
      expect([await ended, await said]).toEqual([[0, null], ''])
    }, 60_000)
  })
})

describe('what a user can fix', () => {
  test.each([
    [[], '--database'],
    [['--database', ':memory:'], ':memory:'],
    [['--database', 'x.sqlite', '--kind', 'signin'], 'Did you mean "sign_in"?'],
    [['--database', 'x.sqlite', '--since', 'yesterday'], '--since'],
    [['--database', 'x.sqlite', '--since', '2026-01-31T12:00:00'], 'time zone'],
    [['--database', 'x.sqlite', '--since', '2026-13-31'], '--since'],
    [['--database', 'x.sqlite', '--membre', 'x'], '"member"']
  ])('%j names %s', (args, naming) => {
    expect(() => readAuditOptions(args, {})).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(naming) })
    )
  })

  test('a file that is not there is named, and not made', async () => {
    const { code, stdout, stderr } = await run('--database', '/nowhere/none.sqlite')
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe('membergate: --database /nowhere/none.sqlite does not exist.\n')
  }, 60_000)
})
