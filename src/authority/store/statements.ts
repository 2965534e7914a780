import type { MemberRow, Write, WriteNamed } from '../domain/writes.ts'
import type { Value } from './engine.ts'
import { containing } from './like-pattern.ts'

/** SQL and the values of `$2`, `$3` and so on; `$1` is always the project. */
type Prepared = readonly [sql: string, ...values: Value[]]

/** One conditional statement for every write. */
export const statements: {
  readonly [Do in Write['do']]: (write: WriteNamed<Do>) => Prepared
} = {
  insertProject: ({ secret_hash, policy, settings, now }) => [
    `insert into projects (project_id, secret_hash, policy, settings, created_at)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id) do nothing`,
    secret_hash,
    JSON.stringify(policy),
    JSON.stringify(settings),
    now
  ],

  setProjectSecret: ({ secret_hash }) => [
    'update projects set secret_hash = $2 where project_id = $1',
    secret_hash
  ],

  setProjectPolicy: ({ policy }) => [
    'update projects set policy = $2 where project_id = $1',
    JSON.stringify(policy)
  ],

  setProjectSettings: ({ settings }) => [
    'update projects set settings = $2 where project_id = $1',
    JSON.stringify(settings)
  ],

  insertSigningKey: ({ key }) => [
    `insert into signing_keys (project_id, kid, public_jwk, private_key, generation, created_at,
       signs_at, ends_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (project_id, generation) do nothing`,
    key.kid,
    JSON.stringify(key.public_jwk),
    key.private_key,
    key.generation,
    key.created_at,
    key.signs_at,
    key.ends_at
  ],

  endSigningKeys: ({ before_generation, ends_at }) => [
    `update signing_keys set ends_at = $3
     where project_id = $1 and generation < $2 and (ends_at is null or ends_at > $3)`,
    before_generation,
    ends_at
  ],

  insertOrganization({ organization }) {
    const { email_allowed_domains, claimed_email_domains, ...settings } = organization.settings
    return [
      `insert into organizations (project_id, organization_id, organization_name, folded_name,
         organization_slug, organization_external_id, email_allowed_domains, claimed_email_domains,
         settings, trusted_metadata, custom_roles, version, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      organization.organization_id,
      organization.organization_name,
      organization.organization_name.toLowerCase(),
      organization.organization_slug,
      organization.organization_external_id,
      JSON.stringify(email_allowed_domains),
      JSON.stringify(claimed_email_domains),
      JSON.stringify(settings),
      JSON.stringify(organization.trusted_metadata),
      JSON.stringify(organization.custom_roles),
      organization.version,
      organization.created_at,
      organization.updated_at
    ]
  },

  updateOrganization({ organization }) {
    const { email_allowed_domains, claimed_email_domains, ...settings } = organization.settings
    return [
      `update organizations set organization_name = $2, folded_name = $3, organization_slug = $4,
         organization_external_id = $5, email_allowed_domains = $6, claimed_email_domains = $7,
         settings = $8, trusted_metadata = $9, updated_at = $10, version = version + 1
       where project_id = $1 and organization_id = $11 and version = $12`,
      organization.organization_name,
      organization.organization_name.toLowerCase(),
      organization.organization_slug,
      organization.organization_external_id,
      JSON.stringify(email_allowed_domains),
      JSON.stringify(claimed_email_domains),
      JSON.stringify(settings),
      JSON.stringify(organization.trusted_metadata),
      organization.updated_at,
      organization.organization_id,
      organization.version
    ]
  },

  claimAddress: ({ organization_id, address }) => [
    `insert into organization_addresses (project_id, address, organization_id)
     values ($1, $2, $3)
     on conflict (project_id, address)
       do update set organization_id = excluded.organization_id
       where organization_addresses.organization_id = excluded.organization_id`,
    address,
    organization_id
  ],

  releaseAddress: ({ organization_id, address }) => [
    `delete from organization_addresses
     where project_id = $1 and address = $2 and organization_id = $3`,
    address,
    organization_id
  ],

  deleteOrganization: ({ organization_id }) => [
    'delete from organizations where project_id = $1 and organization_id = $2',
    organization_id
  ],

  setOrganizationRoles: ({ organization_id, custom_roles }) => [
    'update organizations set custom_roles = $3 where project_id = $1 and organization_id = $2',
    organization_id,
    JSON.stringify(custom_roles)
  ],

  insertMember: ({ member }) => [
    `insert into members ${insertedColumns}
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
       $20, $21, $22, $23, 0, 0)`,
    ...insertedValues(member)
  ],

  insertDeletedMember: ({ member }) => [
    `insert into deleted_members ${insertedColumns}
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
       $20, $21, $22, $23, 0, 0)`,
    ...insertedValues(member)
  ],

  deleteMember: ({ member }) => [
    'delete from members where project_id = $1 and member_id = $2 and version = $3',
    member.member_id,
    member.version
  ],

  deleteDeletedMember: ({ member_id }) => [
    'delete from deleted_members where project_id = $1 and member_id = $2',
    member_id
  ],

  updateMember: ({ member }) => [
    `update members set email_id = $4, email_address = $5, email_address_verified = $6,
       retired_email_addresses = $7, external_id = $8, status = $9, name = $10, is_breakglass = $11,
       mfa_enrolled = $12, default_mfa_method = $13, phone_id = $14, mfa_phone_number = $15,
       mfa_phone_number_verified = $16, oauth_registrations = $17, roles = $18,
       trusted_metadata = $19, untrusted_metadata = $20, updated_at = $21, version = version + 1
     where project_id = $1 and member_id = $2 and organization_id = $3 and version = $22`,
    member.member_id,
    member.organization_id,
    ...changeableColumns(member),
    member.version
  ],

  claimEmail: ({ organization_id, member_id, email_address }) => [
    `insert into member_emails (project_id, organization_id, email_address, member_id)
     values ($1, $2, $3, $4)
     on conflict (project_id, organization_id, email_address)
       do update set member_id = excluded.member_id
       where member_emails.member_id = excluded.member_id`,
    organization_id,
    email_address,
    member_id
  ],

  releaseEmail: ({ organization_id, member_id, email_address }) => [
    `delete from member_emails
     where project_id = $1 and organization_id = $2 and email_address = $3 and member_id = $4`,
    organization_id,
    email_address,
    member_id
  ],

  activateMember: ({ member_id, email_id, now }) => [
    `update members set status = 'active', email_address_verified = 1, updated_at = $4,
       version = version + 1
     where project_id = $1 and member_id = $2 and email_id = $3`,
    member_id,
    email_id,
    now
  ],

  linkPhoneNumber: ({ member_id, phone_id, mfa_phone_number, now }) => [
    `update members set phone_id = $3, mfa_phone_number = $4, mfa_phone_number_verified = 0,
       updated_at = $5, version = version + 1
     where project_id = $1 and member_id = $2 and mfa_phone_number is null
       and status <> 'deleted'`,
    member_id,
    phone_id,
    mfa_phone_number,
    now
  ],

  verifyPhoneNumber: ({ member_id, phone_id, now }) => [
    `update members set mfa_phone_number_verified = 1, updated_at = $4, version = version + 1
     where project_id = $1 and member_id = $2 and phone_id = $3 and mfa_phone_number is not null`,
    member_id,
    phone_id,
    now
  ],

  setMfaPreferences: ({ member_id, mfa_enrolled, default_mfa_method, now }) => [
    `update members set mfa_enrolled = coalesce($3, mfa_enrolled),
       default_mfa_method = coalesce($4, default_mfa_method), updated_at = $5, version = version + 1
     where project_id = $1 and member_id = $2`,
    member_id,
    mfa_enrolled === null ? null : flag(mfa_enrolled),
    default_mfa_method,
    now
  ],

  // A lock that has ended takes its count with it: the attempt is the first again.
  reserveAttempt: ({ member_id, of_code, now, limit, lock_ms }) => [
    `update members set
       failed_attempts = case when lock_expires_at is null then failed_attempts + 1 else 1 end,
       failed_codes = case when lock_expires_at is null then failed_codes else 0 end + $6,
       lock_created_at =
         case when lock_expires_at is null and failed_attempts + 1 >= $4 then cast($3 as bigint) end,
       lock_expires_at =
         case when lock_expires_at is null and failed_attempts + 1 >= $4 then cast($5 as bigint) end
     where project_id = $1 and member_id = $2
       and (lock_expires_at is null or lock_expires_at <= $3)`,
    member_id,
    now,
    limit,
    now + lock_ms,
    flag(of_code)
  ],

  releaseAttempt: ({ member_id, of_code }) => [
    `update members set failed_attempts = failed_attempts - 1, failed_codes = failed_codes - $3,
       lock_created_at = null, lock_expires_at = null
     where project_id = $1 and member_id = $2 and failed_attempts > 0 and failed_codes >= $3`,
    member_id,
    flag(of_code)
  ],

  forgetFailures: ({ member_id }) => [
    `update members set failed_attempts = 0, failed_codes = 0, lock_created_at = null,
       lock_expires_at = null
     where project_id = $1 and member_id = $2`,
    member_id
  ],

  forgetFailedPasswords: ({ member_id }) => [
    `update members set failed_attempts = failed_codes
     where project_id = $1 and member_id = $2 and lock_expires_at is null`,
    member_id
  ],

  insertPassword: ({ member_id, password, now }) => [
    `insert into passwords (project_id, member_id, member_password_id, hash, created_at)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id, member_id) do nothing`,
    member_id,
    password.member_password_id,
    password.hash,
    now
  ],

  confirmPassword: ({ member_id, password }) => [
    `update passwords set hash = $4
     where project_id = $1 and member_id = $2 and member_password_id = $3`,
    member_id,
    password.member_password_id,
    password.hash
  ],

  putPassword: ({ member_id, password, now }) => [
    `insert into passwords (project_id, member_id, member_password_id, hash, created_at)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id, member_id) do update set
       member_password_id = excluded.member_password_id, hash = excluded.hash,
       created_at = excluded.created_at`,
    member_id,
    password.member_password_id,
    password.hash,
    now
  ],

  deletePassword: ({ member_id }) => [
    'delete from passwords where project_id = $1 and member_id = $2',
    member_id
  ],

  deletePasswordById: ({ member_id, member_password_id }) => [
    `delete from passwords
     where project_id = $1 and member_id = $2 and member_password_id = $3`,
    member_id,
    member_password_id
  ],

  putTotp: ({ member_id, totp, now }) => [
    `insert into totps (project_id, member_id, totp_registration_id, secret, active,
       last_used_step, expires_at, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (project_id, member_id) do update set
       totp_registration_id = excluded.totp_registration_id, secret = excluded.secret,
       active = excluded.active, last_used_step = excluded.last_used_step,
       expires_at = excluded.expires_at, created_at = excluded.created_at
       where totps.active = 0`,
    member_id,
    totp.totp_registration_id,
    totp.secret,
    flag(totp.active),
    totp.last_used_step,
    totp.expires_at,
    now
  ],

  useTotpStep: ({ member_id, totp_registration_id, step, now }) => [
    `update totps set last_used_step = $4, active = 1
     where project_id = $1 and member_id = $2 and totp_registration_id = $3
       and last_used_step < $4 and (active = 1 or expires_at > $5)`,
    member_id,
    totp_registration_id,
    step,
    now
  ],

  deleteTotp: ({ member_id }) => [
    'delete from totps where project_id = $1 and member_id = $2',
    member_id
  ],

  confirmTotp: ({ member_id, totp_registration_id }) => [
    `update totps set active = 1
     where project_id = $1 and member_id = $2 and totp_registration_id = $3 and active = 1`,
    member_id,
    totp_registration_id
  ],

  deleteRecoveryCodes: ({ member_id }) => [
    'delete from recovery_codes where project_id = $1 and member_id = $2',
    member_id
  ],

  insertRecoveryCode: ({ member_id, recovery_code_id, code, now }) => [
    `insert into recovery_codes (project_id, recovery_code_id, member_id, code, created_at)
     values ($1, $2, $3, $4, $5)`,
    recovery_code_id,
    member_id,
    code,
    now
  ],

  useRecoveryCode: ({ member_id, recovery_code_id }) => [
    `delete from recovery_codes
     where project_id = $1 and member_id = $2 and recovery_code_id = $3`,
    member_id,
    recovery_code_id
  ],

  insertSession: ({ session, token_hash }) => [
    `insert into sessions (project_id, member_session_id, member_id, organization_id, token_hash,
       token_salt, token_key_id, authentication_factors, custom_claims, started_at,
       last_accessed_at, expires_at, version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    session.member_session_id,
    session.member_id,
    session.organization_id,
    token_hash,
    session.token_salt,
    session.token_key_id,
    JSON.stringify(session.authentication_factors),
    JSON.stringify(session.custom_claims),
    session.started_at,
    session.last_accessed_at,
    session.expires_at,
    session.version
  ],

  updateSession: (write) => [
    `update sessions set last_accessed_at = $3, expires_at = coalesce($4, expires_at),
       authentication_factors = coalesce($5, authentication_factors),
       custom_claims = coalesce($6, custom_claims),
       version = version + $8
     where project_id = $1 and member_session_id = $2 and revoked_at is null and expires_at > $3
       and version = coalesce($7, version)`,
    write.member_session_id,
    write.now,
    write.expires_at,
    write.authentication_factors && JSON.stringify(write.authentication_factors),
    write.custom_claims && JSON.stringify(write.custom_claims),
    write.version,
    write.version === null ? 0 : 1
  ],

  revokeSession: ({ member_session_id, now }) => [
    `update sessions set revoked_at = $3
     where project_id = $1 and member_session_id = $2 and revoked_at is null and expires_at > $3`,
    member_session_id,
    now
  ],

  revokeMemberSessions: ({ member_id, now }) => [
    `update sessions set revoked_at = $3
     where project_id = $1 and member_id = $2 and revoked_at is null`,
    member_id,
    now
  ],

  revokeOtherSessions: ({ member_id, member_session_id, now }) => [
    `update sessions set revoked_at = $4
     where project_id = $1 and member_id = $2 and member_session_id <> $3 and revoked_at is null`,
    member_id,
    member_session_id,
    now
  ],

  // Only SSO factors have a `provider_id`, and JSON escapes the quotes of any other text.
  revokeConnectionSessions: ({ member_id, connection_id, now }) => [
    `update sessions set revoked_at = $3
     where project_id = $1 and member_id = $2 and revoked_at is null
       and authentication_factors like $4 escape '\\'`,
    member_id,
    now,
    containing(`"provider_id":${JSON.stringify(connection_id)}`)
  ],

  insertIntermediateSession: ({ intermediate_session, token_hash, now, expires_at }) => [
    `insert into intermediate_sessions (project_id, intermediate_session_id, token_hash, member_id,
       organization_id, email_address, oauth_tenants, authentication_factors, version, created_at,
       expires_at, failed_codes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)`,
    intermediate_session.intermediate_session_id,
    token_hash,
    intermediate_session.member_id,
    intermediate_session.organization_id,
    intermediate_session.email_address,
    JSON.stringify(intermediate_session.oauth_tenants),
    JSON.stringify(intermediate_session.authentication_factors),
    intermediate_session.version,
    now,
    expires_at
  ],

  bindIntermediateSession: ({ intermediate_session, now }) => [
    `update intermediate_sessions set authentication_factors = $3, member_id = $6,
       organization_id = $7, version = version + 1
     where project_id = $1 and intermediate_session_id = $2 and version = $4 and expires_at > $5`,
    intermediate_session.intermediate_session_id,
    JSON.stringify(intermediate_session.authentication_factors),
    intermediate_session.version,
    now,
    intermediate_session.member_id,
    intermediate_session.organization_id
  ],

  confirmIntermediateSession: ({ intermediate_session_id, now }) => [
    `update intermediate_sessions set version = version
     where project_id = $1 and intermediate_session_id = $2 and expires_at > $3`,
    intermediate_session_id,
    now
  ],

  reserveIntermediateAttempt: ({ intermediate_session_id, now, limit }) => [
    `update intermediate_sessions set failed_codes = failed_codes + 1
     where project_id = $1 and intermediate_session_id = $2 and expires_at > $3
       and failed_codes < $4`,
    intermediate_session_id,
    now,
    limit
  ],

  releaseIntermediateAttempt: ({ intermediate_session_id }) => [
    `update intermediate_sessions set failed_codes = failed_codes - 1
     where project_id = $1 and intermediate_session_id = $2 and failed_codes > 0`,
    intermediate_session_id
  ],

  consumeIntermediateSession: ({ intermediate_session_id, now }) => [
    `delete from intermediate_sessions
     where project_id = $1 and intermediate_session_id = $2 and expires_at > $3`,
    intermediate_session_id,
    now
  ],

  deleteMemberIntermediateSessions: ({ member_id }) => [
    'delete from intermediate_sessions where project_id = $1 and member_id = $2',
    member_id
  ],

  deleteOtherIntermediateSessions: ({ member_id, intermediate_session_id }) => [
    `delete from intermediate_sessions
     where project_id = $1 and member_id = $2 and intermediate_session_id <> $3`,
    member_id,
    intermediate_session_id
  ],

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
  ],

  insertAuditEvent: ({ record }) => [
    `insert into audit_events (project_id, event_id, occurred_at, request_id, kind, operation,
       outcome, error_type, organization_id, member_id, member_session_id, caller_member_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    record.event_id,
    record.occurred_at,
    record.request_id,
    record.kind,
    record.operation,
    record.outcome,
    record.error_type,
    record.organization_id,
    record.member_id,
    record.member_session_id,
    record.caller_member_id
  ],

  resealSigningKey: ({ kid, sealed_before, sealed }) => [
    `update signing_keys set private_key = $4
     where project_id = $1 and kid = $2 and private_key = $3`,
    kid,
    sealed_before,
    sealed
  ],

  resealTotp: ({ member_id, sealed_before, sealed }) => [
    'update totps set secret = $4 where project_id = $1 and member_id = $2 and secret = $3',
    member_id,
    sealed_before,
    sealed
  ],

  resealRecoveryCode: ({ recovery_code_id, sealed_before, sealed }) => [
    `update recovery_codes set code = $4
     where project_id = $1 and recovery_code_id = $2 and code = $3`,
    recovery_code_id,
    sealed_before,
    sealed
  ],

  takeLease: ({ name, now, expires_at }) => [
    `insert into leases (project_id, name, expires_at) values ($1, $2, $4)
     on conflict (project_id, name) do update set expires_at = excluded.expires_at
       where leases.expires_at <= $3`,
    name,
    now,
    expires_at
  ],

  sweepSessions: (sweep) =>
    sweepStatement(
      'sessions',
      'member_session_id',
      '(expires_at <= $2 or revoked_at <= $2)',
      sweep
    ),

  sweepIntermediateSessions: (sweep) =>
    sweepStatement('intermediate_sessions', 'intermediate_session_id', 'expires_at <= $2', sweep),

  sweepLinks: (sweep) => sweepStatement('links', 'link_id', 'expires_at <= $2', sweep),

  sweepOneTimeCodes: (sweep) =>
    sweepStatement('one_time_codes', 'code_id', 'expires_at <= $2', sweep),

  sweepSendCounts: (sweep) => sweepStatement('send_counts', 'counter', 'window_start <= $2', sweep),

  sweepUsedTrustedTokens: (sweep) =>
    sweepStatement('used_trusted_tokens', 'token_hash', 'expires_at <= $2', sweep),

  sweepGrants: (sweep) => sweepStatement('grants', 'grant_id', 'expires_at <= $2', sweep),

  sweepSigningKeys: (sweep) => sweepStatement('signing_keys', 'kid', 'ends_at <= $2', sweep),

  sweepAuditEvents: (sweep) =>
    sweepStatement('audit_events', 'event_id', 'occurred_at <= $2', sweep)
}

/** The condition stands outside too: a row that was chosen may have been replaced by a live one since. */
function sweepStatement(
  table: string,
  key: string,
  ended: string,
  { ended_by, limit }: { ended_by: number; limit: number }
): Prepared {
  return [
    `delete from ${table} where project_id = $1 and ${ended}
       and ${key} in (select ${key} from ${table} where project_id = $1 and ${ended} limit $3)`,
    ended_by,
    limit
  ]
}

const insertedColumns = `(project_id, member_id, organization_id, email_id, email_address,
  email_address_verified, retired_email_addresses, external_id, status, name, is_breakglass,
  mfa_enrolled, default_mfa_method, phone_id, mfa_phone_number, mfa_phone_number_verified,
  oauth_registrations, roles, trusted_metadata, untrusted_metadata, updated_at, version, created_at,
  failed_attempts, failed_codes)`

function insertedValues(member: MemberRow): Value[] {
  return [
    member.member_id,
    member.organization_id,
    ...changeableColumns(member),
    member.version,
    member.created_at
  ]
}

/** The columns that an update may change, in the order of all statements above. */
function changeableColumns(member: MemberRow): Value[] {
  return [
    member.email_id,
    member.email_address,
    flag(member.email_address_verified),
    JSON.stringify(member.retired_email_addresses),
    member.external_id,
    member.status,
    member.name,
    flag(member.is_breakglass),
    flag(member.mfa_enrolled),
    member.default_mfa_method,
    member.phone_id,
    // Unique where there is one: no number is null.
    member.mfa_phone_number === '' ? null : member.mfa_phone_number,
    flag(member.mfa_phone_number_verified),
    JSON.stringify(member.oauth_registrations),
    JSON.stringify(member.roles),
    JSON.stringify(member.trusted_metadata),
    JSON.stringify(member.untrusted_metadata),
    member.updated_at
  ]
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0
}
