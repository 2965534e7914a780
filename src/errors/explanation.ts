import type { RefusalReason } from './reasons.ts'

/** What was found out about a credential without a remote check. `known`: this process has checked it before. */
export type LocalStep =
  | 'known'
  | 'young'
  | 'too_old'
  | 'expired'
  | 'issued_ahead'
  | 'not_yet_valid'
  | 'session_expired'
  | 'invalidated'
  | 'token_missing'
  | 'token_of_another'
  | 'keys_unavailable'
  | 'session_revoked_here'
  | 'malformed_jwt'
  | 'unknown_key'
  | 'wrong_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'wrong_claims'

/**
 * One step towards a decision: a credential that was looked at, what is known of it here, and what the authority
 * answered: a status, or why there was no answer.
 */
export type TriedStep =
  | `${'header' | 'cookie'}:${'session_jwt' | 'session_token'}`
  | `local:${LocalStep}`
  | `remote:${number | RefusalReason}`

/** One link in the chain of causes, in words of this library: nothing of it is text of a request or of an answer. */
export interface RefusalCause {
  readonly name: string
  /** For example `ENOTFOUND`, or the `error_type` of the authority. */
  readonly code: string | undefined
  readonly message: string
}

/** What a decision was about, as far as it was verified: nothing here is the word of a token alone. */
export interface RefusalSubject {
  readonly resource_id?: string
  readonly action?: string
  readonly organization_id?: string
  readonly member_id?: string
  readonly member_session_id?: string
}

/** The session that a decision was about. */
export function subjectOf({
  organization_id,
  member_id,
  member_session_id
}: Required<Omit<RefusalSubject, 'resource_id' | 'action'>>): RefusalSubject {
  return { organization_id, member_id, member_session_id }
}

/** Why a request was denied, for the people who run the app. No response shows any of it. */
export interface RefusalExplanation extends RefusalSubject {
  readonly reason: RefusalReason
  /** The sentence of `reason`. */
  readonly detail: string
  readonly method: string | undefined
  /** Without the query; segments that could be more than words are `…`. */
  readonly path: string
  /** Where the credential came from: `bearer`, `cookie`, or the name of the header. */
  readonly credential: string | undefined
  /** In order. */
  readonly tried: readonly TriedStep[]
  readonly causes: readonly RefusalCause[]
}
