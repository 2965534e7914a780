import { sql } from '../sql.ts'
import { links, oneTimeCodes } from '../tables.ts'
import type { Statements } from './prepared.ts'

/** What is sent: links, codes, and how many messages there were. */
export const messageStatements = {
  insertLink: ({ link, token_hash, now }) => links.insert({ token_hash, created_at: now, ...link }),

  useLink: ({ link_id, now }) => sql`
    update links set used_at = ${now}
    where project_id = $1 and link_id = ${link_id} and used_at is null and expires_at > ${now}`,

  deleteMemberLinks: ({ member_id, kind }) => sql`
    delete from links where project_id = $1 and member_id = ${member_id} and kind = ${kind}`,

  putCode: ({ code, now }) => oneTimeCodes.put({ created_at: now, ...code }),

  deleteMemberCodes: ({ member_id, purpose }) => sql`
    delete from one_time_codes
    where project_id = $1 and member_id = ${member_id} and purpose = ${purpose}`,

  reserveCodeAttempt: ({ code: { purpose, subject, code_id }, limit }) => sql`
    update one_time_codes set failed_attempts = failed_attempts + 1
    where project_id = $1 and purpose = ${purpose} and subject = ${subject}
      and code_id = ${code_id} and failed_attempts < ${limit}`,

  useCode: ({ code: { purpose, subject, code_id }, now }) => sql`
    update one_time_codes set used_at = ${now}
    where project_id = $1 and purpose = ${purpose} and subject = ${subject}
      and code_id = ${code_id} and used_at is null and expires_at > ${now}`,

  countSend: ({ counter, window_start, limit }) => sql`
    insert into send_counts (project_id, counter, window_start, sent)
    values ($1, ${counter}, ${window_start}, 1)
    on conflict (project_id, counter) do update set
      sent = case when send_counts.window_start = excluded.window_start
        then send_counts.sent + 1 else 1 end,
      window_start = excluded.window_start
      where send_counts.window_start <> excluded.window_start or send_counts.sent < ${limit}`
} satisfies Partial<Statements>
