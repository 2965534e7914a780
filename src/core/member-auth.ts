import {
  type Client,
  createConnectedClient,
  fetchKeys,
  issuersOf
} from '../client/create-client.ts'
import { ConfigError } from '../errors/config-error.ts'
import { createFixedKeySet, createKeySet, type KeySet } from '../jwt/key-set.ts'
import { createJwtVerifier } from '../jwt/verify.ts'
import { createFixedPolicySource, createPolicySource } from '../rbac/policy-source.ts'
import { createAsk } from './ask.ts'
import { createAuthenticate } from './authenticate.ts'
import { createGuard, type Guard } from './guard.ts'
import { callsOfForeignClient, callsOfOwnClient } from './guard-client.ts'
import { planPermissionGuard, planSessionGuard } from './guard-options.ts'
import { type Config, type MemberAuthOptions, readOptions } from './options.ts'
import type { AuthRequest } from './request.ts'
import { createRequestMemory, type RequestMemory } from './request-memory.ts'
import { createRevocations } from './revocations.ts'
import { createSealedStates } from './sealed-state.ts'
import { createSessionCache } from './session-cache.ts'
import {
  type AuthenticatingResponse,
  type CompleteSignInOptions,
  completeSignIn,
  pendingSignIn
} from './sign-in.ts'
import { type SignOutOptions, signOut } from './sign-out.ts'
import { createForget, type Forget, watchRevocations } from './watch-revocations.ts'

/** One configuration and all that belongs to it: what the adapters carry out. */
export interface MemberAuth {
  readonly client: Client
  readonly memory: RequestMemory
  readonly forget: Forget
  sessionGuard<Source>(options: unknown): Guard<Source>
  permissionGuard<Source>(resource_id: unknown, action: unknown, options: unknown): Guard<Source>
  completeSignIn(
    request: AuthRequest,
    result: AuthenticatingResponse,
    options?: CompleteSignInOptions
  ): ReturnType<typeof completeSignIn>
  pendingSignIn(request: AuthRequest): ReturnType<typeof pendingSignIn>
  signOut(options: SignOutOptions, request: AuthRequest, target: string): ReturnType<typeof signOut>
}

/** Builds an instance. Two of them share nothing: no key, no session, no policy. */
export function createMemberAuthCore(options: MemberAuthOptions = {}): MemberAuth {
  const config = readOptions(options, process.env)
  const { now, connection } = config
  const cache = createSessionCache()
  const revocations = createRevocations(now)
  const forget = createForget(revocations, cache)
  const ownClient = createConnectedClient(connection, now)
  const client = watchRevocations(ownClient, cache, forget)
  const calls =
    config.client === undefined
      ? callsOfOwnClient(ownClient)
      : callsOfForeignClient(config.client, connection.timeoutMs)
  const { session_duration_minutes } = config

  const authenticate = createAuthenticate({
    verifier: createJwtVerifier({
      project_id: connection.project_id,
      issuers: issuersOf(connection),
      keySet: keySetOf(config, ownClient)
    }),
    ask: createAsk({
      authenticate: (data) => calls.authenticate({ ...data, session_duration_minutes }),
      isKnown: (token) => cache.get(token) !== undefined,
      now
    }),
    cache,
    revocations,
    clockToleranceMs: config.clockToleranceMs,
    now
  })
  const memory = createRequestMemory()
  const states = createSealedStates(config.sealingKeys)
  const policySource =
    config.policy === undefined
      ? createPolicySource({ ...calls, now })
      : createFixedPolicySource(config.policy)
  const parts = { config, states, memory, authenticate, policySource }
  const revoke = (session_token: string) => client.sessions.revoke({ session_token })

  return {
    client,
    memory,
    forget,
    sessionGuard: (given) => createGuard(parts, planSessionGuard(given, config.maxAgeMs)),
    permissionGuard: (resource_id, action, given) =>
      createGuard(parts, planPermissionGuard(resource_id, action, given, config.maxAgeMs)),
    completeSignIn: (request, result, given = {}) =>
      completeSignIn({ config, states, revoke }, request, result, given),
    pendingSignIn: (request) => pendingSignIn({ config, states }, request),
    signOut: (given, request, target) => signOut({ config, client, forget }, given, request, target)
  }
}

function keySetOf({ jwks, connection, now }: Config, client: Client): KeySet {
  if (jwks === undefined) {
    return createKeySet({ fetchKeys: () => fetchKeys(client, connection.project_id), now })
  }
  const fixed = createFixedKeySet(Array.isArray(jwks.keys) ? jwks.keys : [])
  if (fixed === undefined) {
    throw new ConfigError('jwks.keys holds no RSA key that can verify, or a kid twice.')
  }
  return fixed
}
