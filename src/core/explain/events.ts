import { channel } from 'node:diagnostics_channel'
import type { AccessCode } from '../../errors/access-error.ts'
import type { RefusalExplanation } from '../../errors/explanation.ts'
import type { RefusalError } from '../../errors/refusal-error.ts'
import type { UnavailableCode } from '../../errors/unavailable-error.ts'

/** What subscribers of `membergate.refusal` hear. It never holds a token, a cookie, a query or a body. */
export interface RefusalEvent extends RefusalExplanation {
  readonly code: AccessCode | UnavailableCode
  readonly status: number
}

/** What subscribers of `membergate.revocation` hear: a sign-out that the authority never confirmed. */
export interface RevocationEvent {
  readonly outcome: 'given_up'
  /** `undefined` when the authority never said whose session it was. */
  readonly member_session_id: string | undefined
  readonly attempts: number
}

const refusals = channel('membergate.refusal')

export function publishRefusal(
  { code, status }: RefusalError,
  explanation: RefusalExplanation
): void {
  if (!refusals.hasSubscribers) return
  const event: RefusalEvent = { code, status, ...explanation }
  refusals.publish(event)
}

const revocations = channel('membergate.revocation')

export function publishGivenUp(member_session_id: string | undefined, attempts: number): void {
  if (!revocations.hasSubscribers) return
  const event: RevocationEvent = { outcome: 'given_up', member_session_id, attempts }
  revocations.publish(event)
}
