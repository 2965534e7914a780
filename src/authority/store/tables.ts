import type { AuditRecord } from '../domain/audit.ts'
import { defaultSettings, withSettings } from '../domain/project-settings.ts'
import type {
  GrantRecord,
  IntermediateSessionRecord,
  LinkRecord,
  MemberRecord,
  OneTimeCodeRecord,
  OrganizationRecord,
  PasswordRecord,
  ProjectRecord,
  ProjectSettings,
  SessionRecord,
  SigningKeyRecord,
  StoredSettings,
  TotpRecord
} from '../domain/records.ts'
import type { RecoveryCode } from '../domain/recovery-codes.ts'
import type { MemberRow } from '../domain/writes.ts'
import type { Row } from './engine.ts'
import {
  type Column,
  type Columns,
  flag,
  integer,
  json,
  nullable,
  rowReader,
  sharedJson,
  string,
  table,
  textOrEmpty
} from './table.ts'

/** What each table holds, beside `project_id`: the fields of a record, and what only the store knows of it. */

/** A setting that came after the project was stored has its default. */
const settings: Column<ProjectSettings> = {
  write: (content) => JSON.stringify(content),
  read: (value) => withSettings(defaultSettings, JSON.parse(String(value)))
}

export const projects = table<Omit<ProjectRecord, 'project_id'> & Created>('projects', [], {
  secret_hash: nullable(string()),
  policy: sharedJson(),
  settings,
  created_at: integer()
})

export const readProject = rowReader<ProjectRecord>({ project_id: string(), ...projects.columns })

export const signingKeys = table<SigningKeyRecord>('signing_keys', ['kid'], {
  kid: string(),
  generation: integer(),
  public_jwk: json(),
  private_key: string(),
  created_at: integer(),
  signs_at: integer(),
  ends_at: nullable(integer())
})

/** Some settings have a column of their own, to be searched by. */
type OwnColumn = 'email_allowed_domains' | 'claimed_email_domains'

interface OrganizationFields
  extends Omit<OrganizationRecord, 'settings'>,
    Pick<StoredSettings, OwnColumn> {
  readonly folded_name: string
  readonly settings: Omit<StoredSettings, OwnColumn>
}

export const organizations = table<OrganizationFields>('organizations', ['organization_id'], {
  organization_id: string(),
  organization_name: string(),
  folded_name: string(),
  organization_slug: string(),
  organization_external_id: nullable(string()),
  email_allowed_domains: json(),
  claimed_email_domains: json(),
  settings: json(),
  trusted_metadata: json(),
  custom_roles: sharedJson(),
  removed_roles: json(),
  version: integer(),
  created_at: integer(),
  updated_at: integer()
})

export function organizationFields(organization: OrganizationRecord): OrganizationFields {
  const { email_allowed_domains, claimed_email_domains, ...settings } = organization.settings
  const folded_name = organization.organization_name.toLowerCase()
  return { ...organization, folded_name, email_allowed_domains, claimed_email_domains, settings }
}

export function readOrganization(row: Row): OrganizationRecord {
  const { folded_name, email_allowed_domains, claimed_email_domains, settings, ...fields } =
    organizations.read(row)
  return { ...fields, settings: { ...settings, email_allowed_domains, claimed_email_domains } }
}

const memberColumns: Columns<MemberRow> = {
  member_id: string(),
  organization_id: string(),
  external_id: nullable(string()),
  email_id: string(),
  email_address: string(),
  email_address_verified: flag(),
  retired_email_addresses: json(),
  status: string(),
  name: string(),
  is_breakglass: flag(),
  mfa_enrolled: flag(),
  default_mfa_method: string(),
  phone_id: string(),
  mfa_phone_number: textOrEmpty(),
  mfa_phone_number_verified: flag(),
  mfa_phone_verified_at: nullable(integer()),
  oauth_registrations: json(),
  roles: json(),
  trusted_metadata: json(),
  untrusted_metadata: json(),
  version: integer(),
  created_at: integer(),
  updated_at: integer()
}

export const members = table('members', ['member_id'], memberColumns)
export const deletedMembers = table('deleted_members', ['member_id'], memberColumns)

/** With what stands in other tables; a member who is deleted has none of it. */
export const readMember = rowReader<MemberRecord>({
  ...memberColumns,
  locks: json(),
  member_password_id: textOrEmpty(),
  totp_registration_id: textOrEmpty()
})

export const passwords = table<OfMember & PasswordRecord & Created>('passwords', ['member_id'], {
  member_id: string(),
  member_password_id: string(),
  hash: string(),
  created_at: integer()
})

export const totps = table<OfMember & TotpRecord & Created>('totps', ['member_id'], {
  member_id: string(),
  totp_registration_id: string(),
  secret: string(),
  active: flag(),
  last_used_step: integer(),
  expires_at: integer(),
  created_at: integer()
})

export const recoveryCodes = table<OfMember & RecoveryCode & Created>(
  'recovery_codes',
  ['recovery_code_id'],
  { recovery_code_id: string(), member_id: string(), code: string(), created_at: integer() }
)

export const sessions = table<SessionRecord & Token & { readonly revoked_at: number | null }>(
  'sessions',
  ['member_session_id'],
  {
    member_session_id: string(),
    member_id: string(),
    organization_id: string(),
    token_hash: string(),
    token_salt: string(),
    token_key_id: string(),
    authentication_factors: json(),
    custom_claims: json(),
    started_at: integer(),
    last_accessed_at: integer(),
    expires_at: integer(),
    revoked_at: nullable(integer()),
    version: integer()
  }
)

export const intermediateSessions = table<
  IntermediateSessionRecord & Token & { expires_at: number; failed_codes: number }
>('intermediate_sessions', ['intermediate_session_id'], {
  intermediate_session_id: string(),
  token_hash: string(),
  member_id: nullable(string()),
  organization_id: nullable(string()),
  email_address: string(),
  oauth_tenants: json(),
  authentication_factors: json(),
  failed_codes: integer(),
  created_at: integer(),
  expires_at: integer(),
  version: integer()
})

export const links = table<LinkRecord & Token & Created>('links', ['link_id'], {
  link_id: string(),
  kind: string(),
  token_hash: string(),
  member_id: nullable(string()),
  email_address: string(),
  code_challenge: nullable(string()),
  created_at: integer(),
  expires_at: integer(),
  used_at: nullable(integer())
})

export const oneTimeCodes = table<OneTimeCodeRecord & Created>(
  'one_time_codes',
  ['purpose', 'subject'],
  {
    purpose: string(),
    subject: string(),
    code_id: string(),
    code_hash: string(),
    member_id: nullable(string()),
    recipient: string(),
    failed_attempts: integer(),
    created_at: integer(),
    expires_at: integer(),
    used_at: nullable(integer())
  }
)

export const grants = table<
  GrantRecord &
    Created & {
      readonly code_hash: string
      readonly token_hash: string | null
      readonly family_hash: string | null
    }
>('grants', ['grant_id'], {
  grant_id: string(),
  client_id: string(),
  member_id: string(),
  member_session_id: nullable(string()),
  scopes: json(),
  redirect_uri: string(),
  code_hash: string(),
  code_challenge: nullable(string()),
  nonce: nullable(string()),
  token_hash: nullable(string()),
  family_hash: nullable(string()),
  refresh_hash: nullable(string()),
  created_at: integer(),
  expires_at: integer(),
  redeemed_at: nullable(integer()),
  exchanged_at: nullable(integer()),
  revoked_at: nullable(integer())
})

interface ConsentFields extends OfMember {
  readonly client_id: string
  readonly scopes: readonly string[]
  readonly updated_at: number
}

export const consents = table<ConsentFields>('consents', ['member_id', 'client_id'], {
  member_id: string(),
  client_id: string(),
  scopes: json(),
  updated_at: integer()
})

export const auditEvents = table<AuditRecord>('audit_events', ['event_id'], {
  event_id: string(),
  occurred_at: integer(),
  request_id: string(),
  kind: string(),
  operation: string(),
  outcome: string(),
  error_type: nullable(string()),
  organization_id: nullable(string()),
  member_id: nullable(string()),
  member_session_id: nullable(string()),
  caller_member_id: nullable(string()),
  occurrences: integer()
})

interface OfMember {
  readonly member_id: string
}

interface Created {
  readonly created_at: number
}

interface Token {
  readonly token_hash: string
}
