import type { IntermediateSessionRecord, SessionRecord } from '../../domain/records.ts'
import { type Sql, sql } from '../sql.ts'
import { intermediateSessions, sessions } from '../tables.ts'
import type { Reader } from './reader.ts'

/** The session is the project's, and alive. */
export function isAlive(now: number): Sql {
  return sql`project_id = $1 and revoked_at is null and expires_at > ${now}`
}

/** Sessions and intermediate sessions that are alive. */
export function sessionReads({ all, one }: Reader) {
  return {
    findSession(member_session_id: string, now: number): Promise<SessionRecord | undefined> {
      return one(
        sessions.read,
        sql`select * from sessions where ${isAlive(now)}
          and member_session_id = ${member_session_id}`
      )
    },

    findSessionByToken(token_hash: string, now: number): Promise<SessionRecord | undefined> {
      return one(
        sessions.read,
        sql`select * from sessions where ${isAlive(now)} and token_hash = ${token_hash}`
      )
    },

    async listSessions(member_id: string, now: number): Promise<readonly SessionRecord[]> {
      const rows = await all(sql`
        select * from sessions where ${isAlive(now)} and member_id = ${member_id}
        order by started_at, member_session_id`)
      return rows.map(sessions.read)
    },

    /** Alive, and with fewer than `limit` failed codes. */
    findIntermediateSession(
      token_hash: string,
      now: number,
      limit: number
    ): Promise<IntermediateSessionRecord | undefined> {
      return one(
        intermediateSessions.read,
        sql`select * from intermediate_sessions where project_id = $1
          and token_hash = ${token_hash} and expires_at > ${now} and failed_codes < ${limit}`
      )
    }
  }
}
