import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ParsedUrlQuery } from 'node:querystring'
import type { Environment } from '../crypto/tokens.ts'

/** A request, its answer, and what has shown of it so far. */
export interface HttpCall {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** A parameter that is repeated is an array, which no schema takes. */
  readonly query: ParsedUrlQuery
  /** What the path holds where the route has a parameter, decoded. */
  params: Readonly<Record<string, string>>
  request_id: string
  /** The name of the operation, or the path of an endpoint that has no name. */
  operation: string
}

/** A header that may come once; Node joins what is repeated, or keeps the first. */
export function headerOfCall({ req }: HttpCall, name: string): string | undefined {
  const value = req.headers[name.toLowerCase()]
  return typeof value === 'string' ? value : undefined
}

/** Ends a call. Node leaves the body of an answer to HEAD out by itself. */
export function answerJson({ res }: HttpCall, status: number, body: object): void {
  const text = JSON.stringify(body)
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text)
  })
  res.end(text)
}

export function newRequestId(environment: Environment): string {
  return `request-id-${environment}-${randomUUID()}`
}
