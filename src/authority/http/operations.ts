import { type Authorization, authorizationHeaders } from '../../wire/authorization.ts'
import { clientIpHeader } from '../../wire/client-ip.ts'
import type { Route } from '../../wire/route.ts'
import { listRoutes, type OperationName } from '../../wire/routes.ts'
import type { Context } from '../context.ts'
import type { AtRest } from '../crypto/at-rest.ts'
import { assertSender } from '../delivery/deliver.ts'
import { isIpAddress, publicNetwork } from '../domain/ip-addresses.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { ProjectRecord } from '../domain/records.ts'
import { type Operation, operations } from '../operations.ts'
import { environmentOf } from '../project-id.ts'
import { isShortSecret } from '../short-secrets.ts'
import { loadCaller } from '../steps/caller.ts'
import { countingGuesses } from '../steps/count-guesses.ts'
import { answerCacheable } from './answer-cacheable.ts'
import { audited } from './audited.ts'
import { isRightSecret, readBasicCredentials } from './basic-credentials.ts'
import type { ContextOf, Shared } from './contexts.ts'
import { findPublicProject } from './find-project.ts'
import { answerJson, type HttpCall, headerOfCall, newRequestId } from './http-call.ts'
import { readRequest } from './read-request.ts'
import type { Endpoint } from './router.ts'
import { withDevice } from './with-device.ts'

/** Each operation, and for each path what answers other methods. */
export function operationEndpoints(shared: Shared, contextOf: ContextOf): readonly Endpoint[] {
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
  shared: Shared,
  contextOf: ContextOf
): Endpoint {
  const { atRest, lookUpDevice, noticeSender } = shared
  const { handle, audit: kind, limits, cacheSeconds } = operations[name] as AnyOperation

  async function answer(call: HttpCall): Promise<void> {
    const project = await findProject(shared, route, call)
    const { project_id } = project
    call.request_id = newRequestId(environmentOf(project_id))
    const authorization = readAuthorization(call)
    const carriesSession = Object.keys(authorization).length > 0
    if (carriesSession && !route.takesAuthorization) throw takesNoSession()
    const request = await readRequest(route, call)
    const context = { ...contextOf(project), ipKey: readIpKey(call, project, atRest) }
    const { request_id } = call
    const answer = await audited(context, { operation: name, kind, request_id }, async () => {
      const caller = await loadCaller(context, authorization)
      if (limits.sends !== undefined) assertSender(context.delivery, limits.sends)
      const work = () => handle({ ...context, caller }, request)
      return limits.guesses ? countingGuesses(context, request, work) : work()
    })
    const locale: unknown = Reflect.get(Object(request), 'locale')
    noticeSender.send(context, {
      request_id,
      locale: typeof locale === 'string' ? locale : undefined
    })
    const body = await withDevice(lookUpDevice, project_id, request, answer)
    const envelope = { request_id, status_code: 200 }
    if (cacheSeconds === undefined) answerJson(call, 200, { ...envelope, ...body })
    else answerCacheable(call, cacheSeconds, envelope, body)
  }

  return { method: route.method, path: route.path, name, answer }
}

/** The route has checked what the handler gets, which no type can follow from name to name. */
type AnyOperation = Omit<Operation<OperationName>, 'handle'> & {
  readonly handle: (context: Context, request: unknown) => Promise<object>
}

/** By Basic credentials; a public operation names its project in the path instead. */
function findProject(
  shared: Shared,
  route: Route<unknown, unknown>,
  call: HttpCall
): Promise<ProjectRecord> {
  return route.isPublic
    ? findPublicProject(shared.store, String(call.params.project_id))
    : findAuthenticatedProject(shared, call)
}

async function findAuthenticatedProject(
  { store, wrongSecrets, warnOfShortSecret }: Shared,
  call: HttpCall
): Promise<ProjectRecord> {
  const { project_id, secret } = readBasicCredentials(headerOfCall(call, 'Authorization'))
  const project = await store.ofProject(project_id).findProject()
  const right = isRightSecret(secret, project?.secret_hash)
  if (project === undefined || !right) {
    await wrongSecrets.note(project?.project_id, call.req.socket.remoteAddress)
    throw new OperationError('unauthorized_credentials')
  }
  if (isShortSecret(secret)) warnOfShortSecret(project_id)
  return project
}

/** No permission covers the call, so no member may make it; to ignore the session would grant everything. */
function takesNoSession(): OperationError {
  return new OperationError(
    'session_authorization_error',
    'This call cannot be made with a member session.'
  )
}

/** A hash with a key of ours: addresses are too few to hide behind a plain one. */
function readIpKey(
  call: HttpCall,
  { project_id }: ProjectRecord,
  atRest: AtRest
): string | undefined {
  const clientIp = headerOfCall(call, clientIpHeader)
  if (clientIp === undefined) return undefined
  if (!isIpAddress(clientIp)) {
    throw new OperationError('invalid_argument', `${clientIpHeader} must be an IP address.`)
  }
  const network = publicNetwork(clientIp)
  return network && atRest.keyedHash(network, `IP address of ${project_id}`)
}

function readAuthorization(call: HttpCall): Authorization {
  const given = Object.entries(authorizationHeaders).flatMap(([name, header]) => {
    const value = headerOfCall(call, header)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(given)
}
