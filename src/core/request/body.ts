import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import type { RefusalReason } from '../../errors/reasons.ts'
import { type AuthRequest, headerOf } from './request.ts'

/** A request whose body may still be to be read: Node's `IncomingMessage`, or a web `Request`. */
export interface BodyRequest extends AuthRequest {
  /** As a body parser left it; the stream of a web `Request`. */
  readonly body?: unknown
  /** Of a web `Request`. */
  readonly bodyUsed?: boolean
  readonly readableEnded?: boolean
  readonly destroyed?: boolean
  on?(event: string, listener: (chunk: Uint8Array) => void): unknown
  removeListener?(event: string, listener: (chunk: Uint8Array) => void): unknown
  resume?(): unknown
}

export type Fields = Readonly<Record<string, unknown>>

const maxBytes = 4096

/**
 * The fields of a JSON object or a form: as a body parser left them, else read here, 4 KB at most.
 *
 * @throws AccessError `request_malformed`
 * @throws ConfigError when the body of a web `Request` was read before
 */
export async function readFields(request: BodyRequest, body: unknown): Promise<Fields> {
  if (isPlainObject(body) && Object.keys(body).length > 0) return body
  // Parsers of Express 4 leave an empty object where the body was not theirs.
  return parseFields(textOf(body) ?? (await readText(request, body)), contentTypeOf(request))
}

/** Whether a browser posted a form, as opposed to a script. */
export function isForm(request: AuthRequest): boolean {
  return contentTypeOf(request) === 'application/x-www-form-urlencoded'
}

export function contentTypeOf(request: AuthRequest): string {
  return headerOf(request, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function parseFields(text: string, type: string): Fields {
  if (text === '') return {}
  if (text.length > maxBytes) throw malformed('body_too_large')
  if (type === 'application/x-www-form-urlencoded') return parseForm(text)
  if (type !== 'application/json') throw malformed('malformed_body')
  const value = parseJson(text)
  if (!isPlainObject(value)) throw malformed('malformed_body')
  return value
}

function parseForm(text: string): Fields {
  const entries = [...new URLSearchParams(text)]
  const fields = Object.fromEntries(entries)
  if (Object.keys(fields).length < entries.length) throw malformed('duplicate_field')
  return fields
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('malformed_body')
  }
}

function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? decode([body]) : undefined
}

function readText(request: BodyRequest, body: unknown): Promise<string> {
  assertUnused(request, body)
  if (isWebStream(body)) return readWebStream(body)
  if (request.on === undefined || request.readableEnded === true) return Promise.resolve('')
  return readNodeStream(request)
}

function assertUnused({ bodyUsed }: BodyRequest, body: unknown): void {
  if (bodyUsed === true || (isWebStream(body) && body.locked)) {
    throw new ConfigError(
      'The body of this request was read before. Hand the request over unread, or read request.clone().'
    )
  }
}

function isWebStream(body: unknown): body is ReadableStream<unknown> {
  return typeof Object(body).getReader === 'function'
}

async function readWebStream(stream: ReadableStream<unknown>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw malformed('body_ended_early')
    })
    if (done) return decode(chunks)
    if (!(value instanceof Uint8Array)) throw malformed('malformed_body')
    size += value.byteLength
    chunks.push(value)
    if (size <= maxBytes) continue
    // The stream may fail as it ends; the answer is the same.
    reader.cancel().catch(() => {})
    throw malformed('body_too_large')
  }
}

/** What is too much is let pass unread, so that the answer still reaches the client that sends it. */
function readNodeStream(request: BodyRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const take = (chunk: Uint8Array) => {
      size += chunk.byteLength
      chunks.push(chunk)
      if (size <= maxBytes) return
      request.removeListener?.('data', take)
      request.resume?.()
      reject(malformed('body_too_large'))
    }
    const fail = () => reject(malformed('body_ended_early'))
    // A client that went away before this has no event left to tell.
    if (request.destroyed === true) fail()
    request.on?.('end', () => resolve(decode(chunks)))
    request.on?.('error', fail)
    request.on?.('close', fail)
    request.on?.('data', take)
  })
}

function decode(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString('utf8')
}

function isPlainObject(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function malformed(reason: RefusalReason): AccessError {
  return new AccessError('request_malformed', { reason })
}
