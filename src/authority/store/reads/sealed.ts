import type { Reader } from './reader.ts'
import { aliveSession } from './sessions.ts'

export type SealedKind = 'signing_key' | 'totp' | 'recovery_code'

/** A sealed text, with the ids that name its place. */
export interface SealedRow {
  readonly id: string
  readonly sealed: string
  readonly member_id: string
  readonly totp_registration_id: string
}

export interface SessionsOfKey {
  readonly key_id: string
  readonly sessions: number
  readonly last_expires_at: number
}

const sealedColumns = {
  signing_key: { table: 'signing_keys', id: 'kid', sealed: 'private_key', place: ['kid'] },
  totp: {
    table: 'totps',
    id: 'member_id',
    sealed: 'secret',
    place: ['member_id', 'totp_registration_id']
  },
  recovery_code: {
    table: 'recovery_codes',
    id: 'recovery_code_id',
    sealed: 'code',
    place: ['member_id']
  }
} as const satisfies Record<SealedKind, object>

/** What is sealed, and with which key. */
export function sealedReads({ all }: Reader) {
  return {
    /** What was sealed with another key than this one, in the order of ids and after the one that is given. */
    async listSealedOtherwise(
      what: SealedKind,
      key_id: string,
      { after, limit }: { readonly after: string; readonly limit: number }
    ): Promise<readonly SealedRow[]> {
      const { table, id, sealed, place } = sealedColumns[what]
      // A sealed text begins with v1. and the id of its key.
      const rows = await all(
        `select ${id} as id, ${sealed} as sealed, ${place.join(', ')} from ${table}
         where project_id = $1 and substr(${sealed}, 4, 8) <> $2 and ${id} > $3
         order by ${id} limit $4`,
        key_id,
        after,
        limit
      )
      return rows as unknown as readonly SealedRow[]
    },

    /** How many live sessions have a token of each key, and when the last of them ends as it stands. */
    async countSessionsByKey(now: number): Promise<readonly SessionsOfKey[]> {
      const rows = await all(
        `select token_key_id as key_id, count(*) as sessions, max(expires_at) as last_expires_at
         from sessions where ${aliveSession} group by token_key_id order by token_key_id`,
        now
      )
      return rows as unknown as readonly SessionsOfKey[]
    }
  }
}
