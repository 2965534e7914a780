import type { AcceptedDecision, AnonymousDecision, RefusedDecision } from './decision.ts'
import type { SessionGuardOptions } from './guard-options.ts'
import { createMemberAuthCore } from './member-auth.ts'
import type { MemberAuthOptions } from './options.ts'
import type { AuthRequest } from './request/request.ts'

export interface Authenticator {
  /** Decides about one request. It sends nothing: add `headers` to the response, and end it when `accepted` is false. */
  authenticate(
    request: AuthRequest,
    options: SessionGuardOptions<AuthRequest> & { readonly optional: true }
  ): Promise<AcceptedDecision | AnonymousDecision | RefusedDecision>
  authenticate(
    request: AuthRequest,
    options?: SessionGuardOptions<AuthRequest>
  ): Promise<AcceptedDecision | RefusedDecision>
}

/**
 * The decision that the Express and Koa guards carry out, for any other framework.
 *
 * @throws ConfigError when an option or a variable of the environment is wrong
 * @example
 * const { authenticate } = createAuthenticator({ project_id, secret })
 * const decision = await authenticate(request)
 * if (!decision.accepted) return respond(decision.status, decision.headers, decision.body)
 */
export function createAuthenticator(options?: MemberAuthOptions): Authenticator {
  const auth = createMemberAuthCore(options)
  return {
    async authenticate(request: AuthRequest, guardOptions?: SessionGuardOptions<AuthRequest>) {
      const guard = auth.sessionGuard<AuthRequest>(guardOptions)
      return guard(request, request.url ?? '/', request) as Promise<
        AcceptedDecision | RefusedDecision
      >
    }
  }
}
