import { ConfigError } from '../errors/config-error.ts'
import { assertKnownOptions } from '../errors/known-options.ts'
import { createFixedKeySet, createKeySet, type KeySet } from '../jwt/key-set.ts'
import { createJwtVerifier, type JwtVerifier } from '../jwt/verify.ts'
import {
  createFixedPolicySource,
  createPolicySource,
  type PolicySource
} from '../rbac/policy-source.ts'
import type {
  B2BRBACOrganizationsGetOrgPolicyResponse,
  B2BRBACPolicyResponse,
  Policy
} from '../wire/rbac.ts'
import type { CallOptions, RequestOptions, Route } from '../wire/route.ts'
import { isRoute, type Routes, routes } from '../wire/routes.ts'
import { createLocalSessions, type LocalSessions } from './authenticate-jwt.ts'
import { type Connection, type ConnectionOptions, readConnection } from './connection.ts'
import { createTransport } from './transport.ts'

/** The call of a route. An operation without request members takes no argument. */
type Call<Request, Response, TakesAuthorization> = TakesAuthorization extends true
  ? (data: Request, options?: RequestOptions) => Promise<Response>
  : [keyof Request] extends [never]
    ? () => Promise<Response>
    : (data: Request, options?: CallOptions) => Promise<Response>

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
  /** The present in epoch milliseconds, for local verification. Default `Date.now`. */
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
  assertKnownOptions('createClient', options, knownOptions)
  const { now = Date.now } = options
  if (typeof now !== 'function') throw new ConfigError('now must be a function.')
  return connect(readConnection(options), { now }).client
}

const knownOptions: Readonly<Record<keyof ClientOptions, true>> = {
  project_id: true,
  secret: true,
  url: true,
  timeoutMs: true,
  fetch: true,
  dangerouslyAllowHttp: true,
  now: true
}

interface LocalKnowledge {
  readonly now: () => number
  /** A fixed key set: none is fetched. */
  readonly jwks?: { readonly keys: readonly unknown[] } | undefined
  /** A fixed policy: none is fetched. */
  readonly policy?: Policy | undefined
}

/** A client together with what it verifies and decides by, so that guards use the same. */
export interface Connected {
  readonly client: Client
  readonly verifier: JwtVerifier
  readonly policySource: PolicySource
}

export function connect(connection: Connection, { now, jwks, policy }: LocalKnowledge): Connected {
  const call = createTransport(connection)
  const calls = deriveCalls(routes, call) as Calls<Routes>
  const { project_id, url } = connection
  const fetchKeys = async () => (await calls.sessions.getJWKS({ project_id })).keys
  const verifier = createJwtVerifier({
    project_id,
    // The API's own name for the project, and the origin that it is served from.
    issuers: [`stytch.com/${project_id}`, url.replace(/\/$/, '')],
    keySet: jwks === undefined ? createKeySet({ fetchKeys, now }) : fixedKeySet(jwks)
  })
  const policySource =
    policy === undefined
      ? createPolicySource({ ...policyFetches(calls), now })
      : createFixedPolicySource(policy)
  const { authenticate } = calls.sessions
  const local = createLocalSessions({ verifier, policySource, now, authenticate })
  const sessions = Object.freeze({ ...calls.sessions, ...local })
  return { client: Object.freeze({ ...calls, sessions }), verifier, policySource }
}

function fixedKeySet(jwks: { readonly keys: readonly unknown[] }): KeySet {
  const keySet = Array.isArray(jwks?.keys) ? createFixedKeySet(jwks.keys) : undefined
  if (keySet === undefined) {
    throw new ConfigError('jwks.keys must hold an RSA key that can verify, and no kid twice.')
  }
  return keySet
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
