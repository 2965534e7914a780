import * as v from 'valibot'
import { anyObject, dateTime } from './schema.ts'

/** Why a member has a role. */
export interface MemberRoleSource {
  /** `direct_assignment`, `email_assignment`, `sso_connection`, `sso_connection_group`, `scim_connection_group`. */
  type: string
  details?: Record<string, unknown>
}

export interface MemberRole {
  role_id: string
  sources: MemberRoleSource[]
}

export interface RetiredEmail {
  email_id: string
  email_address: string
}

export interface SSORegistration {
  connection_id: string
  external_id: string
  registration_id: string
  sso_attributes?: Record<string, unknown>
}

export interface OAuthRegistration {
  provider_type: string
  provider_subject: string
  member_oauth_registration_id: string
  profile_picture_url?: string | null
  locale?: string | null
}

export interface SCIMRegistration {
  connection_id: string
  registration_id: string
  external_id?: string
  scim_attributes?: Record<string, unknown>
}

/** One person in one organization. The same person in two organizations is two members. */
export interface Member {
  organization_id: string
  member_id: string
  /** Lower case; unique among the organization's members that are not deleted. */
  email_address: string
  /** `pending`, `invited`, `active` or `deleted`. */
  status: string
  name: string
  sso_registrations: SSORegistration[]
  /** Exempt from the organization's `auth_methods` and `mfa_methods`, though not from its `mfa_policy`. */
  is_breakglass: boolean
  /** `''` when the member has no password. */
  member_password_id: string
  oauth_registrations: OAuthRegistration[]
  email_address_verified: boolean
  mfa_phone_number_verified: boolean
  /** Whether the member holds the role `stytch_admin`. */
  is_admin: boolean
  /** The registration that a first code has verified; `''` when there is none. */
  totp_registration_id: string
  retired_email_addresses: RetiredEmail[]
  /** Too many attempts at the password or at codes of one kind failed; see `lock_expires_at`. */
  is_locked: boolean
  /** A second factor is required at every sign-in, also where the organization leaves it optional. */
  mfa_enrolled: boolean
  /** E.164, or `''`. */
  mfa_phone_number: string
  /** `''`, `sms_otp` or `totp`. */
  default_mfa_method: string
  roles: MemberRole[]
  /** At most 20 keys and 4 KB; only the backend writes it. */
  trusted_metadata?: Record<string, unknown>
  /** At most 20 keys and 4 KB; the member may write it. */
  untrusted_metadata?: Record<string, unknown>
  created_at?: string
  updated_at?: string
  scim_registration?: SCIMRegistration | null
  /** The app's own id for the member, unique in the organization. */
  external_id?: string | null
  lock_created_at?: string | null
  /** `null` beside `is_locked`: something is disabled until it is set anew or unlocked. */
  lock_expires_at?: string | null
}

const memberRole: v.GenericSchema<unknown, MemberRole> = v.object({
  role_id: v.string(),
  sources: v.array(v.object({ type: v.string(), details: anyObject }))
})

const retiredEmail: v.GenericSchema<unknown, RetiredEmail> = v.object({
  email_id: v.string(),
  email_address: v.string()
})

const ssoRegistration: v.GenericSchema<unknown, SSORegistration> = v.object({
  connection_id: v.string(),
  external_id: v.string(),
  registration_id: v.string(),
  sso_attributes: v.optional(anyObject)
})

const oauthRegistration: v.GenericSchema<unknown, OAuthRegistration> = v.object({
  provider_type: v.string(),
  provider_subject: v.string(),
  member_oauth_registration_id: v.string(),
  profile_picture_url: v.nullish(v.string()),
  locale: v.nullish(v.string())
})

const scimRegistration: v.GenericSchema<unknown, SCIMRegistration> = v.object({
  connection_id: v.string(),
  registration_id: v.string(),
  external_id: v.optional(v.string()),
  scim_attributes: v.optional(anyObject)
})

export const member: v.GenericSchema<unknown, Member> = v.object({
  organization_id: v.string(),
  member_id: v.string(),
  external_id: v.nullable(v.string()),
  email_address: v.string(),
  email_address_verified: v.boolean(),
  retired_email_addresses: v.array(retiredEmail),
  status: v.picklist(['pending', 'invited', 'active', 'deleted']),
  name: v.string(),
  sso_registrations: v.array(ssoRegistration),
  scim_registration: v.nullable(scimRegistration),
  oauth_registrations: v.array(oauthRegistration),
  is_breakglass: v.boolean(),
  is_admin: v.boolean(),
  member_password_id: v.string(),
  mfa_enrolled: v.boolean(),
  mfa_phone_number: v.string(),
  mfa_phone_number_verified: v.boolean(),
  totp_registration_id: v.string(),
  default_mfa_method: v.picklist(['', 'sms_otp', 'totp']),
  is_locked: v.boolean(),
  lock_created_at: v.nullable(dateTime),
  lock_expires_at: v.nullable(dateTime),
  roles: v.array(memberRole),
  trusted_metadata: anyObject,
  untrusted_metadata: anyObject,
  created_at: dateTime,
  updated_at: dateTime
})

/** What a guard reads of a member; everything else stays as it came. */
export const guardedMember = v.custom<Member>((value) =>
  v.is(
    v.looseObject({
      member_id: v.pipe(v.string(), v.minLength(1)),
      organization_id: v.pipe(v.string(), v.minLength(1))
    }),
    value
  )
)
