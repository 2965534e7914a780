import type { ServerResponse } from 'node:http'
import type { Outgoing } from '../core/answer/late-cookies.ts'
import { type Answer, privateHeaders } from '../core/answer/refusal.ts'
import { createInstance } from '../core/instance.ts'
import {
  type Binding,
  bindInstance,
  type Framework,
  type MemberAuthFunctions
} from '../core/member-auth-functions.ts'
import type { MemberAuthOptions } from '../core/options.ts'
import { ConfigError } from '../errors/config-error.ts'
import { toError } from '../errors/thrown-error.ts'
import { addHeaders, type OutgoingNodeResponse, restorePrivateHeaders } from './outgoing.ts'

export { addHeaders }

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse extends OutgoingNodeResponse {
  statusCode: number
  end(body?: string): unknown
  destroy(): unknown
}

/** Sends an answer, or a decision that was not accepted. Of a response that has begun the connection is destroyed. */
export function sendAnswer(
  response: NodeResponse,
  answer: Pick<Answer, 'status' | 'headers' | 'lateCookies' | 'body'>
): void {
  if (destroyBegun(response)) return
  addHeaders(response, answer)
  response.statusCode = answer.status
  response.end(answer.body)
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
export async function setCookies<Result extends Outgoing>(
  response: OutgoingNodeResponse,
  name: string,
  complete: () => Promise<Result>
): Promise<Omit<Result, keyof Outgoing>> {
  const assertNotSent = () => {
    if (!response.headersSent) return
    throw new ConfigError(`${name} sets cookies: await it before the response is sent.`)
  }
  assertNotSent()
  const { headers, lateCookies, ...completed } = await complete()
  assertNotSent()
  addHeaders(response, { headers, lateCookies })
  return completed
}

/**
 * Koa's own answer to an error drops every header. Ours are put back as it goes out: onto this response alone, for the
 * error may be shared with other requests. What the app answers by itself is left alone. Behind Koa's own answer is the
 * process: what the app's functions throw there ends the request alone.
 */
export function keepHeadersOnError(ctx: KoaErrorContext): void {
  if (!Object.hasOwn(ctx, 'onerror')) ctx.onerror = restoreHeaders
}

interface KoaErrorContext {
  readonly res: ServerResponse
  onerror(error: Error): void
}

function restoreHeaders(this: KoaErrorContext, error: Error): void {
  if (error) restorePrivateHeaders(this.res)
  try {
    Reflect.apply(Object.getPrototypeOf(this).onerror, this, [error])
  } catch (thrown) {
    abandon(this.res, thrown)
  }
}

/** Adds what of an answer also belongs to the one that is given in its place. */
export function prepareHandOver(response: NodeResponse, { lateCookies }: Answer): void {
  destroyBegun(response)
  addHeaders(response, { headers: privateHeaders, lateCookies })
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
