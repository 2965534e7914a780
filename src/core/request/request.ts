/**
 * What is read of a request: Node's `IncomingMessage` has it, and so have the requests of Express and Koa and a web
 * `Request`. Decisions are remembered per object, so pass the same one for the same request.
 */
export interface AuthRequest {
  readonly method?: string | undefined
  /** Path and query, as received; of a web `Request` the absolute URL. */
  readonly url?: string | undefined
  readonly headers: HeaderRecord | HeaderLookup
  /** Names and values in turn, as received: only they show a header that was sent twice. */
  readonly rawHeaders?: readonly string[] | undefined
}

/** Lower-case names, as Node gives them. */
export type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>

/** The web's `Headers`. */
export interface HeaderLookup {
  get(name: string): string | null
}

/** The value of a header that is sent once; `undefined` when it is absent. */
export function headerOf({ headers }: AuthRequest, name: string): string | undefined {
  if (isLookup(headers)) return headers.get(name) ?? undefined
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

/** Every value of a header, also where Node keeps the first alone. Commas part what was joined: no value of ours holds one. */
export function everyValueOf(request: AuthRequest, name: string): readonly string[] {
  const { rawHeaders = [] } = request
  const raw = rawHeaders.filter(
    (_, index) => rawHeaders[index - 1]?.toLowerCase() === name && index % 2 === 1
  )
  const values = raw.length === 0 ? [headerOf(request, name) ?? ''] : raw
  return values.flatMap((value) => value.split(',')).map((value) => value.trim())
}

/** No header of a record is a function, whatever a client names it. */
function isLookup(headers: AuthRequest['headers']): headers is HeaderLookup {
  return typeof headers.get === 'function'
}

/**
 * Path and query as the browser sees them. Of a web `Request` they are cut from its absolute URL: the host in it is what
 * the client says, and plays no part.
 */
export function targetOf({ url = '/', headers }: AuthRequest): string {
  if (!isLookup(headers)) return url
  const [, target = url] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^#]*)/i.exec(url) ?? []
  return target.startsWith('/') ? target : `/${target}`
}

/**
 * Whether a header may have been sent more than once. `rawHeaders` tells; where they do not have it, what was sent twice
 * is joined by a comma (RFC 9110 section 5.3), and `isJoined` says what such a value looks like.
 */
export function isSentTwice(request: AuthRequest, name: string, isJoined: RegExp): boolean {
  const count = countHeader(request, name)
  return count === 0 ? isJoined.test(headerOf(request, name) ?? '') : count > 1
}

function countHeader({ rawHeaders = [] }: AuthRequest, name: string): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) count += 1
  }
  return count
}

/**
 * Changes nothing (RFC 9110 section 9.2.1), and opens nothing: a WebSocket handshake is a GET, which pages of every site can
 * make a browser send (RFC 6455 section 10.2).
 */
export function isSafe(request: AuthRequest): boolean {
  const { method } = request
  const isSafeMethod = method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
  return isSafeMethod && !/\bwebsocket\b/i.test(headerOf(request, 'upgrade') ?? '')
}
