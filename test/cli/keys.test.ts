import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { type Authority, createAuthority } from '../../src/authority.ts'
import { readKeysOptions } from '../../src/cli/keys-options.ts'
import { newFolder } from '../support/new-folder.ts'
import { runCli } from '../support/run-cli.ts'
import { runSql } from '../support/run-sql.ts'

const [key, newKey] = [newAtRestKey(), newAtRestKey()]
const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const dayMs = 24 * 60 * 60 * 1000

let folder: string
let database: string
let authority: Authority
let url: string

beforeAll(async () => {
  folder = await newFolder()
})

afterAll(() => rm(folder, { recursive: true }))

beforeEach(async () => {
  database = join(folder, `${crypto.randomUUID()}.sqlite`)
  const projects = [{ project_id, secret: 'secret-of-the-project-of-these-tests' }]
  authority = await createAuthority({ database, keys: [newKey, key], projects })
  url = (await authority.listen()).url
})

afterEach(() => authority.close())

const run = (args: readonly string[], env: Record<string, string> = { MEMBERGATE_KEY: key }) =>
  runCli(['keys', ...args], env)

async function publishedKids(): Promise<readonly string[]> {
  const answer = await fetch(new URL(`/v1/b2b/sessions/jwks/${project_id}`, url))
  const { keys } = (await answer.json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

describe('membergate keys rotate', () => {
  test('publishes a key beside a server, which shows it in seconds, and says when it signs', async () => {
    const [before] = await publishedKids()
    const { code, stdout } = await run(['rotate', '--json', '--database', database], {
      MEMBERGATE_KEYS: `${newKey},${key}`
    })
    expect(code).toBe(0)
    const { kid, published_at, signs_at, earlier } = JSON.parse(stdout)
    expect(Date.parse(signs_at) - Date.parse(published_at)).toBe(dayMs)
    expect(earlier).toEqual([
      { kid: before, ends_at: new Date(Date.parse(signs_at) + 30 * dayMs).toISOString() }
    ])
    const events = "select kind, outcome from audit_events where operation = 'keys.rotate'"
    expect(await runSql(database, events)).toEqual([{ kind: 'key', outcome: 'succeeded' }])
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect(await publishedKids()).toEqual([kid, before])
  }, 60_000)

  test('--now says that the keys before end in seconds', async () => {
    const [before = ''] = await publishedKids()
    const { stdout } = await run(['rotate', '--now', '--database', database], {
      MEMBERGATE_KEYS: `${newKey},${key}`
    })
    expect(stdout).toMatch(/^jwk-test-\S+ is published, and signs from \S+ on\.\n/)
    expect(stdout).toContain(`${before} is published and believed until `)
  }, 60_000)

  test('without the key that the database was written with changes nothing, in one line', async () => {
    const before = await publishedKids()
    const { code, stdout, stderr } = await run(['rotate', '--database', database], {
      MEMBERGATE_KEY: newAtRestKey()
    })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^membergate: The keys do not open[^\n]*\n$/)
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect(await publishedKids()).toEqual(before)
  }, 60_000)
})

describe('membergate keys rewrap', () => {
  test('encrypts anew beside a server, and says what is left', async () => {
    await publishedKids()
    const env = { MEMBERGATE_KEYS: `${key},${newKey}` }
    const { code, stdout } = await run(['rewrap', '--json', '--database', database], env)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      projects: [
        {
          project_id,
          rewrapped: { signing_key: 1, totp: 0, recovery_code: 0 },
          unreadable: 0,
          remaining: 0,
          sessions: []
        }
      ],
      older_keys_needed: false
    })
    const again = await run(['rewrap', '--database', database], env)
    expect(again.stdout).toContain('Nothing needs a key but the first')
  }, 60_000)
})

describe('what a user can fix', () => {
  test.each([
    [['rotat'], 'keys rotat'],
    [['rotate'], '--database'],
    [['rotate', '--database', ':memory:'], ':memory:'],
    [['rewrap', '--now', '--database', 'x.sqlite'], '--now'],
    [['rewrap', '--databse', 'x.sqlite'], '"database"']
  ])('%j names %s', (args, naming) => {
    expect(() => readKeysOptions(args, {})).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(naming) })
    )
  })

  test('a file that is not there is named, and not made', async () => {
    const missing = join(folder, 'none.sqlite')
    const { code, stderr } = await run(['rotate', '--database', missing])
    expect(code).toBe(2)
    expect(stderr).toContain('none.sqlite does not exist')
    expect((await run(['rotate', '--database', missing])).stderr).toContain('does not exist')
  }, 60_000)

  test('a project that is not there, naming --project-id', async () => {
    const other = project_id.replaceAll('1', '2')
    const args = ['rotate', '--project-id', other, '--database', database]
    const { code, stderr } = await run(args)
    expect(code).toBe(2)
    expect(stderr).toContain('--project-id')
  }, 60_000)
})
