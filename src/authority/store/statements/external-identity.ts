import type { Statements } from './prepared.ts'

/** What other providers vouch for, and what connected apps were granted. */
export const externalIdentityStatements = {
  // The row of a token that has ended and was not deleted yet gives way.
  useTrustedToken: ({ token_hash, expires_at, now }) => [
    `insert into used_trusted_tokens (project_id, token_hash, expires_at) values ($1, $2, $3)
     on conflict (project_id, token_hash) do update set expires_at = excluded.expires_at
       where used_trusted_tokens.expires_at <= $4`,
    token_hash,
    expires_at,
    now
  ],

  insertGrant: ({ grant, code_hash, now }) => [
    `insert into grants (project_id, grant_id, client_id, member_id, member_session_id, scopes,
       redirect_uri, code_hash, code_challenge, nonce, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    grant.grant_id,
    grant.client_id,
    grant.member_id,
    grant.member_session_id,
    JSON.stringify(grant.scopes),
    grant.redirect_uri,
    code_hash,
    grant.code_challenge,
    grant.nonce,
    now,
    grant.expires_at
  ],

  redeemGrant: ({ grant_id, token_hash, expires_at, now }) => [
    `update grants set token_hash = $3, expires_at = $4, redeemed_at = $5
     where project_id = $1 and grant_id = $2 and redeemed_at is null and revoked_at is null
       and expires_at > $5`,
    grant_id,
    token_hash,
    expires_at,
    now
  ],

  exchangeGrant: ({ grant_id, now }) => [
    `update grants set exchanged_at = $3
     where project_id = $1 and grant_id = $2 and redeemed_at is not null and exchanged_at is null
       and revoked_at is null`,
    grant_id,
    now
  ],

  revokeGrant: ({ grant_id, now }) => [
    `update grants set revoked_at = $3
     where project_id = $1 and grant_id = $2 and revoked_at is null`,
    grant_id,
    now
  ],

  putConsent: ({ member_id, client_id, scopes, now }) => [
    `insert into consents (project_id, member_id, client_id, scopes, updated_at)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id, member_id, client_id) do update set scopes = excluded.scopes,
       updated_at = excluded.updated_at`,
    member_id,
    client_id,
    JSON.stringify(scopes),
    now
  ]
} satisfies Partial<Statements>
