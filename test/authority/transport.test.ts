import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import request from 'supertest'
import { createAuthority } from '../../src/authority/create-authority.ts'
import { type ReportedError, reportError } from '../../src/authority/http/report-error.ts'
import type { Authority } from '../../src/authority.ts'
import { listRoutes } from '../../src/wire/routes.ts'
import { close, listen } from '../support/listen.ts'

const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const secret = 'secret-of-the-project-of-these-tests'
const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'

let authority: Authority

beforeAll(async () => {
  authority = await createAuthority({
    database: ':memory:',
    projects: [
      {
        project_id,
        secret,
        organizations: [{ organization_name: 'Acme', organization_slug: 'acme' }]
      },
      { project_id: project_id.replaceAll('1', '2'), secret: 'secret-of-another-project-of-tests' }
    ]
  })
})

afterAll(() => authority.close())

function post(path: string) {
  return request(authority.app).post(path).auth(project_id, secret)
}

function get(path: string) {
  return request(authority.app).get(path).auth(project_id, secret)
}

describe('every answer', () => {
  test.each([
    ['a success', () => get('/v1/b2b/organizations/acme'), 200],
    ['an unknown path', () => get('/v1/b2b/nothing'), 404],
    ['a refusal', () => post('/v1/b2b/sessions/authenticate'), 400]
  ])('is JSON that nobody stores or sniffs: %s', async (_, ask, status) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff'
    })
    expect(answer.headers['x-powered-by']).toBeUndefined()
    expect(answer.body.status_code).toBe(status)
    expect(answer.body.request_id).toMatch(new RegExp(`^request-id-test-${uuid}$`))
  })

  test('has a request id of its own', async () => {
    const answers = [
      await get('/v1/b2b/organizations/acme'),
      await get('/v1/b2b/organizations/acme')
    ]
    expect(new Set(answers.map(({ body }) => body.request_id)).size).toBe(2)
  })
})

describe('a route', () => {
  test('that is unknown is 404, before anything is authenticated', async () => {
    const answer = await request(authority.app).get('/v1/b2b/nothing')
    expect(answer.body).toMatchObject({ status_code: 404, error_type: 'route_not_found' })
    expect(answer.body.error_url).toBe('https://stytch.com/docs/api/errors/404#route_not_found')
  })

  test.each([
    '//v1/b2b/organizations/acme',
    '/V1/b2b/organizations/acme',
    '/v1/b2b/organizations/acme/'
  ])('is not guessed from %s', async (path) => {
    expect((await get(path)).body.error_type).toBe('route_not_found')
  })

  test('asked with another verb is 405, and says which there are', async () => {
    const answer = await request(authority.app).post('/v1/b2b/organizations/acme').send({})
    expect(answer.status).toBe(405)
    expect(answer.body.error_type).toBe('method_not_allowed')
    expect(answer.headers.allow).toBe('GET, PUT, DELETE')
  })

  test('with fixed segments is not taken for an id', async () => {
    expect((await get('/v1/b2b/organizations/search')).body.error_type).toBe('method_not_allowed')
  })

  test.each(listRoutes().filter(([, { isPublic }]) => !isPublic))(
    '%s answers nobody without credentials',
    async (_, { method, path }) => {
      const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
      const answer = await request(authority.app)[verb](path.replace(/\{\w+\}/g, 'x'))
      expect(answer.body).toMatchObject({
        status_code: 401,
        error_type: 'invalid_authorization_header'
      })
    }
  )
})

describe('credentials', () => {
  const encode = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  test.each([
    ['no header', '', 401, 'invalid_authorization_header'],
    ['Bearer', 'Bearer abc', 401, 'invalid_authorization_header'],
    ['not base64', 'Basic ***', 401, 'invalid_authorization_header'],
    ['no colon', encode(project_id), 401, 'invalid_authorization_header'],
    [
      'a malformed project',
      encode(`project-1:${secret}`),
      400,
      'invalid_project_id_authentication'
    ],
    ['an empty secret', encode(`${project_id}:`), 401, 'unauthorized_credentials'],
    ['a wrong secret', encode(`${project_id}:wrong`), 401, 'unauthorized_credentials'],
    ['a longer secret', encode(`${project_id}:${secret}:`), 401, 'unauthorized_credentials'],
    [
      'the secret of another',
      encode(`${project_id}:secret-of-another`),
      401,
      'unauthorized_credentials'
    ],
    [
      'an unknown project',
      encode(`${project_id.replaceAll('1', '3')}:${secret}`),
      401,
      'unauthorized_credentials'
    ]
  ])('are refused: %s', async (_, header, status, type) => {
    const answer = await request(authority.app)
      .get('/v1/b2b/organizations/acme')
      .set('Authorization', header)
    expect(answer.body).toMatchObject({ status_code: status, error_type: type })
  })

  test('of another project see nothing of this one', async () => {
    const answer = await request(authority.app)
      .get('/v1/b2b/organizations/acme')
      .auth(project_id.replaceAll('1', '2'), 'secret-of-another-project-of-tests')
    expect(answer.body.error_type).toBe('organization_not_found')
  })

  test('are not needed for the keys of a project', async () => {
    const answer = await request(authority.app).get(`/v1/b2b/sessions/jwks/${project_id}`)
    expect(answer.status).toBe(200)
    expect(answer.body.keys).toHaveLength(1)
    expect(Object.keys(answer.body.keys[0]).sort()).toEqual(
      ['alg', 'e', 'key_ops', 'kid', 'kty', 'n', 'use', 'x5c', 'x5tS256'].sort()
    )
  })

  test.each([project_id.replaceAll('1', '3'), 'x', '%00', '%E0%A4%A'])(
    'do not help an unknown project %s to keys',
    async (id) => {
      const answer = await request(authority.app).get(`/v1/b2b/sessions/jwks/${id}`)
      expect([400, 404]).toContain(answer.status)
      expect(answer.body.status_code).toBe(answer.status)
    }
  )

  test('of a member never let a call through that they do not entitle to', async () => {
    const before = await get('/v1/b2b/organizations/acme')
    const answer = await request(authority.app)
      .put('/v1/b2b/organizations/acme')
      .auth(project_id, secret)
      .set('X-Stytch-Member-Session', 'x'.repeat(44))
      .send({ organization_name: 'Changed' })
    expect(answer.body.error_type).toBe('session_not_found')
    const after = await get('/v1/b2b/organizations/acme')
    expect(after.body.organization).toEqual(before.body.organization)
  })
})

describe('a body', () => {
  const create = '/v1/b2b/organizations'

  test.each([
    ['not JSON', '{', 'application/json', 400, 'invalid_argument'],
    ['an array', '[]', 'application/json', 400, 'invalid_argument'],
    ['null', 'null', 'application/json', 400, 'invalid_argument'],
    ['a string', '"x"', 'application/json', 400, 'invalid_argument'],
    ['a form', 'a=b', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['UTF-16', '{}', 'application/json; charset=utf-16', 415, 'unsupported_media_type'],
    ['text', '{}', 'text/plain', 415, 'unsupported_media_type'],
    ['NUL', '{"organization_name":"a\\u0000b"}', 'application/json', 400, 'invalid_argument'],
    [
      'deep',
      `{"trusted_metadata":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`,
      'application/json',
      400,
      'invalid_argument'
    ],
    [
      'too large',
      `{"organization_name":"${'x'.repeat(65_536)}"}`,
      'application/json',
      413,
      'request_too_large'
    ]
  ])('is refused: %s', async (_, body, type, status, error_type) => {
    const answer = await post(create).set('Content-Type', type).send(body)
    expect(answer.body).toMatchObject({ status_code: status, error_type })
  })

  test('that is compressed is refused', async () => {
    const answer = await post(create)
      .set('Content-Type', 'application/json')
      .set('Content-Encoding', 'gzip')
      .send('{}')
    expect(answer.body.error_type).toBe('unsupported_media_type')
  })

  test('that is empty is an empty object', async () => {
    expect((await post(create)).body).toMatchObject({
      error_type: 'organization_name_missing',
      error_message: 'The organization_name is missing.'
    })
  })

  test('may hold unknown members, which change nothing', async () => {
    const answer = await post(create).send({
      organization_name: 'Unknown members',
      organization_id: 'organization-test-mine',
      is_admin: true
    })
    expect(answer.status).toBe(200)
    expect(answer.body.organization.organization_id).toMatch(
      new RegExp(`^organization-test-${uuid}$`)
    )
    expect(answer.body.organization.is_admin).toBeUndefined()
  })

  test('cannot change what the path names', async () => {
    const answer = await request(authority.app)
      .put('/v1/b2b/organizations/unknown')
      .auth(project_id, secret)
      .send({ organization_id: 'acme', organization_name: 'Taken over' })
    expect(answer.body.error_type).toBe('organization_not_found')
  })

  test('that is wrong is answered with its field, and never with its value', async () => {
    const answer = await post(create).send({ organization_name: 'x', trusted_metadata: 'hunter2' })
    expect(answer.body.error_type).toBe('metadata_invalid_format')
    const other = await post('/v1/b2b/sessions/authenticate').send({
      session_token: { secret: 'hunter2' }
    })
    expect(other.body).toMatchObject({
      error_type: 'invalid_argument',
      error_message: 'session_token must be a string.'
    })
    expect(JSON.stringify([answer.body, other.body])).not.toContain('hunter2')
  })

  test.each([0, 1, true, [], {}, 'x', '\u202e', "'; drop table members; --", 'x'.repeat(10_000)])(
    'of any type is a 4xx and never a 5xx (%#)',
    async (value) => {
      for (const [name, { method, path, isPublic }] of listRoutes()) {
        if (isPublic || method === 'GET') continue
        const verb = method.toLowerCase() as 'post' | 'put' | 'delete'
        const body = Object.fromEntries(fieldNames.map((field) => [field, value]))
        const answer = await request(authority.app)
          [verb](path.replace(/\{\w+\}/g, 'unknown'))
          .auth(project_id, secret)
          .send(body)
        expect([name, answer.status < 500 || answer.status === 501]).toEqual([name, true])
        expect(answer.body.status_code).toBe(answer.status)
      }
    }
  )
})

const fieldNames = [
  'organization_id',
  'organization_ids',
  'member_id',
  'email_address',
  'password',
  'session_token',
  'code',
  'roles',
  'org_policy',
  'hash',
  'hash_type',
  'limit',
  'cursor',
  'query'
]

describe('the app, mounted in Express', () => {
  const create = '/v1/b2b/organizations'
  const parsers = {
    'no parser': [],
    'a parser of JSON': [express5.json()],
    'a parser of forms': [express5.urlencoded({ extended: true })],
    'a parser of bytes': [express5.raw({ type: '*/*' })],
    'a parser of text': [express5.text({ type: '*/*' })],
    'both of Express 4': [express4.urlencoded({ extended: false }), express4.json()],
    'the other of Express 4': [express4.urlencoded({ extended: false })]
  }
  const hosts = Object.entries(parsers).flatMap(([name, handlers]) => {
    const make = name.endsWith('Express 4') ? express4 : express5
    return [[name, (app: Authority['app']) => make().use(...handlers, app)] as const]
  })

  test.each(hosts)('behind %s reads JSON', async (_, mount) => {
    const host = mount(authority.app)
    const organization_name = `Mounted ${crypto.randomUUID()}`
    const answer = await request(host)
      .post(create)
      .auth(project_id, secret)
      .send({ organization_name })
    expect([answer.status, answer.body.organization?.organization_name]).toEqual([
      200,
      organization_name
    ])
    const refusals = [
      request(host).post(create).auth(project_id, secret).send([]),
      request(host).post(create).auth(project_id, secret).type('text/plain').send('{}'),
      request(host).post(create).auth(project_id, secret).type('form').send({ a: 'b' }),
      request(host).post(create).auth(project_id, secret),
      request(host).post(create).auth(project_id, secret).type('json').set('Content-Length', '0')
    ]
    expect((await Promise.all(refusals)).map(({ body }) => body.error_type)).toEqual([
      'invalid_argument',
      'unsupported_media_type',
      'unsupported_media_type',
      'organization_name_missing',
      'organization_name_missing'
    ])
  })

  test.each(hosts)('behind %s reads forms', async (_, mount) => {
    const token = request(mount(authority.app)).post('/v1/oauth2/token')
    const form = 'grant_type=authorization_code&client_id=unknown&code=x'
    const answer = await token.type('form').send(form)
    expect(answer.body).toMatchObject({ error: 'invalid_client', status_code: 401 })
    const twice = await request(mount(authority.app))
      .post('/v1/oauth2/token')
      .type('form')
      .send(`${form}&client_id=other`)
    expect(twice.body).toMatchObject({ error: 'invalid_request', status_code: 400 })
  })

  test('behind a middleware that swallows bodies says that it cannot answer, and why', async () => {
    const events: unknown[] = []
    const listen = (event: unknown) => events.push(event)
    subscribe('membergate.authority.error', listen)
    const swallow: RequestHandler = (req, _res, next) => req.resume().on('end', next)
    const answer = await request(express5().use(swallow, authority.app))
      .post(create)
      .auth(project_id, secret)
      .send({ organization_name: 'Lost' })
    unsubscribe('membergate.authority.error', listen)
    expect(answer.body).toMatchObject({ status_code: 500, error_type: 'internal_server_error' })
    expect(events).toMatchObject([{ operation: 'organizations.create' }])
  })

  test.each([
    ['Express 4', express4],
    ['Express 5', express5]
  ])('of %s behind a response that has begun destroys its connection', async (_, make) => {
    const events: unknown[] = []
    const listen = (event: unknown) => events.push(event)
    subscribe('membergate.authority.error', listen)
    const begin: RequestHandler = (_req, res, next) => {
      res.write('begun ')
      next()
    }
    const host = make().use(begin, authority.app)
    await expect(request(host).get('/health/live').timeout(2000)).rejects.toMatchObject({
      code: 'ECONNRESET'
    })
    unsubscribe('membergate.authority.error', listen)
    expect(events).toMatchObject([{ code: 'ERR_HTTP_HEADERS_SENT' }])
  })
})

describe('a target', () => {
  /** As it is written: no client normalizes it. */
  async function rawly(head: string, body = ''): Promise<string> {
    const server = createServer(authority.app)
    await listen(server)
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    const credentials = Buffer.from(`${project_id}:${secret}`).toString('base64')
    socket.write(
      `${head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic ${credentials}\r\n${body}\r\n`
    )
    const answer = await text(socket)
    await close(server)
    return answer
  }

  test('may be a whole URL', async () => {
    expect(await rawly('GET http://any.example/v1/b2b/organizations/acme')).toMatch(
      /^HTTP\/1\.1 200 /
    )
    expect(await rawly('GET http://any.example')).toMatch(/^HTTP\/1\.1 404 /)
  })

  test.each(['OPTIONS *', 'GET /v1/b2b/../b2b/organizations/acme', 'GET /v1/b2b/organizations/'])(
    'is not guessed from %s',
    async (head) => {
      expect(await rawly(head)).toMatch(/^HTTP\/1\.1 404 [\s\S]*"route_not_found"/)
    }
  )

  test('asked for with HEAD is answered as with GET, without a body', async () => {
    const path = '/v1/b2b/organizations/acme'
    const [got, headed] = [await rawly(`GET ${path}`), await rawly(`HEAD ${path}`)]
    const [headers = ''] = got.split('\r\n\r\n')
    expect(headed.replace(/Date: .*/, '')).toBe(`${headers}\r\n\r\n`.replace(/Date: .*/, ''))
    expect(headed).toMatch(/Content-Length: [1-9]/)
    const other = await rawly('HEAD /v1/b2b/organizations/search')
    expect(other).toMatch(/^HTTP\/1\.1 405 [\s\S]*Allow: POST\r\n/)
  })

  test('is decoded once, parameter by parameter', async () => {
    expect(await rawly('GET /v1/b2b/organizations/%61cme')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await rawly('GET /v1/b2b/organizations/acme%2Fmetrics')).toMatch(
      /"organization_not_found"/
    )
    expect(await rawly('GET /v1/b2b/organizations/%2561cme')).toMatch(/"organization_not_found"/)
    expect(await rawly('GET /v1/b2b/organization%73/acme')).toMatch(/"route_not_found"/)
    expect(await rawly('GET /v1/b2b/organizations/%E0%A4%A')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*"invalid_argument"/
    )
  })

  test('may carry a body with an encoding or a length of its own, which must be plain', async () => {
    const post = 'POST /v1/b2b/organizations'
    const json = 'Content-Type: application/json; charset="UTF-8"\r\n'
    const chunked = `${json}Transfer-Encoding: chunked\r\n\r\n`
    expect(await rawly(post, `${chunked}2\r\n{}\r\n0\r\n`)).toMatch(/"organization_name_missing"/)
    const large = `10001\r\n${'x'.repeat(65_537)}\r\n0\r\n`
    expect(await rawly(post, `${chunked}${large}`)).toMatch(/^HTTP\/1\.1 413 /)
    const marked = `${json}Content-Length: 5\r\n\r\n\ufeff{}`
    expect(await rawly(post, marked)).toMatch(/"organization_name_missing"/)
  })
})

test('a query parameter that is repeated is refused', async () => {
  const answer = await get(
    '/v1/b2b/sessions?organization_id=acme&organization_id=other&member_id=m'
  )
  expect(answer.body).toMatchObject({
    error_type: 'invalid_argument',
    error_message: 'organization_id must be a string.'
  })
})

test('an authority whose database is gone answers 503, and tells operations why', async () => {
  const events: unknown[] = []
  const listen = (event: unknown) => events.push(event)
  subscribe('membergate.authority.error', listen)
  const broken = await createAuthority({ database: ':memory:' })
  await broken.close()
  const [project] = broken.projects
  const answer = await request(broken.app)
    .get('/v1/b2b/organizations/acme')
    .auth(project?.project_id ?? '', project?.secret ?? '')
  unsubscribe('membergate.authority.error', listen)
  expect(answer.body).toMatchObject({ status_code: 503, error_type: 'server_unavailable' })
  expect(answer.body.error_message).not.toMatch(/database|sql/i)
  expect(events).toHaveLength(1)
  expect(events[0]).toMatchObject({
    operation: 'organizations.get',
    request_id: answer.body.request_id
  })
})

test('a call whose client went away before its body was to be read comes to an end', async () => {
  const ends: Promise<unknown>[] = []
  const server = createServer((req, res) => {
    ends.push(
      new Promise((resolve) => req.once('close', resolve)).then(() => authority.app(req, res))
    )
  })
  const { port } = new URL(await listen(server))
  const client = connect(Number(port), '127.0.0.1')
  const basic = Buffer.from(`${project_id}:${secret}`).toString('base64')
  client.write(
    `POST /v1/b2b/organizations HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${basic}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{'
  )
  setTimeout(() => client.destroy(), 50)
  while (ends.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  await Promise.all(ends)
  await close(server)
})

test('a message that looks like frames is not reported', () => {
  const events: ReportedError[] = []
  const listen = (event: unknown) => events.push(event as ReportedError)
  subscribe('membergate.authority.error', listen)
  reportError(new Error('No row for\n    at ada@acme.example'), 'request-id', 'none')
  unsubscribe('membergate.authority.error', listen)
  expect(events[0]?.frames[0]).toMatch(/transport\.test\.ts/)
  expect(JSON.stringify(events)).not.toContain('ada@')
})
