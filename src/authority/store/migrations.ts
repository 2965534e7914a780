/** Of a member. One who is deleted moves to another table, so that all other rows about it end with its own. */
const memberColumns = `
    project_id text not null,
    member_id text not null,
    organization_id text not null,
    external_id text,
    email_id text not null,
    email_address text not null,
    email_address_verified bigint not null,
    retired_email_addresses text not null,
    status text not null,
    name text not null,
    is_breakglass bigint not null,
    mfa_enrolled bigint not null,
    default_mfa_method text not null,
    phone_id text not null,
    mfa_phone_number text,
    mfa_phone_number_verified bigint not null,
    oauth_registrations text not null,
    roles text not null,
    trusted_metadata text not null,
    untrusted_metadata text not null,
    failed_attempts bigint not null,
    failed_codes bigint not null,
    lock_created_at bigint,
    lock_expires_at bigint,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null`

/**
 * The schema, as an ordered list that both engines run. A migration that was released is never edited.
 *
 * Every table has `project_id` first in its key. Times are epoch milliseconds, flags 0 or 1, structures JSON.
 */
export const migrations: readonly string[] = [
  `
  create table projects (
    project_id text primary key,
    secret_hash text,
    policy text not null,
    settings text not null,
    created_at bigint not null
  );

  create table signing_keys (
    project_id text not null references projects (project_id) on delete cascade,
    kid text not null,
    generation bigint not null,
    public_jwk text not null,
    private_key text not null,
    created_at bigint not null,
    signs_at bigint not null,
    ends_at bigint,
    primary key (project_id, kid)
  );
  create unique index signing_keys_generation on signing_keys (project_id, generation);

  create table organizations (
    project_id text not null references projects (project_id) on delete cascade,
    organization_id text not null,
    organization_name text not null,
    folded_name text not null,
    organization_slug text not null,
    organization_external_id text,
    email_allowed_domains text not null,
    claimed_email_domains text not null,
    settings text not null,
    trusted_metadata text not null,
    custom_roles text not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (project_id, organization_id)
  );
  create index organizations_slug on organizations (project_id, organization_slug);
  create index organizations_with_allowed_domains on organizations (project_id)
    where email_allowed_domains <> '[]';
  create index organizations_with_claimed_domains on organizations (project_id)
    where claimed_email_domains <> '[]';

  create table organization_addresses (
    project_id text not null,
    address text not null,
    organization_id text not null,
    primary key (project_id, address),
    foreign key (project_id, organization_id)
      references organizations (project_id, organization_id) on delete cascade
  );

  create index organization_addresses_of_organization
    on organization_addresses (project_id, organization_id);

  create table members (
    ${memberColumns},
    primary key (project_id, member_id),
    foreign key (project_id, organization_id)
      references organizations (project_id, organization_id) on delete cascade
  );
  create index members_of_organization on members (project_id, organization_id, created_at);
  create unique index members_external_id on members (project_id, organization_id, external_id);
  create unique index members_phone_number
    on members (project_id, organization_id, mfa_phone_number);

  create table deleted_members (
    ${memberColumns},
    primary key (project_id, member_id),
    foreign key (project_id, organization_id)
      references organizations (project_id, organization_id) on delete cascade
  );
  create index deleted_members_of_organization
    on deleted_members (project_id, organization_id, created_at);

  create table member_emails (
    project_id text not null,
    organization_id text not null,
    email_address text not null,
    member_id text not null,
    primary key (project_id, organization_id, email_address),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );

  create index member_emails_address on member_emails (project_id, email_address);
  create index member_emails_of_member on member_emails (project_id, member_id);

  create table passwords (
    project_id text not null,
    member_id text not null,
    member_password_id text not null,
    hash text not null,
    created_at bigint not null,
    primary key (project_id, member_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );

  create index passwords_id on passwords (project_id, member_password_id);

  create table totps (
    project_id text not null,
    member_id text not null,
    totp_registration_id text not null,
    secret text not null,
    active bigint not null,
    last_used_step bigint not null,
    expires_at bigint not null,
    created_at bigint not null,
    primary key (project_id, member_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );

  create table recovery_codes (
    project_id text not null,
    recovery_code_id text not null,
    member_id text not null,
    code text not null,
    created_at bigint not null,
    primary key (project_id, recovery_code_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );
  create index recovery_codes_of_member on recovery_codes (project_id, member_id);

  create table sessions (
    project_id text not null,
    member_session_id text not null,
    member_id text not null,
    organization_id text not null,
    token_hash text not null,
    token_salt text not null,
    token_key_id text not null,
    authentication_factors text not null,
    custom_claims text not null,
    started_at bigint not null,
    last_accessed_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint,
    version bigint not null,
    primary key (project_id, member_session_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );
  create unique index sessions_token on sessions (project_id, token_hash);
  create index sessions_of_member on sessions (project_id, member_id);
  create index sessions_expired on sessions (project_id, expires_at);
  create index sessions_revoked on sessions (project_id, revoked_at) where revoked_at is not null;

  create table intermediate_sessions (
    project_id text not null references projects (project_id) on delete cascade,
    intermediate_session_id text not null,
    token_hash text not null,
    member_id text,
    organization_id text,
    email_address text not null,
    oauth_tenants text not null,
    authentication_factors text not null,
    failed_codes bigint not null,
    created_at bigint not null,
    expires_at bigint not null,
    version bigint not null,
    primary key (project_id, intermediate_session_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );
  create unique index intermediate_sessions_token on intermediate_sessions (project_id, token_hash);
  create index intermediate_sessions_of_member on intermediate_sessions (project_id, member_id);
  create index intermediate_sessions_expired on intermediate_sessions (project_id, expires_at);

  create table links (
    project_id text not null references projects (project_id) on delete cascade,
    link_id text not null,
    kind text not null,
    token_hash text not null,
    member_id text,
    email_address text not null,
    code_challenge text,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    primary key (project_id, link_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );
  create unique index links_token on links (project_id, token_hash);
  create index links_of_member on links (project_id, member_id);
  create index links_of_address on links (project_id, email_address);
  create index links_expired on links (project_id, expires_at);

  create table one_time_codes (
    project_id text not null references projects (project_id) on delete cascade,
    purpose text not null,
    subject text not null,
    code_id text not null,
    code_hash text not null,
    member_id text,
    recipient text not null,
    failed_attempts bigint not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    primary key (project_id, purpose, subject),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );
  create index one_time_codes_of_member on one_time_codes (project_id, member_id);
  create index one_time_codes_of_recipient on one_time_codes (project_id, recipient);

  create table used_trusted_tokens (
    project_id text not null references projects (project_id) on delete cascade,
    token_hash text not null,
    expires_at bigint not null,
    primary key (project_id, token_hash)
  );
  create index used_trusted_tokens_end on used_trusted_tokens (project_id, expires_at);

  create table grants (
    project_id text not null references projects (project_id) on delete cascade,
    grant_id text not null,
    client_id text not null,
    member_id text not null,
    member_session_id text,
    scopes text not null,
    redirect_uri text not null,
    code_hash text not null,
    code_challenge text,
    nonce text,
    token_hash text,
    created_at bigint not null,
    expires_at bigint not null,
    redeemed_at bigint,
    exchanged_at bigint,
    revoked_at bigint,
    primary key (project_id, grant_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );
  create unique index grants_code on grants (project_id, code_hash);
  create unique index grants_token on grants (project_id, token_hash);
  create index grants_of_member on grants (project_id, member_id);
  create index grants_end on grants (project_id, expires_at);

  create table consents (
    project_id text not null references projects (project_id) on delete cascade,
    member_id text not null,
    client_id text not null,
    scopes text not null,
    updated_at bigint not null,
    primary key (project_id, member_id, client_id),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );

  create table send_counts (
    project_id text not null references projects (project_id) on delete cascade,
    counter text not null,
    window_start bigint not null,
    sent bigint not null,
    primary key (project_id, counter)
  );

  create table audit_events (
    project_id text not null references projects (project_id) on delete cascade,
    event_id text not null,
    occurred_at bigint not null,
    request_id text not null,
    kind text not null,
    operation text not null,
    outcome text not null,
    error_type text,
    organization_id text,
    member_id text,
    member_session_id text,
    caller_member_id text,
    primary key (project_id, event_id)
  );
  create index audit_events_in_order on audit_events (project_id, occurred_at, event_id);

  create table leases (
    project_id text not null references projects (project_id) on delete cascade,
    name text not null,
    expires_at bigint not null,
    primary key (project_id, name)
  );
  `,

  // Counts of windows that began by the clock say too little for those that begin anywhere, and go: the new ones begin at none.
  `
  drop table send_counts;
  create table send_counts (
    project_id text not null references projects (project_id) on delete cascade,
    counter text not null,
    first_at bigint not null,
    last_at bigint not null,
    sent bigint not null,
    first_before bigint not null,
    last_before bigint not null,
    sent_before bigint not null,
    expires_at bigint not null,
    primary key (project_id, counter)
  );
  create index send_counts_end on send_counts (project_id, expires_at);
  `,

  // Attempts were counted by member, over passwords and codes. They are counted anew.
  `
  create table failed_attempts (
    project_id text not null references projects (project_id) on delete cascade,
    subject text not null,
    type text not null,
    member_id text,
    failures bigint not null,
    last_failed_at bigint not null,
    lock_created_at bigint,
    lock_expires_at bigint,
    primary key (project_id, subject, type),
    foreign key (project_id, member_id) references members (project_id, member_id) on delete cascade
  );
  create index failed_attempts_of_member on failed_attempts (project_id, member_id);
  create index failed_attempts_at_addresses on failed_attempts (project_id, last_failed_at)
    where member_id is null;

  alter table members drop column failed_attempts;
  alter table members drop column failed_codes;
  alter table members drop column lock_created_at;
  alter table members drop column lock_expires_at;
  alter table deleted_members drop column failed_attempts;
  alter table deleted_members drop column failed_codes;
  alter table deleted_members drop column lock_created_at;
  alter table deleted_members drop column lock_expires_at;
  `,

  // When a code was right for the number first, if one was.
  `
  alter table members add column mfa_phone_verified_at bigint;
  alter table deleted_members add column mfa_phone_verified_at bigint;
  `,

  // Roles that were removed before are not known. Those that are removed from now on are not restored by their name.
  `
  alter table organizations add column removed_roles text not null default '[]';
  `,

  // One event may stand for several.
  `
  alter table audit_events add column occurrences bigint not null default 1;
  `,

  // The columns are those of the library that counts in it; a key begins with the project.
  `
  create table failure_counts (
    key text primary key,
    points bigint not null,
    expire bigint not null
  );
  create index failure_counts_end on failure_counts (expire);
  `,

  // Apps may refresh what they were granted.
  `
  alter table grants add column family_hash text;
  alter table grants add column refresh_hash text;
  create unique index grants_family on grants (project_id, family_hash);
  `,

  // A number that a member only named is not shown to be theirs, so it keeps no other member from it.
  `
  drop index members_phone_number;
  create unique index members_phone_number
    on members (project_id, organization_id, mfa_phone_number)
    where mfa_phone_number_verified = 1;
  `
]
