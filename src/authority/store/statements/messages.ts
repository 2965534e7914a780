import { containing } from '../like-pattern.ts'
import { isOfNoMember } from '../reads/members.ts'
import { raw, type Sql, sql } from '../sql.ts'
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

  eraseLinks: ({ email_address }) => sql`
    delete from links where project_id = $1 and email_address = ${email_address}
      and ${isOfNoMember(email_address)}`,

  putCode: ({ code, now }) => oneTimeCodes.put({ created_at: now, ...code }),

  deleteMemberCodes: ({ member_id, purpose }) => sql`
    delete from one_time_codes
    where project_id = $1 and member_id = ${member_id} and purpose = ${purpose}`,

  eraseCodes: ({ email_address }) => sql`
    delete from one_time_codes where project_id = $1 and recipient = ${email_address}
      and ${isOfNoMember(email_address)}`,

  reserveCodeAttempt: ({ code: { purpose, subject, code_id }, limit }) => sql`
    update one_time_codes set failed_attempts = failed_attempts + 1
    where project_id = $1 and purpose = ${purpose} and subject = ${subject}
      and code_id = ${code_id} and failed_attempts < ${limit}`,

  useCode: ({ code: { purpose, subject, code_id }, now }) => sql`
    update one_time_codes set used_at = ${now}
    where project_id = $1 and purpose = ${purpose} and subject = ${subject}
      and code_id = ${code_id} and used_at is null and expires_at > ${now}`,

  eraseSendCounts: ({ email_address, mailbox }) => sql`
    delete from send_counts where project_id = $1
      and (counter like ${containing(`|${email_address}|`)} escape '\\'
        or counter like ${containing(`|${mailbox}|`)} escape '\\')
      and ${isOfNoMember(email_address)}`,

  countSend: ({ counter, window_ms, limit, now }) => {
    const isOver = sql`send_counts.first_at + ${window_ms} <= excluded.last_at`
    return sql`
      insert into send_counts (project_id, counter, first_at, last_at, sent, first_before,
        last_before, sent_before, expires_at)
      values ($1, ${counter}, ${now}, ${now}, 1, 0, 0, 0, ${now + window_ms})
      on conflict (project_id, counter) do update set
        first_before = case when ${isOver} then send_counts.first_at else send_counts.first_before end,
        last_before = case when ${isOver} then send_counts.last_at else send_counts.last_before end,
        sent_before = case when ${isOver} then send_counts.sent else send_counts.sent_before end,
        first_at = case when ${isOver} then excluded.first_at else send_counts.first_at end,
        sent = case when ${isOver} then 1 else send_counts.sent + 1 end,
        last_at = excluded.last_at,
        expires_at = excluded.expires_at
        where case when ${isOver} then ${hasRoom(window_ms, limit, raw('0'), ['first_at', 'last_at', 'sent'])}
          else ${hasRoom(window_ms, limit, raw('send_counts.sent'), ['first_before', 'last_before', 'sent_before'])} end`
  }
} satisfies Partial<Statements>

/**
 * Whether `sent` messages, and what is left of those before them, are fewer than the limit. Of those before, the times of
 * the first and the last are known, and the others count as evenly spread between them. So a single message and a burst
 * leave exactly when their time is over, and no end of a window lets more through at once.
 */
function hasRoom(
  window_ms: number,
  limit: number,
  sent: Sql,
  before: readonly [first: string, last: string, sent: string]
): Sql {
  const [firstAt, lastAt, sentBefore] = before.map((column) => raw(`send_counts.${column}`)) as [
    Sql,
    Sql,
    Sql
  ]
  const start = sql`(excluded.last_at - ${window_ms})`
  return sql`case
    when ${lastAt} <= ${start} then ${sent} < ${limit}
    when ${firstAt} > ${start} then ${sentBefore} + ${sent} < ${limit}
    else (${sentBefore} - 1) * (${lastAt} - ${start}) <= (${limit} - 1 - ${sent}) * (${lastAt} - ${firstAt})
    end`
}
