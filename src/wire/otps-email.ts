import * as v from 'valibot'
import { type DiscoveredOrganization, discoveryAuthenticated } from './discovery.ts'
import type { Member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import type { Organization } from './organization.ts'
import { route } from './route.ts'
import {
  codeMinutes,
  credential,
  emailAddress,
  envelope,
  identifier,
  locale,
  oneTimeCode,
  optional,
  sessionOptions,
  telemetryId,
  templateId
} from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import { type SignInResponse, signIn } from './sign-in.ts'

/** A code to sign in, or for a person who never did, to sign up. */
export interface B2BOTPEmailLoginOrSignupRequest {
  organization_id: string
  email_address: string
  login_template_id?: string
  signup_template_id?: string
  /** BCP 47 language of the e-mail; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  /** 2 to 15, default 10. */
  login_expiration_minutes?: number
  /** 2 to 15, default 10. */
  signup_expiration_minutes?: number
}

export interface B2BOTPEmailLoginOrSignupResponse {
  request_id: string
  status_code: number
  member_id: string
  /** Whether the member is new. It is `pending` until the code was given. */
  member_created: boolean
  member: Member
  organization: Organization
}

export interface B2BOTPEmailAuthenticateRequest extends SessionOptions {
  organization_id: string
  email_address: string
  /** Six digits, good once; a newer code ends it. */
  code: string
  /** A session of the same member gets the factor added; another member's is ignored. */
  session_token?: string
  session_jwt?: string
  /** Continues a sign-in that another primary factor began. */
  intermediate_session_token?: string
  /** BCP 47 language of a code that may be sent; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  telemetry_id?: string
}

export interface B2BOTPEmailAuthenticateResponse extends SignInResponse {
  organization_id: string
  /** The `email_id` of the e-mail address. */
  method_id: string
}

/** A code to sign in with before the organization is known. */
export interface B2BOTPEmailDiscoverySendRequest {
  email_address: string
  login_template_id?: string
  /** BCP 47 language of the e-mail; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  /** 2 to 15, default 10. */
  discovery_expiration_minutes?: number
}

export interface B2BOTPEmailDiscoverySendResponse {
  request_id: string
  status_code: number
}

export interface B2BOTPEmailDiscoveryAuthenticateRequest {
  email_address: string
  /** Six digits, good once; a newer code ends it. */
  code: string
}

export interface B2BOTPEmailDiscoveryAuthenticateResponse {
  request_id: string
  status_code: number
  intermediate_session_token: string
  email_address: string
  discovered_organizations: DiscoveredOrganization[]
}

const loginOrSignupRequest: v.GenericSchema<unknown, B2BOTPEmailLoginOrSignupRequest> = v.object({
  organization_id: identifier,
  email_address: emailAddress,
  login_template_id: templateId,
  signup_template_id: templateId,
  locale,
  login_expiration_minutes: codeMinutes,
  signup_expiration_minutes: codeMinutes
})

const authenticateRequest: v.GenericSchema<unknown, B2BOTPEmailAuthenticateRequest> = v.object({
  organization_id: identifier,
  email_address: emailAddress,
  code: oneTimeCode,
  session_token: optional(credential),
  session_jwt: optional(credential),
  intermediate_session_token: optional(credential),
  locale,
  telemetry_id: telemetryId,
  ...sessionOptions
})

const discoverySendRequest: v.GenericSchema<unknown, B2BOTPEmailDiscoverySendRequest> = v.object({
  email_address: emailAddress,
  login_template_id: templateId,
  locale,
  discovery_expiration_minutes: codeMinutes
})

const discoveryAuthenticateRequest: v.GenericSchema<
  unknown,
  B2BOTPEmailDiscoveryAuthenticateRequest
> = v.object({ email_address: emailAddress, code: oneTimeCode })

const loginOrSignupResponse: v.GenericSchema<unknown, B2BOTPEmailLoginOrSignupResponse> = v.object({
  ...envelope,
  ...memberAnswer,
  member_created: v.boolean()
})

const authenticateResponse: v.GenericSchema<unknown, B2BOTPEmailAuthenticateResponse> = v.object({
  ...signIn,
  organization_id: v.string(),
  method_id: v.string()
})

const discoverySendResponse: v.GenericSchema<unknown, B2BOTPEmailDiscoverySendResponse> =
  v.object(envelope)

const discoveryAuthenticateResponse: v.GenericSchema<
  unknown,
  B2BOTPEmailDiscoveryAuthenticateResponse
> = v.object(discoveryAuthenticated)

export const otpsEmailRoutes = {
  loginOrSignup: route('POST', '/v1/b2b/otps/email/login_or_signup', {
    request: loginOrSignupRequest,
    response: loginOrSignupResponse
  }),
  authenticate: route('POST', '/v1/b2b/otps/email/authenticate', {
    request: authenticateRequest,
    response: authenticateResponse
  }),
  discovery: {
    send: route('POST', '/v1/b2b/otps/email/discovery/send', {
      request: discoverySendRequest,
      response: discoverySendResponse
    }),
    authenticate: route('POST', '/v1/b2b/otps/email/discovery/authenticate', {
      request: discoveryAuthenticateRequest,
      response: discoveryAuthenticateResponse
    })
  }
}
