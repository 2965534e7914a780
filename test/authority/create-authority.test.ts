import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { type Authority, createAuthority, type ProjectSeed } from '../../src/authority.ts'
import {
  describeOnEachDatabase,
  describeOnPostgres,
  type TestDatabase
} from '../support/databases.ts'
import { runSql } from '../support/run-sql.ts'

const key = newAtRestKey()
const ada = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
const project_id = 'project-live-11111111-1111-4111-8111-111111111111'

async function whyRefused(options: object): Promise<string> {
  try {
    await (await createAuthority(options as never)).close()
    return 'accepted'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

describe('an option', () => {
  test('that is not known is answered with the nearest that is', async () => {
    expect(await whyRefused({ databse: ':memory:' })).toBe(
      'ConfigError: createAuthority has no option "databse". Did you mean "database"?'
    )
  })

  test('that is missing is named', async () => {
    expect(await whyRefused({})).toMatch(/^ConfigError: createAuthority needs database/)
  })

  test('that should be a function and is none is named', async () => {
    const fields = { database: ':memory:', lookUpDevice: 'https://devices.example' }
    expect(await whyRefused(fields)).toBe('ConfigError: lookUpDevice must be a function.')
    expect(await whyRefused({ database: ':memory:', isBreachedPassword: true })).toBe(
      'ConfigError: isBreachedPassword must be a function, such as pwnedPasswords().'
    )
  })

  test('that should be true or false and is neither is named', async () => {
    const fields = { database: ':memory:', dangerouslyFastPasswordHashing: 'yes' }
    expect(await whyRefused(fields)).toBe(
      'ConfigError: dangerouslyFastPasswordHashing must be true or false.'
    )
  })

  test('of keys is needed for a database that lasts', async () => {
    const { MEMBERGATE_KEY, MEMBERGATE_KEYS } = process.env
    delete process.env.MEMBERGATE_KEY
    delete process.env.MEMBERGATE_KEYS
    expect(await whyRefused({ database: '/nowhere/at-all.db' })).toMatch(
      /^ConfigError: .*MEMBERGATE_KEY/
    )
    if (MEMBERGATE_KEY !== undefined) process.env.MEMBERGATE_KEY = MEMBERGATE_KEY
    if (MEMBERGATE_KEYS !== undefined) process.env.MEMBERGATE_KEYS = MEMBERGATE_KEYS
  })
})

describe('a seed', () => {
  const member = (fields: object) => [
    {
      organizations: [
        { organization_name: 'A' },
        { organization_name: 'B', members: [{ email_address: 'a@b.com', ...fields }] }
      ]
    }
  ]
  const there = 'projects[0].organizations[1].members[0]'

  test.each([
    [member({ email_address: 'nobody' }), `${there}.email_address is not valid`],
    [member({ email_address: undefined }), `${there}.email_address is missing.`],
    [member({ pasword: 'x' }), `${there}.pasword is not known. Did you mean "password"?`],
    [member({ totp_secret: 'abc' }), `${there}.totp_secret is not valid: must be base32`],
    [member({ roles: ['nobody'] }), `${there} is refused`],
    [[{ organizations: [{}] }], 'projects[0].organizations[0].organization_name is missing.'],
    [
      [{ organizations: [{ organization_name: '日本' }, { organization_name: '中国' }] }],
      'projects[0].organizations[0].organization_slug is missing: the name makes none.'
    ],
    [
      [{ organizations: [{ organization_name: 'Acme!' }, { organization_name: 'Acme?' }] }],
      'projects[0].organizations[1].organization_slug is needed, and not that of projects[0].organizations[0].'
    ],
    [[{ project_id: 'mine' }], 'projects[0].project_id is not valid: must be like project-test-'],
    [
      [{ policy: { resources: [{ resource_id: 'stytch.x', actions: [] }] } }],
      'projects[0].policy is refused'
    ]
  ])('that is wrong is refused with its path (%#)', async (projects, message) => {
    const refusal = await whyRefused({ database: ':memory:', projects })
    expect(refusal.slice(0, `ConfigError: ${message}`.length)).toBe(`ConfigError: ${message}`)
  })

  test('never shows the password that is wrong in it', async () => {
    const projects = member({ password: 'hunter2'.repeat(200) })
    expect(await whyRefused({ database: ':memory:', projects })).not.toContain('hunter2')
  })

  test('of nothing makes a project with a secret', async () => {
    const authority = await createAuthority({ database: ':memory:' })
    expect(authority.projects).toEqual([
      {
        project_id: expect.stringMatching(/^project-test-[0-9a-f-]{36}$/),
        secret: expect.stringMatching(/^secret-test-[A-Za-z0-9_-]{43}$/)
      }
    ])
    await authority.close()
  })
})

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  const opened: Authority[] = []
  const password = 'correct horse battery staple'
  const seed: ProjectSeed = {
    project_id,
    secret: 'secret-of-the-project-of-these-tests',
    organizations: [
      {
        organization_name: 'Acme Inc.',
        members: [{ email_address: 'Ada@Example.com', password, name: 'Ada' }]
      }
    ]
  }

  beforeAll(async () => {
    database = await createDatabase()
  })

  afterAll(async () => {
    for (const authority of opened) await authority.close()
    await database.drop()
  })

  async function open(projects?: ProjectSeed[], keys = [key]): Promise<Authority> {
    const authority = await createAuthority({ database: database.location, keys, projects })
    opened.push(authority)
    return authority
  }

  function signIn(authority: Authority, secret = 'secret-of-the-project-of-these-tests') {
    return request(authority.app)
      .post('/v1/b2b/passwords/authenticate')
      .auth(project_id, secret)
      .send({ organization_id: 'acme-inc', email_address: 'ada@example.com', password })
  }

  test('a seeded member is active, verified, and can sign in', async () => {
    const answer = await signIn(await open([seed]))
    expect(answer.body.member).toMatchObject({
      status: 'active',
      email_address_verified: true,
      email_address: 'ada@example.com',
      name: 'Ada'
    })
    expect(answer.body.request_id).toMatch(/^request-id-live-/)
    expect(answer.body.member.member_id).toMatch(/^member-live-/)
  })

  test('a second seed leaves what is there as it is, and adds what is not', async () => {
    const changed: ProjectSeed = {
      project_id,
      organizations: [
        {
          organization_name: 'Renamed',
          organization_slug: 'acme-inc',
          members: [
            { email_address: 'ada@example.com', name: 'Other', password: 'another password' },
            { email_address: 'bob@example.com' }
          ]
        }
      ]
    }
    const answer = await signIn(await open([changed]))
    expect(answer.body).toMatchObject({
      member: { name: 'Ada' },
      organization: { organization_name: 'Acme Inc.' }
    })
  })

  test('a session outlives the process, and a rotated key', async () => {
    const { session_token, session_jwt } = (await signIn(await open([seed]))).body
    const restarted = await open([], [newAtRestKey(), key])
    for (const credential of [{ session_token }, { session_jwt }]) {
      const answer = await request(restarted.app)
        .post('/v1/b2b/sessions/authenticate')
        .auth(project_id, 'secret-of-the-project-of-these-tests')
        .send(credential)
      expect(answer.body.session_token).toBe(session_token)
    }
  })

  test('a seed without an id means the only project, whose secret stays unknown', async () => {
    expect((await open([{}])).projects).toEqual([{ project_id, secret: null }])
    expect((await open()).projects).toEqual([{ project_id, secret: null }])
  })

  test('a secret that is given replaces the one before', async () => {
    const authority = await open([{ project_id, secret: 'another-secret-of-the-same-project' }])
    expect((await signIn(authority)).status).toBe(401)
    expect((await signIn(authority, 'another-secret-of-the-same-project')).status).toBe(200)
  })

  test('a password that was hashed fast, for a test, is hashed as others are when it is next used', async () => {
    const { location, drop } = await createDatabase()
    const storedHash = async () => (await runSql(location, 'select hash from passwords'))[0]?.hash
    const options = { database: location, keys: [key], projects: [seed] }
    const fast = await createAuthority({ ...options, dangerouslyFastPasswordHashing: true })
    expect((await signIn(fast)).status).toBe(200)
    expect(await storedHash()).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    await fast.close()
    const usual = await createAuthority(options)
    expect((await signIn(usual)).status).toBe(200)
    expect(await storedHash()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    await usual.close()
    await drop()
  })

  test('nothing that lets someone in stands in the database', async () => {
    const authority = await open([seed])
    const { session_token, session_jwt, organization, member } = (await signIn(authority)).body
    const post = async (path: string, body: object) =>
      (
        await request(authority.app)
          .post(`/v1/b2b/${path}`)
          .auth(project_id, 'secret-of-the-project-of-these-tests')
          .send(body)
      ).body
    const { organization_id } = organization
    const { member_id } = member
    const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    const imported = 'Imported Code 1'
    const codes = { secret: totp_secret, recovery_codes: [imported] }
    const migrated = await post('totp/migrate', { organization_id, member_id, ...codes })
    expect(migrated.status_code).toBe(200)
    const before = await database.dump()
    const { recovery_codes } = await post('recovery_codes/rotate', { organization_id, member_id })
    expect(recovery_codes).toHaveLength(10)
    expect(before).toContain('recovery_codes')
    const dump = before + (await database.dump())
    for (const text of [
      session_token,
      session_jwt,
      password,
      totp_secret,
      imported,
      ...recovery_codes,
      'secret-of-the-project-of-these-tests',
      'PRIVATE KEY'
    ]) {
      expect(dump.includes(text)).toBe(false)
    }
  })

  test('with several projects in the database, a project without an id is refused', async () => {
    const other = await createDatabase()
    const options = { database: other.location, keys: [key] }
    const second = project_id.replaceAll('1', '2')
    const both = await createAuthority({
      ...options,
      projects: [{ project_id }, { project_id: second }]
    })
    await both.close()
    const projects = [{ secret: 'whose-secret-is-this' }]
    expect(await whyRefused({ ...options, projects })).toMatch(
      /^ConfigError: projects\[0\] needs a project_id/
    )
    const again = await createAuthority(options)
    expect(again.projects).toHaveLength(2)
    await again.close()
    await other.drop()
  })

  test('closing twice is closing once', async () => {
    const other = await createDatabase()
    const authority = await createAuthority({ database: other.location, keys: [key] })
    await authority.listen()
    await Promise.all([authority.close(), authority.close()])
    await authority.close()
    await other.drop()
  })
})

describeOnPostgres('replicas that start together', (createDatabase) => {
  test.each([
    ['apply a seed once', [{ organizations: [{ organization_name: 'Acme', members: [ada] }] }]],
    ['make one project', []]
  ])('%s', async (_, projects) => {
    const database = await createDatabase()
    const options = { database: database.location, keys: [key], projects }
    const replicas = await Promise.all([1, 2, 3, 4].map(() => createAuthority(options)))
    const ids = replicas.flatMap((replica) => replica.projects.map(({ project_id }) => project_id))
    expect(ids).toHaveLength(4)
    expect(new Set(ids).size).toBe(1)
    const secrets = replicas.filter(({ projects: [project] }) => project?.secret !== null)
    expect(secrets).toHaveLength(1)
    await Promise.all(replicas.map((replica) => replica.close()))
    await database.drop()
  })
})
