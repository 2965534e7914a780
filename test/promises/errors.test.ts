import { createServer, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient } from 'membergate/client'
import { ApiError, UnavailableError } from 'membergate/errors'
import { rejectionOf } from '../support/api-errors.ts'
import { sendThrough } from '../support/clients.ts'
import { close, listen } from '../support/listen.ts'

/** Each method of our client with a request that reaches the wire. */
const methods: Record<string, object> = {
  'sessions.get': { organization_id: 'a', member_id: 'b' },
  'sessions.authenticate': { session_token: 'a' },
  'sessions.revoke': { session_token: 'a' },
  'sessions.exchange': { organization_id: 'a', session_token: 'b' },
  'sessions.exchangeAccessToken': { access_token: 'a' },
  'sessions.attest': { profile_id: 'a', token: 'b' },
  'sessions.migrate': { session_token: 'a', organization_id: 'b' },
  'sessions.getJWKS': { project_id: 'a' },
  'sessions.authenticateJwt': { session_jwt: 'a.b.c' },
  'discovery.intermediateSessions.exchange': {
    intermediate_session_token: 'a',
    organization_id: 'b'
  },
  'totps.create': { organization_id: 'a', member_id: 'b' },
  'totps.authenticate': { organization_id: 'a', member_id: 'b', code: '123456' },
  'totps.migrate': { organization_id: 'a', member_id: 'b', secret: 'c', recovery_codes: [] },
  'recoveryCodes.get': { organization_id: 'a', member_id: 'b' },
  'recoveryCodes.rotate': { organization_id: 'a', member_id: 'b' },
  'recoveryCodes.recover': { organization_id: 'a', member_id: 'b', recovery_code: 'c' },
  'otps.sms.send': { organization_id: 'a', member_id: 'b' },
  'otps.sms.authenticate': { organization_id: 'a', member_id: 'b', code: '123456' },
  'passwords.authenticate': { organization_id: 'a', email_address: 'b', password: 'c' },
  'passwords.strengthCheck': { password: 'a' },
  'passwords.migrate': { organization_id: 'a', email_address: 'b', hash: 'c', hash_type: 'bcrypt' },
  'passwords.email.resetStart': { organization_id: 'a', email_address: 'b' },
  'passwords.email.reset': { password_reset_token: 'a', password: 'b' },
  'passwords.existingPassword.reset': {
    organization_id: 'a',
    email_address: 'b',
    existing_password: 'c',
    new_password: 'd'
  },
  'passwords.sessions.reset': { organization_id: 'a', password: 'b', session_token: 'c' },
  'rbac.policy': {},
  'rbac.organizations.getOrgPolicy': { organization_id: 'a' },
  'rbac.organizations.setOrgPolicy': { organization_id: 'a', org_policy: { roles: [] } },
  'organizations.create': { organization_name: 'a' },
  'organizations.get': { organization_id: 'a' },
  'organizations.update': { organization_id: 'a' },
  'organizations.search': {},
  'organizations.members.create': { organization_id: 'a', email_address: 'b' },
  'organizations.members.get': { organization_id: 'a', member_id: 'b' },
  'organizations.members.update': { organization_id: 'a', member_id: 'b' },
  'organizations.members.search': { organization_ids: ['a'] },
  'idp.oauth.authorizeStart': { client_id: 'a', redirect_uri: 'b' },
  'idp.oauth.authorize': { client_id: 'a', redirect_uri: 'b' }
}

const names = Object.keys(methods)
const project_id = 'project-test-00000000-0000-4000-8000-000000000000'
const secret = 'secret-test-12345678'

interface Stub {
  readonly url: string
  readonly requests: { readonly method: string; readonly authorization: string | undefined }[]
  answer: (response: ServerResponse) => void
  close(): Promise<void>
}

async function openStub(): Promise<Stub> {
  const requests: Stub['requests'] = []
  const server = createServer((request, response) => {
    const { authorization } = request.headers
    requests.push({ method: request.method ?? '', authorization })
    request.resume()
    stub.answer(response)
  })
  const stub: Stub = {
    url: await listen(server),
    requests,
    answer: (response) => response.end(),
    close: () => close(server)
  }
  return stub
}

function answerJson(status: number, body: unknown, headers = {}) {
  return (response: ServerResponse) =>
    response
      .writeHead(status, { 'Content-Type': 'application/json', ...headers })
      .end(JSON.stringify(body))
}

describe('errors at the caller, through our client', () => {
  let stub: Stub
  let elsewhere: Stub
  const call = (name: string, url = stub.url, timeoutMs = 3000) =>
    rejectionOf(
      sendThrough(createClient({ project_id, secret, url, timeoutMs }), name, methods[name])
    )

  beforeAll(async () => {
    stub = await openStub()
    elsewhere = await openStub()
  })
  afterAll(async () => {
    await stub.close()
    await elsewhere.close()
  })

  describe.each(names)('%s', (name) => {
    test.each([400, 401, 403, 404, 429, 500, 503])(
      'S-ERR-01: %i rejects with the API error and what it says',
      async (status_code) => {
        const problem = {
          status_code,
          request_id: 'request-id-test-1',
          error_type: 'some_type',
          error_message: 'Some sentence.',
          error_url: 'https://example.com/#some_type'
        }
        stub.answer = answerJson(status_code, problem)
        const error = await call(name)
        expect(error).toBeInstanceOf(ApiError)
        expect({ ...Object(error) }).toMatchObject(problem)
      }
    )

    test.each([300, 302, 304, 307])(
      'S-ERR-02: %i rejects with the API error, and credentials go nowhere else',
      async (status_code) => {
        elsewhere.answer = answerJson(200, { status_code: 200, request_id: 'r', keys: [] })
        stub.answer = answerJson(status_code, { status_code: 200 }, { Location: elsewhere.url })
        const error = await call(name)
        expect(error).toBeInstanceOf(ApiError)
        expect(error).toMatchObject({ status_code })
        expect(elsewhere.requests).toEqual([])
      }
    )

    test('S-ERR-04: a body that is no JSON object rejects with a typed error', async () => {
      const bodies = [
        '<html><body>Oops</body></html>',
        '',
        'null',
        '"text"',
        '[]',
        '5',
        '{"status_'
      ]
      for (const body of bodies) {
        stub.answer = (response) => response.writeHead(500).end(body)
        expect(await call(name)).toMatchObject({ code: 'api_error', status_code: 500 })
        stub.answer = (response) => response.writeHead(200).end(body)
        const unreadable = await call(name)
        expect(unreadable).toBeInstanceOf(UnavailableError)
        expect(unreadable).toMatchObject({ code: 'authority_unavailable', status: 503 })
      }
    })

    test('S-ERR-04: an answer that is cut off rejects with a typed error', async () => {
      for (const status of [200, 500]) {
        stub.answer = (response) => {
          response.writeHead(status, { 'Content-Length': '1000' })
          response.write('{"status_code":', () => response.destroy())
        }
        const error = await call(name)
        expect([ApiError, UnavailableError].some((kind) => error instanceof kind)).toBe(true)
      }
    })
  })

  test('S-ERR-03: a connection that is refused is "could not be reached", not the API error', async () => {
    const closed = await openStub()
    await closed.close()
    for (const name of names) expectUnreachable(await call(name, closed.url))
  })

  test('S-ERR-03: so is a host that nobody knows', async () => {
    for (const name of names) {
      expectUnreachable(await call(name, 'https://nobody.invalid/', 10_000))
    }
  })

  test('S-ERR-03: so is an answer that does not come in time, or does not end in time', async () => {
    const answers = [
      () => {},
      (response: ServerResponse) => {
        response.writeHead(200, { 'Content-Type': 'application/json' })
        response.write('{')
      }
    ]
    for (const answer of answers) {
      stub.answer = answer
      await Promise.all(
        names.map(async (name) => expectUnreachable(await call(name, stub.url, 50)))
      )
    }
  })

  function expectUnreachable(error: unknown) {
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).not.toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ code: 'authority_unavailable' })
  }
})
