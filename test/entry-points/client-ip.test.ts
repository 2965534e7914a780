import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient } from 'membergate/client'
import request from 'supertest'
import { cookiesOf, pendingOf, sessionOf } from '../support/cookies.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

const origin = 'http://localhost:3000'
const header = 'x-membergate-client-ip'

/** The real `fetch`, with a note of the IP address that each call named. */
function createNotingFetch() {
  const named: (readonly [path: string, clientIp: string | null])[] = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    const { pathname } = new URL(String(input))
    named.push([pathname.replace('/v1/b2b/', ''), new Headers(init?.headers).get(header)])
    return globalThis.fetch(input, init)
  }
  return { fetch, named }
}

/** What a browser sends back of an answer. */
function cookieHeader(answer: request.Response): string {
  const jar = cookiesOf(answer)
  return [sessionOf(jar), pendingOf(jar)].filter((cookies) => cookies !== '').join('; ')
}

describe.each(frameworks)('clientIp on $name', ({ open }) => {
  const { fetch, named } = createNotingFetch()
  let testServer: TestServer
  let app: RunningApp
  let clientIp: string | undefined

  beforeAll(async () => {
    testServer = await openTestServer()
    const { url, project_id, secret } = testServer.authority
    const { now } = testServer.clock
    const options = { url, project_id, secret, now, origin, fetch, clientIp: () => clientIp }
    app = await open(options, define)
  })
  afterAll(async () => {
    await app.close()
    await testServer.close()
  })

  function define(builder: AppBuilder, auth: Auth): void {
    builder.post('/sign-in/:name', async ({ params, completeSignIn }) =>
      completeSignIn(await testServer.authenticate(`${params.name}@acme.test`))
    )
    builder.mount('post', '/switch', auth.switchOrganization())
    builder.use(auth.mfaRoutes())
    builder.get('/me', auth.requireMemberSession({ max_token_age_seconds: 0 }), () => ({}))
  }

  async function run(name: string, method: 'get' | 'post', path: string, body: object = {}) {
    const signedIn = await request(app.url).post(`/sign-in/${name}`)
    named.length = 0
    const call = request(app.url)[method](path).set('Cookie', cookieHeader(signedIn))
    return method === 'get' ? call : call.set('Origin', origin).send(body)
  }

  test('goes with what signs in and sends, and with no session check', async () => {
    clientIp = '203.0.113.7'
    await run('totp', 'post', '/mfa/totp', { code: '000000' })
    expect(named).toContainEqual(['totp/authenticate', clientIp])
    await run('totp', 'post', '/mfa/recovery', { recovery_code: 'none' })
    expect(named).toContainEqual(['recovery_codes/recover', clientIp])
    await run('member', 'post', '/switch', { organization_id: 'globex' })
    expect(named).toContainEqual(['sessions/exchange', clientIp])
    await run('member', 'get', '/me')
    expect(named).toEqual([['sessions/authenticate', null]])
  })

  test('is not sent where the app knows none', async () => {
    clientIp = undefined
    await run('totp', 'post', '/mfa/totp', { code: '000000' })
    expect(named).toContainEqual(['totp/authenticate', null])
  })

  test('X-Forwarded-For is not looked at', async () => {
    clientIp = undefined
    const signedIn = await request(app.url).post('/sign-in/totp')
    named.length = 0
    await request(app.url)
      .post('/mfa/totp')
      .set('Cookie', cookieHeader(signedIn))
      .set({ Origin: origin, 'X-Forwarded-For': '203.0.113.7', [header]: '203.0.113.7' })
      .send({ code: '000000' })
    expect(named).toContainEqual(['totp/authenticate', null])
  })
})

describe('clientIp of the client', () => {
  const { fetch, named } = createNotingFetch()
  const secret = 'secret-test-11111111-1111-4111-8111-111111111111'
  const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
  const client = createClient({ project_id, secret, url: 'http://127.0.0.1:1', fetch })
  const credentials = { organization_id: 'acme', email_address: 'a@acme.test', password: 'x' }

  test.each(['203.0.113.7', '2001:db8::1', '::ffff:203.0.113.7'])(
    '%s is sent',
    async (clientIp) => {
      named.length = 0
      await client.passwords.authenticate(credentials, { clientIp }).catch(() => {})
      expect(named).toEqual([['passwords/authenticate', clientIp]])
    }
  )

  test.each(['', 'x', '203.0.113.7:443', '203.0.113.7, 10.0.0.1'])('%j is a mistake', (clientIp) =>
    expect(client.passwords.authenticate(credentials, { clientIp })).rejects.toMatchObject({
      code: 'config_invalid'
    })
  )
})
