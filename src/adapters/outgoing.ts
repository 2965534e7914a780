import type { LateCookies, Outgoing } from '../core/answer/late-cookies.ts'
import { privateHeaders } from '../core/answer/refusal.ts'
import type { HeaderPair } from '../core/request/cookies.ts'

/** What of Node's `ServerResponse`, also of HTTP/2, headers are added to. */
export interface OutgoingNodeResponse {
  readonly headersSent: boolean
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: number | string | readonly string[]): unknown
  writeHead(statusCode: number, ...rest: never[]): unknown
}

/** What of the web's `Response` headers are added to. */
export interface OutgoingWebResponse {
  readonly headers: Pick<Headers, 'get' | 'set' | 'append' | 'delete' | 'getSetCookie'>
}

/**
 * Adds what a guard, an action or a sign-in decided to a response.
 *
 * Its `headers` are set at once: `Vary` joins what is there, and what the app sets afterwards is the app's. Cookies follow
 * as the headers of the response go out, because only then is it known whether they still hold. A web `Response` goes out
 * when it is returned: add to it last. What it says in `Cache-Control` already is kept.
 *
 * An answer sets no cookie twice (RFC 6265 section 4.1.1): what was decided last is true. Beside a `Cache-Control` that
 * lets a shared cache keep the answer, cookies of a sign-in or sign-out make it private, and others are left out.
 */
export function addHeaders(
  response: OutgoingNodeResponse | OutgoingWebResponse,
  { headers, lateCookies = [] }: Outgoing
): void {
  if (isWeb(response)) {
    const fields = fieldsOfWeb(response)
    for (const [name, value] of headers) {
      if (name !== 'Cache-Control' || fields.get(name) === '') setField(fields, [name, value])
    }
    settleCookies(fields, lateCookies)
  } else if (!response.headersSent) {
    for (const [name, value] of headers) {
      response.setHeader(name, name === 'Vary' ? mergeVary(varyOf(response), value) : value)
    }
    if (lateCookies.length > 0) beforeHeaders(response).cookies.push(...lateCookies)
  }
}

/** Puts our own headers back as an answer goes out that an error made the framework begin anew. */
export function restorePrivateHeaders(response: OutgoingNodeResponse): void {
  beforeHeaders(response).isPrivate = true
}

/** What is to be done as the headers of a response go out. */
interface Waiting {
  readonly cookies: LateCookies[]
  isPrivate: boolean
}

const waiting = new WeakMap<OutgoingNodeResponse, Waiting>()

/** Every way to begin a response of Node calls `writeHead`, also that of HTTP/2. */
function beforeHeaders(response: OutgoingNodeResponse): Waiting {
  const known = waiting.get(response)
  if (known !== undefined) return known
  const added: Waiting = { cookies: [], isPrivate: false }
  waiting.set(response, added)
  const writeHead: unknown = response.writeHead
  response.writeHead = function addAndWriteHead(...given: unknown[]) {
    if (response.headersSent) return Reflect.apply(writeHead as () => unknown, response, given)
    const [statusCode, ...rest] = given
    const reason = typeof rest[0] === 'string' ? [rest[0]] : []
    setGiven(response, rest[1] ?? (reason.length === 0 ? rest[0] : undefined))
    const fields = fieldsOfNode(response)
    if (added.isPrivate) {
      for (const pair of privateHeaders) {
        if (pair[0] === 'Vary' || fields.get(pair[0]) === '') setField(fields, pair)
      }
    }
    settleCookies(fields, added.cookies)
    return Reflect.apply(writeHead as () => unknown, response, [statusCode, ...reason])
  }
  return added
}

/** Headers as `writeHead` takes them: an object, or names and values in turn. They replace what was set before. */
function setGiven(response: OutgoingNodeResponse, given: unknown): void {
  if (given === null || typeof given !== 'object') return
  const list: readonly unknown[] = Array.isArray(given) ? given.flat() : []
  const values = new Map<string, unknown[]>()
  for (let index = 0; index < list.length; index += 2) {
    const name = String(list[index]).toLowerCase()
    values.set(name, [...(values.get(name) ?? []), list[index + 1]])
  }
  const entries: (readonly [string, unknown])[] = Array.isArray(given)
    ? [...values].map(([name, all]) => [name, all.length === 1 ? all[0] : all])
    : Object.entries(given)
  for (const [name, value] of entries) response.setHeader(name, value as string)
}

/** The headers of a response of either kind. */
interface Fields {
  /** `''` where it is absent. */
  get(name: string): string
  set(name: string, value: string): unknown
  cookies(): readonly string[]
  setCookies(cookies: readonly string[]): void
}

function fieldsOfNode(response: OutgoingNodeResponse): Fields {
  return {
    get: (name) => String(response.getHeader(name) ?? ''),
    set: (name, value) => response.setHeader(name, value),
    cookies: () => [response.getHeader('Set-Cookie') ?? []].flat().map(String),
    setCookies: (cookies) => response.setHeader('Set-Cookie', cookies)
  }
}

function fieldsOfWeb({ headers }: OutgoingWebResponse): Fields {
  return {
    get: (name) => headers.get(name) ?? '',
    set: (name, value) => headers.set(name, value),
    cookies: () => headers.getSetCookie(),
    setCookies(cookies) {
      headers.delete('Set-Cookie')
      for (const cookie of cookies) headers.append('Set-Cookie', cookie)
    }
  }
}

function varyOf(response: OutgoingNodeResponse): string {
  return String(response.getHeader('Vary') ?? '')
}

function isWeb(
  response: OutgoingNodeResponse | OutgoingWebResponse
): response is OutgoingWebResponse {
  return 'headers' in response
}

function setField(fields: Fields, [name, value]: HeaderPair): void {
  fields.set(name, name === 'Vary' ? mergeVary(fields.get(name), value) : value)
}

/** A cookie that the app sets by itself stays, unless a sign-in or sign-out says more of it. */
function settleCookies(fields: Fields, lateCookies: readonly LateCookies[]): void {
  if (lateCookies.length === 0) return
  const isShared = mayBeShared(fields.get('Cache-Control'))
  const present = new Map(fields.cookies().map((cookie) => [cookieName(cookie), cookie]))
  const settled = new Map<string, string>()
  for (const { mustArrive, settle } of lateCookies) {
    if (isShared && !mustArrive) continue
    for (const [, cookie] of settle()) {
      const name = cookieName(cookie)
      if (mustArrive || !present.has(name)) settled.set(name, cookie)
    }
  }
  if (settled.size === 0) return
  if (isShared) fields.set('Cache-Control', 'private, no-store')
  const others = fields.cookies().filter((cookie) => !settled.has(cookieName(cookie)))
  fields.setCookies([...others, ...settled.values()])
}

/** RFC 9111 section 3: a shared cache may keep what nothing forbids it to. */
function mayBeShared(cacheControl: string): boolean {
  const says = (pattern: RegExp) => pattern.test(cacheControl)
  return says(/\b(public|s-maxage)\b/i) || !says(/\b(private|no-store|no-cache)\b/i)
}

function cookieName(cookie: string): string {
  return cookie.split('=', 1)[0] ?? ''
}

/** RFC 9110 section 12.5.5: a list of field names, in any case, or `*` for everything. */
function mergeVary(present: string, added: string): string {
  if (present === '') return added
  const names = present.split(',').map((name) => name.trim())
  const known = new Set(names.map((name) => name.toLowerCase()))
  if (known.has('*')) return '*'
  const missing = added.split(', ').filter((name) => !known.has(name.toLowerCase()))
  return [...names, ...missing].join(', ')
}
