/**
 * `membergate/express`: middleware for Express 4 and 5.
 *
 * ```ts
 * import { requireMemberSession, requirePermission } from 'membergate/express'
 * app.use(requireMemberSession())
 * app.put('/members/:member_id', requirePermission('stytch.member', 'update'), updateMember)
 * ```
 *
 * These free functions use the instance of `STYTCH_PROJECT_ID`, `STYTCH_SECRET` and `STYTCH_URL`;
 * `createMemberAuth(options)` returns the same functions for one configuration. It authenticates members and decides
 * permissions; how people sign in is the app's.
 */
import type { MemberSession } from './wire/member-session.ts'
import type { AuthorizationVerdict } from './wire/sessions.ts'

declare global {
  namespace Express {
    interface Request {
      /** Set by `requireMemberSession` and `requirePermission` of membergate. Guards never read it: see `memberOf`. */
      memberSession?: MemberSession
      /** Set by `requirePermission` of membergate. */
      authorizationVerdict?: AuthorizationVerdict
    }
  }
}

export {
  authorizationOf,
  chooseOrganization,
  completeDiscovery,
  completeSignIn,
  createMemberAuth,
  type ExpressMemberAuth,
  type ExpressMemberAuthOptions,
  type ExpressMiddleware,
  handleMfaRedirect,
  memberOf,
  mfaRoutes,
  pendingDiscovery,
  pendingSignIn,
  requireMemberSession,
  requirePermission,
  requireRecentFactor,
  signOut,
  switchOrganization,
  verdictOf
} from './adapters/express.ts'
export type { ExpressNext, ExpressResponse, OnExpressRefusal } from './adapters/express-next.ts'
export type { ExpressRequest, ExpressTenantRequest } from './adapters/express-request.ts'
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
