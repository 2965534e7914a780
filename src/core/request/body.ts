import { AccessError } from '../../errors/access-error.ts'
import type { RefusalReason } from '../../errors/reasons.ts'
import { type AuthRequest, headerOf } from './request.ts'

/** A request whose body may still be to be read: Node's `IncomingMessage`. */
export interface BodyRequest extends AuthRequest {
  readonly readableEnded?: boolean
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
 */
export async function readFields(request: BodyRequest, parsed: unknown): Promise<Fields> {
  if (isPlainObject(parsed) && Object.keys(parsed).length > 0) return parsed
  // Parsers of Express 4 leave an empty object where the body was not theirs.
  return parseFields(textOf(parsed) ?? (await readText(request)), contentTypeOf(request))
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

function textOf(parsed: unknown): string | undefined {
  if (typeof parsed === 'string') return parsed
  return parsed instanceof Uint8Array ? Buffer.from(parsed).toString('utf8') : undefined
}

/** What is too much is let pass unread, so that the answer still reaches the one who sends it. */
function readText(request: BodyRequest): Promise<string> {
  if (request.on === undefined || request.readableEnded === true) return Promise.resolve('')
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
    request.on?.('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on?.('error', fail)
    request.on?.('close', fail)
    request.on?.('data', take)
  })
}

function isPlainObject(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function malformed(reason: RefusalReason): AccessError {
  return new AccessError('request_malformed', { reason })
}
