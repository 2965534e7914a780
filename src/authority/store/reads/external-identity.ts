import type { GrantRecord } from '../../domain/records.ts'
import { json, readGrant } from '../records.ts'
import type { Reader } from './reader.ts'

/** What connected apps were granted. */
export function externalIdentityReads({ all, one }: Reader) {
  return {
    /** Also one whose code was redeemed, or whose token was exchanged or revoked. */
    findGrantByCode(code_hash: string): Promise<GrantRecord | undefined> {
      return one(
        readGrant,
        'select * from grants where project_id = $1 and code_hash = $2',
        code_hash
      )
    },

    findGrantByToken(token_hash: string): Promise<GrantRecord | undefined> {
      return one(
        readGrant,
        'select * from grants where project_id = $1 and token_hash = $2',
        token_hash
      )
    },

    /** The scopes that the member agreed to; none, if it was never asked. */
    async listConsentedScopes(member_id: string, client_id: string): Promise<readonly string[]> {
      const [row] = await all(
        'select scopes from consents where project_id = $1 and member_id = $2 and client_id = $3',
        member_id,
        client_id
      )
      return row === undefined ? [] : json(row.scopes)
    }
  }
}
