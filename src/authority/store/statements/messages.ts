import type { Statements } from './prepared.ts'

/** What is sent: links, codes, and how many messages there were. */
export const messageStatements = {
  insertLink: ({ link, token_hash, now }) => [
    `insert into links (project_id, link_id, kind, token_hash, member_id, email_address,
       code_challenge, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    link.link_id,
    link.kind,
    token_hash,
    link.member_id,
    link.email_address,
    link.code_challenge,
    now,
    link.expires_at
  ],

  useLink: ({ link_id, now }) => [
    `update links set used_at = $3
     where project_id = $1 and link_id = $2 and used_at is null and expires_at > $3`,
    link_id,
    now
  ],

  deleteMemberLinks: ({ member_id, kind }) => [
    'delete from links where project_id = $1 and member_id = $2 and kind = $3',
    member_id,
    kind
  ],

  putCode: ({ code, now }) => [
    `insert into one_time_codes (project_id, purpose, subject, code_id, code_hash, member_id,
       recipient, failed_attempts, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)
     on conflict (project_id, purpose, subject) do update set code_id = excluded.code_id,
       code_hash = excluded.code_hash, member_id = excluded.member_id,
       recipient = excluded.recipient, failed_attempts = 0, created_at = excluded.created_at,
       expires_at = excluded.expires_at, used_at = null`,
    code.purpose,
    code.subject,
    code.code_id,
    code.code_hash,
    code.member_id,
    code.recipient,
    now,
    code.expires_at
  ],

  deleteMemberCodes: ({ member_id, purpose }) => [
    'delete from one_time_codes where project_id = $1 and member_id = $2 and purpose = $3',
    member_id,
    purpose
  ],

  reserveCodeAttempt: ({ code, limit }) => [
    `update one_time_codes set failed_attempts = failed_attempts + 1
     where project_id = $1 and purpose = $2 and subject = $3 and code_id = $4
       and failed_attempts < $5`,
    code.purpose,
    code.subject,
    code.code_id,
    limit
  ],

  useCode: ({ code, now }) => [
    `update one_time_codes set used_at = $5
     where project_id = $1 and purpose = $2 and subject = $3 and code_id = $4
       and used_at is null and expires_at > $5`,
    code.purpose,
    code.subject,
    code.code_id,
    now
  ],

  countSend: ({ counter, window_start, limit }) => [
    `insert into send_counts (project_id, counter, window_start, sent) values ($1, $2, $3, 1)
     on conflict (project_id, counter) do update set
       sent = case when send_counts.window_start = $3 then send_counts.sent + 1 else 1 end,
       window_start = $3
       where send_counts.window_start <> $3 or send_counts.sent < $4`,
    counter,
    window_start,
    limit
  ]
} satisfies Partial<Statements>
