import { plainCodeOf } from '../plain-code.ts'
import { withinTime } from '../within-time.ts'

/** Less than clients wait for us, which is 3 seconds by default: so they hear who did not answer. */
const deadlineMs = 2500
const maxJsonBytes = 64 * 1024

/**
 * Another provider did not answer with JSON in time. Nothing of the call is in here: what was sent is a credential, and
 * what came back is personal data.
 */
export class ProviderFailure extends Error {
  /** Why, for operations: `TIMEOUT`, `HTTP_500`, `TOO_LARGE`, `NOT_JSON`, `ECONNREFUSED`, … */
  readonly code: string

  constructor(code: string) {
    super('The other provider did not answer as it should.')
    this.code = code
  }

  override get name(): string {
    return 'ProviderFailure'
  }
}

export interface JsonRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * One GET of JSON: no redirect is followed, 2.5 seconds for all of it, at most 64 KiB.
 *
 * @throws ProviderFailure for everything but a 2xx with JSON
 */
export async function fetchJson(
  fetch: typeof globalThis.fetch,
  { url, headers }: JsonRequest
): Promise<unknown> {
  const text = await fetchText(fetch, {
    url,
    headers: { Accept: 'application/json', ...headers },
    maxBytes: maxJsonBytes
  })
  try {
    return JSON.parse(text)
  } catch {
    throw new ProviderFailure('NOT_JSON')
  }
}

/**
 * One GET of text, under the same bounds but the length.
 *
 * @throws ProviderFailure for everything but a 2xx
 */
export function fetchText(
  fetch: typeof globalThis.fetch,
  { url, headers, maxBytes }: JsonRequest & { readonly maxBytes: number }
): Promise<string> {
  return inTime(async (signal) => {
    const response = await fetch(url, {
      headers: { 'User-Agent': 'membergate', ...headers },
      redirect: 'manual',
      signal
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new ProviderFailure(`HTTP_${response.status}`)
    }
    return readText(response, maxBytes)
  })
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new ProviderFailure('TOO_LARGE')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function inTime<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  try {
    return await withinTime(deadlineMs, work, () => new ProviderFailure('TIMEOUT'))
  } catch (error) {
    throw error instanceof ProviderFailure ? error : new ProviderFailure(plainCodeOf(error))
  }
}
