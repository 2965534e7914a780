import { newId } from './crypto/tokens.ts'
import { type AuditedCall, auditRecords, noteIds, type Subject } from './domain/audit.ts'
import type { Write } from './domain/writes.ts'
import { newRequestId } from './http/http-call.ts'
import { environmentOf } from './project-id.ts'

/** The row of what a command or a seed did about this one, which is of no call: it belongs to the unit that does it. */
export function auditOfCommand(
  project_id: string,
  command: Pick<AuditedCall, 'kind' | 'operation' | 'occurred_at'>,
  about: object = {}
): readonly Write[] {
  const environment = environmentOf(project_id)
  const subject: Subject = {}
  noteIds(subject, about)
  const call = { ...command, request_id: newRequestId(environment), error_type: null }
  const records = auditRecords(call, subject, () => newId('audit-event', environment))
  return records.map((record) => ({ do: 'insertAuditEvent', record }))
}
