import type { ProjectRecord, SigningKeyRecord } from '../../domain/records.ts'
import { sql } from '../sql.ts'
import { readProject, signingKeys } from '../tables.ts'
import type { Reader } from './reader.ts'

/** Projects and their signing keys. */
export function projectReads({ all, one }: Reader) {
  return {
    findProject(): Promise<ProjectRecord | undefined> {
      return one(readProject, sql`select * from projects where project_id = $1`)
    },

    /** Newest first. */
    async listSigningKeys(): Promise<readonly SigningKeyRecord[]> {
      const rows = await all(
        sql`select * from signing_keys where project_id = $1 order by generation desc`
      )
      return rows.map(signingKeys.read)
    }
  }
}
