import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import {
  type Answer,
  type AuthRequest,
  addHeaders,
  createMemberAuth,
  type Decision,
  type MemberAuth,
  type Outgoing,
  sendAnswer
} from 'membergate'
import { memberOf } from 'membergate/express'
import type { AppBuilder, Auth, Exchange, Framework, Guard, Handler } from './frameworks.ts'
import { serve } from './listen.ts'

/** The functions of `membergate` in plain `node:http`, as docs/sessions-and-mfa.md shows them. */
export const openNode = openPlain(
  (serve): RequestListener =>
    async (req, res) => {
      const answer = await serve(req, {
        add: (decided) => addHeaders(res, decided),
        setHeader: (name, value) => void res.setHeader(name, value),
        begin: () => res.write('begun ')
      })
      sendAnswer(res, answer)
    }
)

/** The same with web requests: each request of Node is made one, as adapters of such frameworks do. */
export const openWeb = openPlain(
  (serve): RequestListener =>
    async (req, res) => {
      const request = toWebRequest(req)
      if (request === undefined) {
        res.writeHead(400).end()
        return
      }
      const added: Outgoing[] = []
      const ofApp: [string, string][] = []
      const answer = await serve(request, {
        add: (decided) => added.push(decided),
        setHeader: (name, value) => ofApp.push([name, value]),
        begin: () => {
          throw new Error('A web response is whole, or does not exist yet.')
        }
      })
      const { status, body } = answer
      const response = new Response(body || null, { status, headers: ofApp })
      for (const decided of [...added, answer]) addHeaders(response, decided)
      await sendWebResponse(response, res)
    }
)

function toWebRequest(req: IncomingMessage): Request | undefined {
  const { method = 'GET', rawHeaders, socket } = req
  const url = `http://127.0.0.1:${socket.localPort}${req.url}`
  if (!URL.canParse(url)) return undefined
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  }
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(url, {
    method,
    headers,
    ...(hasBody && { body: Readable.toWeb(req), duplex: 'half' })
  } as RequestInit)
}

async function sendWebResponse(response: Response, res: ServerResponse): Promise<void> {
  res.statusCode = response.status
  for (const [name, value] of response.headers) res.appendHeader(name, value)
  res.end(Buffer.from(await response.arrayBuffer()))
}

/** What a driver does with headers before the answer is there. */
interface Exchanged {
  add(decided: Outgoing): void
  setHeader(name: string, value: string): void
  begin(): void
}

type Serve = (request: AuthRequest, outgoing: Exchanged) => Promise<Answer>

interface Step {
  /** Whether a request is one of this step's, and the parameters of its path. */
  match(method: string, path: string): Record<string, string> | undefined
  run(request: AuthRequest, exchange: Exchange, outgoing: Exchanged): unknown
}

function openPlain(listenerOf: (serve: Serve) => RequestListener): Framework['open'] {
  return async ({ onRefusal, ...options }, define) => {
    if (onRefusal !== undefined)
      throw new Error('Without a framework, refusals are handed over to none.')
    const auth = createMemberAuth(options)
    const steps: Step[] = []
    define(builderOf(steps), auth as unknown as Auth)
    const served = await serve(
      listenerOf((request, outgoing) => answer(auth, steps, request, outgoing))
    )
    return { ...served, auth: auth as unknown as Auth }
  }
}

function builderOf(steps: Step[]): AppBuilder {
  const route =
    (method: string) =>
    (path: string, ...given: object[]) => {
      const handler = given.pop() as Handler
      const match = matcher(method, path)
      for (const guard of given) steps.push({ match, run: guard as Step['run'] })
      steps.push({
        match,
        run: async (_request, exchange) => answerJson(await handler(exchange))
      })
    }
  return {
    use: (...guards) => {
      for (const guard of guards) steps.push({ match: () => ({}), run: guard as Step['run'] })
    },
    get: route('GET'),
    post: route('POST'),
    put: route('PUT'),
    mount: (method, path, guard) => {
      steps.push({ match: matcher(method.toUpperCase(), path), run: guard as Step['run'] })
    },
    step: (run) => ((_request: AuthRequest, exchange: Exchange) => run(exchange)) as Guard,
    begin: ((_request: AuthRequest, _exchange: Exchange, outgoing: Exchanged) =>
      outgoing.begin()) as Guard
  }
}

function matcher(method: string, pattern: string): Step['match'] {
  const wanted = pattern.split('/')
  return (given, path) => {
    const segments = path.split('/')
    if ((given === 'HEAD' ? 'GET' : given) !== method) return undefined
    if (segments.length !== wanted.length) return undefined
    const params: Record<string, string> = {}
    for (const [index, name] of wanted.entries()) {
      const segment = segments[index] ?? ''
      if (name.startsWith(':')) params[name.slice(1)] = decodeURIComponent(segment)
      else if (name !== segment) return undefined
    }
    return params
  }
}

async function answer(
  auth: MemberAuth,
  steps: readonly Step[],
  request: AuthRequest,
  outgoing: Exchanged
): Promise<Answer> {
  const { method = '', url = '/' } = request
  const path = new URL(url, 'http://app.test').pathname
  const known: Known = { memberSession: undefined, verdict: undefined }
  try {
    for (const step of steps) {
      const params = step.match(method, path)
      if (params === undefined) continue
      Object.assign(request, { params })
      const exchange = exchangeOf(auth, request, outgoing, known, params)
      const found = step.run(request, exchange, outgoing)
      const result = (found instanceof Promise ? await found : found) as
        | Decision
        | Answer
        | undefined
      if (result === undefined) continue
      if (!('accepted' in result) || !result.accepted) return result
      outgoing.add(result)
      known.memberSession = result.member_session
      known.verdict = result.verdict ?? known.verdict
    }
    return { status: 404, headers: [], body: '' }
  } catch (error) {
    const { status = 500, headers = {}, expose, message } = Object(error)
    return { status, headers: Object.entries(headers), body: expose ? message : '' }
  }
}

interface Known {
  memberSession: Exchange['memberSession']
  verdict: Exchange['verdict']
}

function exchangeOf(
  auth: MemberAuth,
  request: AuthRequest,
  { add, setHeader }: Exchanged,
  { memberSession, verdict }: Known,
  params: Record<string, string>
): Exchange {
  return {
    memberSession,
    verdict,
    params,
    memberOf: () => auth.memberOf(request),
    verdictOf: () => auth.verdictOf(request),
    freeMemberOf: () => memberOf(request),
    authorizationOf: () => auth.authorizationOf(request),
    setHeader,
    completeSignIn: async (result, given) => {
      const { headers, lateCookies, ...completed } = await auth.completeSignIn(
        request,
        result,
        given
      )
      add({ headers, lateCookies })
      return completed
    },
    pendingSignIn: () => auth.pendingSignIn(request),
    completeDiscovery: async (result, given) => {
      const { headers, lateCookies, ...completed } = await auth.completeDiscovery(
        request,
        result,
        given
      )
      add({ headers, lateCookies })
      return completed
    },
    pendingDiscovery: () => auth.pendingDiscovery(request)
  }
}

function answerJson(value: unknown): Answer {
  const headers = [['Content-Type', 'application/json']] as const
  return { status: 200, headers, body: JSON.stringify(value) ?? '' }
}
