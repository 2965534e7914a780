import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { createAuthority } from '../../src/authority/create-authority.ts'
import type { Authority } from '../../src/authority.ts'
import { listRoutes } from '../../src/wire/routes.ts'

const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const secret = 'secret-of-the-project'
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
      { project_id: project_id.replaceAll('1', '2'), secret: 'secret-of-another' }
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
  test('that is unknown is 404, before anybody is authenticated', async () => {
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
      .auth(project_id.replaceAll('1', '2'), 'secret-of-another')
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
