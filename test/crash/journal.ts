import { isMembergateError } from 'membergate/errors'

/** What the writers were told, and so what a crash must not take back. */
export interface Journal {
  readonly sessions: SessionEntry[]
  readonly codes: CodeEntry[]
  readonly passwords: PasswordEntry[]
  readonly attempts: AttemptEntry[]
  readonly members: MemberEntry[]
  acknowledged: number
  unknown: number
  /** When calls were acknowledged, in epoch milliseconds. */
  lastAcknowledgedAt: number
  /** Unknown outcomes that were answered with another status than 503. */
  readonly otherStatuses: string[]
  /** What no answer may say: the promise was broken already under load. */
  readonly violations: string[]
}

/** Whether something happened: it was said, it was said not to, or nobody knows. */
export type Known = 'yes' | 'no' | 'unknown'

export interface SessionEntry {
  readonly session_token: string
  readonly member_session_id: string
  readonly session_jwt: string
  /** A claim that only grows. */
  claim: number
  /** A greater claim, whose outcome is unknown. */
  claimUnknown: number | undefined
  revoked: Known
}

export interface CodeEntry {
  readonly organization_id: string
  readonly member_id: string
  readonly session_token: string
  readonly recovery_code: string
  used: Known
}

export interface PasswordEntry {
  readonly email_address: string
  before: string | undefined
  current: string
  /** A later password, whose outcome is unknown. */
  unknown: string | undefined
}

export interface AttemptEntry {
  readonly member_id: string
  failed: number
  unknown: number
}

export interface MemberEntry {
  readonly email_address: string
  readonly name: string
  readonly created: Known
}

export function newJournal(): Journal {
  return {
    sessions: [],
    codes: [],
    passwords: [],
    attempts: [],
    members: [],
    acknowledged: 0,
    unknown: 0,
    lastAcknowledgedAt: 0,
    otherStatuses: [],
    violations: []
  }
}

export type Outcome<Answer> =
  | { readonly is: 'acknowledged'; readonly answer: Answer }
  | { readonly is: 'refused'; readonly error_type: string }
  | { readonly is: 'unknown' }

/** Tells what became of a call. A refusal says as much as a success; everything else says nothing. */
export async function outcomeOf<Answer>(
  journal: Journal,
  call: Promise<Answer>
): Promise<Outcome<Answer>> {
  try {
    const answer = await call
    journal.acknowledged += 1
    journal.lastAcknowledgedAt = Date.now()
    return { is: 'acknowledged', answer }
  } catch (error) {
    const status = Number(Reflect.get(Object(error), 'status_code'))
    if (status >= 400 && status < 500) {
      journal.acknowledged += 1
      return { is: 'refused', error_type: String(Reflect.get(Object(error), 'error_type')) }
    }
    if (!isMembergateError(error)) throw error
    if (status >= 500 && status !== 503) journal.otherStatuses.push(String(error))
    journal.unknown += 1
    return { is: 'unknown' }
  }
}
