/**
 * `membergate/koa`: middleware for Koa 2 and 3.
 *
 * ```ts
 * import { requireMemberSession, requirePermission } from 'membergate/koa'
 * app.use(requireMemberSession())
 * router.put('/members/:member_id', requirePermission('stytch.member', 'update'), updateMember)
 * ```
 *
 * These free functions use the instance of `STYTCH_PROJECT_ID`, `STYTCH_SECRET` and `STYTCH_URL`;
 * `createMemberAuth(options)` returns the same functions for one configuration. It authenticates members and decides
 * permissions; how people sign in is the app's.
 */
export {
  authorizationOf,
  chooseOrganization,
  completeDiscovery,
  completeSignIn,
  createMemberAuth,
  handleMfaRedirect,
  type KoaMemberAuth,
  type KoaMemberAuthOptions,
  type KoaMiddleware,
  type MemberState,
  memberOf,
  mfaRoutes,
  type OnKoaRefusal,
  pendingDiscovery,
  pendingSignIn,
  requireMemberSession,
  requirePermission,
  requireRecentFactor,
  signOut,
  switchOrganization,
  verdictOf
} from './adapters/koa.ts'
export type { PermissionOptions, SessionGuardOptions } from './core/guard/guard-options.ts'
export type { FactorMethod, RecentFactorOptions } from './core/guard/recent-factor.ts'
export type { MfaRoutesOptions } from './core/mfa/mfa-routes.ts'
export type {
  CookieOptions,
  CredentialSource,
  GuardClient,
  MemberAuthOptions
} from './core/options.ts'
export type { EndedSubject } from './core/session/watch-client.ts'
export type { ChooseOrganizationOptions } from './core/sign-in/choose-organization.ts'
export type {
  AnswerOrCall,
  AuthenticatingResponse,
  CompletedSignIn,
  CompleteSignInOptions,
  DiscoveryResponse,
  PendingDiscovery,
  PendingSignIn
} from './core/sign-in/sign-in.ts'
export type { SignOutOptions } from './core/sign-in/sign-out.ts'
export type { Authorization } from './wire/authorization.ts'
export type { MemberSession } from './wire/member-session.ts'
export type { AuthorizationVerdict } from './wire/sessions.ts'
