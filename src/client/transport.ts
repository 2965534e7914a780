import { isIP } from 'node:net'
import * as v from 'valibot'
import { ApiError } from '../errors/api-error.ts'
import { ConfigError } from '../errors/config-error.ts'
import { PrivateCause, privateCause } from '../errors/private-cause.ts'
import { UnavailableError } from '../errors/unavailable-error.ts'
import { type Authorization, authorizationHeaders } from '../wire/authorization.ts'
import { clientIpHeader } from '../wire/client-ip.ts'
import { isPathWord } from '../wire/path-words.ts'
import type { RequestOptions, Route } from '../wire/route.ts'
import { envelope } from '../wire/schema.ts'
import type { Connection } from './connection.ts'
import { withDeadline } from './deadline.ts'

export type Transport = (
  route: Route<unknown, unknown>,
  data: unknown,
  options?: RequestOptions
) => Promise<unknown>

const maxAnswerBytes = 1024 * 1024
const maxMessageLength = 500
const anyAnswer = v.looseObject(envelope)

/**
 * One call of the API: one `fetch`, no retry, no redirect followed, one deadline over connect, headers and body.
 *
 * Resolves to the checked answer of a 2xx. Rejects with `ApiError` for every other status, with `UnavailableError` when
 * the API cannot be reached in time or answers a 2xx that cannot be read. No error holds what was sent.
 */
export function createTransport(connection: Connection): Transport {
  return async function call(route, data, options) {
    const { url, init } = buildRequest(connection, route, data, options)
    const { status, body } = await withDeadline(connection.timeoutMs, async (signal) => {
      const response = await reach(() => connection.fetch(url, { ...init, signal }))
      return { status: response.status, body: await reach(() => readBody(response)) }
    })
    if (status < 200 || status > 299) throw readApiError(status, body)
    const answer = v.safeParse(route.guarded ?? anyAnswer, parseJson(body))
    if (!answer.success) throw unreadable('The answer does not have the shape of this call.')
    return answer.output
  }
}

function buildRequest(
  connection: Connection,
  route: Route<unknown, unknown>,
  data: unknown = {},
  options: RequestOptions = {}
) {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new ConfigError('The first argument of a call must be an object.')
  }
  const rest: Record<string, unknown> = { ...data }
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    return pathSegment(name, value)
  })
  const url = new URL(path, connection.url)
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'User-Agent': 'membergate',
    ...readAuthorization(route, options.authorization)
  }
  if (!route.isPublic) {
    headers.Authorization = connection.authorization
    if (options.clientIp !== undefined) headers[clientIpHeader] = readClientIp(options.clientIp)
  }

  const init: RequestInit = { method: route.method, headers, redirect: 'manual' }
  if (route.method === 'GET') {
    for (const [name, value] of Object.entries(rest)) {
      if (value !== undefined) url.searchParams.append(name, String(value))
    }
  } else {
    init.body = JSON.stringify(rest)
  }
  return { url, init }
}

/**
 * A value that stays one segment of the path, whatever it is. Text that no path can hold, or that would make it the path of
 * another operation, is rejected as the API would reject it: it may well come from the URL of a request.
 */
function pathSegment(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new ConfigError(`${name} must be a string.`)
  const isNoSegment = value === '' || value === '.' || value === '..' || !isWellFormed(value)
  if (isNoSegment || isPathWord(name, value)) {
    throw new ApiError({
      status_code: 400,
      error_type: 'invalid_argument',
      error_message: `${name} cannot be part of a path.`,
      request_id: '',
      error_url: ''
    })
  }
  return encodeURIComponent(value)
}

/** Whether text has no lone surrogate; those have no form in UTF-8. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

function readAuthorization(
  route: Route<unknown, unknown>,
  authorization: Authorization | undefined
): Record<string, string> {
  if (authorization === undefined) return {}
  if (!route.takesAuthorization) throw new ConfigError('This call takes no authorization.')
  const headers: Record<string, string> = {}
  for (const name of ['session_token', 'session_jwt'] as const) {
    const token = authorization[name]
    if (token === undefined) continue
    if (typeof token !== 'string' || !/^[A-Za-z0-9_.-]{1,16384}$/.test(token)) {
      throw new ConfigError(`authorization.${name} does not have the form of a token.`)
    }
    headers[authorizationHeaders[name]] = token
  }
  if (Object.keys(headers).length === 0) {
    throw new ConfigError('authorization must hold a session_token or a session_jwt.')
  }
  return headers
}

function readClientIp(clientIp: unknown): string {
  if (typeof clientIp === 'string' && isIP(clientIp) !== 0) return clientIp
  throw new ConfigError('clientIp must be an IP address, without a port.')
}

/** Turns what fetch throws, which may quote the request, into an error that quotes nothing. */
async function reach<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    throw new UnavailableError('authority_unavailable', {
      reason: 'authority_unreachable',
      cause: privateCause(error)
    })
  }
}

function unreadable(sentence: string): UnavailableError {
  return new UnavailableError('authority_unavailable', {
    reason: 'unreadable_answer',
    cause: new PrivateCause(sentence)
  })
}

async function readBody(response: Response): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > maxAnswerBytes) throw unreadable('The answer is larger than 1 MiB.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value))
  } catch {
    return undefined
  }
}

function readApiError(status: number, body: string): ApiError {
  const answer = parseJson(body)
  const read = (name: string, fallback: string): string => {
    const value = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : null
    return typeof value === 'string' ? value.slice(0, maxMessageLength) : fallback
  }
  const isRedirect = status >= 300 && status <= 399
  return new ApiError({
    status_code: status,
    error_type: read('error_type', isRedirect ? 'unexpected_redirect' : 'unreadable_answer'),
    error_message: read('error_message', 'The API gave no reason that could be read.'),
    request_id: read('request_id', ''),
    error_url: read('error_url', '')
  })
}
