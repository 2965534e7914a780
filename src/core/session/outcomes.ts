import type { Verification } from '../../jwt/verify.ts'

type DeniedOutcome =
  | 'session_revoked_here'
  | Extract<Verification, { status: 'rejected' }>['reason']

/**
 * What can be known of a credential without a remote check. `token_missing`: a good JWT cookie, which has lost the opaque cookie
 * beside it. `token_of_another`: a good one beside the opaque token of another session than its own.
 */
export type LocalOutcome =
  | 'young'
  | 'too_old'
  | 'expired'
  | 'issued_ahead'
  | 'not_yet_valid'
  | 'session_expired'
  | 'invalidated'
  | 'token_missing'
  | 'token_of_another'
  | 'opaque_token'
  | 'keys_unavailable'
  | DeniedOutcome

/**
 * What follows. `check`: the signature is right, one remote check decides. `check_unverified`: nothing is verified, so
 * such checks are limited. `deny`: final, no call is made.
 */
export type LocalDecision = 'accept' | 'check' | 'check_unverified' | 'deny'

/** The whole rule of when a remote check is made: when, and only when, the local answer is inconclusive. */
export const decisions: Readonly<Record<LocalOutcome, LocalDecision>> = {
  young: 'accept',

  too_old: 'check',
  expired: 'check',
  issued_ahead: 'check',
  not_yet_valid: 'check',
  session_expired: 'check',
  invalidated: 'check',
  token_missing: 'check',
  token_of_another: 'check',

  opaque_token: 'check_unverified',
  keys_unavailable: 'check_unverified',

  session_revoked_here: 'deny',
  malformed_jwt: 'deny',
  unknown_key: 'deny',
  wrong_signature: 'deny',
  wrong_issuer: 'deny',
  wrong_audience: 'deny',
  wrong_claims: 'deny'
}

/** Whether the local answer is final: such an outcome is the reason for a denial as well. */
export function isDenied(outcome: LocalOutcome): outcome is DeniedOutcome {
  return decisions[outcome] === 'deny'
}
