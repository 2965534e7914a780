import type { RefusalError } from '../../errors/refusal-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { AuthorizationVerdict } from '../../wire/sessions.ts'
import type { HeaderPair } from '../request/cookies.ts'

/** The handler may run. */
export interface AcceptedDecision {
  readonly accepted: true
  readonly member_session: MemberSession
  /** Of `requirePermission`. */
  readonly verdict?: AuthorizationVerdict
  /** To be added to the response, `Set-Cookie` among them. */
  readonly headers: readonly HeaderPair[]
}

/** The handler may run, without a session. */
export interface AnonymousDecision {
  readonly accepted: true
  readonly member_session?: undefined
  readonly verdict?: undefined
  readonly headers: readonly HeaderPair[]
}

/** The request ends here, with this answer. */
export interface RefusedDecision {
  readonly accepted: false
  readonly error: RefusalError
  readonly status: number
  readonly headers: readonly HeaderPair[]
  readonly body: string
}

export type Decision = AcceptedDecision | AnonymousDecision | RefusedDecision
