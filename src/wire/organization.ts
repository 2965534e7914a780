import * as v from 'valibot'

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

/** Every member whose address is of `domain` has the role. */
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
  /** 1 to 128 characters. */
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
  /** Whether an address of an allowed domain may join by itself: `RESTRICTED` or `NOT_ALLOWED`. */
  email_jit_provisioning: string
  email_invites: string
  /** `ALL_ALLOWED`, or `RESTRICTED` to `allowed_auth_methods`. */
  auth_methods: string
  allowed_auth_methods: string[]
  /** `OPTIONAL`: who is enrolled needs a second factor. `REQUIRED_FOR_ALL`: everybody does. */
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

/** What a guard reads of an organization; every other member stays as it came. */
export const organizationAnswer = v.custom<Organization>((value) =>
  v.is(v.looseObject({ organization_id: v.pipe(v.string(), v.minLength(1)) }), value)
)
