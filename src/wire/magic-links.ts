import * as v from 'valibot'
import type { Authorization } from './authorization.ts'
import { type DiscoveredOrganization, discoveryAuthenticated } from './discovery.ts'
import type { Member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import type { Organization } from './organization.ts'
import { memberFields } from './organizations-members.ts'
import { memberRoute, route } from './route.ts'
import {
  codeChallenge,
  codeVerifier,
  credential,
  emailAddress,
  envelope,
  identifier,
  linkMinutes,
  locale,
  optional,
  redirectUrl,
  sessionOptions,
  telemetryId,
  templateId
} from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import { type SignInResponse, signIn } from './sign-in.ts'

export interface B2BMagicLinksAuthenticateRequest extends SessionOptions {
  /** What the link carries as `token`. Good once. */
  magic_links_token: string
  /** Needed when the link was requested with a `pkce_code_challenge`. */
  pkce_code_verifier?: string
  /** A session of the same member gets the factor added; another member's is ignored. */
  session_token?: string
  session_jwt?: string
  /** BCP 47 language of a code that may be sent; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  /** Continues a sign-in that another primary factor began. */
  intermediate_session_token?: string
  telemetry_id?: string
}

export interface B2BMagicLinksAuthenticateResponse extends SignInResponse {
  organization_id: string
  /** The `email_id` of the e-mail address. */
  method_id: string
  /** Always false; older versions of the API ended sessions here. */
  reset_sessions: boolean
}

/** A link to sign in, or for a person who never did, to sign up. */
export interface B2BMagicLinksEmailLoginOrSignupRequest {
  organization_id: string
  email_address: string
  /** Where the link of an active member leads; registered for the project, whose first URL is the default. */
  login_redirect_url?: string
  /** The same for a person who is not an active member. */
  signup_redirect_url?: string
  /** PKCE (RFC 7636), method S256: SHA-256 of the verifier in base64url. */
  pkce_code_challenge?: string
  login_template_id?: string
  signup_template_id?: string
  /** BCP 47 language of the e-mail; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  /** 5 to 10,080, default 60. */
  login_expiration_minutes?: number
  /** 5 to 10,080, default 60. */
  signup_expiration_minutes?: number
}

export interface B2BMagicLinksEmailLoginOrSignupResponse {
  request_id: string
  status_code: number
  member_id: string
  /** Whether the member is new. It is `pending` until the link was followed. */
  member_created: boolean
  member: Member
  organization: Organization
}

/** A link that makes a person a member. */
export interface B2BMagicLinksEmailInviteRequest {
  organization_id: string
  email_address: string
  /** Where the link leads; registered for the project, whose first URL is the default. */
  invite_redirect_url?: string
  invited_by_member_id?: string
  name?: string
  trusted_metadata?: Record<string, unknown>
  untrusted_metadata?: Record<string, unknown>
  invite_template_id?: string
  /** BCP 47 language of the e-mail; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  /** Role ids assigned directly; `stytch_member` comes by itself. */
  roles?: string[]
  /** 5 to 10,080, which is the default. */
  invite_expiration_minutes?: number
}

export interface B2BMagicLinksEmailInviteRequestOptions {
  authorization?: Authorization
}

export interface B2BMagicLinksEmailInviteResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
}

/** A link to sign in with before the organization is known. */
export interface B2BMagicLinksEmailDiscoverySendRequest {
  email_address: string
  /** Where the link leads; registered for the project, whose first URL is the default. */
  discovery_redirect_url?: string
  pkce_code_challenge?: string
  login_template_id?: string
  /** BCP 47 language of the e-mail; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  /** 5 to 10,080, default 60. */
  discovery_expiration_minutes?: number
}

export interface B2BMagicLinksEmailDiscoverySendResponse {
  request_id: string
  status_code: number
}

export interface B2BMagicLinksDiscoveryAuthenticateRequest {
  /** What the link carries as `token`. Good once. */
  discovery_magic_links_token: string
  pkce_code_verifier?: string
}

export interface B2BMagicLinksDiscoveryAuthenticateResponse {
  request_id: string
  status_code: number
  intermediate_session_token: string
  email_address: string
  discovered_organizations: DiscoveredOrganization[]
}

const authenticateRequest: v.GenericSchema<unknown, B2BMagicLinksAuthenticateRequest> = v.object({
  magic_links_token: credential,
  pkce_code_verifier: codeVerifier,
  session_token: optional(credential),
  session_jwt: optional(credential),
  intermediate_session_token: optional(credential),
  locale,
  telemetry_id: telemetryId,
  ...sessionOptions
})

const loginOrSignupRequest: v.GenericSchema<unknown, B2BMagicLinksEmailLoginOrSignupRequest> =
  v.object({
    organization_id: identifier,
    email_address: emailAddress,
    login_redirect_url: redirectUrl,
    signup_redirect_url: redirectUrl,
    pkce_code_challenge: codeChallenge,
    login_template_id: templateId,
    signup_template_id: templateId,
    locale,
    login_expiration_minutes: linkMinutes,
    signup_expiration_minutes: linkMinutes
  })

const inviteRequest: v.GenericSchema<unknown, B2BMagicLinksEmailInviteRequest> = v.object({
  organization_id: identifier,
  email_address: emailAddress,
  invite_redirect_url: redirectUrl,
  invited_by_member_id: optional(identifier),
  name: memberFields.name,
  trusted_metadata: memberFields.trusted_metadata,
  untrusted_metadata: memberFields.untrusted_metadata,
  invite_template_id: templateId,
  locale,
  roles: memberFields.roles,
  invite_expiration_minutes: linkMinutes
})

const discoverySendRequest: v.GenericSchema<unknown, B2BMagicLinksEmailDiscoverySendRequest> =
  v.object({
    email_address: emailAddress,
    discovery_redirect_url: redirectUrl,
    pkce_code_challenge: codeChallenge,
    login_template_id: templateId,
    locale,
    discovery_expiration_minutes: linkMinutes
  })

const discoveryAuthenticateRequest: v.GenericSchema<
  unknown,
  B2BMagicLinksDiscoveryAuthenticateRequest
> = v.object({ discovery_magic_links_token: credential, pkce_code_verifier: codeVerifier })

const authenticateResponse: v.GenericSchema<unknown, B2BMagicLinksAuthenticateResponse> = v.object({
  ...signIn,
  organization_id: v.string(),
  method_id: v.string(),
  reset_sessions: v.boolean()
})

const loginOrSignupResponse: v.GenericSchema<unknown, B2BMagicLinksEmailLoginOrSignupResponse> =
  v.object({ ...envelope, ...memberAnswer, member_created: v.boolean() })

const inviteResponse: v.GenericSchema<unknown, B2BMagicLinksEmailInviteResponse> = v.object({
  ...envelope,
  ...memberAnswer
})

const discoverySendResponse: v.GenericSchema<unknown, B2BMagicLinksEmailDiscoverySendResponse> =
  v.object(envelope)

const discoveryAuthenticateResponse: v.GenericSchema<
  unknown,
  B2BMagicLinksDiscoveryAuthenticateResponse
> = v.object(discoveryAuthenticated)

export const magicLinksRoutes = {
  authenticate: route('POST', '/v1/b2b/magic_links/authenticate', {
    request: authenticateRequest,
    response: authenticateResponse
  }),
  email: {
    loginOrSignup: route('POST', '/v1/b2b/magic_links/email/login_or_signup', {
      request: loginOrSignupRequest,
      response: loginOrSignupResponse
    }),
    invite: memberRoute('POST', '/v1/b2b/magic_links/email/invite', {
      request: inviteRequest,
      response: inviteResponse
    }),
    discovery: {
      send: route('POST', '/v1/b2b/magic_links/email/discovery/send', {
        request: discoverySendRequest,
        response: discoverySendResponse
      })
    }
  },
  discovery: {
    authenticate: route('POST', '/v1/b2b/magic_links/discovery/authenticate', {
      request: discoveryAuthenticateRequest,
      response: discoveryAuthenticateResponse
    })
  }
}
