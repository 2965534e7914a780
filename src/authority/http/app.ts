import { randomUUID } from 'node:crypto'
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler
} from 'express'
import { type Authorization, authorizationHeaders } from '../../wire/authorization.ts'
import { type ErrorType, errorBody, errorTypes } from '../../wire/error-types.ts'
import type { Route } from '../../wire/route.ts'
import { listRoutes, type OperationName } from '../../wire/routes.ts'
import type { Context } from '../context.ts'
import { RatingUnavailable } from '../crypto/password-strength.ts'
import { isOverloaded } from '../crypto/passwords.ts'
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
import { healthRoutes } from './health.ts'
import { localsOf } from './locals.ts'
import { answerOAuthClients } from './oauth-clients.ts'
import { readRequest } from './read-request.ts'
import { reportError } from './report-error.ts'
import { withDevice } from './with-device.ts'

const maxBody = '64kb'

/** The HTTP side: finds the operation, checks who asks and what, and puts every answer into its envelope. */
export function createApp(shared: Shared): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  // Repeated parameters become an array, which no schema takes.
  app.set('query parser', 'simple')

  const { store, isClosing = () => false } = shared
  app.use(startAnswer(isClosing))
  app.use(healthRoutes({ isClosing, ping: store.ping }))
  const contextOf = createContexts(shared)
  for (const [path, operations] of operationsByPath()) {
    const resource = app.route(path)
    for (const [name, route] of operations) {
      resource[verbOf(route)](
        nameOperation(name),
        authenticateProject(shared.store, route),
        readBody,
        answerOperation(name, route, shared, contextOf)
      )
    }
    resource.all(refuseMethod(operations.map(([, route]) => route.method)))
  }
  app.use(answerOAuthClients({ store: shared.store, contextOf }))
  app.use(refuseRoute)
  app.use(answerError)
  return app
}

type Operation = readonly [OperationName, Route<unknown, unknown>]

/** Words come before parameters, segment by segment: `/organizations/search` is no organization. */
function operationsByPath(): readonly (readonly [string, readonly Operation[]])[] {
  const byPath = new Map<string, Operation[]>()
  for (const operation of listRoutes()) {
    const path = operation[1].path.replace(/\{(\w+)\}/g, ':$1')
    byPath.set(path, [...(byPath.get(path) ?? []), operation])
  }
  // A parameter is written so that it sorts behind every word.
  const order = (path: string) => path.replaceAll(':', '\uffff')
  return [...byPath].sort(([a], [b]) => (order(a) < order(b) ? -1 : 1))
}

function verbOf({ method }: Route<unknown, unknown>): 'get' | 'post' | 'put' | 'delete' {
  return method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
}

function startAnswer(isClosing: () => boolean): RequestHandler {
  return function startEveryAnswer(_req, res, next) {
    localsOf(res).request_id = `request-id-test-${randomUUID()}`
    res.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    // A connection that is kept would bring new requests for as long as its client likes.
    if (isClosing()) res.set('Connection', 'close')
    next()
  }
}

function nameOperation(name: OperationName): RequestHandler {
  return function rememberOperation(_req, res, next) {
    localsOf(res).operation = name
    next()
  }
}

/** By Basic credentials; a public operation names its project in the path instead. */
function authenticateProject(store: Store, route: Route<unknown, unknown>): RequestHandler {
  return async function identifyProject(req, res, next) {
    const project = route.isPublic
      ? await findPublicProject(store, String(req.params.project_id))
      : await findAuthenticatedProject(store, req)
    const locals = localsOf(res)
    locals.project = project
    locals.request_id = `request-id-${environmentOf(project.project_id)}-${randomUUID()}`
    next()
  }
}

async function findAuthenticatedProject(store: Store, req: Request): Promise<ProjectRecord> {
  const { project_id, secret } = readBasicCredentials(req.get('authorization'))
  const project = await store.ofProject(project_id).findProject()
  const right = isRightSecret(secret, project?.secret_hash)
  if (project === undefined || !right) throw new OperationError('unauthorized_credentials')
  return project
}

const parseJson = express.json({ limit: maxBody, strict: false, inflate: false })

/** JSON in UTF-8 or nothing. */
const readBody: RequestHandler = (req, res, next) => {
  const type = req.is('*/*') === null ? undefined : (req.get('content-type') ?? '')
  const isJson = type === undefined || /^application\/json *(; *charset="?utf-8"? *)?$/i.test(type)
  const isEmpty = req.get('content-length') === '0'
  if (!isJson && !isEmpty) throw new OperationError('unsupported_media_type')
  parseJson(req, res, next)
}

function answerOperation(
  name: OperationName,
  route: Route<unknown, unknown>,
  { lookUpDevice }: Pick<Shared, 'lookUpDevice'>,
  contextOf: (project: ProjectRecord) => Context
): RequestHandler {
  const handle = handlers[name] as
    | ((context: Context, request: unknown) => Promise<object>)
    | undefined

  return async function answer(req, res) {
    const { project, request_id } = localsOf(res)
    if (project === undefined || handle === undefined) {
      throw new OperationError('not_implemented')
    }
    const authorization = readAuthorization(req)
    const carriesSession = Object.keys(authorization).length > 0
    if (carriesSession && !route.takesAuthorization) throw takesNoSession()
    const request = readRequest(route, req)
    const context = contextOf(project)
    const answer = await audited(context, { operation: name, request_id }, async () =>
      handle({ ...context, caller: await loadCaller(context, authorization) }, request)
    )
    const body = await withDevice(lookUpDevice, project.project_id, request, answer)
    res.status(200).json({ request_id, status_code: 200, ...body })
  }
}

/** No permission covers the call, so no member may make it; to ignore the session would grant everything. */
function takesNoSession(): OperationError {
  return new OperationError(
    'session_authorization_error',
    'This call cannot be made with a member session.'
  )
}

function readAuthorization(req: Request): Authorization {
  const given = Object.entries(authorizationHeaders).flatMap(([name, header]) => {
    const value = req.get(header)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(given)
}

function refuseMethod(methods: readonly string[]): RequestHandler {
  return function refuseOtherMethods(_req, res) {
    res.set('Allow', methods.join(', '))
    throw new OperationError('method_not_allowed')
  }
}

const refuseRoute: RequestHandler = () => {
  throw new OperationError('route_not_found')
}

/** The one place where an error becomes a response. */
const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  const { request_id, operation = 'none' } = localsOf(res)
  const { error_type: type, detail } = operationErrorOf(error)
  const { status } = errorTypes[type]
  if (status >= 500 && type !== 'not_implemented') reportError(error, request_id, operation)
  if (status === 401) res.set('WWW-Authenticate', 'Basic realm="membergate", charset="UTF-8"')
  if (status === 503) res.set('Retry-After', '1')
  res.status(status).json(errorBody(type, request_id, detail))
}

function operationErrorOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error
  if (isUnavailable(error)) return new OperationError('server_unavailable')
  const status: unknown = Reflect.get(Object(error), 'status')
  return new OperationError(errorByStatus.get(status) ?? 'internal_server_error')
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

/** What Express itself refuses: a body that is too large, of another encoding, or not JSON; a path that does not decode. */
const errorByStatus: ReadonlyMap<unknown, ErrorType> = new Map([
  [400, 'invalid_argument'],
  [413, 'request_too_large'],
  [415, 'unsupported_media_type']
])
