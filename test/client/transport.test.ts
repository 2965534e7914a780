import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createClient } from 'membergate/client'
import { pathWords } from '../../src/wire/path-words.ts'

const canary = 'canary-password-1234567890'
let server: Server | undefined

async function serve(listener: RequestListener) {
  server = createServer(listener)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return createClient({
    project_id: 'project-test-1',
    secret: 'canary-secret',
    url,
    timeoutMs: 300
  })
}

afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

const authenticate = (client: Awaited<ReturnType<typeof serve>>) =>
  client.passwords.authenticate({
    organization_id: 'acme',
    email_address: 'a@b.test',
    password: canary
  })

describe('one deadline holds over', () => {
  test.each<[string, RequestListener]>([
    ['an answer that never begins', () => {}],
    [
      'a body that stalls',
      (_req, res) => {
        res.writeHead(200, { 'Content-Type': 'application/json' })
        res.write('{"status_code":')
      }
    ],
    [
      'a body that drips',
      (_req, res) => {
        res.writeHead(200)
        const drip = setInterval(() => res.write(' '), 20)
        res.on('close', () => clearInterval(drip))
      }
    ]
  ])('%s', async (_, listener) => {
    const client = await serve(listener)
    const error = await authenticate(client).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'authority_unavailable', status: 503 })
    expect(inspect(error, { depth: 10 })).not.toContain('canary')
  })
})

test('an answer of more than 1 MiB is not read to its end', async () => {
  const client = await serve((_req, res) => {
    const chunk = Buffer.alloc(64 * 1024, ' ')
    const write = () => {
      while (!res.destroyed && res.write(chunk));
    }
    res.on('drain', write)
    write()
  })
  await expect(authenticate(client)).rejects.toMatchObject({ code: 'authority_unavailable' })
})

test('a redirect is not followed: its target sees no request and no credentials', async () => {
  const paths: (string | undefined)[] = []
  const client = await serve((req, res) => {
    paths.push(req.url)
    res.writeHead(307, { Location: '/elsewhere' }).end('{}')
  })
  await expect(authenticate(client)).rejects.toMatchObject({
    code: 'api_error',
    status_code: 307,
    error_type: 'unexpected_redirect'
  })
  expect(paths).toEqual(['/v1/b2b/passwords/authenticate'])
})

test('an error of the API carries its members and nothing that was sent', async () => {
  const client = await serve((_req, res) => {
    const body = {
      status_code: 200,
      request_id: 'request-id-test-1',
      error_type: 'unauthorized_credentials',
      error_message: 'Unauthorized credentials.',
      error_url: 'https://stytch.com/docs'
    }
    res.writeHead(401).end(JSON.stringify(body))
  })
  const error = await authenticate(client).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'api_error',
    status_code: 401,
    error_type: 'unauthorized_credentials',
    request_id: 'request-id-test-1'
  })
  expect(error).not.toHaveProperty('status')
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary')
})

describe('what is sent', () => {
  test('stays inside its place in the path', async () => {
    const urls: (string | undefined)[] = []
    const client = await serve((req, res) => {
      urls.push(req.url)
      res.end(JSON.stringify({ status_code: 200, request_id: 'r', organization: {} }))
    })
    for (const organization_id of ['a b/ü', '../../x', 'a?b#c', '%2e%2e', '\\', '\r\n']) {
      await client.organizations.get({ organization_id })
    }
    expect(urls).toEqual([
      '/v1/b2b/organizations/a%20b%2F%C3%BC',
      '/v1/b2b/organizations/..%2F..%2Fx',
      '/v1/b2b/organizations/a%3Fb%23c',
      '/v1/b2b/organizations/%252e%252e',
      '/v1/b2b/organizations/%5C',
      '/v1/b2b/organizations/%0D%0A'
    ])
    for (const organization_id of ['', '.', '..', '\ud800']) {
      await expect(client.organizations.get({ organization_id })).rejects.toMatchObject({
        status_code: 400,
        error_type: 'invalid_argument'
      })
    }
    for (const organization_id of [undefined, 7]) {
      const call = client.organizations.get({ organization_id: organization_id as never })
      await expect(call).rejects.toMatchObject({ code: 'config_invalid' })
    }
    expect(urls).toHaveLength(6)
  })

  test('never becomes the path of another operation', async () => {
    const urls: (string | undefined)[] = []
    const client = await serve((req, res) => {
      urls.push(req.url)
      res.end(JSON.stringify({ status_code: 200, request_id: 'r', organization: {} }))
    })
    expect(Object.fromEntries(pathWords)).toMatchObject({
      organization_id: new Set(['search', 'members', 'rotate', 'recover']),
      member_id: new Set(['mfa_phone_numbers', 'passwords'])
    })
    const { members } = client.organizations
    for (const call of [
      client.organizations.get({ organization_id: 'search' }),
      client.organizations.delete({ organization_id: 'members' }),
      members.deleteTOTP({ organization_id: 'o', member_id: 'mfa_phone_numbers' }),
      members.unlock({ organization_id: 'o', member_id: 'passwords' })
    ]) {
      await expect(call).rejects.toMatchObject({
        status_code: 400,
        error_type: 'invalid_argument',
        message: expect.stringContaining('cannot be part of a path')
      })
    }
    expect(urls).toEqual([])
    await members.deleteTOTP({ organization_id: 'Search', member_id: '%6dfa_phone_numbers' })
    await members.deleteMFAPhoneNumber({ organization_id: 'o', member_id: 'totp' })
    expect(urls).toEqual([
      '/v1/b2b/organizations/Search/members/%256dfa_phone_numbers/totp',
      '/v1/b2b/organizations/o/members/mfa_phone_numbers/totp'
    ])
  })

  test('carries a member session in its own headers, and only where the call takes one', async () => {
    const seen: (string | string[] | undefined)[] = []
    const client = await serve((req, res) => {
      seen.push(req.headers['x-stytch-member-session'], req.headers['x-stytch-member-sessionjwt'])
      res.end(JSON.stringify({ status_code: 200, request_id: 'r' }))
    })
    const authorization = { session_token: 'token-1', session_jwt: 'a.b.c' }
    await client.sessions.revoke({ member_id: 'm' }, { authorization })
    expect(seen).toEqual(['token-1', 'a.b.c'])
    const injected = { session_token: 'x\r\nEvil: 1' }
    await expect(
      client.sessions.revoke({ member_id: 'm' }, { authorization: injected })
    ).rejects.toMatchObject({ code: 'config_invalid' })
  })

  test('never carries the credentials to the public key set', async () => {
    const seen: unknown[] = []
    const client = await serve((req, res) => {
      seen.push(req.headers.authorization)
      const keys = [{ kty: 'RSA', kid: 'k' }]
      res.end(JSON.stringify({ status_code: 200, request_id: 'r', keys }))
    })
    await client.sessions.getJWKS({ project_id: 'project-test-1' })
    expect(seen).toEqual([undefined])
  })
})

test('an answer may have more or less than ours, but for what guards read of it', async () => {
  const member_session = {
    member_session_id: 'member-session-1',
    member_id: 'member-1',
    organization_id: 'organization-1',
    organization_slug: 'acme',
    started_at: '2026-01-31T12:00:00Z',
    last_accessed_at: '2026-01-31T12:00:00.123456789Z',
    expires_at: '2026-01-31T13:00:00+00:00',
    authentication_factors: [{ type: 'passkey', delivery_method: 'passkey', passkey_factor: {} }],
    roles: []
  }
  const answer = {
    request_id: 'r',
    status_code: 200,
    session_token: 'token',
    session_jwt: 'jwt',
    member_session,
    member: { member_id: 'member-1', organization_id: 'organization-1', status: 'dormant' },
    organization: { organization_id: 'organization-1', mfa_policy: 'SOMETIMES' },
    new_member: { of: 'the API' }
  }
  let sent: object = answer
  const client = await serve((_req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(sent))
  })
  const call = () => client.sessions.authenticate({ session_token: 'token' })
  expect(await call()).toEqual(answer)

  for (const name of ['member_session', 'member', 'organization'] as const) {
    sent = { ...answer, [name]: {} }
    expect(await call().catch((thrown: unknown) => thrown)).toMatchObject({
      code: 'authority_unavailable'
    })
  }
})

test('an answer cannot reach a prototype', async () => {
  const client = await serve((_req, res) => {
    res.end(
      '{"status_code":200,"request_id":"r","organization":{"__proto__":{"admin":true},"a":1}}'
    )
  })
  const { organization } = await client.organizations.get({ organization_id: 'acme' })
  expect(Object.assign({}, organization)).toEqual({ a: 1 })
  expect(Reflect.get(Object.assign({}, organization), 'admin')).toBeUndefined()
})
