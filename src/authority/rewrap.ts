import type { AtRest } from './crypto/at-rest.ts'
import type { Write } from './domain/writes.ts'
import { placeOfSigningKey } from './signing-keys.ts'
import { contextOf } from './steps/totp-registration.ts'
import type { SealedKind, SealedRow } from './store/reads/sealed.ts'
import type { ProjectStore } from './store/store.ts'

/** What was encrypted anew, and what still needs another key than the first. */
export interface Rewrapped {
  readonly rewrapped: Readonly<Record<SealedKind, number>>
  /** Cannot be opened with any key of the list, so it was left as it is. */
  readonly unreadable: number
  /** Written with another key while this ran, by a process that has another first key. */
  readonly remaining: number
  /** Live sessions whose tokens another key made. They end, and cannot be made anew: their members hold the tokens. */
  readonly sessions: readonly {
    readonly key_id: string
    /** Place in the list of keys, from 1; `null` when it is not there, and these sessions are lost. */
    readonly key: number | null
    readonly sessions: number
    readonly last_expires_at: number
  }[]
}

/** How sealed texts are found, where they belong, and how they are replaced. */
interface Sealed {
  place(project_id: string, row: SealedRow): string
  replace(row: SealedRow, sealed: string): Write
}

const kinds: Readonly<Record<SealedKind, Sealed>> = {
  signing_key: {
    place: (project_id, { id }) => placeOfSigningKey(project_id, id),
    replace: ({ id, sealed: sealed_before }, sealed) => ({
      do: 'resealSigningKey',
      kid: id,
      sealed_before,
      sealed
    })
  },
  totp: {
    place: (project_id, { member_id, totp_registration_id }) =>
      contextOf(project_id, member_id, 'totp', totp_registration_id),
    replace: ({ id, sealed: sealed_before }, sealed) => ({
      do: 'resealTotp',
      member_id: id,
      sealed_before,
      sealed
    })
  },
  recovery_code: {
    place: (project_id, { id, member_id }) => contextOf(project_id, member_id, 'recovery-code', id),
    replace: ({ id, sealed: sealed_before }, sealed) => ({
      do: 'resealRecoveryCode',
      recovery_code_id: id,
      sealed_before,
      sealed
    })
  }
}

const kindNames = Object.keys(kinds) as SealedKind[]
const batchSize = 100

/**
 * Encrypts with the first key what another key encrypted. It may be ended at any time and begun again, and may run
 * beside processes that serve: each text is replaced only if it is still the one that was opened.
 */
export async function rewrap(
  store: ProjectStore,
  atRest: AtRest,
  now: number,
  onBatch: (kind: SealedKind, rewrapped: number) => void = () => {}
): Promise<Rewrapped> {
  const rewrapped = { signing_key: 0, totp: 0, recovery_code: 0 }
  let unreadable = 0
  for (const kind of kindNames) {
    for await (const rows of batchesOf(store, kind, atRest)) {
      const writes = rows.flatMap((row) => resealed(store.project_id, atRest, kinds[kind], row))
      unreadable += rows.length - writes.length
      await store.run(writes)
      rewrapped[kind] += writes.length
      onBatch(kind, rewrapped[kind])
    }
  }
  return {
    rewrapped,
    unreadable,
    remaining: (await countSealedByOthers(store, atRest)) - unreadable,
    sessions: await sessionsOfOtherKeys(store, atRest, now)
  }
}

async function* batchesOf(
  store: ProjectStore,
  kind: SealedKind,
  { key_ids: [key_id] }: AtRest
): AsyncGenerator<readonly SealedRow[]> {
  for (let after = ''; ; ) {
    const rows = await store.listSealedByOthers(kind, key_id, { after, limit: batchSize })
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    after = last.id
  }
}

/** No write for what does not open. */
function resealed(
  project_id: string,
  atRest: AtRest,
  { place, replace }: Sealed,
  row: SealedRow
): Write[] {
  const where = place(project_id, row)
  try {
    return [replace(row, atRest.seal(atRest.open(row.sealed, where), where))]
  } catch {
    return []
  }
}

async function countSealedByOthers(store: ProjectStore, atRest: AtRest): Promise<number> {
  let count = 0
  for (const kind of kindNames) {
    for await (const rows of batchesOf(store, kind, atRest)) count += rows.length
  }
  return count
}

async function sessionsOfOtherKeys(
  store: ProjectStore,
  { key_ids }: AtRest,
  now: number
): Promise<Rewrapped['sessions']> {
  const [first] = key_ids
  const counts = await store.countSessionsByKey(now)
  return counts
    .filter(({ key_id }) => key_id !== first)
    .map(({ key_id, sessions, last_expires_at }) => {
      const index = key_ids.indexOf(key_id)
      return { key_id, key: index === -1 ? null : index + 1, sessions, last_expires_at }
    })
}
