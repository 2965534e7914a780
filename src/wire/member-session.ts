import * as v from 'valibot'
import { anyObject, dateTime, rfc3339, text } from './schema.ts'

/** One way in which the member was authenticated, and when. */
export interface AuthenticationFactor {
  /** `password`, `magic_link`, `email_otp`, `oauth`, `sso`, `otp`, `totp`, `recovery_codes`, `trusted_auth_token`, `imported`, … */
  type: string
  /** `knowledge`, `email`, `sms`, `authenticator_app`, `recovery_code`, `oauth_google`, … */
  delivery_method: string
  /** `PRIMARY` or `SECONDARY`. */
  sequence_order?: string
  created_at?: string
  updated_at?: string
  /** When the factor was verified last; verifying the same factor again moves it. */
  last_authenticated_at?: string
  /**
   * The factor was first registered in this session, perhaps by a person who stole it: it says nothing of the member until
   * a later sign-in used it. Absent: false. Not of the original API.
   */
  registered_in_session?: boolean
  email_factor?: { email_id: string; email_address: string }
  phone_number_factor?: { phone_id: string; phone_number: string }
  authenticator_app_factor?: { totp_id: string }
  recovery_code_factor?: { totp_recovery_code_id: string }
  google_oauth_factor?: { id: string; provider_subject: string; email_id?: string }
  microsoft_oauth_factor?: { id: string; provider_subject: string; email_id?: string }
  github_oauth_factor?: { id: string; provider_subject: string; email_id?: string }
  slack_oauth_factor?: { id: string; provider_subject: string; email_id?: string }
  hubspot_oauth_factor?: { id: string; provider_subject: string; email_id?: string }
  google_oauth_exchange_factor?: { email_id: string }
  github_oauth_exchange_factor?: { email_id: string }
  slack_oauth_exchange_factor?: { email_id: string }
  hubspot_oauth_exchange_factor?: { email_id: string }
  oauth_access_token_exchange_factor?: { client_id: string }
  saml_sso_factor?: { id: string; provider_id: string; external_id: string }
  oidc_sso_factor?: { id: string; provider_id: string; external_id: string }
  trusted_auth_token_factor?: { token_id: string }
  impersonated_factor?: { impersonator_id: string; impersonator_email_address: string }
}

/** A signed-in member: who, in which organization, authenticated how, with which roles, until when. Times are RFC 3339 in UTC. */
export interface MemberSession {
  member_session_id: string
  member_id: string
  started_at: string
  /** The last time the API authenticated it; local verification does not move it. */
  last_accessed_at: string
  expires_at: string
  authentication_factors: AuthenticationFactor[]
  organization_id: string
  /** Role ids that count for this session. */
  roles: string[]
  organization_slug: string
  /** At most 4 KB of JSON; also top-level claims of the session JWT. */
  custom_claims?: Record<string, unknown>
}

const oauthFactor = v.optional(
  v.object({ id: v.string(), provider_subject: v.string(), email_id: v.optional(v.string()) })
)
const exchangedOauthFactor = v.optional(v.object({ email_id: v.string() }))
const ssoFactor = v.optional(
  v.object({ id: v.string(), provider_id: v.string(), external_id: v.string() })
)

export const authenticationFactor: v.GenericSchema<unknown, AuthenticationFactor> = v.object({
  type: v.string(),
  delivery_method: v.string(),
  sequence_order: v.picklist(['PRIMARY', 'SECONDARY']),
  created_at: dateTime,
  updated_at: dateTime,
  last_authenticated_at: dateTime,
  registered_in_session: v.optional(v.boolean()),
  email_factor: v.optional(v.object({ email_id: v.string(), email_address: v.string() })),
  phone_number_factor: v.optional(v.object({ phone_id: v.string(), phone_number: v.string() })),
  authenticator_app_factor: v.optional(v.object({ totp_id: v.string() })),
  recovery_code_factor: v.optional(v.object({ totp_recovery_code_id: v.string() })),
  google_oauth_factor: oauthFactor,
  microsoft_oauth_factor: oauthFactor,
  github_oauth_factor: oauthFactor,
  slack_oauth_factor: oauthFactor,
  hubspot_oauth_factor: oauthFactor,
  google_oauth_exchange_factor: exchangedOauthFactor,
  github_oauth_exchange_factor: exchangedOauthFactor,
  slack_oauth_exchange_factor: exchangedOauthFactor,
  hubspot_oauth_exchange_factor: exchangedOauthFactor,
  oauth_access_token_exchange_factor: v.optional(v.object({ client_id: v.string() })),
  saml_sso_factor: ssoFactor,
  oidc_sso_factor: ssoFactor,
  trusted_auth_token_factor: v.optional(v.object({ token_id: v.string() })),
  impersonated_factor: v.optional(
    v.object({ impersonator_id: v.string(), impersonator_email_address: v.string() })
  )
})

export const memberSession: v.GenericSchema<unknown, MemberSession> = v.object({
  member_session_id: v.string(),
  member_id: v.string(),
  started_at: dateTime,
  last_accessed_at: dateTime,
  expires_at: dateTime,
  authentication_factors: v.array(authenticationFactor),
  organization_id: v.string(),
  roles: v.array(v.string()),
  organization_slug: v.string(),
  custom_claims: anyObject
})

const guardedFactor = v.custom<AuthenticationFactor>((value) =>
  v.is(v.looseObject({ type: text(64), delivery_method: text(64) }), value)
)

/** What a guard reads of a session; everything else stays as it came. */
export const guardedMemberSession: v.GenericSchema<unknown, MemberSession> = v.looseObject({
  member_session_id: text(256),
  member_id: text(256),
  started_at: rfc3339,
  last_accessed_at: rfc3339,
  expires_at: rfc3339,
  authentication_factors: v.array(guardedFactor),
  organization_id: text(256),
  roles: v.array(v.string()),
  organization_slug: v.string(),
  custom_claims: v.optional(v.record(v.string(), v.unknown()))
})
