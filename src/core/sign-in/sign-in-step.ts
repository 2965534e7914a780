import type { Config } from '../options.ts'
import type { DiscoveryState, SignInState } from './sealed-state.ts'

/**
 * What comes next for a browser. `none`: nothing, it is signed in or has begun nothing. `over`: what it keeps cannot
 * be continued, and is cleared. `locked`: too many codes were wrong; another second factor helps, or time.
 */
export type SignInStep =
  | 'none'
  | 'over'
  | 'organization'
  | 'primary'
  | 'locked'
  | 'sms'
  | 'totp'
  | 'enroll'

export interface SignInFacts {
  /** Whether a session holds. */
  readonly isSignedIn: boolean
  /** What the two cookies of a pending sign-in hold. Expired, forged or of two sign-ins is `unreadable`. */
  readonly pending: SignInState | DiscoveryState | 'nothing' | 'unreadable'
}

/**
 * The next step of a sign-in. An organization comes first, then a primary factor that it accepts. Then what the member
 * has enrolled: a code that was already sent, the authenticator app, the phone; with nothing enrolled, enrolling.
 */
export function nextStep({ isSignedIn, pending }: SignInFacts): SignInStep {
  if (isSignedIn || pending === 'nothing') return 'none'
  if (pending === 'unreadable') return 'over'
  if (!isOfMember(pending)) return 'organization'
  const { primary_required, mfa_required } = pending
  if (primary_required !== null) return 'primary'
  if (pending.locked === true) return 'locked'
  const options = mfa_required?.member_options
  if (mfa_required?.secondary_auth_initiated === 'sms_otp') return 'sms'
  if (options?.totp_registration_id) return 'totp'
  if (options?.mfa_phone_number) return 'sms'
  return 'enroll'
}

/** Whether a pending sign-in is a member's: after a discovery sign-in it has no member yet. */
export function isOfMember(state: SignInState | DiscoveryState): state is SignInState {
  return 'member_id' in state
}

/** The page of a step; `undefined` where the app has named none. */
export function pageOfStep(
  step: SignInStep,
  { loginPath, organizationsPath, mfaPath }: Config
): string | undefined {
  if (step === 'none' || step === 'over') return undefined
  if (step === 'organization') return organizationsPath ?? loginPath
  if (step === 'primary') return loginPath
  return `${mfaPath}/${step}`
}
