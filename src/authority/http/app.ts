import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { parse } from 'node:querystring'
import { errorBody, errorTypes } from '../../wire/error-types.ts'
import { KeyUnavailable } from '../crypto/at-rest.ts'
import { RatingUnavailable } from '../crypto/password-strength.ts'
import { isOverloaded } from '../crypto/passwords.ts'
import { DeliveryUnavailable } from '../delivery/deliver.ts'
import { LimitReached, OperationError } from '../domain/operation-error.ts'
import { ProviderFailure } from '../external/fetch-json.ts'
import { DatabaseUnavailable } from '../store/engine.ts'
import { AuditUnavailable } from './audited.ts'
import { basicChallenge } from './basic-credentials.ts'
import { createContexts, type Shared } from './contexts.ts'
import { healthEndpoints } from './health.ts'
import { answerJson, type HttpCall, newRequestId } from './http-call.ts'
import { oauthClientEndpoints } from './oauth-clients.ts'
import { openapiEndpoint } from './openapi.ts'
import { operationEndpoints } from './operations.ts'
import { reportError } from './report-error.ts'
import { createFinder } from './router.ts'

/** The HTTP side: finds the operation, checks who calls and with what, and puts every answer into its envelope. */
export function createApp(shared: Shared): RequestListener {
  const { store, now, isClosing = () => false } = shared
  const contextOf = createContexts(shared)
  const find = createFinder([
    ...healthEndpoints({ isClosing, ping: store.ping }),
    openapiEndpoint(),
    ...operationEndpoints(shared, contextOf),
    ...oauthClientEndpoints({ store, contextOf })
  ])
  return async function answerRequest(req, res) {
    const { path, query } = partsOf(req)
    const request_id = newRequestId('test')
    const call: HttpCall = { req, res, query, params: {}, request_id, operation: 'none' }
    try {
      startAnswer(res, isClosing())
      const { endpoint, params } = find(req.method ?? '', path)
      call.params = params
      call.operation = endpoint.name
      await endpoint.answer(call)
    } catch (error) {
      answerError(call, error, now())
    }
  }
}

/** Throws where something in front of the app has begun the response. */
function startAnswer(res: ServerResponse, isClosing: boolean): void {
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('X-Content-Type-Options', 'nosniff')
  // A connection that is kept would bring new requests for as long as its client likes.
  if (isClosing) res.setHeader('Connection', 'close')
}

/** A target may also be a whole URL (RFC 9112 section 3.2.2). */
function partsOf({
  url = ''
}: IncomingMessage): Pick<HttpCall, 'query'> & { readonly path: string } {
  const target = url.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = target.indexOf('?')
  if (mark === -1) return { path: target, query: {} }
  return { path: target.slice(0, mark), query: parse(target.slice(mark + 1)) }
}

/** The one place where an error becomes a response. */
function answerError(call: HttpCall, error: unknown, now: number): void {
  const { res, request_id, operation } = call
  const { error_type: type, detail } = operationErrorOf(error)
  const { status } = errorTypes[type]
  if (status >= 500 && type !== 'not_implemented') reportError(error, request_id, operation)
  if (res.headersSent) {
    res.destroy()
    return
  }
  if (status === 401) res.setHeader('WWW-Authenticate', basicChallenge)
  const seconds = status === 503 ? 1 : secondsUntilRetry(error, now)
  if (seconds !== undefined) res.setHeader('Retry-After', seconds)
  answerJson(call, status, errorBody(type, request_id, detail))
}

/** Whole seconds (RFC 9110 section 10.2.3), where the end of a limit is known. */
function secondsUntilRetry(error: unknown, now: number): number | undefined {
  if (!(error instanceof LimitReached) || error.retry_at === null) return undefined
  return Math.max(1, Math.ceil((error.retry_at - now) / 1000))
}

function operationErrorOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error
  return new OperationError(isUnavailable(error) ? 'server_unavailable' : 'internal_server_error')
}

function isUnavailable(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailable ||
    error instanceof DeliveryUnavailable ||
    error instanceof ProviderFailure ||
    error instanceof RatingUnavailable ||
    error instanceof KeyUnavailable ||
    error instanceof AuditUnavailable ||
    isOverloaded(error)
  )
}
