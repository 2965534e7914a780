import { isRefusalError, type RefusalError } from '../../errors/refusal-error.ts'
import { toError } from '../../errors/thrown-error.ts'
import type { LateCookies } from '../answer/late-cookies.ts'
import { buildRefusal, isPreflight, preflightAnswer, privateHeaders } from '../answer/refusal.ts'
import { noteAnonymous } from '../explain/debug-lines.ts'
import { publishRefusal } from '../explain/events.ts'
import { type ExplainedDecision, explain } from '../explain/explain.ts'
import type { Credential } from '../request/credentials.ts'
import type { AuthRequest } from '../request/request.ts'
import { isSessionOver } from '../session/session-over.ts'
import { continueSignIn } from '../sign-in/continue-sign-in.ts'
import type { SignInContext } from '../sign-in/sign-in.ts'
import type { AnonymousDecision, Decision, RefusedDecision } from './decision.ts'
import type { GuardPlan } from './guard-options.ts'
import type { RequestMemory } from './request-memory.ts'

type DecideOnError = (
  request: AuthRequest,
  target: string,
  error: unknown,
  credential: Credential | undefined,
  beganAt: number
) => Decision | Promise<Decision>

/**
 * From an error to a decision. Errors that are not ours are the app's, and thrown on.
 *
 * Cookies are cleared when the authority said that their session is over, and where a guard is optional also when they
 * are malformed. An outage clears nothing.
 */
export function createErrorDecision<Source>(
  parts: SignInContext & { readonly memory: RequestMemory },
  { optional: isOptional, permission }: GuardPlan<Source>
): DecideOnError {
  const { config, memory, cookies } = parts

  return function decideOnError(request, target, error, credential, beganAt) {
    const transport = credential?.transport
    if (!isRefusalError(error)) throw toError(error)
    if (isPreflight(request)) return { accepted: false, error, ...preflightAnswer }
    const about = { request, target, credential, permission }
    if (isOptional && mayBeAnonymous(error, transport)) {
      const decision = anonymous(request, transport, beganAt)
      noteAnonymous(decision, error, about)
      return decision
    }

    publishRefusal(error, explain(error, about))
    const cleared =
      transport === 'cookie' && isSessionOver(error) ? cookies.clearSession(request, beganAt) : []
    return isSignedOut(error) && memory.mayContinue(request)
      ? continued(about, error, cleared, beganAt)
      : answer(request, target, error, cleared)
  }

  function anonymous(
    request: AuthRequest,
    transport: Credential['transport'] | undefined,
    beganAt: number
  ): AnonymousDecision {
    const lateCookies = transport === 'cookie' ? cookies.clearSession(request, beganAt) : undefined
    return { accepted: true, headers: privateHeaders, lateCookies }
  }

  async function continued(
    about: ExplainedDecision,
    error: RefusalError,
    cleared: readonly LateCookies[],
    beganAt: number
  ): Promise<RefusedDecision> {
    const { request, target } = about
    const next = await continueSignIn(parts, request, target, beganAt)
    if (next.error !== undefined) explain(next.error, { ...about, tried: error.tried })
    const lateCookies = [...cleared, ...next.lateCookies]
    const missing = next.error ?? error
    if (next.answer === undefined) return answer(request, target, missing, lateCookies)
    return { accepted: false, error: missing, ...next.answer, lateCookies }
  }

  function answer(
    request: AuthRequest,
    target: string,
    error: RefusalError,
    lateCookies: readonly LateCookies[]
  ): RefusedDecision {
    return {
      accepted: false,
      error,
      ...buildRefusal(error, request, target, config),
      lateCookies
    }
  }
}

function isSignedOut({ code }: RefusalError): boolean {
  return code === 'session_required' || code === 'session_invalid'
}

/** A cookie that is over is as good as none. What a header says was said on purpose. */
function mayBeAnonymous(
  { code }: RefusalError,
  transport: Credential['transport'] | undefined
): boolean {
  return code === 'session_required' || (code === 'session_invalid' && transport === 'cookie')
}
