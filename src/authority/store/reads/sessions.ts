import type { IntermediateSessionRecord, SessionRecord } from '../../domain/records.ts'
import { readIntermediateSession, readSession } from '../records.ts'
import type { Reader } from './reader.ts'

export const aliveSession = 'project_id = $1 and revoked_at is null and expires_at > $2'

/** Sessions and intermediate sessions that are alive. */
export function sessionReads({ all, one }: Reader) {
  return {
    findSession(member_session_id: string, now: number): Promise<SessionRecord | undefined> {
      return one(
        readSession,
        `select * from sessions where ${aliveSession} and member_session_id = $3`,
        now,
        member_session_id
      )
    },

    findSessionByToken(token_hash: string, now: number): Promise<SessionRecord | undefined> {
      return one(
        readSession,
        `select * from sessions where ${aliveSession} and token_hash = $3`,
        now,
        token_hash
      )
    },

    async listSessions(member_id: string, now: number): Promise<readonly SessionRecord[]> {
      const rows = await all(
        `select * from sessions where ${aliveSession} and member_id = $3
         order by started_at, member_session_id`,
        now,
        member_id
      )
      return rows.map(readSession)
    },

    /** Alive, and with fewer than `limit` failed codes. */
    findIntermediateSession(
      token_hash: string,
      now: number,
      limit: number
    ): Promise<IntermediateSessionRecord | undefined> {
      return one(
        readIntermediateSession,
        `select * from intermediate_sessions
         where project_id = $1 and token_hash = $2 and expires_at > $3 and failed_codes < $4`,
        token_hash,
        now,
        limit
      )
    }
  }
}
