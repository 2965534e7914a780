import { channel } from 'node:diagnostics_channel'
import type { AccessError } from '../errors/access-error.ts'
import type { RefusalReason } from '../errors/reasons.ts'
import type { UnavailableError } from '../errors/unavailable-error.ts'
import type { AuthRequest } from './request/request.ts'

/** What subscribers of `membergate.refusal` hear. It never holds a token, a cookie or a body. */
export interface RefusalEvent {
  readonly code: string
  readonly status: number
  /** Why, which no response shows. */
  readonly reason: RefusalReason | undefined
  readonly method: string | undefined
}

/** What subscribers of `membergate.revocation` hear: a sign-out that the authority never confirmed. */
export interface RevocationEvent {
  readonly outcome: 'given_up'
  /** `undefined` when the authority never said whose session it was. */
  readonly member_session_id: string | undefined
  readonly attempts: number
}

const refusals = channel('membergate.refusal')

export function publishRefusal(request: AuthRequest, error: AccessError | UnavailableError): void {
  if (!refusals.hasSubscribers) return
  const event: RefusalEvent = {
    code: error.code,
    status: error.status,
    reason: error.reason,
    method: request.method
  }
  refusals.publish(event)
}

const revocations = channel('membergate.revocation')

export function publishGivenUp(member_session_id: string | undefined, attempts: number): void {
  if (!revocations.hasSubscribers) return
  const event: RevocationEvent = { outcome: 'given_up', member_session_id, attempts }
  revocations.publish(event)
}
