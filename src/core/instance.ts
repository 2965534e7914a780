import { type Client, connect } from '../client/create-client.ts'
import { createPolicySource } from '../rbac/policy-source.ts'
import type { Action } from './answer/action.ts'
import { createBrowserCookies } from './answer/browser-cookies.ts'
import type { Answer } from './answer/refusal.ts'
import { createGuard, type Guard } from './guard/guard.ts'
import {
  planPermissionGuard,
  planRecentFactorGuard,
  planSessionGuard
} from './guard/guard-options.ts'
import { createRequestMemory, type RequestMemory } from './guard/request-memory.ts'
import { createMfaRoutes, type MfaRoutesOptions } from './mfa/mfa-routes.ts'
import { type MemberAuthOptions, readOptions } from './options.ts'
import type { AuthRequest } from './request/request.ts'
import { createAuthenticate } from './session/authenticate.ts'
import { callsOfGivenClient, callsOfOwnClient } from './session/guard-client.ts'
import { createRetryLater, type Schedule } from './session/outstanding-revocations.ts'
import { createRemoteChecks } from './session/remote-check.ts'
import { createRevocations } from './session/revocations.ts'
import { createSessionCache } from './session/session-cache.ts'
import { createSessionTokens } from './session/session-tokens.ts'
import { createSuperseded } from './session/superseded.ts'
import {
  createIdentify,
  createInvalidate,
  type Invalidate,
  knownSession,
  watchClient
} from './session/watch-client.ts'
import {
  createChooseOrganization,
  createSwitchOrganization
} from './sign-in/choose-organization.ts'
import { createSealedStates } from './sign-in/sealed-state.ts'
import {
  type AnswerOrCall,
  type AuthenticatingResponse,
  type CompletedSignInWithHeaders,
  type CompleteSignInOptions,
  completeDiscovery,
  completeSignIn,
  type DiscoveryResponse,
  type PendingDiscovery,
  type PendingSignIn,
  pendingDiscovery,
  pendingSignIn
} from './sign-in/sign-in.ts'
import { createSignOut, type SignOutOptions } from './sign-in/sign-out.ts'

/** One configuration and all that belongs to it: what is bound to a framework. */
export interface Instance {
  readonly client: Client
  readonly memory: RequestMemory
  readonly invalidate: Invalidate
  sessionGuard<Source>(options: unknown): Guard<Source>
  permissionGuard<Source>(resource_id: unknown, action: unknown, options: unknown): Guard<Source>
  recentFactorGuard<Source>(options: unknown): Guard<Source>
  completeSignIn(
    request: AuthRequest,
    given: AnswerOrCall<AuthenticatingResponse>,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignInWithHeaders>
  completeDiscovery(
    request: AuthRequest,
    given: AnswerOrCall<DiscoveryResponse>,
    options?: CompleteSignInOptions
  ): Promise<CompletedSignInWithHeaders>
  pendingSignIn(request: AuthRequest): Promise<PendingSignIn | null>
  pendingDiscovery(request: AuthRequest): Promise<PendingDiscovery | null>
  mfaRoutes(options?: MfaRoutesOptions): Action<unknown, Answer | undefined>
  switchOrganization<Source>(options: unknown): Action<Source>
  chooseOrganization<Source>(options: unknown): Action<Source>
  signOut(options?: SignOutOptions): Action
}

/** Builds an instance. Two of them share nothing: no key, no session, no policy. */
export function createInstance(
  options: MemberAuthOptions<unknown> = {},
  schedule?: Schedule
): Instance {
  const config = readOptions(options, process.env)
  const { now, connection, session_duration_minutes } = config
  const cache = createSessionCache()
  const sessionTokens = createSessionTokens()
  const revocations = createRevocations(now)
  const { client: ownClient, verifier, policySource: ownPolicySource } = connect(connection, config)
  const calls =
    config.client === undefined
      ? callsOfOwnClient(ownClient)
      : callsOfGivenClient(config.client, connection.timeoutMs)
  const policySource =
    config.client === undefined || config.policy !== undefined
      ? ownPolicySource
      : createPolicySource({ ...calls, now })
  const invalidate = createInvalidate(revocations, cache, [ownPolicySource, policySource])

  const authenticate = createAuthenticate({
    verifier,
    checkRemotely: createRemoteChecks({
      authenticate: (data) => calls.authenticate({ ...data, session_duration_minutes }),
      isKnown: (token) => cache.get(token) !== undefined,
      now,
      orderedNow: revocations.orderedNow
    }),
    cache,
    sessionTokens,
    revocations,
    clockToleranceMs: config.clockToleranceMs,
    now
  })
  const revoke = (member_session_id: string) => {
    invalidate({ member_session_id })
    return calls.revoke(member_session_id)
  }
  const memory = createRequestMemory()
  const states = createSealedStates(config.sealingKeys)
  const cookies = createBrowserCookies(config, revocations, createSuperseded())
  const context = {
    config,
    states,
    cookies,
    revoke,
    identify: createIdentify(cache, verifier),
    invalidateSession: revocations.invalidate,
    learnToken: sessionTokens.learn
  }
  const parts = { ...context, memory, authenticate, policySource, revocations }
  const client = watchClient(ownClient, cache, invalidate)
  const actionParts = { ...context, client, authenticate }
  const retryLater = createRetryLater(schedule)
  const ending = {
    config,
    cookies,
    authenticate,
    revoke,
    knownSession: (token: string) => knownSession(token, cache),
    retryLater
  }

  return {
    client,
    memory,
    invalidate,
    sessionGuard: (given) => createGuard(parts, planSessionGuard(given, config.maxAgeMs)),
    permissionGuard: (resource_id, action, given) =>
      createGuard(parts, planPermissionGuard(resource_id, action, given, config.maxAgeMs)),
    recentFactorGuard: (given) => createGuard(parts, planRecentFactorGuard(given, config.maxAgeMs)),
    completeSignIn: (request, given, options = {}) =>
      completeSignIn(context, request, given, options),
    completeDiscovery: (request, given, options = {}) =>
      completeDiscovery(context, request, given, options),
    pendingSignIn: (request) => pendingSignIn(context, request),
    pendingDiscovery: (request) => pendingDiscovery(context, request),
    mfaRoutes: (given) => createMfaRoutes(actionParts, given),
    switchOrganization: (given) => createSwitchOrganization(actionParts, given),
    chooseOrganization: (given) => createChooseOrganization(actionParts, given),
    signOut: (given) => createSignOut(ending, given)
  }
}
