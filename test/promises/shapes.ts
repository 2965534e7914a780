/**
 * The answers of the operations as the API's types declare them. A name that ends in `?` may be absent or null; `*` is
 * any name.
 */
export type Shape = 'string' | 'number' | 'boolean' | 'object' | readonly [Shape] | ShapeObject

interface ShapeObject {
  readonly [name: string]: Shape
}

const envelope = { request_id: 'string', status_code: 'number' } as const

const factor = {
  type: 'string',
  delivery_method: 'string',
  'last_authenticated_at?': 'string',
  'created_at?': 'string',
  'updated_at?': 'string',
  'email_factor?': { email_id: 'string', email_address: 'string' },
  'phone_number_factor?': { phone_id: 'string', phone_number: 'string' },
  'authenticator_app_factor?': { totp_id: 'string' },
  'recovery_code_factor?': { totp_recovery_code_id: 'string' },
  'oauth_access_token_exchange_factor?': { client_id: 'string' },
  'trusted_auth_token_factor?': { token_id: 'string' }
} as const

const memberSession = {
  member_session_id: 'string',
  member_id: 'string',
  started_at: 'string',
  last_accessed_at: 'string',
  expires_at: 'string',
  authentication_factors: [factor],
  organization_id: 'string',
  roles: ['string'],
  organization_slug: 'string',
  'custom_claims?': 'object'
} as const

const member = {
  organization_id: 'string',
  member_id: 'string',
  email_address: 'string',
  status: 'string',
  name: 'string',
  sso_registrations: [
    { connection_id: 'string', external_id: 'string', registration_id: 'string' }
  ],
  is_breakglass: 'boolean',
  member_password_id: 'string',
  oauth_registrations: [
    {
      provider_type: 'string',
      provider_subject: 'string',
      member_oauth_registration_id: 'string'
    }
  ],
  email_address_verified: 'boolean',
  mfa_phone_number_verified: 'boolean',
  is_admin: 'boolean',
  totp_registration_id: 'string',
  retired_email_addresses: [{ email_id: 'string', email_address: 'string' }],
  is_locked: 'boolean',
  mfa_enrolled: 'boolean',
  mfa_phone_number: 'string',
  default_mfa_method: 'string',
  roles: [{ role_id: 'string', sources: [{ type: 'string', 'details?': 'object' }] }],
  'trusted_metadata?': 'object',
  'untrusted_metadata?': 'object',
  'created_at?': 'string',
  'updated_at?': 'string',
  'scim_registration?': { connection_id: 'string', registration_id: 'string' },
  'external_id?': 'string',
  'lock_created_at?': 'string',
  'lock_expires_at?': 'string'
} as const

const role = {
  role_id: 'string',
  description: 'string',
  permissions: [{ resource_id: 'string', actions: ['string'] }]
} as const

const organization = {
  organization_id: 'string',
  organization_name: 'string',
  organization_logo_url: 'string',
  organization_slug: 'string',
  sso_jit_provisioning: 'string',
  sso_jit_provisioning_allowed_connections: ['string'],
  sso_active_connections: [
    { connection_id: 'string', display_name: 'string', identity_provider: 'string' }
  ],
  email_allowed_domains: ['string'],
  email_jit_provisioning: 'string',
  email_invites: 'string',
  auth_methods: 'string',
  allowed_auth_methods: ['string'],
  mfa_policy: 'string',
  rbac_email_implicit_role_assignments: [{ domain: 'string', role_id: 'string' }],
  mfa_methods: 'string',
  allowed_mfa_methods: ['string'],
  oauth_tenant_jit_provisioning: 'string',
  claimed_email_domains: ['string'],
  first_party_connected_apps_allowed_type: 'string',
  allowed_first_party_connected_apps: ['string'],
  third_party_connected_apps_allowed_type: 'string',
  allowed_third_party_connected_apps: ['string'],
  custom_roles: [role],
  'trusted_metadata?': 'object',
  'created_at?': 'string',
  'updated_at?': 'string',
  'organization_external_id?': 'string',
  'sso_default_connection_id?': 'string',
  'scim_active_connection?': { connection_id: 'string', display_name: 'string' },
  'allowed_oauth_tenants?': 'object'
} as const

const memberAnswer = { ...envelope, member_id: 'string', member, organization } as const
const organizationAnswer = { ...envelope, organization } as const
const orgPolicyAnswer = { ...envelope, org_policy: { roles: [role] } } as const
const metadata = { total: 'number', 'next_cursor?': 'string' } as const
const discovered = [
  {
    member_authenticated: 'boolean',
    'organization?': organization,
    'membership?': { type: 'string', 'details?': 'object', 'member?': member },
    'primary_required?': { allowed_auth_methods: ['string'] },
    'mfa_required?': 'object'
  }
] as const
const device = { visitor_id: 'string' } as const

const signInAnswer = {
  ...memberAnswer,
  session_token: 'string',
  session_jwt: 'string',
  intermediate_session_token: 'string',
  member_authenticated: 'boolean',
  'member_session?': memberSession,
  'mfa_required?': {
    'member_options?': { mfa_phone_number: 'string', totp_registration_id: 'string' },
    'secondary_auth_initiated?': 'string'
  },
  'primary_required?': { allowed_auth_methods: ['string'] },
  'member_device?': device
} as const

const discoveryAnswer = {
  ...envelope,
  intermediate_session_token: 'string',
  email_address: 'string',
  discovered_organizations: discovered
} as const

export const shapes: Readonly<Record<string, Shape>> = {
  'sessions.get': { ...envelope, member_sessions: [memberSession] },
  'sessions.authenticate': {
    ...envelope,
    member_session: memberSession,
    session_token: 'string',
    session_jwt: 'string',
    member,
    organization,
    'verdict?': { authorized: 'boolean', granting_roles: ['string'] }
  },
  'sessions.revoke': envelope,
  'sessions.exchange': signInAnswer,
  'discovery.intermediateSessions.exchange': signInAnswer,
  'discovery.organizations.list': {
    ...envelope,
    email_address: 'string',
    discovered_organizations: discovered,
    'organization_id_hint?': 'string'
  },
  'discovery.organizations.create': signInAnswer,
  'sessions.exchangeAccessToken': {
    ...memberAnswer,
    session_token: 'string',
    session_jwt: 'string',
    'member_session?': memberSession,
    'member_device?': device
  },
  'sessions.attest': {
    ...memberAnswer,
    session_token: 'string',
    session_jwt: 'string',
    member_session: memberSession,
    'member_device?': device
  },
  'sessions.migrate': {
    ...memberAnswer,
    session_token: 'string',
    session_jwt: 'string',
    'member_session?': memberSession
  },
  'sessions.getJWKS': {
    ...envelope,
    keys: [
      {
        kty: 'string',
        use: 'string',
        key_ops: ['string'],
        alg: 'string',
        kid: 'string',
        x5c: ['string'],
        x5tS256: 'string',
        n: 'string',
        e: 'string'
      }
    ]
  },
  'totps.create': {
    ...memberAnswer,
    totp_registration_id: 'string',
    secret: 'string',
    qr_code: 'string',
    recovery_codes: ['string']
  },
  'totps.authenticate': {
    ...memberAnswer,
    session_token: 'string',
    session_jwt: 'string',
    'member_session?': memberSession,
    'member_device?': device
  },
  'totps.migrate': {
    ...memberAnswer,
    totp_registration_id: 'string',
    recovery_codes: ['string']
  },
  'recoveryCodes.get': { ...memberAnswer, recovery_codes: ['string'] },
  'recoveryCodes.rotate': { ...memberAnswer, recovery_codes: ['string'] },
  'recoveryCodes.recover': {
    ...memberAnswer,
    session_token: 'string',
    session_jwt: 'string',
    recovery_codes_remaining: 'number',
    'member_session?': memberSession,
    'member_device?': device
  },
  'otps.sms.send': memberAnswer,
  'otps.sms.authenticate': {
    ...memberAnswer,
    session_token: 'string',
    session_jwt: 'string',
    'member_session?': memberSession,
    'member_device?': device
  },
  'otps.email.loginOrSignup': { ...memberAnswer, member_created: 'boolean' },
  'otps.email.authenticate': { ...signInAnswer, organization_id: 'string', method_id: 'string' },
  'otps.email.discovery.send': envelope,
  'otps.email.discovery.authenticate': discoveryAnswer,
  'magicLinks.authenticate': {
    ...signInAnswer,
    organization_id: 'string',
    method_id: 'string',
    reset_sessions: 'boolean'
  },
  'magicLinks.email.loginOrSignup': { ...memberAnswer, member_created: 'boolean' },
  'magicLinks.email.invite': memberAnswer,
  'magicLinks.email.discovery.send': envelope,
  'magicLinks.discovery.authenticate': discoveryAnswer,
  'passwords.authenticate': { ...signInAnswer, organization_id: 'string' },
  'passwords.strengthCheck': {
    ...envelope,
    valid_password: 'boolean',
    score: 'number',
    breached_password: 'boolean',
    strength_policy: 'string',
    breach_detection_on_create: 'boolean',
    luds_feedback: {
      has_lower_case: 'boolean',
      has_upper_case: 'boolean',
      has_digit: 'boolean',
      has_symbol: 'boolean',
      missing_complexity: 'number',
      missing_characters: 'number'
    },
    zxcvbn_feedback: { warning: 'string', suggestions: ['string'] }
  },
  'passwords.migrate': { ...memberAnswer, member_created: 'boolean' },
  'passwords.email.resetStart': {
    ...envelope,
    member_id: 'string',
    member_email_id: 'string',
    member
  },
  'passwords.email.reset': {
    ...signInAnswer,
    organization_id: 'string',
    member_email_id: 'string'
  },
  'passwords.existingPassword.reset': signInAnswer,
  'passwords.sessions.reset': {
    ...memberAnswer,
    session_token: 'string',
    session_jwt: 'string',
    intermediate_session_token: 'string',
    member_authenticated: 'boolean',
    'member_session?': memberSession,
    'mfa_required?': 'object',
    'member_device?': device
  },
  'rbac.policy': {
    ...envelope,
    'policy?': {
      roles: [role],
      resources: [{ resource_id: 'string', description: 'string', actions: ['string'] }],
      scopes: [
        {
          scope: 'string',
          description: 'string',
          permissions: [{ resource_id: 'string', actions: ['string'] }]
        }
      ]
    }
  },
  'rbac.organizations.getOrgPolicy': orgPolicyAnswer,
  'rbac.organizations.setOrgPolicy': orgPolicyAnswer,
  'organizations.create': organizationAnswer,
  'organizations.get': organizationAnswer,
  'organizations.update': organizationAnswer,
  'organizations.delete': { ...envelope, organization_id: 'string' },
  'organizations.metrics': { ...envelope, member_count: 'number' },
  'organizations.deleteExternalId': organizationAnswer,
  'organizations.search': {
    ...envelope,
    organizations: [organization],
    results_metadata: metadata
  },
  'organizations.members.create': memberAnswer,
  'organizations.members.get': memberAnswer,
  'organizations.members.update': memberAnswer,
  'organizations.members.dangerouslyGet': memberAnswer,
  'organizations.members.delete': { ...envelope, member_id: 'string' },
  'organizations.members.reactivate': memberAnswer,
  'organizations.members.deleteMFAPhoneNumber': memberAnswer,
  'organizations.members.deleteTOTP': memberAnswer,
  'organizations.members.deletePassword': memberAnswer,
  'organizations.members.unlinkRetiredEmail': { ...memberAnswer, organization_id: 'string' },
  'organizations.members.deleteExternalId': memberAnswer,
  'organizations.members.startEmailUpdate': memberAnswer,
  'organizations.members.search': {
    ...envelope,
    members: [member],
    results_metadata: metadata,
    organizations: { '*': organization }
  },
  'idp.oauth.authorizeStart': {
    ...memberAnswer,
    client: {
      client_id: 'string',
      client_name: 'string',
      client_description: 'string',
      client_type: 'string',
      'logo_url?': 'string'
    },
    consent_required: 'boolean',
    scope_results: [{ scope: 'string', description: 'string', is_grantable: 'boolean' }]
  },
  'idp.oauth.authorize': {
    ...envelope,
    redirect_uri: 'string',
    'authorization_code?': 'string'
  }
}

/** Where a value is not of the shape, as paths. */
export function faultsOf(value: unknown, shape: Shape, path = 'answer'): string[] {
  if (typeof shape === 'string') {
    const fits = typeof value === shape && value !== null && !Array.isArray(value)
    return fits ? [] : [`${path} is no ${shape}`]
  }
  if (isArrayShape(shape)) {
    if (!Array.isArray(value)) return [`${path} is no array`]
    return value.flatMap((item, index) => faultsOf(item, shape[0], `${path}[${index}]`))
  }
  if (typeof value !== 'object' || value === null) return [`${path} is no object`]
  return Object.entries(shape).flatMap(([key, inner]) => {
    if (key === '*') {
      return Object.entries(value).flatMap(([name, child]) =>
        faultsOf(child, inner, `${path}.${name}`)
      )
    }
    const name = key.replace(/\?$/, '')
    const child: unknown = Reflect.get(value, name)
    const mayLack = key.endsWith('?')
    return mayLack && (child === undefined || child === null)
      ? []
      : faultsOf(child, inner, `${path}.${name}`)
  })
}

function isArrayShape(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape)
}
