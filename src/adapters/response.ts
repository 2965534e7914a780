import type { ServerResponse } from 'node:http'
import type { Answer } from '../core/answer/refusal.ts'
import { createInstance } from '../core/instance.ts'
import {
  type Binding,
  bindInstance,
  type Framework,
  type MemberAuthFunctions
} from '../core/member-auth-functions.ts'
import type { MemberAuthOptions } from '../core/options.ts'
import type { HeaderPair } from '../core/request/cookies.ts'
import { ConfigError } from '../errors/config-error.ts'
import { toError } from '../errors/thrown-error.ts'

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  statusCode: number
  readonly headersSent: boolean
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: string | readonly string[]): unknown
  end(body?: string): unknown
  destroy(): unknown
}

/**
 * Adds headers of a decision to a response: `Set-Cookie` and `Vary` join those that are there, the rest is set. A cookie
 * replaces one of its name, for an answer has one at most (RFC 6265 section 4.1.1): what was decided last is true.
 */
export function addHeaders(
  response: Omit<NodeResponse, 'statusCode' | 'end' | 'destroy'>,
  headers: readonly HeaderPair[]
): void {
  if (response.headersSent) return
  for (const [name, value] of headers) {
    if (name === 'Set-Cookie') setCookie(response, value)
    else if (name === 'Vary') response.setHeader(name, mergeVary(response.getHeader(name), value))
    else response.setHeader(name, value)
  }
}

function setCookie(response: Pick<NodeResponse, 'getHeader' | 'setHeader'>, cookie: string): void {
  const others = cookiesOf(response).filter((other) => cookieName(other) !== cookieName(cookie))
  response.setHeader('Set-Cookie', [...others, cookie])
}

function cookiesOf(response: Pick<NodeResponse, 'getHeader'>): readonly string[] {
  return [response.getHeader('Set-Cookie') ?? []].flat().map(String)
}

/** Sends an answer, or a decision that was not accepted. Of a response that has begun the connection is destroyed. */
export function sendAnswer(
  response: NodeResponse,
  { status, headers, body }: Pick<Answer, 'status' | 'headers' | 'body'>
): void {
  if (destroyBegun(response)) return
  addHeaders(response, headers)
  response.statusCode = status
  response.end(body)
}

/** Where it is too late for an answer, what was begun must not look complete. */
export function destroyBegun(response: Pick<NodeResponse, 'headersSent' | 'destroy'>): boolean {
  if (response.headersSent) response.destroy()
  return response.headersSent
}

/**
 * Ends a request that nothing can answer any more: a function of the app, such as a hook on the response, threw while an
 * error was answered. Thrown on, it would end the process.
 */
export function abandon(response: Pick<NodeResponse, 'destroy'>, thrown: unknown): void {
  response.destroy()
  process.emitWarning(
    `A response could not be written, and its connection was closed: ${toError(thrown).name}. Look for what the app puts on its responses, such as hooks on their headers.`,
    { type: 'MembergateWarning', code: 'MEMBERGATE_NOT_ANSWERED' }
  )
}

/**
 * Sets what a sign-in decided. Where the response has begun, no cookie can follow, and the member would not be signed in:
 * that is the app's mistake, whether it was sent before or meanwhile.
 *
 * @throws ConfigError
 */
export async function setCookies<Result>(
  response: Parameters<typeof addHeaders>[0],
  name: string,
  decide: () => Promise<Result & { readonly headers: readonly HeaderPair[] }>
): Promise<Omit<Result, 'headers'>> {
  const assertNotSent = () => {
    if (!response.headersSent) return
    throw new ConfigError(`${name} sets cookies: await it before the response is sent.`)
  }
  assertNotSent()
  const { headers, ...completed } = await decide()
  assertNotSent()
  addHeaders(response, headers)
  return completed
}

/** The same as `addHeaders`, where some of them may be there already; what the app has set since is kept. */
export function addMissingHeaders(
  response: Parameters<typeof addHeaders>[0],
  headers: readonly HeaderPair[]
): void {
  const cookies = cookiesOf(response).map(cookieName)
  const isMissing = ([name, value]: HeaderPair) =>
    name === 'Set-Cookie'
      ? !cookies.includes(cookieName(value))
      : name === 'Vary' || response.getHeader(name) === undefined
  addHeaders(response, headers.filter(isMissing))
}

/**
 * Koa's own answer to an error drops every header. Ours are put back as it goes out: onto this response alone, for the
 * error may be shared with other requests. What the app answers by itself is left alone. Behind Koa's own answer is the
 * process: what the app's functions throw there ends the request alone.
 */
export function restoreHeadersOnError(
  ctx: { readonly res: ServerResponse; onerror(error: Error): void },
  headers: readonly HeaderPair[]
): void {
  if (headers.length === 0) return
  const { onerror, res } = ctx
  ctx.onerror = function restoreHeaders(error) {
    if (error) {
      const writeHead = res.writeHead
      res.writeHead = function addHeadersAndWriteHead(...rest: never[]) {
        res.writeHead = writeHead
        addMissingHeaders(res, headers)
        return Reflect.apply(writeHead, res, rest)
      } as ServerResponse['writeHead']
    }
    try {
      Reflect.apply(onerror, ctx, [error])
    } catch (thrown) {
      abandon(res, thrown)
    }
  }
}

function cookieName(cookie: string): string {
  return cookie.split('=', 1)[0] ?? ''
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

/** Sets those headers of an answer that also belong to the one that is given in its place. */
export function prepareHandOver(response: NodeResponse, answer: Answer): void {
  destroyBegun(response)
  addHeaders(response, headersBesideBody(answer))
}

/** Those headers of an answer that belong to any answer in its place. */
export function headersBesideBody({ headers }: Pick<Answer, 'headers'>): readonly HeaderPair[] {
  return headers.filter(([name]) => notOfTheBody.has(name))
}

export interface AdapterOptions<OnRefusal, Source> extends MemberAuthOptions<Source> {
  /** Default `respond`. */
  readonly onRefusal?: OnRefusal
}

/** What every framework does with its options: `onRefusal` is its own, the rest is core's. */
export function bindOptions<B extends Binding, OnRefusal>(
  { onRefusal, ...options }: AdapterOptions<OnRefusal | 'respond', unknown>,
  framework: (onRefusal: OnRefusal | 'respond') => Framework<B>
): MemberAuthFunctions<B> {
  const chosen = onRefusal ?? 'respond'
  if (chosen !== 'respond' && chosen !== 'next' && typeof chosen !== 'function') {
    throw new ConfigError("onRefusal must be 'respond', 'next' or a function.")
  }
  return bindInstance(createInstance(options), framework(chosen))
}

/**
 * The error that is handed over in place of an answer; `undefined` where the answer is sent. A redirect to a page of the
 * app and the end of a preflight are no errors to a browser: they are sent also where errors go to the framework. A
 * function that takes over gets redirects too.
 */
export function errorToHandOver(
  { error, status }: Answer,
  onRefusal: unknown
): Answer['error'] | undefined {
  const isAnswered =
    onRefusal === 'respond' || status === 204 || (status === 303 && onRefusal === 'next')
  return isAnswered ? undefined : error
}
