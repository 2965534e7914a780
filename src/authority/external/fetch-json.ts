/** Less than clients wait for us, which is 3 seconds by default: so they hear who did not answer. */
const deadlineMs = 2500
const maxBytes = 64 * 1024

/**
 * Another provider did not answer with JSON in time. Nothing of the call is in here: what was sent is a credential, and
 * what came back is somebody's data.
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
  const text = await withDeadline(async (signal) => {
    const response = await fetch(url, {
      headers: { Accept: 'application/json', 'User-Agent': 'membergate', ...headers },
      redirect: 'manual',
      signal
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new ProviderFailure(`HTTP_${response.status}`)
    }
    return readText(response)
  })
  try {
    return JSON.parse(text)
  } catch {
    throw new ProviderFailure('NOT_JSON')
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new ProviderFailure('TOO_LARGE')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The caller hears in time also when `work` does not listen to its signal. */
async function withDeadline<Result>(
  work: (signal: AbortSignal) => Promise<Result>
): Promise<Result> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ProviderFailure('TIMEOUT'))
      controller.abort()
    }, deadlineMs)
  })
  try {
    return await Promise.race([work(controller.signal), late])
  } catch (error) {
    throw error instanceof ProviderFailure ? error : new ProviderFailure(codeOf(error))
  } finally {
    clearTimeout(timer)
  }
}

/** Capitals only: no credential looks like that. */
function codeOf(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    const code: unknown = Reflect.get(current, 'code')
    if (typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code)) return code
  }
  return 'FAILED'
}
