import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from '@jest/globals'
import type { AuditEvent } from 'membergate/authority'
import { auditChannel } from '../../src/authority/http/audited.ts'
import { plant } from './plant.ts'

/**
 * The events of the work, as subscribers hear them. Fails when they are not the rows that the work added, or when one
 * holds anything but ids, types and its moment.
 */
export async function auditOf(
  database: string,
  work: () => Promise<unknown>
): Promise<readonly AuditEvent[]> {
  const heard: AuditEvent[] = []
  const listen = (event: unknown) => heard.push(event as AuditEvent)
  const before = new Set((await listRows(database)).map(({ event_id }) => event_id))
  subscribe(auditChannel, listen)
  try {
    await work()
  } finally {
    unsubscribe(auditChannel, listen)
  }
  const added = (await listRows(database)).filter(({ event_id }) => !before.has(event_id))
  expect(added.sort(byId)).toEqual([...heard].sort(byId))
  for (const event of heard) expect(wordsOf(event)).toEqual([])
  return heard
}

async function listRows(database: string): Promise<AuditEvent[]> {
  const rows = await plant(database, 'select * from audit_events')
  return rows.map((row) => {
    const occurred_at = new Date(Number(row.occurred_at)).toISOString()
    return { ...(row as unknown as AuditEvent), occurred_at }
  })
}

function byId(one: AuditEvent, other: AuditEvent): number {
  return one.event_id < other.event_id ? -1 : 1
}

const id =
  /^(project|organization|member|member-session|audit-event|request-id)-test-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const types = {
  occurred_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  kind: /^[a-z_]+$/,
  operation: /^[A-Za-z.]+$/,
  outcome: /^(succeeded|refused)$/,
  error_type: /^[a-z0-9_]+$/
}

/** What stands in an event and should not. */
function wordsOf(event: AuditEvent): unknown[] {
  return Object.entries(event).filter(
    ([name, value]) =>
      value !== null && !(name in types ? types[name as keyof typeof types] : id).test(value)
  )
}
