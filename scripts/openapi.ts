import { readFileSync } from 'node:fs'
import { type JsonSchema, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { oauthErrors } from '../src/authority/oauth-error.ts'
import { operations } from '../src/authority/operations.ts'
import { authorizationHeaders } from '../src/wire/authorization.ts'
import { clientIpHeader } from '../src/wire/client-ip.ts'
import { deviceInfo } from '../src/wire/device.ts'
import { discoveredOrganization } from '../src/wire/discovery.ts'
import { type ErrorType, errorTypes } from '../src/wire/error-types.ts'
import { member } from '../src/wire/member.ts'
import { authenticationFactor, memberSession } from '../src/wire/member-session.ts'
import { oauthClientRoutes } from '../src/wire/oauth-clients.ts'
import { organization } from '../src/wire/organization.ts'
import { orgPolicy, policy } from '../src/wire/rbac.ts'
import type { Route } from '../src/wire/route.ts'
import { listRoutes, type OperationName } from '../src/wire/routes.ts'
import { resultsMetadata } from '../src/wire/search.ts'
import { jwk } from '../src/wire/sessions.ts'
import { mfaRequired, primaryRequired } from '../src/wire/sign-in.ts'
import { converting, type Schema } from './json-schema.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8')
) as { version: string }

/** Objects of the API that several answers hold. */
const definitions = {
  AuthenticationFactor: authenticationFactor,
  DeviceInfo: deviceInfo,
  DiscoveredOrganization: discoveredOrganization,
  JWK: jwk,
  Member: member,
  MemberSession: memberSession,
  MfaRequired: mfaRequired,
  OrgPolicy: orgPolicy,
  Organization: organization,
  Policy: policy,
  PrimaryRequired: primaryRequired,
  ResultsMetadata: resultsMetadata
}

const config = converting(new Map(), {
  target: 'draft-2020-12',
  definitions,
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`
})

/** The authority's API in OpenAPI 3.1: every operation, what connected apps call, and health. */
export function openapi(): object {
  return {
    openapi: '3.1.1',
    info: {
      title: 'membergate authority',
      version,
      description:
        'Members, organizations, sessions and permissions of B2B apps. It answers the Stytch B2B API. Members of a request ' +
        'that are null count as left out, and members that are not known are passed over.',
      license: { name: 'MIT', identifier: 'MIT' }
    },
    servers: [{ url: '/' }],
    paths: groupByPath([...apiEndpoints(), ...oauthEndpoints(), ...ownEndpoints()]),
    components: {
      schemas: {
        ...toJsonSchemaDefs(definitions, config),
        Error: errorSchema,
        OAuthError: oauthErrorSchema
      },
      parameters: {
        ClientIp: {
          name: clientIpHeader,
          in: 'header',
          description: 'The IP address of the person whom the call is made for: limits count it.',
          schema: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }
        }
      },
      responses: errorResponses(),
      securitySchemes
    }
  }
}

interface Described {
  readonly path: string
  readonly method: string
  readonly operation: object
}

function groupByPath(endpoints: readonly Described[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {}
  for (const { path, method, operation } of endpoints) {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation }
  }
  return paths
}

function apiEndpoints(): readonly Described[] {
  return listRoutes().map(([name, route]) => {
    const { path, method } = route
    return { path, method, operation: describeOperation(name, route) }
  })
}

function describeOperation(name: OperationName, route: Route<unknown, unknown>): object {
  const { audit, limits, cacheSeconds } = operations[name]
  const isCacheable = cacheSeconds !== undefined
  const cached = isCacheable ? { headers: { ETag: text, 'Cache-Control': text } } : {}
  const [tag = ''] = name.split('.')
  const remarks = [
    audit === null
      ? 'Leaves no event in the audit.'
      : `Leaves an event of kind ${audit} in the audit.`,
    ...(limits.sends === undefined
      ? []
      : [`501 where the server has no sender for ${limits.sends}.`])
  ]
  return {
    operationId: name,
    tags: [tag],
    description: remarks.join(' '),
    security: securityOf(route),
    ...describeRequest(route, isCacheable),
    responses: {
      200: { ...jsonAnswer('The call succeeded.', schemaOf(route.response)), ...cached },
      ...(isCacheable ? { 304: { description: 'Nothing has changed.', ...cached } } : {}),
      ...Object.fromEntries(
        statusesOf(name, route).map((status) => [
          status,
          { $ref: `#/components/responses/Error${status}` }
        ])
      )
    }
  }
}

function securityOf({ isPublic, takesAuthorization }: Route<unknown, unknown>): readonly object[] {
  if (isPublic) return []
  const project = { project: [] }
  if (!takesAuthorization) return [project]
  return [project, ...Object.keys(authorizationHeaders).map((name) => ({ ...project, [name]: [] }))]
}

const securitySchemes = {
  project: {
    type: 'http',
    scheme: 'basic',
    description: 'The project id and its secret.'
  },
  ...Object.fromEntries(
    Object.entries(authorizationHeaders).map(([name, header]) => [
      name,
      {
        type: 'apiKey',
        in: 'header',
        name: header,
        description:
          'A member session: the call then has the permissions of that member, and no more.'
      }
    ])
  ),
  connectedApp: {
    type: 'http',
    scheme: 'basic',
    description: 'The client id and secret of a connected app, both encoded as in a form.'
  }
}

/** Where the authority reads a request from: the path, then the query of a GET, else a JSON body. */
function describeRequest(
  { method, path, request, isPublic }: Route<unknown, unknown>,
  isCacheable: boolean
): object {
  const entries = Object.entries(entriesOf(request))
  const inPath = ([name]: readonly [string, Schema]) => path.includes(`{${name}}`)
  const rest = entries.filter((entry) => !inPath(entry))
  const parameters = [
    ...entries.filter(inPath).map(([name, schema]) => parameterOf('path', name, schema)),
    ...(method === 'GET' ? rest.map(([name, schema]) => parameterOf('query', name, schema)) : []),
    ...(isPublic ? [] : [{ $ref: '#/components/parameters/ClientIp' }]),
    ...(isCacheable ? [ifNoneMatch] : [])
  ]
  const body = v.object(Object.fromEntries(rest))
  const isBodyNeeded = rest.some(([, schema]) => !isOptional(schema))
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(method === 'GET' || rest.length === 0
      ? {}
      : { requestBody: { required: isBodyNeeded, content: json(schemaOf(body)) } })
  }
}

/** What a cache has of the answer (RFC 9110 section 13.1.2). */
const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of an answer that is at hand: 304 where it is still the same.',
  schema: { type: 'string' }
}

function parameterOf(place: 'path' | 'query', name: string, schema: Schema): object {
  const sent = isOptional(schema) ? Reflect.get(schema, 'wrapped') : schema
  return { name, in: place, required: !isOptional(schema), schema: schemaOf(sent) }
}

function entriesOf(schema: Schema): Readonly<Record<string, Schema>> {
  const entries: unknown = Reflect.get(schema, 'entries')
  if (typeof entries !== 'object' || entries === null) throw new Error('A request is no object.')
  return entries as Record<string, Schema>
}

function isOptional({ type }: Schema): boolean {
  return type === 'nullish' || type === 'optional'
}

/** What may go wrong before an operation decides, and what its rules may answer. */
function statusesOf(name: OperationName, route: Route<unknown, unknown>): readonly number[] {
  if (route.isPublic) return [400, 404, 500, 503]
  const ofBody = route.method === 'GET' ? [] : [413, 415, 429]
  const ofSending = operations[name].limits.sends === undefined ? [] : [501]
  return [400, 401, 403, 404, ...ofBody, 500, ...ofSending, 503]
}

function oauthEndpoints(): readonly Described[] {
  return Object.entries(oauthClientRoutes).flatMap(([name, { paths, form, response }]) =>
    paths.map((path, index) => ({
      path,
      method: 'POST',
      operation: {
        operationId: `oauth2.${name}${index === 0 && paths.length > 1 ? 'ByClient' : ''}`,
        tags: ['oauth2'],
        description: 'Called by connected apps, with their own credentials: Basic, or in the form.',
        security: [{ connectedApp: [] }, {}],
        ...(path.includes('{project_id}')
          ? { parameters: [parameterOf('path', 'project_id', v.string())] }
          : {}),
        requestBody: {
          required: true,
          content: { 'application/x-www-form-urlencoded': { schema: schemaOf(form) } }
        },
        responses: {
          200: jsonAnswer('The call succeeded.', schemaOf(response)),
          400: jsonAnswer('The request is malformed, or its code or token is not valid.', {
            $ref: '#/components/schemas/OAuthError'
          }),
          401: jsonAnswer('The client is unknown.', { $ref: '#/components/schemas/OAuthError' }),
          ...Object.fromEntries(
            [...(path.includes('{project_id}') ? [404] : []), 413, 415, 500, 503].map((status) => [
              status,
              { $ref: `#/components/responses/Error${status}` }
            ])
          )
        }
      }
    }))
  )
}

function ownEndpoints(): readonly Described[] {
  const health = (name: string, description: string, statuses: Record<number, boolean>) => ({
    path: `/health/${name}`,
    method: 'GET',
    operation: {
      operationId: `health.${name}`,
      tags: ['health'],
      description,
      security: [],
      responses: Object.fromEntries(
        Object.entries(statuses).map(([status, value]) => [
          status,
          jsonAnswer(value ? 'Yes.' : 'No.', {
            type: 'object',
            properties: { [name]: { const: value } },
            required: [name]
          })
        ])
      )
    }
  })
  return [
    health('live', 'Whether the process answers.', { 200: true }),
    health('ready', 'Whether it should be sent requests.', { 200: true, 503: false }),
    {
      path: '/openapi.json',
      method: 'GET',
      operation: {
        operationId: 'openapi',
        tags: ['openapi'],
        description: 'This document.',
        security: [],
        responses: { 200: jsonAnswer('This document.', { type: 'object' }) }
      }
    }
  ]
}

const errorSchema = {
  type: 'object',
  properties: {
    status_code: { type: 'integer' },
    request_id: { type: 'string' },
    error_type: { enum: Object.keys(errorTypes) },
    error_message: { type: 'string' },
    error_url: { type: 'string', format: 'uri' }
  },
  required: ['status_code', 'request_id', 'error_type', 'error_message', 'error_url']
}

/** RFC 6749 section 5.2. */
const oauthErrorSchema = {
  type: 'object',
  properties: {
    error: { enum: Object.keys(oauthErrors) },
    error_description: { type: 'string' },
    request_id: { type: 'string' },
    status_code: { type: 'integer' }
  },
  required: ['error', 'error_description', 'request_id', 'status_code']
}

/** One response for each status, with the error types that have it. */
function errorResponses(): Record<string, object> {
  const byStatus = new Map<number, ErrorType[]>()
  for (const [type, { status }] of Object.entries(errorTypes)) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), type as ErrorType])
  }
  const sorted = [...byStatus].filter(([status]) => status in meanings).sort(([a], [b]) => a - b)
  return Object.fromEntries(
    sorted.map(([status, types]) => [
      `Error${status}`,
      {
        ...jsonAnswer(meanings[status] ?? '', {
          allOf: [
            { $ref: '#/components/schemas/Error' },
            { properties: { status_code: { const: status }, error_type: { enum: types } } }
          ]
        }),
        ...(headers[status] === undefined ? {} : { headers: headers[status] })
      }
    ])
  )
}

const meanings: Readonly<Record<number, string>> = {
  400: 'The request is malformed, or a rule of the API is against it.',
  401: 'The credentials, or what the call was to authenticate, are wrong.',
  403: 'The call is not allowed.',
  404: 'What the request names is not there.',
  413: 'The body has more than 64 kB.',
  415: 'The body is not of the media type that the path takes.',
  429: 'Too many attempts, or too many messages.',
  500: 'The server failed.',
  501: 'The server has no sender for what the call would send.',
  503: 'The server cannot answer right now; nothing is known about what became of the call.'
}

const text = { schema: { type: 'string' } }
const headers: Readonly<Record<number, object>> = {
  401: { 'WWW-Authenticate': text },
  429: { 'Retry-After': seconds('When the call may succeed again, where that is known.') },
  503: { 'Retry-After': seconds('When to try again.') }
}

function seconds(description: string): object {
  return { description, schema: { type: 'integer', minimum: 1 } }
}

function schemaOf(schema: Schema): JsonSchema {
  const { $schema, $defs, ...rest } = toJsonSchema(schema, config)
  return rest
}

function json(schema: object): object {
  return { 'application/json': { schema } }
}

function jsonAnswer(description: string, schema: object): object {
  return { description, content: json(schema) }
}
