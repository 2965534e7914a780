import { authorizationHeaders } from '../../../src/wire/authorization.ts'
import { clientIpHeader } from '../../../src/wire/client-ip.ts'
import { operations, type Rejection, type Rule, routeOf } from './rule.ts'

const secured = operations.filter((operation) => !routeOf(operation).isPublic)
const byBackendAlone = operations.filter((operation) => !routeOf(operation).takesAuthorization)
/** A client sends a body with DELETE as well, which says nothing. */
const withBody = operations.filter((operation) =>
  ['POST', 'PUT'].includes(routeOf(operation).method)
)

export const transportRules: readonly Rule[] = [
  ...(
    [
      ['no credentials', '', '401 invalid_authorization_header'],
      ['credentials of another scheme', 'Bearer token', '401 invalid_authorization_header'],
      ['credentials that are not base64', 'Basic !', '401 invalid_authorization_header'],
      ['credentials without a secret', basic('a project'), '401 invalid_authorization_header'],
      [
        'the credentials of a malformed project id',
        basic('project:secret'),
        '400 invalid_project_id_authentication'
      ],
      [
        'the credentials of an unknown project',
        basic('project-test-00000000-0000-4000-8000-000000000000:secret'),
        '401 unauthorized_credentials'
      ]
    ] as readonly (readonly [string, string, Rejection])[]
  ).map(
    ([of, authorization, rejects]): Rule => ({
      of,
      operations: secured,
      rejects,
      broken: ({ request }) => ({ request, headers: { authorization } })
    })
  ),
  {
    of: 'the secret of another project',
    operations: secured,
    rejects: '401 unauthorized_credentials',
    broken: ({ request, fixture }, { otherProject }) => ({
      request,
      headers: { authorization: basic(`${fixture.project_id}:${otherProject.secret}`) }
    })
  },
  {
    of: 'another verb',
    operations,
    rejects: '405 method_not_allowed',
    broken: ({ request }) => ({ request, method: 'PATCH' })
  },
  ...(
    [
      ['a body that is not JSON', '{"organization_id"', '400 invalid_argument'],
      ['a body that is a list', '[]', '400 invalid_argument'],
      ['a body that is text', '"text"', '400 invalid_argument'],
      ['a body that is nothing', 'null', '400 invalid_argument'],
      [
        'a body that is nested too deeply',
        `{"a":${'['.repeat(100)}${']'.repeat(100)}}`,
        '400 invalid_argument'
      ],
      [
        'a body that is too large',
        JSON.stringify({ a: 'x'.repeat(70_000) }),
        '413 request_too_large'
      ]
    ] as readonly (readonly [string, string, Rejection])[]
  ).map(
    ([of, body, rejects]): Rule => ({
      of,
      operations: withBody,
      rejects,
      broken: ({ request }) => ({ request, body })
    })
  ),
  {
    of: 'a body with a NUL character',
    operations: withBody,
    rejects: '400 invalid_argument',
    broken: ({ request }) => ({ request: { ...request, more: 'a\0b' } })
  },
  {
    of: 'a body with half of a surrogate pair',
    operations: withBody,
    rejects: '400 invalid_argument',
    broken: ({ request }) => ({ request: { ...request, more: 'a\ud800' } })
  },
  {
    of: 'a body of another type',
    operations: withBody,
    rejects: '415 unsupported_media_type',
    broken: ({ request }) => ({ request, headers: { 'content-type': 'text/plain' } })
  },
  {
    of: 'an IP address that is none',
    operations: secured,
    rejects: '400 invalid_argument',
    broken: ({ request }) => ({ request, headers: { [clientIpHeader]: '203.0.113.7:443' } })
  },
  ...Object.entries(authorizationHeaders).flatMap(([name, header]): Rule[] => [
    {
      of: `${header}, which it does not take`,
      operations: byBackendAlone,
      rejects: '403 session_authorization_error',
      broken: ({ request }, { elsewhere }) => ({
        request,
        headers: { [header]: String(Reflect.get(elsewhere, name)) }
      })
    },
    {
      of: `an empty ${header}, which it does not take`,
      operations: byBackendAlone,
      rejects: '403 session_authorization_error',
      broken: ({ request }) => ({ request, headers: { [header]: '' } })
    }
  ])
]

export function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}
