import { setTimeout as wait } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { newId } from '../crypto/tokens.ts'
import { wrongSecrets } from '../domain/audit.ts'
import { networkOf } from '../domain/ip-addresses.ts'
import { environmentOf } from '../project-id.ts'
import type { ProjectStore, Store } from '../store/store.ts'
import { writeAudit } from './audited.ts'
import { newRequestId } from './http-call.ts'
import { reportError } from './report-error.ts'

const minuteMs = 60_000
/** An app whose secret was just replaced is wrong a few times. */
const freePerMinute = 150
const delayMs = 1000
const maxDelayed = 1000
const maxNetworks = 10_000

/** Wrong secrets of projects, which cost who sends them time, and leave one event a minute. */
export interface WrongSecrets {
  /** Counts one, of a project that there is. Resolves when its answer may go out. */
  note(project_id: string | undefined, ip_address: string | undefined): Promise<void>
  /** Writes down what was counted. */
  flush(): Promise<void>
}

interface Count {
  readonly since: number
  readonly occurrences: number
}

/**
 * - Only a wrong secret waits, so an app that shares the IP address is served as ever.
 * - A guess that is wrong is answered like every other, only later. When very many wait, more of them do not.
 * - Both are counted in this process alone: an event says what it has seen.
 */
export function createWrongSecrets({
  store,
  now
}: {
  readonly store: Store
  readonly now: () => number
}): WrongSecrets {
  const ofNetworks = new LRUCache<string, Count>({ max: maxNetworks })
  const ofProjects = new Map<string, Count>()
  let timer: NodeJS.Timeout | undefined
  let delayed = 0

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const counted = [...ofProjects]
    ofProjects.clear()
    await Promise.all(
      counted.map(([project_id, { occurrences }]) =>
        write(store.ofProject(project_id), occurrences, now())
      )
    )
  }

  async function countOfProject(project_id: string): Promise<void> {
    if (isOver(ofProjects.get(project_id), now())) await flush()
    ofProjects.set(project_id, more(ofProjects.get(project_id), now()))
    timer ??= setTimeout(flush, minuteMs).unref()
  }

  function countOfNetwork(ip_address: string): number {
    const network = networkOf(ip_address)
    const known = ofNetworks.get(network)
    const count = more(isOver(known, now()) ? undefined : known, now())
    ofNetworks.set(network, count)
    return count.occurrences
  }

  return {
    async note(project_id, ip_address = '') {
      const isFree = countOfNetwork(ip_address) <= freePerMinute
      if (project_id !== undefined) await countOfProject(project_id)
      if (isFree || delayed >= maxDelayed) return
      delayed += 1
      await wait(delayMs)
      delayed -= 1
    },
    flush
  }
}

function isOver(count: Count | undefined, now: number): boolean {
  return count !== undefined && now - count.since >= minuteMs
}

function more(count: Count | undefined, now: number): Count {
  return { since: count?.since ?? now, occurrences: (count?.occurrences ?? 0) + 1 }
}

/** The call that was rejected has its answer, whatever becomes of the event. */
async function write(store: ProjectStore, occurrences: number, now: number): Promise<void> {
  const environment = environmentOf(store.project_id)
  const record = {
    event_id: newId('audit-event', environment),
    occurred_at: now,
    request_id: newRequestId(environment),
    kind: 'credentials',
    operation: wrongSecrets,
    outcome: 'refused',
    error_type: 'unauthorized_credentials',
    organization_id: null,
    member_id: null,
    member_session_id: null,
    caller_member_id: null,
    occurrences
  } as const
  await writeAudit(store, [record]).catch((error: unknown) => {
    reportError(error, record.request_id, wrongSecrets)
  })
}
