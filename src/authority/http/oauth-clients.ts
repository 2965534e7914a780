import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  Router
} from 'express'
import type { Context } from '../context.ts'
import { findApp, isPublic } from '../domain/connected-apps.ts'
import type { ConnectedApp, ProjectRecord } from '../domain/records.ts'
import {
  type Form,
  introspect,
  type OAuthHandler,
  redeemCode,
  revoke
} from '../handlers/oauth-clients.ts'
import { OAuthRefusal, oauthErrors } from '../oauth-refusal.ts'
import type { Store } from '../store/store.ts'
import { isRightSecret } from './basic-credentials.ts'
import { findPublicProject } from './find-project.ts'
import { localsOf } from './locals.ts'

interface OAuthClientsOptions {
  readonly store: Store
  readonly contextOf: (project: ProjectRecord) => Context
}

const publicPath = '/v1/public/:project_id/oauth2'

/** What is called by apps that members let in: forms in, the errors of OAuth out, and an app's own credentials. */
export function answerOAuthClients(options: OAuthClientsOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const endpoints: readonly (readonly [string, OAuthHandler])[] = [
    ['/v1/oauth2/token', redeemCode],
    [`${publicPath}/token`, redeemCode],
    [`${publicPath}/introspect`, introspect],
    [`${publicPath}/revoke`, revoke]
  ]
  for (const [path, handle] of endpoints) {
    router.post(path, nameEndpoint(path), readForm, answerApp(handle, options))
  }
  router.use(answerOAuthError)
  return router
}

function nameEndpoint(path: string): RequestHandler {
  return function rememberEndpoint(_req, res, next) {
    localsOf(res).operation = path
    next()
  }
}

const parseForm = express.urlencoded({ extended: false, limit: '64kb', inflate: false })

const readForm: RequestHandler = (req, res, next) => {
  if (req.is('application/x-www-form-urlencoded') === false) {
    throw new OAuthRefusal('invalid_request', 'The body must be a form.')
  }
  parseForm(req, res, next)
}

function answerApp(
  handle: OAuthHandler,
  { store, contextOf }: OAuthClientsOptions
): RequestHandler {
  return async function answer(req, res) {
    const form = formOf(req)
    const { client_id, client_secret } = readClient(req, form)
    const project = await findProject(store, req, client_id)
    const app = project && findApp(project.settings, client_id)
    if (project === undefined || app === undefined || !provesItself(app, client_secret)) {
      throw new OAuthRefusal('invalid_client', 'The client is unknown, or its secret is wrong.')
    }
    const body = await handle(contextOf(project), app, form)
    res.status(200).json({ request_id: localsOf(res).request_id, status_code: 200, ...body })
  }
}

/** A parameter that comes twice is ambiguous (RFC 6749 section 3.2); an empty one counts as left out. */
function formOf({ body }: Request): Form {
  const parameters = Object.entries<unknown>(body ?? {})
  if (parameters.some(([, value]) => typeof value !== 'string')) {
    throw new OAuthRefusal('invalid_request', 'A parameter comes more than once.')
  }
  return Object.fromEntries(parameters.filter(([, value]) => value !== '')) as Form
}

interface ClientCredentials {
  readonly client_id: string
  readonly client_secret: string | undefined
}

/** By HTTP Basic or in the form, not by both (RFC 6749 section 2.3). */
function readClient(req: Request, form: Form): ClientCredentials {
  const basic = readBasic(req.get('authorization'))
  const { client_id = basic?.client_id, client_secret } = form
  if (client_id === undefined) {
    throw new OAuthRefusal('invalid_client', 'The request does not say which client it is of.')
  }
  if (basic === undefined) return { client_id, client_secret }
  if (client_id !== basic.client_id || client_secret !== undefined) {
    throw new OAuthRefusal('invalid_request', 'The request has two kinds of client credentials.')
  }
  return basic
}

/** Id and secret are encoded as in a form (RFC 6749 section 2.3.1). */
function readBasic(header: string | undefined): ClientCredentials | undefined {
  if (header === undefined) return undefined
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  const [id, secret] = Buffer.from(encoded, 'base64').toString().split(/:(.*)/s).map(decodeFormText)
  if (!id || secret === undefined) {
    throw new OAuthRefusal('invalid_client', 'The Authorization header must be Basic.')
  }
  return { client_id: id, client_secret: secret }
}

function decodeFormText(text: string): string {
  return new URLSearchParams(`text=${text.replaceAll('&', '%26')}`).get('text') ?? ''
}

/** By the path, else by the client: no two projects have a client of one id. */
async function findProject(
  store: Store,
  { params }: Request,
  client_id: string
): Promise<ProjectRecord | undefined> {
  const { project_id } = params
  if (typeof project_id === 'string') return findPublicProject(store, project_id)
  const projects = await store.listProjects()
  const [project, other] = projects.filter(({ settings }) => findApp(settings, client_id))
  return other === undefined ? project : undefined
}

/** By its secret. A public app must bring none. */
function provesItself(app: ConnectedApp, client_secret: string | undefined): boolean {
  return isPublic(app)
    ? client_secret === undefined
    : isRightSecret(client_secret ?? '', app.client_secret_hash)
}

const answerOAuthError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (!(error instanceof OAuthRefusal) || res.headersSent) {
    next(error)
    return
  }
  const status_code = oauthErrors[error.error]
  if (status_code === 401) res.set('WWW-Authenticate', 'Basic realm="membergate", charset="UTF-8"')
  res.status(status_code).json({
    error: error.error,
    error_description: error.description,
    request_id: localsOf(res).request_id,
    status_code
  })
}
