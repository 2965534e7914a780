import { ConfigError } from '../errors/config-error.ts'

export interface ConnectionOptions {
  /** The project, `project-test-…` or `project-live-…`. */
  readonly project_id: string
  /** The project's secret. It leaves this process only in the `Authorization` header. */
  readonly secret: string
  /** Origin of the API. Default: `https://api.stytch.com/` for a live project, else `https://test.stytch.com/`. */
  readonly url?: string
  /** Milliseconds for a whole call: connect, headers and body. Default 3000. */
  readonly timeoutMs?: number
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
  /** Allows `http://` to another machine: credentials then travel in the clear. */
  readonly dangerouslyAllowHttp?: boolean
}

/** Where the API is and who we are to it: every default filled in, every value checked. */
export interface Connection {
  readonly project_id: string
  readonly secret: string
  /** Origin with a last slash. */
  readonly url: string
  readonly timeoutMs: number
  readonly fetch: typeof globalThis.fetch
  readonly authorization: string
}

const defaultTimeoutMs = 3000
const maxTimeoutMs = 600_000
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

export function readConnection(options: ConnectionOptions): Connection {
  const project_id = readCredential(options.project_id, 'project_id')
  const secret = readCredential(options.secret, 'secret')
  const { timeoutMs = defaultTimeoutMs, fetch = globalThis.fetch } = options
  if (typeof fetch !== 'function') throw new ConfigError('fetch must be a function.')
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > maxTimeoutMs) {
    throw new ConfigError(`timeoutMs must be an integer from 1 to ${maxTimeoutMs}.`)
  }
  return Object.freeze({
    project_id,
    secret,
    url: readUrl(options.url ?? defaultUrl(project_id), options.dangerouslyAllowHttp === true),
    timeoutMs,
    fetch,
    authorization: `Basic ${Buffer.from(`${project_id}:${secret}`).toString('base64')}`
  })
}

/** Whether a URL speaks plain HTTP to this very machine, where no other machine can listen. */
export function isLoopbackHttp(url: URL): boolean {
  return url.protocol === 'http:' && loopbackHosts.has(url.hostname)
}

function defaultUrl(project_id: string): string {
  return project_id.startsWith('project-live-')
    ? 'https://api.stytch.com/'
    : 'https://test.stytch.com/'
}

/** Basic credentials are printable ASCII; a colon would end the project id early (RFC 7617 section 2). */
function readCredential(value: unknown, name: 'project_id' | 'secret'): string {
  if (typeof value !== 'string' || value === '') {
    throw new ConfigError(
      `${name} is missing. Set it, or the variable STYTCH_${name.toUpperCase()}.`
    )
  }
  if (!/^[\x21-\x7e]+$/.test(value) || (name === 'project_id' && value.includes(':'))) {
    throw new ConfigError(`${name} holds characters that no credential has: a space or a line end?`)
  }
  return value
}

function readUrl(text: string, mayBeHttp: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    throw new ConfigError('url must be an absolute https URL.')
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError('url must not hold credentials. Pass project_id and secret.')
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new ConfigError('url must be an origin, without path, query or fragment.')
  }
  if (url.protocol === 'http:' && !isLoopbackHttp(url) && !mayBeHttp) {
    throw new ConfigError(
      'url must be https, except on loopback. dangerouslyAllowHttp: true allows it all the same.'
    )
  }
  return url.href
}
