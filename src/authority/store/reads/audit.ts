import type { AuditKind, AuditRecord } from '../../domain/audit.ts'
import { readAuditRecord } from '../records.ts'
import type { Reader } from './reader.ts'

/** `undefined` takes every event. `member_id` is whom it is about, or who made the call. */
export interface AuditFilter {
  readonly organization_id: string | undefined
  readonly member_id: string | undefined
  readonly kind: AuditKind | undefined
}

/** Events are in order of time. An empty `event_id` stands before all events of its moment. */
export type AuditPlace = Pick<AuditRecord, 'occurred_at' | 'event_id'>

/** What happened. */
export function auditReads({ all }: Reader) {
  return {
    /** Of those that all filters take, at most `limit` that come after the place, the oldest first. */
    async listAuditRecords(
      { organization_id, member_id, kind }: AuditFilter,
      after: AuditPlace,
      limit: number
    ): Promise<readonly AuditRecord[]> {
      const rows = await all(
        `select * from audit_events
         where project_id = $1 and (occurred_at, event_id) > ($2, $3)
           and (cast($4 as text) is null or organization_id = $4)
           and (cast($5 as text) is null or member_id = $5 or caller_member_id = $5)
           and (cast($6 as text) is null or kind = $6)
         order by occurred_at, event_id limit $7`,
        after.occurred_at,
        after.event_id,
        organization_id ?? null,
        member_id ?? null,
        kind ?? null,
        limit
      )
      return rows.map(readAuditRecord)
    }
  }
}
