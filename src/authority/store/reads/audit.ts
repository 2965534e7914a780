import type { AuditKind, AuditRecord } from '../../domain/audit.ts'
import { type Sql, sql } from '../sql.ts'
import { auditEvents } from '../tables.ts'
import type { Reader } from './reader.ts'

/** `undefined` takes every event. `member_id` is the member that the call was about, or that made it. */
export interface AuditFilter {
  readonly organization_id: string | undefined
  readonly member_id: string | undefined
  readonly kind: AuditKind | undefined
}

/** Events are in order of time. An empty `event_id` stands before all events of the same time. */
export type AuditPlace = Pick<AuditRecord, 'occurred_at' | 'event_id'>

/** What happened. */
export function auditReads({ all }: Reader) {
  return {
    /** Of those that all filters take, at most `limit` that come after the place, the oldest first. */
    async listAuditRecords(
      filter: AuditFilter,
      { occurred_at, event_id }: AuditPlace,
      limit: number
    ): Promise<readonly AuditRecord[]> {
      const rows = await all(sql`
        select * from audit_events
        where project_id = $1 and (occurred_at, event_id) > (${occurred_at}, ${event_id})
          ${taken(filter)}
        order by occurred_at, event_id limit ${limit}`)
      return rows.map(auditEvents.read)
    }
  }
}

function taken({ organization_id, member_id, kind }: AuditFilter): Sql {
  return sql`
    ${organization_id === undefined ? sql`` : sql`and organization_id = ${organization_id}`}
    ${member_id === undefined ? sql`` : sql`and ${member_id} in (member_id, caller_member_id)`}
    ${kind === undefined ? sql`` : sql`and kind = ${kind}`}`
}
