import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type AuditEvent,
  type AuditRecord,
  auditKinds,
  viewAuditEvent
} from '../authority/domain/audit.ts'
import type { AuditPlace } from '../authority/store/reads/audit.ts'
import type { ProjectStore } from '../authority/store/store.ts'
import type { AuditOptions } from './audit-options.ts'
import { withProject } from './open-database.ts'

const pageSize = 500
const everyMs = 1000
/** An event has the time at which its call began and is written when the call ends: it may show up as late as this. */
const lateMs = 60_000

/** Prints the audit of a project, the newest last, also while servers write it. */
export async function runAudit(options: AuditOptions): Promise<void> {
  process.stdout.on('error', endWithReader)
  try {
    await withProject(options, async (project) => {
      for await (const records of options.follow
        ? follow(project, options)
        : list(project, options)) {
        const events = records.map((record) => viewAuditEvent(project.project_id, record))
        await print(events.map(options.json ? toJson : toLine))
      }
    })
  } finally {
    process.stdout.off('error', endWithReader)
  }
}

/** The events that are there, one page of the database at a time, however many they are. */
async function* list(
  project: ProjectStore,
  options: AuditOptions
): AsyncGenerator<readonly AuditRecord[]> {
  let after: AuditPlace = { occurred_at: options.since, event_id: '' }
  for (;;) {
    const page = await project.listAuditRecords(options, after, pageSize)
    yield page
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return
    after = last
  }
}

/** The same, and whatever happens until the process ends. A new event may stand before one that was there, so the last minute is read again each time. */
async function* follow(
  project: ProjectStore,
  options: AuditOptions
): AsyncGenerator<readonly AuditRecord[]> {
  const known = new Map<string, number>()
  let { since } = options
  for (;;) {
    for await (const page of list(project, { ...options, since })) {
      yield page.filter(({ event_id }) => !known.has(event_id))
      for (const { event_id, occurred_at } of page) known.set(event_id, occurred_at)
      since = Math.max(since, (page.at(-1)?.occurred_at ?? 0) - lateMs)
      for (const [event_id, occurred_at] of known) {
        if (occurred_at < since) known.delete(event_id)
      }
    }
    await wait(everyMs)
  }
}

async function print(lines: readonly string[]): Promise<void> {
  if (lines.length === 0 || process.stdout.write(`${lines.join('\n')}\n`)) return
  await once(process.stdout, 'drain')
}

function toJson(event: AuditEvent): string {
  return JSON.stringify(event)
}

const kindWidth = Math.max(...auditKinds.map(({ length }) => length))

/** Ids stand without a label, because each begins with what it is of. A call with a member session names its member. */
function toLine(event: AuditEvent): string {
  const { occurred_at, kind, operation, error_type, caller_member_id, occurrences } = event
  const ids = [event.member_id, event.organization_id, event.member_session_id]
  return [
    occurred_at,
    kind.padEnd(kindWidth),
    operation,
    error_type ?? 'succeeded',
    ...(occurrences === 1 ? [] : [`${occurrences} times`]),
    ...ids.filter((id) => id !== null),
    ...(caller_member_id === null ? [] : [`by ${caller_member_id}`])
  ].join('  ')
}

/** `membergate audit | head` reads no further, which is no error. */
function endWithReader(error: Error): void {
  if (Reflect.get(error, 'code') === 'EPIPE') process.exit()
  throw error
}
