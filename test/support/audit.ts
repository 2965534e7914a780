import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from '@jest/globals'
import type { AuditEvent } from 'membergate/authority'
import { auditChannel } from '../../src/authority/http/audited.ts'
import { runSql } from './run-sql.ts'

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
  const before = await countRows(database)
  subscribe(auditChannel, listen)
  try {
    await work()
  } finally {
    unsubscribe(auditChannel, listen)
  }
  expect((await countRows(database)) - before).toBe(heard.length)
  expect((await listRows(database, heard)).sort(byId)).toEqual([...heard].sort(byId))
  for (const event of heard) expect(wordsOf(event)).toEqual([])
  return heard
}

async function countRows(database: string): Promise<number> {
  const [row] = await runSql(database, 'select count(*) as total from audit_events')
  return Number(row?.total)
}

async function listRows(database: string, heard: readonly AuditEvent[]): Promise<AuditEvent[]> {
  if (heard.length === 0) return []
  const list = heard.map((_, index) => `$${index + 1}`).join(', ')
  const ids = heard.map(({ event_id }) => event_id)
  const rows = await runSql(database, `select * from audit_events where event_id in (${list})`, ids)
  return rows.map((row) => {
    const occurred_at = new Date(Number(row.occurred_at)).toISOString()
    const occurrences = Number(row.occurrences)
    return { ...(row as unknown as AuditEvent), occurred_at, occurrences }
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
  error_type: /^[a-z0-9_]+$/,
  occurrences: /^1$/
}

/** What stands in an event and should not. */
function wordsOf(event: AuditEvent): unknown[] {
  return Object.entries(event).filter(
    ([name, value]) =>
      value !== null &&
      !(name in types ? types[name as keyof typeof types] : id).test(String(value))
  )
}
