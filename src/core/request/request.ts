/**
 * What is read of a request: Node's `IncomingMessage` has it, and so have the requests of Express and Koa.
 * Decisions are remembered per object, so pass the same one for the same request.
 */
export interface AuthRequest {
  readonly method?: string | undefined
  /** Path and query, as received. */
  readonly url?: string | undefined
  /** Lower-case names, as Node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn, as received: only they show a header that was sent twice. */
  readonly rawHeaders: readonly string[]
}

/** The value of a header that is sent once; `undefined` when it is absent. */
export function headerOf(request: AuthRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

/** How often a header was sent. */
export function countHeader(request: AuthRequest, name: string): number {
  let count = 0
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() === name) count += 1
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
