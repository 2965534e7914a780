import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { hash } from 'bcryptjs'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { type Authority, createAuthority, createOutbox } from '../../src/authority.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { otherThan } from '../support/totp-code.ts'

/** Links and codes in e-mails, used and asked for a hundred times at the same moment, on two servers of one database. */

const project_id = 'project-test-44444444-4444-4444-8444-444444444444'
const secret = 'secret-of-the-project-of-these-tests'
const organization_id = 'acme'
const hundred = 100
const moment = Date.UTC(2030, 0, 1, 12, 0, 15)

interface Answer {
  readonly status_code: number
  readonly error_type?: string
  readonly [name: string]: unknown
}

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let replicas: Authority[] = []
  let cheapHash = ''
  const outbox = createOutbox()

  beforeAll(async () => {
    database = await createDatabase()
    cheapHash = await hash('correct horse battery staple', 4)
    const options = {
      database: database.location,
      keys: [newAtRestKey()],
      deliver: outbox.deliver,
      now: () => moment
    }
    const organizations = [
      {
        organization_name: 'Acme',
        organization_slug: organization_id,
        email_jit_provisioning: 'RESTRICTED' as const,
        email_allowed_domains: ['acme.example'],
        email_invites: 'ALL_ALLOWED' as const,
        members: [{ email_address: 'first@acme.example' }]
      }
    ]
    const settings = { redirect_urls: ['https://app.example/link'] }
    replicas = [
      await createAuthority({
        ...options,
        projects: [{ project_id, secret, settings, organizations }]
      }),
      await createAuthority(options)
    ]
  })

  afterAll(async () => {
    for (const replica of replicas) await replica.close()
    await database.drop()
  })

  /** The servers answer in turns. */
  let calls = 0
  async function call(path: string, body: object): Promise<Answer> {
    calls += 1
    const replica = replicas[calls % replicas.length]
    if (replica === undefined) throw new Error('No server runs.')
    const answer = await request(replica.app)
      .post(`/v1/b2b/${path}`)
      .auth(project_id, secret)
      .send(body)
    return answer.body
  }

  const atOnce = (work: () => Promise<Answer>) =>
    Promise.all(Array.from({ length: hundred }, () => work()))

  const count = (answers: readonly Answer[], outcome: number | string) =>
    answers.filter(({ status_code, error_type }) => [status_code, error_type].includes(outcome))
      .length

  let people = 0
  function newAddress(): string {
    people += 1
    return `person-${people}@acme.example`
  }

  async function newPerson(): Promise<{ email_address: string; member_id: string }> {
    const email_address = newAddress()
    const { member_id } = await call('passwords/migrate', {
      organization_id,
      email_address,
      hash: cheapHash,
      hash_type: 'bcrypt'
    })
    return { email_address, member_id: String(member_id) }
  }

  const sentTo = (email_address: string) =>
    outbox.entries().filter(({ to }) => to === email_address)

  async function countSessions(member_id: string): Promise<number> {
    const [replica] = replicas
    if (replica === undefined) throw new Error('No server runs.')
    const answer = await request(replica.app)
      .get('/v1/b2b/sessions')
      .query({ organization_id, member_id })
      .auth(project_id, secret)
    return answer.body.member_sessions.length
  }

  test('a hundred uses of one magic link make one session', async () => {
    const { email_address, member_id } = await newPerson()
    await call('magic_links/email/login_or_signup', { organization_id, email_address })
    const magic_links_token = sentTo(email_address)[0]?.token
    const answers = await atOnce(() => call('magic_links/authenticate', { magic_links_token }))
    expect(count(answers, 200)).toBe(1)
    expect(count(answers, 'unable_to_auth_magic_link')).toBe(hundred - 1)
    expect(await countSessions(member_id)).toBe(1)
  })

  test('a hundred uses of one discovery link make one intermediate session', async () => {
    const email_address = newAddress()
    await call('magic_links/email/discovery/send', { email_address })
    const discovery_magic_links_token = sentTo(email_address)[0]?.token
    const answers = await atOnce(() =>
      call('magic_links/discovery/authenticate', { discovery_magic_links_token })
    )
    expect(count(answers, 200)).toBe(1)
    expect(count(answers, 'unable_to_auth_magic_link')).toBe(hundred - 1)
  })

  test('AO-03: a hundred uses of one code by e-mail make one session', async () => {
    const { email_address, member_id } = await newPerson()
    const named = { organization_id, email_address }
    await call('otps/email/login_or_signup', named)
    const code = sentTo(email_address)[0]?.code
    const answers = await atOnce(() => call('otps/email/authenticate', { ...named, code }))
    expect(count(answers, 200)).toBe(1)
    expect(answers.filter(({ status_code }) => status_code >= 500)).toEqual([])
    expect(await countSessions(member_id)).toBe(1)
  })

  test('of a hundred guesses at one discovery code five are compared', async () => {
    const email_address = newAddress()
    await call('otps/email/discovery/send', { email_address })
    const code = sentTo(email_address)[0]?.code ?? ''
    const guess = (guessed: string) =>
      call('otps/email/discovery/authenticate', { email_address, code: guessed })
    const answers = await atOnce(() => guess(otherThan(code)))
    expect(count(answers, 'otp_code_not_found')).toBe(hundred)
    expect(await guess(code)).toMatchObject({ status_code: 404, error_type: 'otp_code_not_found' })
  })

  test('a hundred calls for a link to one new address create one member and send ten e-mails', async () => {
    const email_address = newAddress()
    const answers = await atOnce(() =>
      call('magic_links/email/login_or_signup', { organization_id, email_address })
    )
    expect(count(answers, 200)).toBe(10)
    expect(count(answers, 'too_many_requests')).toBe(hundred - 10)
    expect(sentTo(email_address)).toHaveLength(10)
    const sent = answers.filter(({ status_code }) => status_code === 200)
    expect(new Set(sent.map(({ member_id }) => member_id)).size).toBe(1)
    expect(sent.filter(({ member_created }) => member_created === true)).toHaveLength(1)
  })

  test('a hundred invitations of one address make one invited member', async () => {
    const email_address = newAddress()
    const answers = await atOnce(() =>
      call('magic_links/email/invite', { organization_id, email_address })
    )
    const sent = answers.filter(({ status_code }) => status_code === 200)
    expect(sent).toHaveLength(10)
    expect(new Set(sent.map(({ member_id }) => member_id)).size).toBe(1)
    const magic_links_token = sentTo(email_address)[0]?.token
    expect(await call('magic_links/authenticate', { magic_links_token })).toMatchObject({
      status_code: 200,
      member: { status: 'active' }
    })
  })

  test('of two members who take one address at the same moment one has it', async () => {
    const [one, two] = [await newPerson(), await newPerson()]
    const wanted = newAddress()
    const start = (member_id: string) =>
      call(`organizations/${organization_id}/members/${member_id}/start_email_update`, {
        email_address: wanted
      })
    await Promise.all([start(one.member_id), start(two.member_id)])
    const tokens = sentTo(wanted).map(({ token }) => token)
    const answers = await Promise.all(
      tokens.map((magic_links_token) => call('magic_links/authenticate', { magic_links_token }))
    )
    expect(count(answers, 200)).toBe(1)
    expect(answers.filter(({ status_code }) => status_code >= 500)).toEqual([])
  })
})
