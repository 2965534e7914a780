import type { HeaderPair } from '../core/request/cookies.ts'
import { ConfigError } from '../errors/config-error.ts'

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  readonly headersSent: boolean
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: string | readonly string[]): unknown
  appendHeader(name: string, value: string): unknown
}

/** Puts our headers beside those that are there: `Set-Cookie` and `Vary` are added to, the rest is set. */
export function addHeaders(response: NodeResponse, headers: readonly HeaderPair[]): void {
  if (response.headersSent) return
  for (const [name, value] of headers) {
    if (name === 'Set-Cookie') response.appendHeader(name, value)
    else if (name === 'Vary') response.setHeader(name, mergeVary(response.getHeader(name), value))
    else response.setHeader(name, value)
  }
}

/**
 * Sets what a sign-in decided. Where the response is on its way already, no cookie can follow, and nobody would be signed
 * in: that is the app's mistake, whether it was sent before or meanwhile.
 *
 * @throws ConfigError
 */
export async function setCookies<Result>(
  response: NodeResponse,
  name: string,
  decide: () => Promise<Result & { readonly headers: readonly HeaderPair[] }>
): Promise<Omit<Result, 'headers'>> {
  const refuseTooLate = () => {
    if (!response.headersSent) return
    throw new ConfigError(`${name} sets cookies: await it before the response is sent.`)
  }
  refuseTooLate()
  const { headers, ...completed } = await decide()
  refuseTooLate()
  addHeaders(response, headers)
  return completed
}

/** The same, where some of them may be there already; what the app has set since is kept. */
export function addMissingHeaders(response: NodeResponse, headers: readonly HeaderPair[]): void {
  const cookies = [response.getHeader('Set-Cookie') ?? []].flat().map(cookieName)
  const isMissing = ([name, value]: HeaderPair) =>
    name === 'Set-Cookie'
      ? !cookies.includes(cookieName(value))
      : name === 'Vary' || response.getHeader(name) === undefined
  addHeaders(response, headers.filter(isMissing))
}

function cookieName(cookie: unknown): string {
  return String(cookie).split('=', 1)[0] ?? ''
}

/** RFC 9110 section 12.5.5: a list of field names, in any case, or `*` for everything. */
function mergeVary(
  present: number | string | readonly string[] | undefined,
  added: string
): string {
  if (present === undefined) return added
  const names = String(present)
    .split(',')
    .map((name) => name.trim())
  const known = new Set(names.map((name) => name.toLowerCase()))
  if (known.has('*')) return '*'
  const missing = added.split(', ').filter((name) => !known.has(name.toLowerCase()))
  return [...names, ...missing].join(', ')
}

const notOfTheBody = new Set(['Cache-Control', 'Vary', 'Set-Cookie'])

/** What of a refusal's headers also belongs to an answer that the app gives in its place. */
export function headersBesideBody(headers: readonly HeaderPair[]): readonly HeaderPair[] {
  return headers.filter(([name]) => notOfTheBody.has(name))
}

/**
 * Whether a refusal is no error to the browser: a redirect to a page of the app, or the end of a preflight. Such an answer
 * is sent also where errors go to the framework. A function that takes over gets redirects too.
 */
export function isNoError({ status }: { readonly status: number }, onRefusal: unknown): boolean {
  return status === 204 || (status === 303 && onRefusal === 'next')
}
