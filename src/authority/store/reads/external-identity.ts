import type { GrantRecord } from '../../domain/records.ts'
import { sql } from '../sql.ts'
import { consents, grants } from '../tables.ts'
import type { Reader } from './reader.ts'

/** What connected apps were granted. */
export function externalIdentityReads({ one }: Reader) {
  return {
    /** Also one whose code was redeemed, or whose token was exchanged or revoked. */
    findGrantByCode(code_hash: string): Promise<GrantRecord | undefined> {
      return one(
        grants.read,
        sql`select * from grants where project_id = $1 and code_hash = ${code_hash}`
      )
    },

    findGrantByToken(token_hash: string): Promise<GrantRecord | undefined> {
      return one(
        grants.read,
        sql`select * from grants where project_id = $1 and token_hash = ${token_hash}`
      )
    },

    /** By any refresh token that it gave: `refresh_hash` says which of them is the newest. */
    findGrantByFamily(family_hash: string): Promise<GrantRecord | undefined> {
      return one(
        grants.read,
        sql`select * from grants where project_id = $1 and family_hash = ${family_hash}`
      )
    },

    /** The scopes that the member agreed to; none before the first consent. */
    async listConsentedScopes(member_id: string, client_id: string): Promise<readonly string[]> {
      const consent = await one(
        consents.read,
        sql`select * from consents
          where project_id = $1 and member_id = ${member_id} and client_id = ${client_id}`
      )
      return consent?.scopes ?? []
    }
  }
}
