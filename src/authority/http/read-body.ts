import type { IncomingMessage } from 'node:http'
import { type ParsedUrlQuery, parse } from 'node:querystring'
import { OperationError } from '../domain/operation-error.ts'

const maxBytes = 65_536

/** The parsed JSON of a body, in UTF-8 or nothing; `{}` where there is none. */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const { 'content-type': type = '', 'content-length': length } = req.headers
  const isJson = /^application\/json *(; *charset="?utf-8"? *)?$/i.test(type)
  if (!hasBody(req) || (!isJson && length === '0')) return {}
  if (!isJson) throw new OperationError('unsupported_media_type')
  const body = await readBody(req)
  if (typeof body !== 'string') return body
  if (body === '') return {}
  try {
    return JSON.parse(body)
  } catch {
    throw new OperationError('invalid_argument', 'The request body must be a JSON object.')
  }
}

/** The parameters of a form in UTF-8; one that is repeated is an array. `undefined`: the body is something else. */
export async function readForm(req: IncomingMessage): Promise<ParsedUrlQuery | undefined> {
  const { 'content-type': type = '' } = req.headers
  if (!hasBody(req)) return {}
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) return undefined
  if (!/^[^;]*(; *charset="?utf-8"? *)?$/i.test(type)) {
    throw new OperationError('unsupported_media_type')
  }
  const body = await readBody(req)
  return typeof body === 'string' ? parse(body) : (body as ParsedUrlQuery)
}

/** A message has a body when it says how long that is, or that it comes in chunks (RFC 9112 section 6.3). */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined
}

/**
 * The text of a body. Where the app is mounted behind a parser that has read the stream already, what it left in `req.body`
 * stands for it, parsed or not, and how much that may be is the parser's to say. Of a stream that nothing has read
 * `req.body` says nothing: parsers leave an empty object there for bodies that they pass over.
 */
async function readBody(req: IncomingMessage): Promise<unknown> {
  const encoding = req.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw new OperationError('unsupported_media_type')
  if (!req.readableDidRead) return decode(await readBytes(req))
  const parsed: unknown = Reflect.get(req, 'body')
  if (parsed === undefined) throw new Error('The body was read before, and req.body is not set.')
  return Buffer.isBuffer(parsed) ? decode(parsed) : parsed
}

function decode(bytes: Buffer): string {
  return new TextDecoder().decode(bytes)
}

/** What comes after too much is not kept: Node reads it off once the answer is out. */
function readBytes(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const declared = Number(req.headers['content-length'])
    if (declared > maxBytes) throw new OperationError('request_too_large')
    if (req.readableEnded) resolve(Buffer.alloc(0))
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', function keep(chunk: Buffer) {
      chunks.push(chunk)
      size += chunk.length
      if (size <= maxBytes) return
      req.off('data', keep)
      reject(new OperationError('request_too_large'))
    })
    req.once('end', () => resolve(Buffer.concat(chunks)))
    // The client went away, maybe before this: there is no answer to give, and nothing of ours failed.
    const fail = () => reject(new OperationError('invalid_argument'))
    if (req.destroyed) fail()
    req.once('error', fail)
    req.once('close', fail)
  })
}
