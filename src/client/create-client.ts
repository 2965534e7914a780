import { createKeySet } from '../jwt/key-set.ts'
import { createJwtVerifier } from '../jwt/verify.ts'
import { createPolicySource } from '../rbac/policy-source.ts'
import type {
  B2BRBACOrganizationsGetOrgPolicyResponse,
  B2BRBACPolicyResponse
} from '../wire/rbac.ts'
import type { RequestOptions, Route } from '../wire/route.ts'
import { isRoute, type Routes, routes } from '../wire/routes.ts'
import { createLocalSessions, type LocalSessions } from './authenticate-jwt.ts'
import { type Connection, type ConnectionOptions, readConnection } from './connection.ts'
import { createTransport } from './transport.ts'

/** The call of a route. An operation without request members takes no argument. */
type Call<Request, Response, TakesAuthorization> = TakesAuthorization extends true
  ? (data: Request, options?: RequestOptions) => Promise<Response>
  : [keyof Request] extends [never]
    ? () => Promise<Response>
    : (data: Request) => Promise<Response>

type Calls<Tree> = {
  readonly [Key in keyof Tree]: Tree[Key] extends Route<
    infer Request,
    infer Response,
    infer TakesAuthorization
  >
    ? Call<Request, Response, TakesAuthorization>
    : Calls<Tree[Key]>
}

/** A typed client of the API: one method per operation, named as in the official SDK. */
export type Client = Omit<Calls<Routes>, 'sessions'> & {
  readonly sessions: Calls<Routes['sessions']> & LocalSessions
}

export interface ClientOptions extends ConnectionOptions {
  /** The present moment in epoch milliseconds, for local verification. Default `Date.now`. */
  readonly now?: () => number
}

/**
 * Creates a client of the Stytch B2B API, or of an authority that answers it.
 *
 * Every method rejects with `ApiError` when the API answers anything but 2xx and with `UnavailableError` when it cannot
 * be reached within `timeoutMs`. Nothing is retried, no redirect is followed.
 *
 * @throws ConfigError when an option is wrong
 * @example
 * const client = createClient({ project_id, secret, url: 'http://127.0.0.1:4100' })
 * const { member_session } = await client.sessions.authenticate({ session_token })
 */
export function createClient(options: ClientOptions): Client {
  return createConnectedClient(readConnection(options), options.now ?? Date.now)
}

export function createConnectedClient(connection: Connection, now: () => number): Client {
  const call = createTransport(connection)
  const calls = deriveCalls(routes, call) as Calls<Routes>
  const { project_id, url } = connection
  const verifier = createJwtVerifier({
    project_id,
    issuers: issuersOf({ project_id, url }),
    keySet: createKeySet({ fetchKeys: () => fetchKeys(calls, project_id), now })
  })
  const policySource = createPolicySource({ ...policyFetches(calls), now })
  const local = createLocalSessions({
    verifier,
    policySource,
    now,
    authenticate: calls.sessions.authenticate
  })
  return Object.freeze({ ...calls, sessions: Object.freeze({ ...calls.sessions, ...local }) })
}

/** The values of `iss` that mean this project: the API's own name for it, and the origin it is served from. */
export function issuersOf({ project_id, url }: { project_id: string; url: string }): string[] {
  return [`stytch.com/${project_id}`, url.replace(/\/$/, '')]
}

/** The calls that a key set needs. */
export async function fetchKeys(
  calls: { sessions: Pick<Calls<Routes>['sessions'], 'getJWKS'> },
  project_id: string
): Promise<readonly unknown[]> {
  return (await calls.sessions.getJWKS({ project_id })).keys
}

/** The calls that a policy source needs. */
export function policyFetches(calls: {
  readonly rbac: {
    policy(): Promise<B2BRBACPolicyResponse>
    readonly organizations: {
      getOrgPolicy(data: {
        organization_id: string
      }): Promise<B2BRBACOrganizationsGetOrgPolicyResponse>
    }
  }
}) {
  return {
    async fetchPolicy() {
      const { policy } = await calls.rbac.policy()
      if (policy === undefined) throw new Error('The answer holds no policy.')
      return policy
    },
    async fetchOrgPolicy(organization_id: string) {
      return (await calls.rbac.organizations.getOrgPolicy({ organization_id })).org_policy
    }
  }
}

function deriveCalls(tree: object, call: ReturnType<typeof createTransport>): object {
  const derived = Object.entries(tree).map(([name, node]) => [
    name,
    isRoute(node)
      ? async (data?: unknown, options?: RequestOptions) => call(node, data, options)
      : deriveCalls(node, call)
  ])
  return Object.freeze(Object.fromEntries(derived))
}
