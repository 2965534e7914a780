import diagnostics_channel from 'node:diagnostics_channel'
import { errorTypes } from '../../wire/error-types.ts'
import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import {
  type AuditedCall,
  type AuditKind,
  type AuditRecord,
  auditRecords,
  noteAnswer,
  noteIds,
  viewAuditEvent
} from '../domain/audit.ts'
import { OperationError } from '../domain/operation-error.ts'
import { OAuthError } from '../oauth-error.ts'
import { DatabaseUnavailable } from '../store/engine.ts'
import type { ProjectStore } from '../store/store.ts'

export const auditChannel = 'membergate.authority.audit'

const channel = diagnostics_channel.channel(auditChannel)

/** What happened could not be written down, so the caller may not be told that it did. */
export class AuditUnavailable extends Error {
  constructor(cause: unknown) {
    super('The audit cannot be written.', { cause })
  }
}

/**
 * Runs an operation, and writes down what became of it before the caller is told: that it succeeded, or why it was rejected.
 * What fails is no outcome, and has a channel of its own.
 *
 * The row has a unit to itself. An operation has any number of units, often none when it is rejected, and only its handler
 * knows which is the last.
 */
export async function audited<Answer extends object>(
  context: Context,
  { operation, kind, request_id }: Call,
  work: () => Promise<Answer>
): Promise<Answer> {
  if (kind === null) return work()
  const call = { kind, operation, request_id, occurred_at: context.now }

  let answer: Answer
  try {
    answer = await work()
  } catch (error) {
    const error_type = rejectionOf(error)
    if (error_type !== undefined) {
      await noteOrganization(context)
      await write(context, { ...call, error_type })
    }
    throw error
  }
  noteAnswer(context.subject, answer)
  await noteOrganization(context)
  await write(context, { ...call, error_type: null })
  return answer
}

interface Call extends Pick<AuditedCall, 'operation' | 'request_id'> {
  /** `null`: the operation is not audited. */
  readonly kind: AuditKind | null
}

/** A call may be known by its member alone: one that is rejected early, as a used link is, or that revokes a refresh token. */
async function noteOrganization({ store, subject }: Context): Promise<void> {
  const { organization_id, member_id } = subject
  if (organization_id !== undefined || member_id === undefined) return
  noteIds(subject, await store.findMemberById(member_id))
}

function write({ store, subject, environment }: Context, call: AuditedCall): Promise<void> {
  return writeAudit(
    store,
    auditRecords(call, subject, () => newId('audit-event', environment))
  )
}

/** The row first, then the subscribers: they hear of nothing that the audit does not have. */
export async function writeAudit(
  store: ProjectStore,
  records: readonly AuditRecord[]
): Promise<void> {
  try {
    await store.run(records.map((record) => ({ do: 'insertAuditEvent', record })))
  } catch (error) {
    throw error instanceof DatabaseUnavailable ? error : new AuditUnavailable(error)
  }
  if (!channel.hasSubscribers) return
  for (const record of records) channel.publish(viewAuditEvent(store.project_id, record))
}

/** Why a call was rejected; `undefined` where it failed. */
function rejectionOf(error: unknown): AuditedCall['error_type'] | undefined {
  if (error instanceof OAuthError) return error.error
  const isRejection = error instanceof OperationError && errorTypes[error.error_type].status < 500
  return isRejection ? error.error_type : undefined
}
