import * as v from 'valibot'
import { type Member, member } from './member.ts'
import { type Organization, organization } from './organization.ts'
import { type OrganizationFields, organizationBody, organizationName } from './organizations.ts'
import { route } from './route.ts'
import {
  anyObject,
  credential,
  envelope,
  identifier,
  locale,
  optional,
  sessionArguments,
  sessionOptions,
  telemetryId
} from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import {
  type MfaRequired,
  mfaRequired,
  type PrimaryRequired,
  primaryRequired,
  type SignInResponse,
  signInResponse
} from './sign-in.ts'

export interface B2BDiscoveryIntermediateSessionsExchangeRequest extends SessionOptions {
  /** A bag of factors that a session can be made of. Lives 10 minutes; it survives an exchange that does not complete. */
  intermediate_session_token: string
  /** The organization to enter: id, slug or external id. */
  organization_id: string
  /** BCP 47 language of a code that may be sent; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | 'it' | 'de-DE' | 'zh-Hans' | 'ca-ES' | string
  telemetry_id?: string
}

export type B2BDiscoveryIntermediateSessionsExchangeResponse = SignInResponse

/** Whom a person is in an organization, or could become. */
export interface Membership {
  /**
   * `active_member`, `pending_member`, `invited_member`, `eligible_to_join_by_email_domain` or
   * `eligible_to_join_by_oauth_tenant`.
   */
  type: string
  /** What makes eligible: `{ domain }`, or `{ provider, tenant }`. */
  details?: Record<string, unknown> | null
  /** `null` for a person who is no member yet. */
  member?: Member | null
}

/** An organization that a person could enter, and what an exchange would answer now. */
export interface DiscoveredOrganization {
  organization?: Organization
  membership?: Membership
  /** Whether an exchange would answer a session. */
  member_authenticated: boolean
  primary_required?: PrimaryRequired | null
  mfa_required?: MfaRequired | null
}

/** Exactly one of the three. An intermediate session also finds organizations to join; a session finds memberships only. */
export interface B2BDiscoveryOrganizationsListRequest {
  intermediate_session_token?: string
  session_token?: string
  session_jwt?: string
}

export interface B2BDiscoveryOrganizationsListResponse {
  request_id: string
  status_code: number
  email_address: string
  discovered_organizations: DiscoveredOrganization[]
  /** The organization that the intermediate session is bound to, if it is to one. */
  organization_id_hint?: string | null
}

export interface B2BDiscoveryOrganizationsCreateRequest
  extends SessionOptions,
    Omit<OrganizationFields, 'claimed_email_domains'> {
  intermediate_session_token: string
  /** Derived from the e-mail address when left out, and so is the slug. */
  organization_name?: string
  telemetry_id?: string
}

export type B2BDiscoveryOrganizationsCreateResponse = SignInResponse

const membership: v.GenericSchema<unknown, Membership> = v.object({
  type: v.picklist([
    'active_member',
    'pending_member',
    'invited_member',
    'eligible_to_join_by_email_domain',
    'eligible_to_join_by_oauth_tenant'
  ]),
  details: v.nullable(anyObject),
  member: v.nullable(member)
})

export const discoveredOrganization: v.GenericSchema<unknown, DiscoveredOrganization> = v.object({
  organization,
  membership,
  member_authenticated: v.boolean(),
  primary_required: v.nullable(primaryRequired),
  mfa_required: v.nullable(mfaRequired)
})

/** Members of every answer that says which organizations there are. */
export const discoveredOrganizations = {
  email_address: v.string(),
  discovered_organizations: v.array(discoveredOrganization)
}

/** What a discovery sign-in answers. */
export const discoveryAuthenticated = {
  ...envelope,
  intermediate_session_token: v.string(),
  ...discoveredOrganizations
}

const listResponse: v.GenericSchema<unknown, B2BDiscoveryOrganizationsListResponse> = v.object({
  ...envelope,
  ...discoveredOrganizations,
  organization_id_hint: v.nullable(v.string())
})

const exchangeRequest: v.GenericSchema<unknown, B2BDiscoveryIntermediateSessionsExchangeRequest> =
  v.object({
    intermediate_session_token: credential,
    organization_id: identifier,
    locale,
    telemetry_id: telemetryId,
    ...sessionOptions
  })

const listRequest: v.GenericSchema<unknown, B2BDiscoveryOrganizationsListRequest> =
  v.object(sessionArguments)

/** A person who signs up claims no domain. */
const { organization_name: _, claimed_email_domains: __, ...settings } = organizationBody

const createRequest: v.GenericSchema<unknown, B2BDiscoveryOrganizationsCreateRequest> = v.object({
  intermediate_session_token: credential,
  organization_name: optional(organizationName),
  ...settings,
  telemetry_id: telemetryId,
  ...sessionOptions
})

export const discoveryRoutes = {
  intermediateSessions: {
    exchange: route('POST', '/v1/b2b/discovery/intermediate_sessions/exchange', {
      request: exchangeRequest,
      response: signInResponse
    })
  },
  organizations: {
    list: route('POST', '/v1/b2b/discovery/organizations', {
      request: listRequest,
      response: listResponse
    }),
    create: route('POST', '/v1/b2b/discovery/organizations/create', {
      request: createRequest,
      response: signInResponse
    })
  }
}
