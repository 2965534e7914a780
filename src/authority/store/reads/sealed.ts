import { raw, sql } from '../sql.ts'
import { integer, rowReader, string, textOrEmpty } from '../table.ts'
import type { Reader } from './reader.ts'
import { isAlive } from './sessions.ts'

export type SealedKind = 'signing_key' | 'totp' | 'recovery_code'

/** A sealed text, with the ids that name its place. */
export interface SealedRow {
  readonly id: string
  readonly sealed: string
  /** `''` where the place does not name it. */
  readonly member_id: string
  readonly totp_registration_id: string
}

export interface SessionsOfKey {
  readonly key_id: string
  readonly sessions: number
  readonly last_expires_at: number
}

const selections = {
  signing_key: selection('signing_keys', 'kid', 'private_key'),
  totp: selection('totps', 'member_id', 'secret', ['member_id', 'totp_registration_id']),
  recovery_code: selection('recovery_codes', 'recovery_code_id', 'code', ['member_id'])
} satisfies Record<SealedKind, object>

function selection(table: string, id: string, sealed: string, place: readonly string[] = []) {
  const columns = [`${id} as id`, `${sealed} as sealed`, ...place]
  return {
    select: raw(`select ${columns.join(', ')} from ${table}`),
    id: raw(id),
    sealed: raw(sealed)
  }
}

const readSealed = rowReader<SealedRow>({
  id: string(),
  sealed: string(),
  member_id: textOrEmpty(),
  totp_registration_id: textOrEmpty()
})

const readSessionsOfKey = rowReader<SessionsOfKey>({
  key_id: string(),
  sessions: integer(),
  last_expires_at: integer()
})

/** What is sealed, and with which key. */
export function sealedReads({ all }: Reader) {
  return {
    /** What was sealed with another key than this one, in the order of ids and after the one that is given. */
    async listSealedByOthers(
      kind: SealedKind,
      key_id: string,
      { after, limit }: { readonly after: string; readonly limit: number }
    ): Promise<readonly SealedRow[]> {
      const { select, id, sealed } = selections[kind]
      // A sealed text begins with v1. and the id of its key.
      const rows = await all(sql`
        ${select} where project_id = $1 and substr(${sealed}, 4, 8) <> ${key_id} and ${id} > ${after}
        order by ${id} limit ${limit}`)
      return rows.map(readSealed)
    },

    /** How many live sessions have a token of each key, and when the last of them ends as it stands. */
    async countSessionsByKey(now: number): Promise<readonly SessionsOfKey[]> {
      const rows = await all(sql`
        select token_key_id as key_id, count(*) as sessions, max(expires_at) as last_expires_at
        from sessions where ${isAlive(now)} group by token_key_id order by token_key_id`)
      return rows.map(readSessionsOfKey)
    }
  }
}
