import type { AuditRecord } from '../domain/audit.ts'
import type {
  GrantRecord,
  IntermediateSessionRecord,
  LinkRecord,
  MemberRecord,
  OneTimeCodeRecord,
  OrganizationRecord,
  PasswordRecord,
  ProjectRecord,
  SessionRecord,
  SigningKeyRecord,
  TotpRecord
} from '../domain/records.ts'
import type { RecoveryCode } from '../domain/recovery-codes.ts'
import type { Row } from './engine.ts'

/** Rows as records: JSON is read, flags become booleans, absent text becomes `''` where the API says so. */

export function readProject(row: Row): ProjectRecord {
  return {
    ...(row as unknown as ProjectRecord),
    policy: json(row.policy),
    settings: json(row.settings)
  }
}

export function readSigningKey(row: Row): SigningKeyRecord {
  return { ...(row as unknown as SigningKeyRecord), public_jwk: json(row.public_jwk) }
}

export function readOrganization(row: Row): OrganizationRecord {
  const { folded_name, email_allowed_domains, claimed_email_domains, settings, ...columns } = row
  return {
    ...(columns as unknown as OrganizationRecord),
    settings: {
      ...json<OrganizationRecord['settings']>(settings),
      email_allowed_domains: json(email_allowed_domains),
      claimed_email_domains: json(claimed_email_domains)
    },
    trusted_metadata: json(row.trusted_metadata),
    custom_roles: json(row.custom_roles)
  }
}

export function readMember(row: Row): MemberRecord {
  return {
    ...(row as unknown as MemberRecord),
    email_address_verified: row.email_address_verified === 1,
    retired_email_addresses: json(row.retired_email_addresses),
    is_breakglass: row.is_breakglass === 1,
    mfa_enrolled: row.mfa_enrolled === 1,
    mfa_phone_number: textOrEmpty(row.mfa_phone_number),
    mfa_phone_number_verified: row.mfa_phone_number_verified === 1,
    oauth_registrations: json(row.oauth_registrations),
    roles: json(row.roles),
    trusted_metadata: json(row.trusted_metadata),
    untrusted_metadata: json(row.untrusted_metadata),
    member_password_id: textOrEmpty(row.member_password_id),
    totp_registration_id: textOrEmpty(row.totp_registration_id)
  }
}

export function readPassword(row: Row): PasswordRecord {
  return row as unknown as PasswordRecord
}

export function readTotp(row: Row): TotpRecord {
  return { ...(row as unknown as TotpRecord), active: row.active === 1 }
}

export function readRecoveryCode(row: Row): RecoveryCode {
  return row as unknown as RecoveryCode
}

export function readSession(row: Row): SessionRecord {
  return {
    ...(row as unknown as SessionRecord),
    authentication_factors: json(row.authentication_factors),
    custom_claims: json(row.custom_claims)
  }
}

export function readIntermediateSession(row: Row): IntermediateSessionRecord {
  return {
    ...(row as unknown as IntermediateSessionRecord),
    oauth_tenants: json(row.oauth_tenants),
    authentication_factors: json(row.authentication_factors)
  }
}

export function readLink(row: Row): LinkRecord {
  return row as unknown as LinkRecord
}

export function readOneTimeCode(row: Row): OneTimeCodeRecord {
  return row as unknown as OneTimeCodeRecord
}

export function readGrant(row: Row): GrantRecord {
  return { ...(row as unknown as GrantRecord), scopes: json(row.scopes) }
}

export function readAuditRecord({ project_id: _, ...row }: Row): AuditRecord {
  return row as unknown as AuditRecord
}

export function json<T>(text: unknown): T {
  return JSON.parse(String(text))
}

function textOrEmpty(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
