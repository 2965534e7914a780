import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { parse } from 'node:querystring'
import { type Authorization, authorizationHeaders } from '../../wire/authorization.ts'
import { errorBody, errorTypes } from '../../wire/error-types.ts'
import type { Route } from '../../wire/route.ts'
import { listRoutes, type OperationName } from '../../wire/routes.ts'
import type { Context } from '../context.ts'
import { RatingUnavailable } from '../crypto/password-strength.ts'
import { isOverloaded } from '../crypto/passwords.ts'
import type { Environment } from '../crypto/tokens.ts'
import { DeliveryUnavailable } from '../delivery/deliver.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { ProjectRecord } from '../domain/records.ts'
import { ProviderFailure } from '../external/fetch-json.ts'
import { handlers } from '../handlers.ts'
import { environmentOf } from '../project-id.ts'
import { loadCaller } from '../steps/caller.ts'
import { DatabaseUnavailable } from '../store/engine.ts'
import type { Store } from '../store/store.ts'
import { AuditUnavailable, audited } from './audited.ts'
import { isRightSecret, readBasicCredentials } from './basic-credentials.ts'
import { createContexts, type Shared } from './contexts.ts'
import { findPublicProject } from './find-project.ts'
import { healthEndpoints } from './health.ts'
import { answerJson, type HttpCall, headerOf } from './http-call.ts'
import { oauthClientEndpoints } from './oauth-clients.ts'
import { readRequest } from './read-request.ts'
import { reportError } from './report-error.ts'
import { createFinder, type Endpoint } from './router.ts'
import { withDevice } from './with-device.ts'

/** The HTTP side: finds the operation, checks who calls and with what, and puts every answer into its envelope. */
export function createApp(shared: Shared): RequestListener {
  const { store, isClosing = () => false } = shared
  const contextOf = createContexts(shared)
  const find = createFinder([
    ...healthEndpoints({ isClosing, ping: store.ping }),
    ...operationEndpoints(shared, contextOf),
    ...oauthClientEndpoints({ store, contextOf })
  ])
  return async function answerRequest(req, res) {
    startAnswer(res, isClosing())
    const { path, query } = partsOf(req)
    const request_id = newRequestId('test')
    const call: HttpCall = { req, res, query, params: {}, request_id, operation: 'none' }
    try {
      const { endpoint, params } = find(req.method ?? '', path)
      call.params = params
      call.operation = endpoint.name
      await endpoint.answer(call)
    } catch (error) {
      answerError(call, error)
    }
  }
}

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

function newRequestId(environment: Environment): string {
  return `request-id-${environment}-${randomUUID()}`
}

type ContextOf = (project: ProjectRecord) => Context

/** Each operation, and for each path what answers other methods. */
function operationEndpoints(shared: Shared, contextOf: ContextOf): readonly Endpoint[] {
  const routes = listRoutes()
  const methodsByPath = new Map<string, string[]>()
  for (const [, { method, path }] of routes) {
    methodsByPath.set(path, [...(methodsByPath.get(path) ?? []), method])
  }
  return [
    ...routes.map(([name, route]) => operationEndpoint(name, route, shared, contextOf)),
    ...[...methodsByPath].map(([path, methods]) => otherMethods(path, methods))
  ]
}

function otherMethods(path: string, methods: readonly string[]): Endpoint {
  return {
    method: '',
    path,
    name: 'none',
    answer({ res }) {
      res.setHeader('Allow', methods.join(', '))
      throw new OperationError('method_not_allowed')
    }
  }
}

function operationEndpoint(
  name: OperationName,
  route: Route<unknown, unknown>,
  { store, lookUpDevice }: Shared,
  contextOf: ContextOf
): Endpoint {
  const handle = handlers[name] as
    | ((context: Context, request: unknown) => Promise<object>)
    | undefined

  async function answer(call: HttpCall): Promise<void> {
    const project = await findProject(store, route, call)
    const { project_id } = project
    call.request_id = newRequestId(environmentOf(project_id))
    if (handle === undefined) throw new OperationError('not_implemented')
    const authorization = readAuthorization(call)
    const carriesSession = Object.keys(authorization).length > 0
    if (carriesSession && !route.takesAuthorization) throw takesNoSession()
    const request = await readRequest(route, call)
    const context = contextOf(project)
    const { request_id } = call
    const answer = await audited(context, { operation: name, request_id }, async () =>
      handle({ ...context, caller: await loadCaller(context, authorization) }, request)
    )
    const body = await withDevice(lookUpDevice, project_id, request, answer)
    answerJson(call, 200, { request_id, status_code: 200, ...body })
  }

  return { method: route.method, path: route.path, name, answer }
}

/** By Basic credentials; a public operation names its project in the path instead. */
function findProject(
  store: Store,
  route: Route<unknown, unknown>,
  call: HttpCall
): Promise<ProjectRecord> {
  return route.isPublic
    ? findPublicProject(store, String(call.params.project_id))
    : findAuthenticatedProject(store, call)
}

async function findAuthenticatedProject(store: Store, call: HttpCall): Promise<ProjectRecord> {
  const { project_id, secret } = readBasicCredentials(headerOf(call, 'Authorization'))
  const project = await store.ofProject(project_id).findProject()
  const right = isRightSecret(secret, project?.secret_hash)
  if (project === undefined || !right) throw new OperationError('unauthorized_credentials')
  return project
}

/** No permission covers the call, so no member may make it; to ignore the session would grant everything. */
function takesNoSession(): OperationError {
  return new OperationError(
    'session_authorization_error',
    'This call cannot be made with a member session.'
  )
}

function readAuthorization(call: HttpCall): Authorization {
  const given = Object.entries(authorizationHeaders).flatMap(([name, header]) => {
    const value = headerOf(call, header)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(given)
}

/** The one place where an error becomes a response. */
function answerError(call: HttpCall, error: unknown): void {
  const { res, request_id, operation } = call
  const { error_type: type, detail } = operationErrorOf(error)
  const { status } = errorTypes[type]
  if (status >= 500 && type !== 'not_implemented') reportError(error, request_id, operation)
  if (res.headersSent) {
    res.destroy()
    return
  }
  if (status === 401) {
    res.setHeader('WWW-Authenticate', 'Basic realm="membergate", charset="UTF-8"')
  }
  if (status === 503) res.setHeader('Retry-After', '1')
  answerJson(call, status, errorBody(type, request_id, detail))
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
    error instanceof AuditUnavailable ||
    isOverloaded(error)
  )
}
