import type { AuthRequest } from '../core/request/request.ts'
import type { MemberSession } from '../wire/member-session.ts'
import type { AuthorizationVerdict } from '../wire/sessions.ts'

/** What is used of an Express request, 4 or 5. It names no `params`, so that those of a route keep their types. */
export interface ExpressRequest extends AuthRequest {
  readonly originalUrl: string
  memberSession?: MemberSession
  authorizationVerdict?: AuthorizationVerdict
}

/** The request as `organization_id` and `organization_slug` see it. */
export interface ExpressTenantRequest extends ExpressRequest {
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly hostname: string
  readonly ip?: string | undefined
  readonly subdomains: readonly string[]
}
