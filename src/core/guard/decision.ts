import type { RefusalError } from '../../errors/refusal-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { AuthorizationVerdict } from '../../wire/sessions.ts'
import type { Outgoing } from '../answer/late-cookies.ts'

/** The handler may run. */
export interface AcceptedDecision extends Outgoing {
  readonly accepted: true
  readonly member_session: MemberSession
  /** Of `requirePermission`. */
  readonly verdict?: AuthorizationVerdict
}

/** The handler may run, without a session. */
export interface AnonymousDecision extends Outgoing {
  readonly accepted: true
  readonly member_session?: undefined
  readonly verdict?: undefined
}

/** The request ends here, with this answer. */
export interface RefusedDecision extends Outgoing {
  readonly accepted: false
  readonly error: RefusalError
  readonly status: number
  readonly body: string
}

export type Decision = AcceptedDecision | AnonymousDecision | RefusedDecision
