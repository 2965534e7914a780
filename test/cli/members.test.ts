import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { readMembersOptions } from '../../src/cli/members-options.ts'
import { refusalOf } from '../support/api-errors.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { failAttempts } from '../support/locks.ts'
import { timeoutMs } from '../support/patience.ts'
import { runCli } from '../support/run-cli.ts'
import { runSql } from '../support/run-sql.ts'

const run = (...args: readonly string[]) => runCli(['members', ...args])

describeOnEachDatabase((create) => {
  describe('membergate members erase, beside a server', () => {
    let database: TestDatabase
    let authority: OpenAuthority
    let client: Client

    beforeAll(async () => {
      database = await create()
      authority = await openAuthority({
        database: database.location,
        projects: [{ organizations: [{ organization_name: 'Acme', organization_slug: 'acme' }] }]
      })
      const { url, project_id, secret } = authority
      client = createClient({ url, project_id, secret, timeoutMs })
    })

    afterAll(async () => {
      await authority.close()
      await database.drop()
    })

    const newMember = async (email_address: string) =>
      (await client.organizations.members.create({ organization_id: 'acme', email_address })).member

    test('erases who is deleted, and leaves an event', async () => {
      const { organization_id, member_id } = await newMember('ada@acme.test')
      await client.organizations.members.delete({ organization_id, member_id })
      const args = ['erase', '--member', member_id, '--database', database.location]
      const { code, stdout, stderr } = await run(...args, '--json')
      expect([code, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout)).toEqual({ project_id: authority.project_id, member_id })
      const look = { member_id, include_deleted: true }
      expect(await refusalOf(client.organizations.members.dangerouslyGet(look))).toMatchObject({
        error_type: 'member_not_found'
      })
      const events = await runSql(
        database.location,
        "select * from audit_events where operation = 'organizations.members.erase'"
      )
      expect(events).toEqual([
        expect.objectContaining({
          kind: 'member',
          outcome: 'succeeded',
          organization_id,
          member_id,
          caller_member_id: null,
          request_id: expect.stringMatching(/^request-id-test-/)
        })
      ])
      expect(await run(...args)).toMatchObject({ code: 2, stdout: '' })
    }, 60_000)

    test('leaves who is not deleted', async () => {
      const { organization_id, member_id } = await newMember('alan@acme.test')
      const { code, stderr } = await run(
        'erase',
        '--member',
        member_id,
        '--database',
        database.location
      )
      expect([code, stderr]).toEqual([2, expect.stringContaining('--member names no deleted')])
      const { member } = await client.organizations.members.get({ organization_id, member_id })
      expect(member.status).toBe('active')
    }, 60_000)
  })
})

describeOnEachDatabase((create) => {
  describe('membergate members unlock, beside a server', () => {
    const ada = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
    let database: TestDatabase
    let authority: OpenAuthority
    let client: Client
    let person: { organization_id: string; member_id: string; email_address: string }

    beforeAll(async () => {
      database = await create()
      const acme = { organization_name: 'Acme', organization_slug: 'acme', members: [ada] }
      authority = await openAuthority({
        database: database.location,
        projects: [{ organizations: [acme] }]
      })
      const { url, project_id, secret } = authority
      client = createClient({ url, project_id, secret, timeoutMs })
      const { email_address } = ada
      const { organization, member_id } = await client.organizations.members.get({
        organization_id: 'acme',
        email_address
      })
      person = { organization_id: organization.organization_id, member_id, email_address }
    })

    afterAll(async () => {
      await authority.close()
      await database.drop()
    })

    const isLocked = async () => {
      const { organization_id, member_id } = person
      const { member } = await client.organizations.members.get({ organization_id, member_id })
      return member.is_locked
    }

    const fail = (types: Parameters<typeof failAttempts>[2]) =>
      failAttempts(database.location, person, types, { failures: 10, now: Date.now() })

    test('unlocks a member, and leaves an event', async () => {
      await fail(['password', 'totp', 'email_otp'])
      expect(await isLocked()).toBe(true)
      const args = ['--member', person.member_id, '--database', database.location]
      const { code, stdout } = await run('unlock', ...args)
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining(`${person.member_id} is unlocked`)
      ])
      expect(await isLocked()).toBe(false)
      const events = await runSql(
        database.location,
        "select * from audit_events where kind = 'lockout'"
      )
      expect(events).toEqual([
        expect.objectContaining({
          operation: 'organizations.members.unlock',
          outcome: 'succeeded',
          organization_id: person.organization_id,
          member_id: person.member_id,
          caller_member_id: null
        })
      ])
    }, 60_000)

    test('unlocks the codes to an address, and nothing else', async () => {
      await fail(['totp', 'email_otp'])
      const args = ['--email', 'Ada@acme.test', '--json', '--database', database.location]
      const { stdout } = await run('unlock', ...args)
      expect(JSON.parse(stdout)).toEqual({
        project_id: authority.project_id,
        email_address: ada.email_address
      })
      const left = await runSql(
        database.location,
        'select type from failed_attempts where lock_created_at is not null'
      )
      expect(left).toEqual([{ type: 'totp' }])
    }, 60_000)

    test('says when there is no such member', async () => {
      const args = ['--member', 'member-test-nobody', '--database', database.location]
      const { code, stderr } = await run('unlock', ...args)
      expect([code, stderr]).toEqual([2, 'membergate: --member names no member of the project.\n'])
    }, 60_000)
  })
})

describe('what a user can fix', () => {
  test.each([
    [['remove'], 'members erase'],
    [['erase', '--database', 'x.sqlite'], '--member'],
    [['erase', '--member', 'member-test-1'], '--database'],
    [['erase', '--membre', 'x'], '"member"'],
    [['unlok'], 'members unlock'],
    [['unlock', '--database', 'x.sqlite'], '--member'],
    [['unlock', '--member', 'm', '--email', 'a@b.example'], 'not both'],
    [['unlock', '--email', 'ada'], '--email'],
    [['erase', '--email', 'a@b.example'], '--email']
  ])('%j names %s', (args, naming) => {
    expect(() => readMembersOptions(args, {})).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(naming) })
    )
  })
})
