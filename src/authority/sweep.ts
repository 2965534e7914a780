import type { Conflict } from './domain/operation-error.ts'
import type { Write } from './domain/writes.ts'
import { reportError } from './http/report-error.ts'
import type { ProjectStore, Store } from './store/store.ts'

const everyMs = 15 * 60 * 1000
/** So that processes that start together do not go on doing everything together. */
const jitter = 0.2
/** A used link and an unknown one are answered differently, so what has ended is still known for a while. */
const keptForMs = 7 * 24 * 60 * 60 * 1000
/** An operator who keeps the audit for longer has read it by then. */
const auditKeptForMs = 90 * 24 * 60 * 60 * 1000
/** The few guesses at codes to an address that are still counted after a year say nothing of those to come. */
const failuresKeptForMs = 365 * 24 * 60 * 60 * 1000
const batchSize = 500

/** What a write leads to that touched no row: nothing is left to do. */
const nothingLeft: Conflict = 'stale'

/**
 * Deletes what has ended a week ago, and what the audit has kept for 90 days, every quarter of an hour, as long as the
 * process runs for another reason.
 *
 * @returns what ends it, once the batch in flight is done
 */
export function startSweeping(store: Store, now: () => number): () => Promise<void> {
  let stopped = false
  let inFlight = Promise.resolve()
  let timer = wait()

  function wait(): NodeJS.Timeout {
    const delay = everyMs * (1 + jitter * (2 * Math.random() - 1))
    return setTimeout(() => {
      inFlight = sweepAll()
    }, delay).unref()
  }

  async function sweepAll(): Promise<void> {
    try {
      for (const { project_id } of await store.listProjects()) {
        await sweepProject(store.ofProject(project_id), now(), () => stopped)
      }
      await store.failures.sweep(now())
    } catch (error) {
      // What could not be deleted now is deleted next time.
      reportError(error, 'none', 'sweep')
    }
    if (!stopped) timer = wait()
  }

  return function stopSweeping() {
    stopped = true
    clearTimeout(timer)
    return inFlight
  }
}

/** One process sweeps at a time. The lease needs no guard beyond that: to delete what has ended twice is harmless. */
export async function sweepProject(
  store: ProjectStore,
  now: number,
  isStopped: () => boolean = () => false
): Promise<void> {
  const expires_at = now + everyMs * (1 - jitter)
  const lease: Write = { do: 'takeLease', name: 'sweep', now, expires_at, onConflict: nothingLeft }
  if ((await store.tryRun([lease])) !== undefined) return
  for (const sweep of sweepsAt(now)) {
    while (!isStopped() && (await store.tryRun([sweep])) === undefined) {}
  }
}

function sweepsAt(now: number): readonly Write[] {
  const batch = { ended_by: now - keptForMs, limit: batchSize, onConflict: nothingLeft }
  return [
    { do: 'sweepSessions', ...batch },
    { do: 'sweepIntermediateSessions', ...batch },
    { do: 'sweepLinks', ...batch },
    { do: 'sweepOneTimeCodes', ...batch },
    // There may be one of every address that was sent to, and one that has ended says nothing.
    { do: 'sweepSendCounts', ...batch, ended_by: now },
    { do: 'sweepFailedAttempts', ...batch, ended_by: now - failuresKeptForMs },
    { do: 'sweepUsedTrustedTokens', ...batch },
    { do: 'sweepGrants', ...batch },
    // An ended key is published no more, and what could sign with it is better gone.
    { do: 'sweepSigningKeys', ...batch, ended_by: now },
    { do: 'sweepAuditEvents', ...batch, ended_by: now - auditKeptForMs }
  ]
}
