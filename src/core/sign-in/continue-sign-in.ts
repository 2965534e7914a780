import { AccessError } from '../../errors/access-error.ts'
import type { LateCookies } from '../answer/late-cookies.ts'
import { type Answer, isNavigation, redirect, returnPathOf } from '../answer/refusal.ts'
import type { AuthRequest } from '../request/request.ts'
import { isPathWithin } from '../request/return-to.ts'
import type { DiscoveryState, SignInState } from './sealed-state.ts'
import { noteSignIn, readBoundState, readPending, type SignInContext } from './sign-in.ts'
import { isOfMember, nextStep, pageOfStep, type SignInStep } from './sign-in-step.ts'

/** What becomes of a refusal when the browser may have a pending sign-in. */
export interface Continuation {
  /** Replaces the refusal: what is missing. */
  readonly error?: AccessError
  /** Replaces the answer: on to the page of the next step. */
  readonly answer?: Answer
  /** Cookies that go with whatever is answered. */
  readonly lateCookies: readonly LateCookies[]
}

/**
 * Decides how "not signed in" continues for a request with a pending sign-in. A navigation goes on to the next
 * step; anything else hears what is required. With nothing readable pending the refusal stays, and leftovers are cleared.
 *
 * @param target path and query of the request as the browser sees them
 */
export async function continueSignIn(
  context: SignInContext,
  request: AuthRequest,
  target: string,
  beganAt: number
): Promise<Continuation> {
  const { config, cookies } = context
  const pending = await readPending(context, request)
  const step = nextStep({ isSignedIn: false, pending })
  if (pending === 'nothing') return { lateCookies: [] }
  if (pending === 'unreadable') return { lateCookies: cookies.clearSignIn(request, beganAt) }

  const error = missingStep(step, pending)
  const page = pageOfStep(step, config)
  // A guarded page of the step itself is answered where it is, not sent to itself.
  if (page === undefined || !isNavigation(request) || isPathWithin(target, page)) {
    return { error, lateCookies: [] }
  }
  return {
    error,
    answer: redirect(page),
    lateCookies: await rememberPlace(context, request, target, beganAt)
  }
}

function missingStep(step: SignInStep, state: SignInState | DiscoveryState): AccessError {
  if (!isOfMember(state)) {
    return new AccessError('organization_required', { reason: 'organization_not_chosen' })
  }
  const { organization_id, member_id, primary_required, mfa_required, locked } = state
  const subject = { organization_id, member_id }
  return step === 'primary'
    ? new AccessError('primary_required', {
        reason: 'primary_factor_missing',
        subject,
        required: { primary_required }
      })
    : new AccessError('mfa_required', {
        reason: 'second_factor_missing',
        subject,
        required: { mfa_required, locked }
      })
}

/** The place that a browser wanted last is the one to resume. */
async function rememberPlace(
  context: SignInContext,
  request: AuthRequest,
  target: string,
  beganAt: number
): Promise<readonly LateCookies[]> {
  const bound = await readBoundState(context, request)
  const return_to = returnPathOf(request, target, context.config)
  if (bound === undefined || return_to === undefined) return []
  if (return_to === bound.state.return_to) return []
  return noteSignIn(context, { ...bound, state: { ...bound.state, return_to } }, beganAt)
}
