import { AccessError } from '../../errors/access-error.ts'
import type { Config } from '../options.ts'
import { isNavigation, type Refusal, redirect, returnPathOf } from '../refusal.ts'
import { clearSignInCookies, type HeaderPair } from '../request/cookies.ts'
import type { AuthRequest } from '../request/request.ts'
import { isWithin } from '../return-to.ts'
import { nextStep, type SignInStep } from './mfa-step.ts'
import type { BoundState, SignInState } from './sealed-state.ts'
import {
  readBoundState,
  readSignInCookies,
  type SignInContext,
  setSignInCookies
} from './sign-in.ts'

/** What becomes of a refusal when the browser may be half signed in. */
export interface Continuation {
  /** Replaces the refusal: what is missing. */
  readonly error?: AccessError
  /** Replaces the answer: on to the page of the next step. */
  readonly refusal?: Refusal
  /** Cookies that go with whatever is answered. */
  readonly headers: readonly HeaderPair[]
}

/**
 * Decides how "not signed in" continues for a request that carries a half-done sign-in. A navigation goes on to the next
 * step; anything else hears what is required. With nothing readable pending the refusal stays, and leftovers are cleared.
 *
 * @param target path and query of the request as the browser sees them
 */
export async function continueSignIn(
  context: SignInContext,
  request: AuthRequest,
  target: string
): Promise<Continuation> {
  const { config } = context
  const bound = await readBoundState(context, request)
  if (bound === undefined) {
    const { intermediate_session_token, sealed } = readSignInCookies(config, request)
    const isLeftOver = intermediate_session_token !== undefined || sealed !== undefined
    return { headers: isLeftOver ? clearSignInCookies(config.cookies) : [] }
  }
  const step = nextStep(bound.state)
  const error = missingFactor(step, bound.state)
  const path = pathOf(step, config)
  // A guarded page of the step itself is answered where it is, not sent to itself.
  if (path === undefined || !isNavigation(request) || isWithin(target, path)) {
    return { error, headers: [] }
  }
  return {
    error,
    refusal: redirect(path),
    headers: await rememberPlace(context, request, target, bound)
  }
}

function missingFactor(step: SignInStep, { primary_required, mfa_required }: SignInState) {
  return step === 'primary'
    ? new AccessError('primary_required', { required: { primary_required } })
    : new AccessError('mfa_required', { required: { mfa_required } })
}

function pathOf(step: SignInStep, { loginPath, mfaPath }: Config): string | undefined {
  return step === 'primary' ? loginPath : `${mfaPath}/${step}`
}

/** The place that a browser wanted last is the one to resume. */
async function rememberPlace(
  context: SignInContext,
  request: AuthRequest,
  target: string,
  bound: BoundState
): Promise<readonly HeaderPair[]> {
  const return_to = returnPathOf(request, target, context.config)
  if (return_to === undefined || return_to === bound.state.return_to) return []
  return setSignInCookies(context, { ...bound, state: { ...bound.state, return_to } })
}
