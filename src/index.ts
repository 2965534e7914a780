/**
 * `membergate`: the decision itself, for any framework.
 *
 * ```ts
 * import { createMemberAuth, sendAnswer } from 'membergate'
 * const auth = createMemberAuth({ project_id, secret })
 * const mayRead = auth.requirePermission('documents', 'read')
 * const decision = await mayRead(request)
 * if (!decision.accepted) return sendAnswer(response, decision)
 * ```
 *
 * Guards and actions are functions of a request, of Node or the web, and send nothing. Express and Koa apps want
 * `membergate/express` and `membergate/koa`, which carry decisions out.
 */

export {
  addHeaders,
  type OutgoingNodeResponse,
  type OutgoingWebResponse
} from './adapters/outgoing.ts'
export { type NodeResponse, sendAnswer } from './adapters/response.ts'
export type { LateCookies, Outgoing } from './core/answer/late-cookies.ts'
export type { Answer } from './core/answer/refusal.ts'
export type { RefusalEvent, RevocationEvent } from './core/explain/events.ts'
export type {
  AcceptedDecision,
  AnonymousDecision,
  Decision,
  RefusedDecision
} from './core/guard/decision.ts'
export type { PermissionOptions, SessionGuardOptions } from './core/guard/guard-options.ts'
export type { FactorMethod, RecentFactorOptions } from './core/guard/recent-factor.ts'
export { createMemberAuth, type MemberAuth } from './core/member-auth.ts'
export type { MemberAuthFunctions } from './core/member-auth-functions.ts'
export type { MfaRoutesOptions } from './core/mfa/mfa-routes.ts'
export type {
  CookieOptions,
  CredentialSource,
  GuardClient,
  MemberAuthOptions
} from './core/options.ts'
export type { BodyRequest } from './core/request/body.ts'
export type { AuthRequest } from './core/request/request.ts'
export type { EndedSubject } from './core/session/watch-client.ts'
export type { ChooseOrganizationOptions } from './core/sign-in/choose-organization.ts'
export type {
  AnswerOrCall,
  AuthenticatingResponse,
  CompletedSignIn,
  CompletedSignInWithHeaders,
  CompleteSignInOptions,
  DiscoveryResponse,
  PendingDiscovery,
  PendingSignIn
} from './core/sign-in/sign-in.ts'
export type { SignOutOptions } from './core/sign-in/sign-out.ts'
export type {
  LocalStep,
  RefusalCause,
  RefusalExplanation,
  RefusalSubject,
  TriedStep
} from './errors/explanation.ts'
export type { RefusalReason } from './errors/reasons.ts'
export type { RefusalError } from './errors/refusal-error.ts'
export { checkPermission } from './rbac/check-permission.ts'
export { type CompiledPolicy, compilePolicy } from './rbac/compile-policy.ts'
export type { Authorization } from './wire/authorization.ts'
export type { MemberSession } from './wire/member-session.ts'
export type { OrgPolicy, Policy, PolicyRole, PolicyRolePermission } from './wire/rbac.ts'
export type { AuthorizationVerdict } from './wire/sessions.ts'
