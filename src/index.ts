/**
 * `membergate`: the decision itself, for any framework.
 *
 * ```ts
 * import { createAuthenticator } from 'membergate'
 * const { authenticate } = createAuthenticator({ project_id, secret })
 * const decision = await authenticate(request)
 * ```
 *
 * Express and Koa apps want `membergate/express` and `membergate/koa`, which carry decisions out.
 */

export { type Authenticator, createAuthenticator } from './core/create-authenticator.ts'
export type {
  AcceptedDecision,
  AnonymousDecision,
  Decision,
  RefusedDecision
} from './core/decision.ts'
export type { RefusalEvent, RevocationEvent } from './core/events.ts'
export type { SessionGuardOptions } from './core/guard-options.ts'
export type {
  CookieOptions,
  CredentialSource,
  GuardClient,
  MemberAuthOptions
} from './core/options.ts'
export type { AuthRequest } from './core/request/request.ts'
export { checkPermission } from './rbac/check-permission.ts'
export { type CompiledPolicy, compilePolicy } from './rbac/compile-policy.ts'
export type { MemberSession } from './wire/member-session.ts'
export type { OrgPolicy, Policy, PolicyRole, PolicyRolePermission } from './wire/rbac.ts'
export type { AuthorizationVerdict } from './wire/sessions.ts'
