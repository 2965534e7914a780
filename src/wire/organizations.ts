import * as v from 'valibot'
import {
  allowances,
  authMethods,
  type EmailImplicitRoleAssignment,
  mfaMethods,
  mfaPolicies,
  type Organization,
  organization,
  provisionings,
  restrictions
} from './organization.ts'
import { externalId, membersRoutes } from './organizations-members.ts'
import { memberRoute, route } from './route.ts'
import { envelope, identifier, jsonObject, optional, text } from './schema.ts'
import { type ResultsMetadata, resultsMetadata, type SearchQuery, searchFields } from './search.ts'

/** Settings that both create and update take; {@link Organization} says what they mean. */
export interface OrganizationFields {
  organization_slug?: string
  organization_logo_url?: string
  trusted_metadata?: Record<string, unknown>
  organization_external_id?: string
  sso_jit_provisioning?: string
  email_allowed_domains?: string[]
  email_jit_provisioning?: string
  email_invites?: string
  auth_methods?: string
  allowed_auth_methods?: string[]
  mfa_policy?: string
  rbac_email_implicit_role_assignments?: EmailImplicitRoleAssignment[]
  mfa_methods?: string
  allowed_mfa_methods?: string[]
  oauth_tenant_jit_provisioning?: string
  allowed_oauth_tenants?: Record<string, unknown>
  claimed_email_domains?: string[]
  first_party_connected_apps_allowed_type?: string
  allowed_first_party_connected_apps?: string[]
  third_party_connected_apps_allowed_type?: string
  allowed_third_party_connected_apps?: string[]
}

export interface B2BOrganizationsCreateRequest extends OrganizationFields {
  organization_name: string
}

export interface B2BOrganizationsCreateResponse {
  request_id: string
  status_code: number
  organization: Organization
}

export interface B2BOrganizationsGetRequest {
  organization_id: string
}

export type B2BOrganizationsGetResponse = B2BOrganizationsCreateResponse

/** What is left out stays as it is. */
export interface B2BOrganizationsUpdateRequest extends OrganizationFields {
  organization_id: string
  organization_name?: string
  sso_default_connection_id?: string
  sso_jit_provisioning_allowed_connections?: string[]
}

export type B2BOrganizationsUpdateResponse = B2BOrganizationsCreateResponse

export interface B2BOrganizationsDeleteRequest {
  organization_id: string
}

export interface B2BOrganizationsDeleteResponse {
  request_id: string
  status_code: number
  organization_id: string
}

export interface B2BOrganizationsMetricsRequest {
  organization_id: string
}

export interface B2BOrganizationsMetricsResponse {
  request_id: string
  status_code: number
  /** Members that are not deleted. */
  member_count: number
}

export interface B2BOrganizationsDeleteExternalIdRequest {
  organization_id: string
}

export type B2BOrganizationsDeleteExternalIdResponse = B2BOrganizationsCreateResponse

export interface B2BOrganizationsSearchRequest {
  cursor?: string
  /** 1 to 1,000, default 100. */
  limit?: number
  query?: SearchQuery
}

export interface B2BOrganizationsSearchResponse {
  request_id: string
  status_code: number
  organizations: Organization[]
  results_metadata: ResultsMetadata
}

const factorSetting = 'invalid_organization_auth_factor_setting'
const allowance = v.picklist(allowances, factorSetting)
const restriction = v.picklist(restrictions, factorSetting)
const provisioning = v.picklist(provisionings, factorSetting)

function domain(errorType: string) {
  return v.pipe(
    v.string(errorType),
    v.toLowerCase(),
    v.regex(
      /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
      errorType
    )
  )
}

const domains = v.pipe(v.array(domain('organization_settings_invalid_domain')), v.maxLength(1000))

const ids = v.pipe(v.array(text(256)), v.maxLength(1000))

const settings = {
  organization_slug: optional(
    v.pipe(
      v.string('invalid_organization_slug'),
      v.regex(/^(?=.*[A-Za-z0-9])[A-Za-z0-9._~-]{2,128}$/, 'invalid_organization_slug')
    )
  ),
  organization_logo_url: optional(v.pipe(v.string(), v.maxLength(2048))),
  trusted_metadata: optional(jsonObject('metadata_invalid_format')),
  organization_external_id: optional(externalId('invalid_organization_external_id')),
  sso_jit_provisioning: optional(allowance),
  email_allowed_domains: optional(domains),
  email_jit_provisioning: optional(provisioning),
  email_invites: optional(allowance),
  auth_methods: optional(restriction),
  allowed_auth_methods: optional(
    v.array(v.picklist(authMethods, 'invalid_organization_allowed_auth_methods'))
  ),
  mfa_policy: optional(v.picklist(mfaPolicies, 'invalid_organization_mfa_policy')),
  rbac_email_implicit_role_assignments: optional(
    v.pipe(
      v.array(v.object({ domain: domain('rbac_invalid_domain'), role_id: text(128) })),
      v.maxLength(1000)
    )
  ),
  mfa_methods: optional(v.picklist(restrictions, 'invalid_organization_mfa_factor_setting')),
  allowed_mfa_methods: optional(
    v.array(v.picklist(mfaMethods, 'invalid_organization_allowed_mfa_methods'))
  ),
  oauth_tenant_jit_provisioning: optional(provisioning),
  allowed_oauth_tenants: optional(v.record(v.picklist(['slack', 'hubspot', 'github']), ids)),
  claimed_email_domains: optional(domains),
  first_party_connected_apps_allowed_type: optional(allowance),
  allowed_first_party_connected_apps: optional(ids),
  third_party_connected_apps_allowed_type: optional(allowance),
  allowed_third_party_connected_apps: optional(ids)
}

/** What people call it: of blanks alone it would be none. */
export const organizationName = v.pipe(
  text(128, 'invalid_organization_name'),
  v.regex(/\S/, 'invalid_organization_name')
)
const nameMissing = 'organization_name_missing'

/** The body of `create`; the seed of an authority has organizations of this shape too. */
export const organizationBody = {
  organization_name: v.nonNullish(organizationName, nameMissing),
  ...settings
}

const createRequest: v.GenericSchema<unknown, B2BOrganizationsCreateRequest> = v.object(
  organizationBody,
  nameMissing
)

const organizationRequest: v.GenericSchema<unknown, B2BOrganizationsGetRequest> = v.object({
  organization_id: identifier
})

const updateRequest: v.GenericSchema<unknown, B2BOrganizationsUpdateRequest> = v.object({
  organization_id: identifier,
  organization_name: optional(organizationName),
  ...settings,
  sso_default_connection_id: optional(text(256)),
  sso_jit_provisioning_allowed_connections: optional(ids)
})

const searchRequest: v.GenericSchema<unknown, B2BOrganizationsSearchRequest> =
  v.object(searchFields)

const organizationResponse: v.GenericSchema<unknown, B2BOrganizationsCreateResponse> = v.object({
  ...envelope,
  organization
})

const deleteResponse: v.GenericSchema<unknown, B2BOrganizationsDeleteResponse> = v.object({
  ...envelope,
  organization_id: v.string()
})

const metricsResponse: v.GenericSchema<unknown, B2BOrganizationsMetricsResponse> = v.object({
  ...envelope,
  member_count: v.number()
})

const searchResponse: v.GenericSchema<unknown, B2BOrganizationsSearchResponse> = v.object({
  ...envelope,
  organizations: v.array(organization),
  results_metadata: resultsMetadata
})

export const organizationsRoutes = {
  create: route('POST', '/v1/b2b/organizations', {
    request: createRequest,
    response: organizationResponse
  }),
  get: route('GET', '/v1/b2b/organizations/{organization_id}', {
    request: organizationRequest,
    response: organizationResponse
  }),
  update: memberRoute('PUT', '/v1/b2b/organizations/{organization_id}', {
    request: updateRequest,
    response: organizationResponse
  }),
  delete: memberRoute('DELETE', '/v1/b2b/organizations/{organization_id}', {
    request: organizationRequest,
    response: deleteResponse
  }),
  metrics: route('GET', '/v1/b2b/organizations/{organization_id}/metrics', {
    request: organizationRequest,
    response: metricsResponse
  }),
  deleteExternalId: memberRoute('DELETE', '/v1/b2b/organizations/{organization_id}/external_id', {
    request: organizationRequest,
    response: organizationResponse
  }),
  search: route('POST', '/v1/b2b/organizations/search', {
    request: searchRequest,
    response: searchResponse
  }),
  members: membersRoutes
}
