import { sql } from '../sql.ts'
import { consents, grants } from '../tables.ts'
import type { Statements } from './prepared.ts'

/** Tokens of other providers that were used, and what connected apps were granted. */
export const externalIdentityStatements = {
  // The row of a token that has ended and was not deleted yet gives way.
  useTrustedToken: ({ token_hash, expires_at, now }) => sql`
    insert into used_trusted_tokens (project_id, token_hash, expires_at)
    values ($1, ${token_hash}, ${expires_at})
    on conflict (project_id, token_hash) do update set expires_at = excluded.expires_at
      where used_trusted_tokens.expires_at <= ${now}`,

  insertGrant: ({ grant, code_hash, now }) =>
    grants.insert({ code_hash, token_hash: null, family_hash: null, created_at: now, ...grant }),

  redeemGrant: ({ grant_id, token_hash, family_hash, refresh_hash, expires_at, now }) => sql`
    update grants set token_hash = ${token_hash}, family_hash = ${family_hash},
      refresh_hash = ${refresh_hash}, expires_at = ${expires_at}, redeemed_at = ${now}
    where project_id = $1 and grant_id = ${grant_id} and redeemed_at is null
      and revoked_at is null and expires_at > ${now}`,

  // The new access token is the only one, and was not exchanged yet.
  refreshGrant: ({ grant_id, token_hash, used_hash, refresh_hash, now }) => sql`
    update grants set token_hash = ${token_hash}, refresh_hash = ${refresh_hash}, exchanged_at = null
    where project_id = $1 and grant_id = ${grant_id} and refresh_hash = ${used_hash}
      and revoked_at is null and expires_at > ${now}`,

  exchangeGrant: ({ grant_id, token_hash, now }) => sql`
    update grants set exchanged_at = ${now}
    where project_id = $1 and grant_id = ${grant_id} and token_hash = ${token_hash}
      and exchanged_at is null and revoked_at is null`,

  // It ends here, so it is swept as early as what ended by itself.
  revokeGrant: ({ grant_id, now }) => sql`
    update grants set revoked_at = ${now}, expires_at = ${now}
    where project_id = $1 and grant_id = ${grant_id} and revoked_at is null`,

  revokeMemberGrants: ({ member_id, spared, now }) => sql`
    update grants set revoked_at = ${now}, expires_at = ${now}
    where project_id = $1 and member_id = ${member_id} and revoked_at is null
      and (member_session_id is null or member_session_id <> ${spared})`,

  revokeAppGrants: ({ member_id, client_id, now }) => sql`
    update grants set revoked_at = ${now}, expires_at = ${now}
    where project_id = $1 and member_id = ${member_id} and client_id = ${client_id}
      and revoked_at is null`,

  putConsent: ({ member_id, client_id, scopes, now }) =>
    consents.put({ member_id, client_id, scopes, updated_at: now }),

  deleteConsent: ({ member_id, client_id }) => sql`
    delete from consents
    where project_id = $1 and member_id = ${member_id} and client_id = ${client_id}`
} satisfies Partial<Statements>
