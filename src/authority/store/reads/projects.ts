import type { ProjectRecord, SigningKeyRecord } from '../../domain/records.ts'
import { readProject, readSigningKey } from '../records.ts'
import type { Reader } from './reader.ts'

/** Projects and their signing keys. */
export function projectReads({ all, one }: Reader) {
  return {
    findProject(): Promise<ProjectRecord | undefined> {
      return one(readProject, 'select * from projects where project_id = $1')
    },

    /** Newest first. */
    async listSigningKeys(): Promise<readonly SigningKeyRecord[]> {
      const rows = await all(
        'select * from signing_keys where project_id = $1 order by generation desc'
      )
      return rows.map(readSigningKey)
    }
  }
}
