import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { hash } from 'bcryptjs'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { type Authority, createAuthority } from '../../src/authority.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'

const project_id = 'project-test-22222222-2222-4222-8222-222222222222'
const secret = 'secret-of-the-project-of-these-tests'
const password = 'correct horse battery staple'
const organization_id = 'acme'
const totp_secret = 'JBSWY3DPEHPK3PXP'

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let replicas: Authority[] = []
  let person = 0
  let member_id = ''
  let codes: string[] = []
  let cheapHash = ''

  beforeAll(async () => {
    database = await createDatabase()
    cheapHash = await hash(password, 4)
    const keys = [newAtRestKey()]
    const organizations = [
      { organization_name: 'Acme', organization_slug: organization_id, members: [] }
    ]
    const projects = [{ project_id, secret, organizations }]
    replicas = [
      await createAuthority({ database: database.location, keys, projects }),
      await createAuthority({ database: database.location, keys })
    ]
  })

  afterAll(async () => {
    for (const replica of replicas) await replica.close()
    await database.drop()
  })

  beforeEach(async () => {
    person += 1
    member_id = await newMember()
    const { recovery_codes } = await call('totp/migrate', { member_id, secret: totp_secret })
    codes = recovery_codes
  })

  async function newMember(): Promise<string> {
    const { member } = await call('passwords/migrate', {
      email_address: emailOf(person),
      hash: cheapHash,
      hash_type: 'bcrypt'
    })
    await request(nextApp())
      .put(`/v1/b2b/organizations/${organization_id}/members/${member.member_id}`)
      .auth(project_id, secret)
      .send({ mfa_enrolled: true })
    return member.member_id
  }

  const emailOf = (number: number) => `person-${number}@example.com`

  /** The servers answer in turns. */
  let calls = 0
  function nextApp() {
    calls += 1
    return replicas[calls % replicas.length]?.app ?? ''
  }

  async function call(path: string, body: object) {
    const answer = await request(nextApp())
      .post(`/v1/b2b/${path}`)
      .auth(project_id, secret)
      .send({ organization_id, ...body })
    return answer.body
  }

  async function ask(path: string) {
    return (await request(nextApp()).get(`/v1/b2b/${path}`).auth(project_id, secret)).body
  }

  /** An intermediate session that waits for the second factor. */
  async function beginSignIn(): Promise<string> {
    const email_address = emailOf(person)
    const answer = await call('passwords/authenticate', { email_address, password })
    return answer.intermediate_session_token
  }

  const recover = (intermediate_session_token: string, recovery_code: string | undefined) =>
    call('recovery_codes/recover', { member_id, intermediate_session_token, recovery_code })

  const listCodes = () => ask(`recovery_codes/${organization_id}/${member_id}`)

  async function sessions() {
    const { member_sessions } = await ask(
      `sessions?organization_id=${organization_id}&member_id=${member_id}`
    )
    return member_sessions
  }

  const succeeded = (answers: readonly { status_code: number }[]) =>
    answers.filter(({ status_code }) => status_code === 200)

  test('ten codes used at once on one intermediate session make one session, and one code is used', async () => {
    const token = await beginSignIn()
    const answers = await Promise.all(codes.map((code) => recover(token, code)))
    expect(succeeded(answers)).toHaveLength(1)
    expect(await sessions()).toHaveLength(1)
    expect((await listCodes()).recovery_codes).toHaveLength(9)
  })

  test('rotations at once leave the ten codes of one of them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call('recovery_codes/rotate', { member_id }))
    )
    expect(succeeded(answers)).toHaveLength(20)
    const left: string[] = [...(await listCodes()).recovery_codes].sort()
    expect(answers.map(({ recovery_codes }) => [...recovery_codes].sort())).toContainEqual(left)
  })

  test('a use beside a rotation leaves ten new codes, and the old one works at most once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [old] = (await listCodes()).recovery_codes
      const before = (await sessions()).length
      const token = await beginSignIn()
      const [used, { recovery_codes }] = await Promise.all([
        recover(token, old),
        call('recovery_codes/rotate', { member_id })
      ])
      expect([200, 401]).toContain(used.status_code)
      expect(await sessions()).toHaveLength(before + succeeded([used]).length)
      expect([...(await listCodes()).recovery_codes].sort()).toEqual([...recovery_codes].sort())
      expect((await recover(await beginSignIn(), old)).status_code).toBe(401)
    }
  })

  test('migrations at once register one authenticator with its codes', async () => {
    person += 1
    member_id = await newMember()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        call('totp/migrate', { member_id, secret: totp_secret, recovery_codes: [`code ${index}`] })
      )
    )
    const [winner, ...others] = succeeded(answers)
    expect(others).toEqual([])
    expect(await listCodes()).toMatchObject({
      recovery_codes: Reflect.get(Object(winner), 'recovery_codes'),
      member: { totp_registration_id: Reflect.get(Object(winner), 'totp_registration_id') }
    })
  })
})
