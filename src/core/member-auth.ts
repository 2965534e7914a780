import type { Action } from './answer/action.ts'
import type { Answer } from './answer/refusal.ts'
import type {
  AcceptedDecision,
  AnonymousDecision,
  Decision,
  RefusedDecision
} from './guard/decision.ts'
import type { SessionGuardOptions } from './guard/guard-options.ts'
import { createInstance } from './instance.ts'
import {
  type Binding,
  bindInstance,
  type Framework,
  type MemberAuthFunctions,
  named
} from './member-auth-functions.ts'
import type { MemberAuthOptions } from './options.ts'
import type { BodyRequest } from './request/body.ts'
import { type AuthRequest, targetOf } from './request/request.ts'
import type { CompletedSignInWithHeaders } from './sign-in/sign-in.ts'

/** Of no framework: functions of a request, which send nothing. */
interface RequestBinding extends Binding {
  readonly context: [request: AuthRequest]
  readonly source: AuthRequest
  /** At once when the session is known and the policy at hand. */
  readonly guard: (request: AuthRequest) => Decision | Promise<Decision>
  readonly marker: (request: AuthRequest) => void
  /** Reads the body by itself, where no parser has left it in `body`. */
  readonly action: (request: BodyRequest) => Promise<Answer>
  /** `undefined` where the request is not one of its own. */
  readonly route: (request: BodyRequest) => Promise<Answer | undefined>
  readonly completed: CompletedSignInWithHeaders
}

/** The guards, actions and accessors of one configuration, as functions of a request. */
export interface MemberAuth extends MemberAuthFunctions<RequestBinding> {
  /** Decides about one request. It sends nothing: `addHeaders` adds the decision to a response, `sendAnswer` sends a denial. */
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
 * Creates the guards and actions of one configuration, for any framework: functions from a request of Node or the web to
 * a decision or an answer. They send nothing.
 *
 * @throws ConfigError when an option or a variable of the environment is wrong
 * @example
 * const auth = createMemberAuth({ project_id, secret })
 * const guard = auth.requirePermission('documents', 'read')
 * const decision = await guard(request)
 * if (!decision.accepted) return sendAnswer(response, decision)
 * addHeaders(response, decision)
 */
export function createMemberAuth(options?: MemberAuthOptions): MemberAuth {
  const functions = bindInstance(createInstance(options), plainRequests)
  return {
    ...functions,
    async authenticate(request: AuthRequest, guardOptions?: SessionGuardOptions<AuthRequest>) {
      const guard = functions.requireMemberSession(guardOptions)
      return guard(request) as Promise<AcceptedDecision | RefusedDecision>
    }
  }
}

const plainRequests: Framework<RequestBinding> = {
  requestOf: (request) => request,
  guard: (name, guard) => named(name, (request) => guard(request, targetOf(request), request)),
  marker: (name, mark) => named(name, (request) => mark(request)),
  action: runAction,
  route: runAction,
  completing: (_name, complete) => complete
}

function runAction<Result>(name: string, action: Action<AuthRequest, Result>) {
  return named(name, (request: BodyRequest) =>
    action({ request, target: targetOf(request), body: request.body, source: request })
  )
}
