import type { ErrorType } from '../../wire/error-types.ts'
import type { OperationName } from '../../wire/routes.ts'
import type { OAuthErrorType } from '../oauth-error.ts'

/** What an event of the audit is about. */
export const auditKinds = [
  'sign_in',
  'message',
  'mfa',
  'password',
  'revocation',
  'member',
  'organization',
  'policy',
  'app',
  'lockout',
  'credentials',
  'alarm',
  'key',
  'project'
] as const

export type AuditKind = (typeof auditKinds)[number]

/** What is no operation of the API and leaves events too: what connected apps call, and what operators do. */
const otherOperations = [
  'oauth.token',
  'oauth.introspect',
  'oauth.revoke',
  'keys.rotate',
  'roles.restore',
  'seed.apply'
] as const

export type AuditedOperation = OperationName | (typeof otherOperations)[number]

/** Whom a call is about, as far as it has shown. The steps that load a member write it down. */
export interface Subject {
  organization_id?: string
  member_id?: string
  member_session_id?: string
  /** The member whose session the call is made with. */
  caller_member_id?: string
  /** Whether a failed attempt of this call locked the member. */
  isLockedByThis?: boolean
  /** Whether a failed attempt of this call made too many in the project. */
  isAlarmedByThis?: boolean
}

const subjectIds = ['organization_id', 'member_id', 'member_session_id'] as const

/** Takes the ids of a record or of an object of the API. They are ours: what callers sent is in neither. */
export function noteIds(subject: Subject, found: unknown): void {
  for (const id of subjectIds) {
    const value: unknown = Reflect.get(Object(found), id)
    if (typeof value === 'string') subject[id] = value
  }
}

/** An answer names whom it created, and the session that it started. */
export function noteAnswer(subject: Subject, answer: object): void {
  for (const name of ['organization', 'member', 'member_session']) {
    noteIds(subject, Reflect.get(answer, name))
  }
}

/** What an event is about that is no call of one operation: wrong secrets of a project, of a minute. */
export const wrongSecrets = 'project.authenticate'

/** A notice that could not be sent, or is one too many. */
export const noticeFailed = 'notices.send'

/** One row of the audit. Ids and types only: nothing that a caller sent, and nothing that signs a member in. */
export interface AuditRecord {
  readonly event_id: string
  readonly occurred_at: number
  /** The `request_id` of the answer. */
  readonly request_id: string
  readonly kind: AuditKind
  readonly operation: AuditedOperation | typeof wrongSecrets | typeof noticeFailed
  readonly outcome: 'succeeded' | 'refused'
  readonly error_type: ErrorType | OAuthErrorType | null
  readonly organization_id: string | null
  readonly member_id: string | null
  readonly member_session_id: string | null
  readonly caller_member_id: string | null
  /** More than 1 where one event stands for several. */
  readonly occurrences: number
}

/** Which call it was, and how it ended. */
export type AuditedCall = Pick<
  AuditRecord,
  'occurred_at' | 'request_id' | 'kind' | 'operation' | 'error_type'
>

/** The rows of a call: its own, and those of the lockout and the alarm which it brought about. */
export function auditRecords(
  call: AuditedCall,
  subject: Subject,
  newEventId: () => string
): readonly AuditRecord[] {
  const { organization_id, member_id, member_session_id, caller_member_id } = subject
  const record: AuditRecord = {
    event_id: newEventId(),
    ...call,
    outcome: call.error_type === null ? 'succeeded' : 'refused',
    organization_id: organization_id ?? null,
    member_id: member_id ?? null,
    member_session_id: member_session_id ?? null,
    caller_member_id: caller_member_id ?? null,
    occurrences: 1
  }
  const caused = consequencesOf(subject)
  return [record, ...caused.map((event) => ({ ...record, ...event, event_id: newEventId() }))]
}

function consequencesOf({
  isLockedByThis,
  isAlarmedByThis
}: Subject): readonly Pick<AuditRecord, 'kind' | 'error_type'>[] {
  return [
    ...(isLockedByThis
      ? [{ kind: 'lockout', error_type: 'user_lock_limit_reached' } as const]
      : []),
    ...(isAlarmedByThis ? [{ kind: 'alarm', error_type: 'too_many_requests' } as const] : [])
  ]
}

/** What subscribers of `membergate.authority.audit` get, and what `membergate audit --json` prints. */
export interface AuditEvent extends Omit<AuditRecord, 'occurred_at'> {
  readonly project_id: string
  /** RFC 3339 in UTC, with milliseconds. */
  readonly occurred_at: string
}

export function viewAuditEvent(project_id: string, record: AuditRecord): AuditEvent {
  return {
    event_id: record.event_id,
    occurred_at: new Date(record.occurred_at).toISOString(),
    project_id,
    request_id: record.request_id,
    kind: record.kind,
    operation: record.operation,
    outcome: record.outcome,
    error_type: record.error_type,
    organization_id: record.organization_id,
    member_id: record.member_id,
    member_session_id: record.member_session_id,
    caller_member_id: record.caller_member_id,
    occurrences: record.occurrences
  }
}
