import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { openapi } from '../../scripts/openapi.ts'
import { supportedOperations } from '../../scripts/supported-operations.ts'
import { authorizationHeaders } from '../../src/wire/authorization.ts'
import { listRoutes } from '../../src/wire/routes.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Operation {
  readonly operationId: string
  readonly security: readonly Readonly<Record<string, unknown>>[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
  readonly responses: Readonly<Record<string, object>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const document: Document = JSON.parse(read('openapi.json'))
const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
  Object.entries(byMethod).map(([method, operation]) => ({ path, method, ...operation }))
)

test('openapi.json and docs/supported-operations.md are what the table of today says: npm run schema', () => {
  expect(document).toEqual(JSON.parse(JSON.stringify(openapi())))
  expect(read('docs/supported-operations.md')).toBe(supportedOperations())
})

test('openapi.json is OpenAPI 3.1', async () => {
  const validator = new Validator()
  expect(await validator.validate(JSON.parse(read('openapi.json')))).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

describe('openapi.json', () => {
  let authority: OpenAuthority

  beforeAll(async () => {
    authority = await openAuthority({
      projects: [{ organizations: [{ organization_name: 'Acme', organization_slug: 'acme' }] }]
    })
  })
  afterAll(() => authority.close())

  const credentials = () =>
    `Basic ${Buffer.from(`${authority.project_id}:${authority.secret}`).toString('base64')}`

  test('is served to everyone, as it is', async () => {
    const answer = await fetch(new URL('/openapi.json', authority.url))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8'
    ])
    expect(await answer.text()).toBe(read('openapi.json'))
  })

  test('has every operation of the client, with its method and path', () => {
    const described = new Map(operations.map(({ operationId, ...rest }) => [operationId, rest]))
    for (const [name, { method, path }] of listRoutes()) {
      expect(described.get(name)).toMatchObject({ method: method.toLowerCase(), path })
    }
    expect(described.size).toBe(operations.length)
  })

  test.each(operations)(
    'describes $operationId, which the authority answers',
    async (described) => {
      const { path, method, security } = described
      const target = path.replace('{project_id}', authority.project_id).replace(/\{\w+\}/g, 'x')
      const call = async (headers: Record<string, string>) => {
        const answer = await fetch(new URL(target, authority.url), { method, headers })
        return { status: answer.status, body: JSON.parse(await answer.text()) }
      }

      const { status, body } = await call({ authorization: credentials() })
      expect(body.error_type).not.toBe('route_not_found')
      expect(Object.keys(described.responses)).toContain(String(status))

      const names = security.flatMap((alternative) => Object.keys(alternative))
      const anonymous = await call({})
      expect(anonymous.body.error_type === 'invalid_authorization_header').toBe(
        names.includes('project')
      )
      for (const [name, header] of Object.entries(authorizationHeaders)) {
        const answer = await call({ authorization: credentials(), [header]: 'x' })
        const takesIt = answer.body.error_type !== 'session_authorization_error'
        expect([name, names.includes(name)]).toEqual([name, takesIt && names.includes('project')])
      }
    }
  )

  test('describes answers and errors as they are', async () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema(document, 'openapi.json')
    const faultsBy = (pointer: readonly string[], value: unknown) => {
      const path = pointer.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1'))
      const validate = ajv.getSchema(`openapi.json#/${path.map(encodeURIComponent).join('/')}`)
      if (validate === undefined) throw new Error(`There is no ${pointer.join(' ')}.`)
      validate(value)
      return validate.errors ?? []
    }
    const organizations = '/v1/b2b/organizations'
    const post = async (body: object) => {
      const answer = await fetch(new URL(organizations, authority.url), {
        method: 'POST',
        headers: { authorization: credentials(), 'content-type': 'application/json' },
        body: JSON.stringify(body)
      })
      return JSON.parse(await answer.text())
    }
    const inJson = ['content', 'application/json', 'schema']
    const answer = ['paths', organizations, 'post', 'responses', '200', ...inJson]
    const created = await post({ organization_name: 'Globex' })
    expect(faultsBy(answer, created)).toEqual([])
    expect(faultsBy(answer, { ...created, organization: {} })).not.toEqual([])

    const error = ['components', 'responses', 'Error400', ...inJson]
    const refused = await post({ organization_name: '' })
    expect(faultsBy(error, refused)).toEqual([])
    expect(faultsBy(error, { ...refused, error_type: 'unauthorized_credentials' })).not.toEqual([])
  })
})
