import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Express } from 'express'
import request from 'supertest'
import { password, totp_secret } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const origin = 'http://localhost:3000'
const navigation = { Origin: origin, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
const admin = { password, roles: ['stytch_admin'] }
const phone = { mfa_enrolled: true, mfa_phone_number: '+12025550143' }
const sam = { ...admin, ...phone, email_address: 'sam@acme.test' }
const tim = { ...admin, email_address: 'tim@acme.test', mfa_enrolled: true, totp_secret }
const ana = { ...admin, email_address: 'ana@acme.test' }

let testServer: TestServer

beforeAll(async () => {
  testServer = await openTestServer(
    [sam, tim, ana],
    [{ ...ana, ...phone, mfa_phone_number: '+12025550144' }]
  )
  const { url, project_id, secret } = testServer.authority
  process.env.STYTCH_URL = url
  process.env.STYTCH_PROJECT_ID = project_id
  process.env.STYTCH_SECRET = secret
  process.env.MEMBERGATE_ORIGIN = origin
})
afterAll(() => testServer.close())

test.each(['quickstart', 'sign-in'])('the README shows examples/%s.ts to the letter', (name) => {
  expect(read('README.md')).toContain(`\`\`\`ts\n${read(`examples/${name}.ts`)}\`\`\``)
})

describe('the quickstart', () => {
  let app: Express

  beforeAll(async () => {
    app = (await import('../../examples/quickstart.ts')).app
  })

  test('lets an admin rename a member, and nobody else', async () => {
    const admin = await testServer.signIn('admin@acme.test')
    const member = await testServer.signIn('member@acme.test')
    const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
    const path = `/members/${member.member_session.member_id}`

    await request(app).get('/me').expect(401)
    const me = await request(app).get('/me').set(bearer(member.session_token))
    expect(me.body.member_id).toBe(member.member_session.member_id)
    await request(app)
      .put(path)
      .set(bearer(member.session_jwt))
      .send({ name: 'Maxine' })
      .expect(403)
    const answer = await request(app)
      .put(path)
      .set(bearer(admin.session_jwt))
      .send({ name: 'Maxine' })
    expect(answer.body).toEqual({ name: 'Maxine', because: ['stytch_admin'] })
  })
})

describe('the sign-in', () => {
  let app: Express

  beforeAll(async () => {
    app = (await import('../../examples/sign-in.ts')).app
  })

  /** A browser that keeps its cookies, follows no redirect by itself, and says where it was sent. */
  function openBrowser() {
    const agent = request.agent(app).set(navigation).redirects(0)
    return {
      get: (path: string) => agent.get(path),
      async follow(path: string): Promise<string> {
        const { status, headers } = await agent.get(path)
        expect([path, status]).toEqual([path, 303])
        return headers.location ?? ''
      },
      async submit(path: string, fields: object = {}): Promise<string> {
        const { status, headers } = await agent.post(path).type('form').send(fields)
        expect([path, status]).toEqual([path, 303])
        return headers.location ?? ''
      },
      refused: (path: string, fields: object) =>
        agent.post(path).type('form').send(fields).expect(401)
    }
  }

  const credentialsOf = (
    { email_address }: { email_address: string },
    organization_id = 'acme'
  ) => ({
    organization_id,
    email_address,
    password
  })

  test('asks for the code that was sent by itself, and goes on to the page that was wanted', async () => {
    const { get, follow, submit } = openBrowser()
    const signIn = await follow('/acme/billing')
    expect(signIn).toBe('/sign-in?return_to=%2Facme%2Fbilling')
    expect((await get(signIn)).text).toContain('<form method="post">')
    expect(await submit(signIn, credentialsOf(sam))).toBe('/mfa/sms')
    expect((await get('/mfa/sms')).text).toContain('A code was sent to the number ending in 0143')
    const [{ channel, to, code } = {}] = testServer.authority.outbox()
    expect([channel, to]).toEqual(['sms', phone.mfa_phone_number])
    expect(await submit('/mfa/sms', { code })).toBe('/acme/billing')
    expect((await get('/acme/billing')).body).toEqual({ of: 'acme' })
  })

  test('asks for the code of an authenticator app, also when the password was wrong at first', async () => {
    const { get, submit, refused } = openBrowser()
    const wrong = await refused('/sign-in', { ...credentialsOf(tim), password: 'wrong' })
    expect(wrong.text).toContain('That is not right')
    expect(await submit('/sign-in', credentialsOf(tim))).toBe('/mfa/totp')
    expect(await submit('/mfa/totp', { code: testServer.totpCode() })).toBe('/')
    const { body } = await get('/')
    expect(body.authentication_factors).toHaveLength(2)
  })

  test('switches to an organization that asks for its own password and a code, and signs out', async () => {
    const { get, follow, submit } = openBrowser()
    await submit('/sign-in', credentialsOf(ana))
    expect((await get('/acme/billing')).body).toEqual({ of: 'acme' })

    const switching = await follow('/globex/billing')
    expect(switching).toBe('/organizations?return_to=%2Fglobex%2Fbilling')
    expect((await get(switching)).text).toContain('name="organization_id"')
    expect(await submit(switching, { organization_id: 'globex' })).toBe('/sign-in')
    expect(await submit('/sign-in', credentialsOf(ana, 'globex'))).toBe('/mfa/sms')
    const [{ code } = {}] = testServer.authority.outbox()
    expect(await submit('/mfa/sms', { code })).toBe('/globex/billing')
    expect((await get('/globex/billing')).body).toEqual({ of: 'globex' })

    expect(await submit('/sign-out')).toBe('/sign-in')
    expect(await follow('/')).toBe('/sign-in?return_to=%2F')
  })
})
