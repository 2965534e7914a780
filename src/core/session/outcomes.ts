import type { Verification } from '../../jwt/verify.ts'

type DeniedOutcome = 'session_revoked_here' | Extract<Verification, { status: 'refused' }>['reason']

/** What can be known of a credential without asking. */
export type LocalOutcome =
  | 'young'
  | 'too_old'
  | 'expired'
  | 'issued_ahead'
  | 'not_yet_valid'
  | 'session_expired'
  | 'invalidated'
  | 'opaque_token'
  | 'keys_unavailable'
  | DeniedOutcome

/**
 * What follows. `ask`: the signature is right, one call decides. `ask_unverified`: nothing is proven, so such asks are
 * limited. `refuse`: final, no call is made.
 */
export type LocalDecision = 'accept' | 'ask' | 'ask_unverified' | 'refuse'

/** The whole rule of when the authority is asked: when, and only when, the local answer is inconclusive. */
export const decisions: Readonly<Record<LocalOutcome, LocalDecision>> = {
  young: 'accept',

  too_old: 'ask',
  expired: 'ask',
  issued_ahead: 'ask',
  not_yet_valid: 'ask',
  session_expired: 'ask',
  invalidated: 'ask',

  opaque_token: 'ask_unverified',
  keys_unavailable: 'ask_unverified',

  session_revoked_here: 'refuse',
  malformed_jwt: 'refuse',
  unknown_key: 'refuse',
  wrong_signature: 'refuse',
  wrong_issuer: 'refuse',
  wrong_audience: 'refuse',
  wrong_claims: 'refuse'
}

/** Whether the local answer is final: such an outcome is the reason for a denial as well. */
export function isDenied(outcome: LocalOutcome): outcome is DeniedOutcome {
  return decisions[outcome] === 'refuse'
}
