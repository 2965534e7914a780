import { once } from 'node:events'
import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse
} from 'node:http'
import type { AddressInfo } from 'node:net'

interface Stored {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** What of its request an answer varies by. */
  readonly vary: readonly (readonly [name: string, value: unknown])[]
}

export interface SharedCache {
  readonly url: string
  close(): void
}

/**
 * A cache before an app that many share, as greedy as RFC 9111 lets one be: it keeps every answer to a GET that nothing
 * forbids it to, with cookies and all, and never finds one too old.
 */
export async function openSharedCache(url: string): Promise<SharedCache> {
  const kept = new Map<string, Stored[]>()
  const server = http.createServer((req, res) => {
    answer(req, res).catch((error) => res.destroy(error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close()
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const key = `${req.method} ${req.url}`
    const known = kept.get(key)?.find(({ vary }) => isFor(req.headers, vary))
    const stored = known ?? (await forward(req))
    if (known === undefined && mayKeep(req, stored)) {
      kept.set(key, [...(kept.get(key) ?? []), stored])
    }
    res.writeHead(stored.status, [...stored.rawHeaders, 'X-Cache', known ? 'hit' : 'miss'])
    res.end(stored.body)
  }

  async function forward(req: IncomingMessage): Promise<Stored> {
    const { method, headers } = req
    const sent = http.request(new URL(url), { method, headers, path: req.url, agent: false })
    req.pipe(sent)
    const [got] = (await once(sent, 'response')) as [IncomingMessage]
    const body = Buffer.concat(await got.toArray())
    const vary = listOf(got.headers.vary).map((name) => [name, req.headers[name]] as const)
    return { status: got.statusCode ?? 0, rawHeaders: got.rawHeaders, body, vary }
  }
}

/** RFC 9111 section 4.1: an answer that varies by everything is nobody else's. */
function isFor(headers: IncomingHttpHeaders, vary: Stored['vary']): boolean {
  return vary.every(([name, value]) => name !== '*' && headers[name] === value)
}

/** RFC 9111 section 3. */
function mayKeep({ method, headers }: IncomingMessage, { rawHeaders }: Stored): boolean {
  const at = rawHeaders.findIndex((name) => name.toLowerCase() === 'cache-control')
  const directives = at === -1 ? [] : listOf(rawHeaders[at + 1])
  const allows = (...names: string[]) => names.some((name) => directives.includes(name))
  if (method !== 'GET' || allows('no-store', 'private', 'no-cache')) return false
  return headers.authorization === undefined || allows('public', 'must-revalidate')
}

function listOf(value: string | undefined): string[] {
  return (value ?? '')
    .toLowerCase()
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
