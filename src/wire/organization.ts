import * as v from 'valibot'
import { anyObject, dateTime } from './schema.ts'

export interface ActiveSSOConnection {
  connection_id: string
  display_name: string
  identity_provider: string
}

export interface ActiveSCIMConnection {
  connection_id: string
  display_name: string
  bearer_token_last_four: string
  bearer_token_expires_at?: string
}

/** Every member whose e-mail address is of `domain` has the role. */
export interface EmailImplicitRoleAssignment {
  domain: string
  role_id: string
}

export interface CustomRolePermission {
  resource_id: string
  actions: string[]
}

export interface CustomRole {
  role_id: string
  description: string
  permissions: CustomRolePermission[]
}

/** A tenant of the app: its members, its settings, its rules about signing in. */
export interface Organization {
  organization_id: string
  /** 1 to 128 characters, not all blanks. */
  organization_name: string
  /** URL of a logo, or `''`. */
  organization_logo_url: string
  /** 2 to 128 of letters, digits and `-._~`, unique in the project; may stand wherever an organization id is expected. */
  organization_slug: string
  sso_jit_provisioning: string
  sso_jit_provisioning_allowed_connections: string[]
  sso_active_connections: ActiveSSOConnection[]
  /** Domains that invitations and joining by e-mail are held to, where those are `RESTRICTED`. */
  email_allowed_domains: string[]
  /** Whether an e-mail address of an allowed domain may join by itself: `RESTRICTED` or `NOT_ALLOWED`. */
  email_jit_provisioning: string
  email_invites: string
  /** `ALL_ALLOWED`, or `RESTRICTED` to `allowed_auth_methods`. */
  auth_methods: string
  allowed_auth_methods: string[]
  /** `OPTIONAL`: members who are enrolled need a second factor. `REQUIRED_FOR_ALL`: every member does. */
  mfa_policy: string
  rbac_email_implicit_role_assignments: EmailImplicitRoleAssignment[]
  /** `ALL_ALLOWED`, or `RESTRICTED` to `allowed_mfa_methods`. */
  mfa_methods: string
  /** `sms_otp`, `totp`. */
  allowed_mfa_methods: string[]
  oauth_tenant_jit_provisioning: string
  claimed_email_domains: string[]
  first_party_connected_apps_allowed_type: string
  allowed_first_party_connected_apps: string[]
  third_party_connected_apps_allowed_type: string
  allowed_third_party_connected_apps: string[]
  custom_roles: CustomRole[]
  /** At most 20 keys and 4 KB; only the backend writes it. */
  trusted_metadata?: Record<string, unknown>
  created_at?: string
  updated_at?: string
  /** The app's own id for it, unique in the project; may stand wherever an organization id is expected. */
  organization_external_id?: string | null
  sso_default_connection_id?: string | null
  scim_active_connection?: ActiveSCIMConnection | null
  allowed_oauth_tenants?: Record<string, unknown>
}

/** Methods of `allowed_auth_methods`, as the API spells them. */
export const authMethods = [
  'sso',
  'magic_link',
  'email_otp',
  'password',
  'google_oauth',
  'microsoft_oauth',
  'slack_oauth',
  'github_oauth',
  'hubspot_oauth'
] as const

export const mfaMethods = ['sms_otp', 'totp'] as const
export const mfaPolicies = ['OPTIONAL', 'REQUIRED_FOR_ALL'] as const
export const restrictions = ['ALL_ALLOWED', 'RESTRICTED'] as const
export const provisionings = ['RESTRICTED', 'NOT_ALLOWED'] as const
export const allowances = ['ALL_ALLOWED', 'RESTRICTED', 'NOT_ALLOWED'] as const

const ssoConnection: v.GenericSchema<unknown, ActiveSSOConnection> = v.object({
  connection_id: v.string(),
  display_name: v.string(),
  identity_provider: v.string()
})

const scimConnection: v.GenericSchema<unknown, ActiveSCIMConnection> = v.object({
  connection_id: v.string(),
  display_name: v.string(),
  bearer_token_last_four: v.string(),
  bearer_token_expires_at: v.optional(dateTime)
})

const customRole: v.GenericSchema<unknown, CustomRole> = v.object({
  role_id: v.string(),
  description: v.string(),
  permissions: v.array(v.object({ resource_id: v.string(), actions: v.array(v.string()) }))
})

export const organization: v.GenericSchema<unknown, Organization> = v.object({
  organization_id: v.string(),
  organization_name: v.string(),
  organization_slug: v.string(),
  organization_external_id: v.nullable(v.string()),
  organization_logo_url: v.string(),
  sso_jit_provisioning: v.picklist(allowances),
  sso_jit_provisioning_allowed_connections: v.array(v.string()),
  sso_active_connections: v.array(ssoConnection),
  sso_default_connection_id: v.nullable(v.string()),
  scim_active_connection: v.nullable(scimConnection),
  scim_active_connections: v.array(scimConnection),
  email_allowed_domains: v.array(v.string()),
  email_jit_provisioning: v.picklist(provisionings),
  email_invites: v.picklist(allowances),
  auth_methods: v.picklist(restrictions),
  allowed_auth_methods: v.array(v.picklist(authMethods)),
  mfa_policy: v.picklist(mfaPolicies),
  mfa_methods: v.picklist(restrictions),
  allowed_mfa_methods: v.array(v.picklist(mfaMethods)),
  rbac_email_implicit_role_assignments: v.array(
    v.object({ domain: v.string(), role_id: v.string() })
  ),
  oauth_tenant_jit_provisioning: v.picklist(provisionings),
  allowed_oauth_tenants: v.record(v.string(), v.array(v.string())),
  claimed_email_domains: v.array(v.string()),
  first_party_connected_apps_allowed_type: v.picklist(allowances),
  allowed_first_party_connected_apps: v.array(v.string()),
  third_party_connected_apps_allowed_type: v.picklist(allowances),
  allowed_third_party_connected_apps: v.array(v.string()),
  custom_roles: v.array(customRole),
  trusted_metadata: anyObject,
  created_at: dateTime,
  updated_at: dateTime
})

/** What a guard reads of an organization; every other member stays as it came. */
export const guardedOrganization = v.custom<Organization>((value) =>
  v.is(v.looseObject({ organization_id: v.pipe(v.string(), v.minLength(1)) }), value)
)
