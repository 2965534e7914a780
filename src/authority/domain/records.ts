import type { SignatureAlgorithm } from '../../jwt/verification-key.ts'
import type { MemberRoleSource, RetiredEmail } from '../../wire/member.ts'
import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { CustomRole, Organization } from '../../wire/organization.ts'
import type { PolicyResource, PolicyRole } from '../../wire/rbac.ts'
import type { JWK } from '../../wire/sessions.ts'
import type { EmailVerification } from './federated-email.ts'
import type { LockableType } from './lockables.ts'

/** What the store keeps, as the rules read it. Times are epoch milliseconds. */

export type JsonObject = Readonly<Record<string, unknown>>

export interface CustomPolicy {
  readonly roles: readonly PolicyRole[]
  readonly resources: readonly PolicyResource[]
  /** Ids of roles that were there before: they grant nothing until they are restored. */
  readonly removed_roles?: readonly string[]
}

/** What an operator sets about a project, beside its policy. */
export interface ProjectSettings {
  /** ISO 3166 codes of the countries that SMS may be sent to. */
  readonly sms_country_codes: readonly string[]
  /** Where links in e-mails may lead; the first is where they lead when a call names none. */
  readonly redirect_urls: readonly string[]
  /** Whose tokens `sessions.attest` takes. */
  readonly trusted_auth_token_profiles: readonly TrustedTokenProfile[]
  /** Where `sessions.migrate` reads who a person is; `null`: it answers an error. */
  readonly userinfo_url: string | null
  /** By what the address there counts as verified. `null` only where there is no URL, or one of an older database. */
  readonly userinfo_email_verified: EmailVerification | null
  /** Whether a session there stands for a second factor as well. */
  readonly userinfo_satisfies_mfa: boolean
  /** Whether a domain that an organization claims binds the backend too, when it gives addresses of it to others. */
  readonly strict_claimed_domains: boolean
  /** Whether a member whom another creates is active at once, without having shown that the address is theirs. */
  readonly activate_members_created_by_session: boolean
  /** Whether a role that was removed comes back, with all who had it, when a policy names it again. */
  readonly restore_removed_roles: boolean
  /** The apps that members can let in. */
  readonly connected_apps: readonly ConnectedApp[]
  /** How old the factor may be, in minutes, by which a member session weakens what verifies its own member. */
  readonly recent_factor_minutes: number
  /** How many e-mails of one kind are sent. */
  readonly email_limits: SendLimits<
    'email_address' | 'mailbox' | 'ip_address' | 'organization' | 'project'
  >
  /** How many text messages of one kind are sent. */
  readonly sms_limits: SendLimits<
    | 'member'
    | 'phone_number'
    | 'number_prefix'
    | 'ip_address'
    | 'country'
    | 'organization'
    | 'project'
  >
  /** The longest that a session lasts from its start; `null`: as long as calls ask for. */
  readonly maximum_session_minutes: number | null
  /** Whether a session without a second factor ends to count when one is required of its member. */
  readonly enforce_mfa_on_running_sessions: boolean
  readonly guess_limits: GuessLimits
}

/** How many failed guesses at passwords and codes are too many, within this time. */
export interface GuessLimits {
  /** From one place, where they were at this many accounts or more: it is denied then. */
  readonly failures: number
  readonly accounts: number
  /** In all of the project: an alarm is raised then. */
  readonly alarm: number
  readonly minutes: number
}

/** At most this many messages within this time, wherever it begins. */
export interface SendLimit {
  readonly messages: number
  readonly minutes: number
}

/** Limits for each of what messages are counted by. All of a list hold; an empty one limits nothing. */
export type SendLimits<Scope extends string> = Readonly<Record<Scope, readonly SendLimit[]>>

/** Claims of a trusted token, by what they mean here. */
export interface AttributeMapping {
  readonly email: string
  /** Different in every token, so that each counts once. */
  readonly token_id: string
  readonly organization_id?: string | undefined
  readonly external_member_id?: string | undefined
  /** A list. It gives roles to members that are created. */
  readonly role_ids?: string | undefined
}

/** An issuer of trusted tokens, and what its word is worth. */
export type TrustedTokenProfile = {
  readonly profile_id: string
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly algorithms: readonly SignatureAlgorithm[]
  readonly attribute_mapping: AttributeMapping
  /** By what the address counts as verified. A profile of an older database has none. */
  readonly email_verified?: EmailVerification
  readonly can_jit_provision: boolean
  readonly satisfies_mfa: boolean
} & (
  | { readonly public_key_type: 'JWK'; readonly jwks_url: string }
  | { readonly public_key_type: 'PEM'; readonly pem_files: readonly string[] }
)

export interface ConnectedApp {
  readonly client_id: string
  readonly client_type: 'first_party' | 'first_party_public' | 'third_party' | 'third_party_public'
  readonly client_name: string
  readonly client_description: string
  readonly logo_url?: string | undefined
  /** SHA-256; `null` for a public app, which can keep no secret. */
  readonly client_secret_hash: string | null
  readonly redirect_urls: readonly string[]
}

export interface ProjectRecord {
  readonly project_id: string
  /** SHA-256 of the secret; `null` when none was given out. */
  readonly secret_hash: string | null
  /** What the project adds to the built-in roles and resources. */
  readonly policy: CustomPolicy
  readonly settings: ProjectSettings
}

/** A key for session JWTs. It is published from `created_at`, and signs from `signs_at` until a later key does. */
export interface SigningKeyRecord {
  readonly kid: string
  /** Counts the keys of the project, from 1. */
  readonly generation: number
  readonly public_jwk: JWK
  /** Encrypted to its place. */
  readonly private_key: string
  readonly created_at: number
  readonly signs_at: number
  /** From then on it is neither published nor believed. */
  readonly ends_at: number | null
}

/** The settings of an organization that stand in its object under the same names. */
export type StoredSettings = Readonly<
  Pick<
    Organization,
    | 'organization_logo_url'
    | 'sso_jit_provisioning'
    | 'sso_jit_provisioning_allowed_connections'
    | 'email_allowed_domains'
    | 'email_jit_provisioning'
    | 'email_invites'
    | 'auth_methods'
    | 'allowed_auth_methods'
    | 'mfa_policy'
    | 'rbac_email_implicit_role_assignments'
    | 'mfa_methods'
    | 'allowed_mfa_methods'
    | 'oauth_tenant_jit_provisioning'
    | 'claimed_email_domains'
    | 'first_party_connected_apps_allowed_type'
    | 'allowed_first_party_connected_apps'
    | 'third_party_connected_apps_allowed_type'
    | 'allowed_third_party_connected_apps'
  > & {
    allowed_oauth_tenants: Record<string, unknown>
    sso_default_connection_id: string | null
  }
>

export interface OrganizationRecord {
  readonly organization_id: string
  readonly organization_name: string
  readonly organization_slug: string
  readonly organization_external_id: string | null
  readonly settings: StoredSettings
  readonly trusted_metadata: JsonObject
  readonly custom_roles: readonly CustomRole[]
  /** Ids of roles of its own that were there before: no member has them until they are restored. */
  readonly removed_roles: readonly string[]
  /** Counts changes, so that one made on old facts is noticed. */
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

/** One reason why a member has a role. */
export interface RoleAssignment {
  readonly role_id: string
  readonly source: MemberRoleSource
}

/** A sign-in at an OAuth provider that belongs to one member. */
export interface OAuthRegistrationRecord {
  readonly member_oauth_registration_id: string
  /** Lower case: `google`, `github`. */
  readonly provider_type: string
  readonly provider_subject: string
}

export type MemberStatus = 'pending' | 'invited' | 'active' | 'deleted'

export interface MemberRecord {
  readonly member_id: string
  readonly organization_id: string
  readonly external_id: string | null
  readonly email_id: string
  readonly email_address: string
  readonly email_address_verified: boolean
  readonly retired_email_addresses: readonly RetiredEmail[]
  readonly status: MemberStatus
  readonly name: string
  readonly is_breakglass: boolean
  readonly mfa_enrolled: boolean
  readonly default_mfa_method: '' | 'sms_otp' | 'totp'
  /** `''` when there is none. */
  readonly phone_id: string
  readonly mfa_phone_number: string
  readonly mfa_phone_number_verified: boolean
  /** When a code first verified the number; `null` where the backend answered for it. */
  readonly mfa_phone_verified_at: number | null
  readonly oauth_registrations: readonly OAuthRegistrationRecord[]
  /** Assigned roles; those that come with the address are computed. */
  readonly roles: readonly RoleAssignment[]
  readonly trusted_metadata: JsonObject
  readonly untrusted_metadata: JsonObject
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
  /** Of the member and of codes to the address, also those that have ended. */
  readonly locks: readonly Lock[]
  /** `''` when the member has no password. */
  readonly member_password_id: string
  /** The registration that a first code has verified, or `''`. */
  readonly totp_registration_id: string
}

/** What too many failed attempts at one lockable lead to. */
export interface Lock {
  readonly type: LockableType
  readonly created_at: number
  /** `null`: it is disabled. */
  readonly expires_at: number | null
}

export interface PasswordRecord {
  readonly member_password_id: string
  readonly hash: string
}

export interface TotpRecord {
  readonly totp_registration_id: string
  /** Encrypted to its place. */
  readonly secret: string
  /** Whether a first code has verified it. */
  readonly active: boolean
  /** The latest 30-second step whose code was accepted; 0 before the first. */
  readonly last_used_step: number
  /** A registration that waits for its first code ends here. */
  readonly expires_at: number
}

export interface StoredTotp extends TotpRecord {
  readonly created_at: number
}

export interface SessionRecord {
  readonly member_session_id: string
  readonly member_id: string
  readonly organization_id: string
  readonly token_salt: string
  readonly token_key_id: string
  readonly authentication_factors: readonly AuthenticationFactor[]
  readonly custom_claims: JsonObject
  readonly started_at: number
  readonly last_accessed_at: number
  readonly expires_at: number
  readonly version: number
}

/** With the token itself, where the call has presented that; the database holds its hash only. */
export interface LoadedSession extends SessionRecord {
  readonly token?: string
}

/** A tenant of an OAuth provider that a sign-in there belonged to. */
export interface OAuthTenant {
  readonly provider: string
  readonly tenant: string
}

/** A bag of factors that may become a session. Without a member it comes from discovery. */
export interface IntermediateSessionRecord {
  readonly intermediate_session_id: string
  readonly member_id: string | null
  readonly organization_id: string | null
  /** The address that the factors are about. */
  readonly email_address: string
  readonly oauth_tenants: readonly OAuthTenant[]
  readonly authentication_factors: readonly AuthenticationFactor[]
  readonly created_at: number
  readonly version: number
}

/** What a link in an e-mail is for. */
export type LinkKind = 'magic_link' | 'discovery_magic_link' | 'password_reset' | 'email_update'

/** A token that was sent by e-mail. */
export interface LinkRecord {
  readonly link_id: string
  readonly kind: LinkKind
  /** `null` for discovery, which knows no member. */
  readonly member_id: string | null
  readonly email_address: string
  /** PKCE (RFC 7636): SHA-256 of the verifier in base64url; `null` when the flow began without one. */
  readonly code_challenge: string | null
  readonly expires_at: number
  readonly used_at: number | null
}

/** What a one-time code verifies: a phone, the address of a member, an address in discovery, a new address. */
export type CodePurpose = 'sms' | 'email' | 'discovery_email' | 'email_update'

/** The newest code of its purpose and subject: an older one is gone. */
export interface OneTimeCodeRecord {
  /** Different for each code; part of what is hashed. */
  readonly code_id: string
  readonly purpose: CodePurpose
  /** The member id; in discovery the address. */
  readonly subject: string
  readonly code_hash: string
  readonly member_id: string | null
  /** The number or address that it was sent to. */
  readonly recipient: string
  readonly failed_attempts: number
  readonly expires_at: number
  readonly used_at: number | null
}

/** What a member has granted to a connected app: a code at first, and once that is redeemed an access token. */
export interface GrantRecord {
  readonly grant_id: string
  readonly client_id: string
  readonly member_id: string
  /** The session that authorized it; `null` when ids named the member. */
  readonly member_session_id: string | null
  readonly scopes: readonly string[]
  readonly redirect_uri: string
  /** PKCE (RFC 7636), S256; `null` when the app began without. */
  readonly code_challenge: string | null
  readonly nonce: string | null
  /** End of the code, then of the access token, or of refreshing it. */
  readonly expires_at: number
  /** Of the newest refresh token; `null` when there is none. */
  readonly refresh_hash: string | null
  readonly redeemed_at: number | null
  readonly exchanged_at: number | null
  readonly revoked_at: number | null
}
