import { oauthClientRoutes } from '../../wire/oauth-clients.ts'
import { findApp, isPublic } from '../domain/connected-apps.ts'
import type { ConnectedApp, ProjectRecord } from '../domain/records.ts'
import {
  type Form,
  introspect,
  issueToken,
  type OAuthHandler,
  revoke
} from '../handlers/oauth-clients.ts'
import { OAuthError, oauthErrors } from '../oauth-error.ts'
import { environmentOf } from '../project-id.ts'
import type { Store } from '../store/store.ts'
import { audited } from './audited.ts'
import { basicChallenge, isRightSecret } from './basic-credentials.ts'
import type { ContextOf } from './contexts.ts'
import { findPublicProject } from './find-project.ts'
import { answerJson, type HttpCall, headerOfCall, newRequestId } from './http-call.ts'
import { readForm } from './read-body.ts'
import type { Endpoint } from './router.ts'

interface OAuthClientsOptions {
  readonly store: Store
  readonly contextOf: ContextOf
}

const handlers: Readonly<Record<keyof typeof oauthClientRoutes, OAuthHandler>> = {
  token: issueToken,
  introspect,
  revoke
}

/**
 * What is called by apps that members let in: forms in, the errors of OAuth out, and an app's own credentials. What an app
 * does that has said who it is leaves an event of the audit.
 */
export function oauthClientEndpoints(options: OAuthClientsOptions): readonly Endpoint[] {
  const names = Object.keys(handlers) as (keyof typeof handlers)[]
  return names.flatMap((name) =>
    oauthClientRoutes[name].paths.map((path) => oauthClientEndpoint(path, name, options))
  )
}

function oauthClientEndpoint(
  path: string,
  name: keyof typeof handlers,
  options: OAuthClientsOptions
): Endpoint {
  return {
    method: 'POST',
    path,
    name: path,
    async answer(call) {
      try {
        const body = await answerApp(call, name, options)
        answerJson(call, 200, { request_id: call.request_id, status_code: 200, ...body })
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error
        answerOAuthError(call, error)
      }
    }
  }
}

async function answerApp(
  call: HttpCall,
  name: keyof typeof handlers,
  { store, contextOf }: OAuthClientsOptions
): Promise<object> {
  const form = await formOf(call)
  const { client_id, client_secret } = readClient(call, form)
  const project = await findProject(store, call, client_id)
  const app = project && findApp(project.settings, client_id)
  if (project === undefined || app === undefined || !isAuthentic(app, client_secret)) {
    throw new OAuthError('invalid_client', 'The client is unknown, or its secret is wrong.')
  }
  call.request_id = newRequestId(environmentOf(project.project_id))
  const context = contextOf(project)
  const { request_id } = call
  const audit = { operation: `oauth.${name}`, kind: 'app', request_id } as const
  return audited(context, audit, () => handlers[name](context, app, form))
}

/** A parameter that comes twice is ambiguous (RFC 6749 section 3.2); an empty one counts as left out. */
async function formOf({ req }: HttpCall): Promise<Form> {
  const form = await readForm(req)
  if (form === undefined) throw new OAuthError('invalid_request', 'The body must be a form.')
  const parameters = Object.entries<unknown>(form)
  if (parameters.some(([, value]) => typeof value !== 'string')) {
    throw new OAuthError('invalid_request', 'A parameter comes more than once.')
  }
  return Object.fromEntries(parameters.filter(([, value]) => value !== '')) as Form
}

interface ClientCredentials {
  readonly client_id: string
  readonly client_secret: string | undefined
}

/** By HTTP Basic or in the form, not by both (RFC 6749 section 2.3). */
function readClient(call: HttpCall, form: Form): ClientCredentials {
  const basic = readBasic(headerOfCall(call, 'Authorization'))
  const { client_id = basic?.client_id, client_secret } = form
  if (client_id === undefined) {
    throw new OAuthError('invalid_client', 'The request does not say which client it is of.')
  }
  if (basic === undefined) return { client_id, client_secret }
  if (client_id !== basic.client_id || client_secret !== undefined) {
    throw new OAuthError('invalid_request', 'The request has two kinds of client credentials.')
  }
  return basic
}

/** Id and secret are encoded as in a form (RFC 6749 section 2.3.1). */
function readBasic(header: string | undefined): ClientCredentials | undefined {
  if (header === undefined) return undefined
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  const [id, secret] = Buffer.from(encoded, 'base64').toString().split(/:(.*)/s).map(decodeFormText)
  if (!id || secret === undefined) {
    throw new OAuthError('invalid_client', 'The Authorization header must be Basic.')
  }
  return { client_id: id, client_secret: secret }
}

function decodeFormText(text: string): string {
  return new URLSearchParams(`text=${text.replaceAll('&', '%26')}`).get('text') ?? ''
}

/** By the path, else by the client: no two projects have a client of one id. */
async function findProject(
  store: Store,
  { params }: HttpCall,
  client_id: string
): Promise<ProjectRecord | undefined> {
  const { project_id } = params
  if (project_id !== undefined) return findPublicProject(store, project_id)
  const projects = await store.listProjectsNaming(client_id)
  const [project, other] = projects.filter(({ settings }) => findApp(settings, client_id))
  return other === undefined ? project : undefined
}

/** By its secret. A public app must bring none. */
function isAuthentic(app: ConnectedApp, client_secret: string | undefined): boolean {
  return isPublic(app)
    ? client_secret === undefined
    : isRightSecret(client_secret ?? '', app.client_secret_hash)
}

function answerOAuthError(call: HttpCall, { error, description }: OAuthError): void {
  const status_code = oauthErrors[error]
  if (status_code === 401) call.res.setHeader('WWW-Authenticate', basicChallenge)
  answerJson(call, status_code, {
    error,
    error_description: description,
    request_id: call.request_id,
    status_code
  })
}
