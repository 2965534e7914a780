import * as v from 'valibot'
import { connectedAppsRoutes } from './connected-apps.ts'
import { type Member, member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import { mfaMethods, type Organization, organization } from './organization.ts'
import { memberRoute, route } from './route.ts'
import {
  emailAddress,
  envelope,
  identifier,
  jsonObject,
  locale,
  optional,
  phoneNumber,
  redirectUrl,
  templateId,
  text
} from './schema.ts'
import { type ResultsMetadata, resultsMetadata, type SearchQuery, searchFields } from './search.ts'

export interface B2BOrganizationsMembersCreateRequest {
  organization_id: string
  email_address: string
  name?: string
  trusted_metadata?: Record<string, unknown>
  untrusted_metadata?: Record<string, unknown>
  /** Default false: the member is `active` at once. */
  create_member_as_pending?: boolean
  is_breakglass?: boolean
  mfa_phone_number?: string
  mfa_enrolled?: boolean
  /** Role ids assigned directly; `stytch_member` comes by itself. */
  roles?: string[]
  external_id?: string
}

export interface B2BOrganizationsMembersCreateResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
}

/** Exactly one of `member_id` and `email_address`. */
export interface B2BOrganizationsMembersGetRequest {
  organization_id: string
  member_id?: string
  email_address?: string
}

export type B2BOrganizationsMembersGetResponse = B2BOrganizationsMembersCreateResponse

/** By the id that the API gave, whatever organization the member is in. */
export interface B2BOrganizationsMembersDangerouslyGetRequest {
  member_id: string
  /** Default false: a deleted member is not found. */
  include_deleted?: boolean
}

/** What is left out stays as it is. */
export interface B2BOrganizationsMembersUpdateRequest {
  organization_id: string
  member_id: string
  name?: string
  /** Merged at the top level; `null` deletes a key. */
  trusted_metadata?: Record<string, unknown>
  untrusted_metadata?: Record<string, unknown>
  is_breakglass?: boolean
  mfa_phone_number?: string
  mfa_enrolled?: boolean
  /** Replaces every directly assigned role. */
  roles?: string[]
  /** Default false: losing a role that an SSO connection gives as well ends the sessions by that connection. */
  preserve_existing_sessions?: boolean
  default_mfa_method?: string
  email_address?: string
  external_id?: string
  unlink_email?: boolean
}

export type B2BOrganizationsMembersUpdateResponse = B2BOrganizationsMembersCreateResponse

export interface B2BOrganizationsMembersDeleteRequest {
  organization_id: string
  member_id: string
}

export interface B2BOrganizationsMembersDeleteResponse {
  request_id: string
  status_code: number
  member_id: string
}

export interface B2BOrganizationsMembersReactivateRequest {
  organization_id: string
  /** The id that the API gave; no external id. */
  member_id: string
}

export type B2BOrganizationsMembersReactivateResponse = B2BOrganizationsMembersCreateResponse

/** An operation of ours, which the official SDK does not have. */
export type B2BOrganizationsMembersUnlockRequest = B2BOrganizationsMembersDeleteRequest
export type B2BOrganizationsMembersUnlockResponse = B2BOrganizationsMembersCreateResponse

export type B2BOrganizationsMembersDeleteMFAPhoneNumberRequest =
  B2BOrganizationsMembersDeleteRequest
export type B2BOrganizationsMembersDeleteMFAPhoneNumberResponse =
  B2BOrganizationsMembersCreateResponse

export type B2BOrganizationsMembersDeleteTOTPRequest = B2BOrganizationsMembersDeleteRequest
export type B2BOrganizationsMembersDeleteTOTPResponse = B2BOrganizationsMembersCreateResponse

export interface B2BOrganizationsMembersDeletePasswordRequest {
  organization_id: string
  member_password_id: string
}

export type B2BOrganizationsMembersDeletePasswordResponse = B2BOrganizationsMembersCreateResponse

/** At least one of `email_id` and `email_address`; both must name one e-mail address. */
export interface B2BOrganizationsMembersUnlinkRetiredEmailRequest {
  organization_id: string
  member_id: string
  email_id?: string
  email_address?: string
}

export interface B2BOrganizationsMembersUnlinkRetiredEmailResponse
  extends B2BOrganizationsMembersCreateResponse {
  organization_id: string
}

export type B2BOrganizationsMembersDeleteExternalIdRequest = B2BOrganizationsMembersDeleteRequest
export type B2BOrganizationsMembersDeleteExternalIdResponse = B2BOrganizationsMembersCreateResponse

/** Sends a link or a code to a new e-mail address, which becomes the member's when it is used. */
export interface B2BOrganizationsMembersStartEmailUpdateRequest {
  organization_id: string
  member_id: string
  email_address: string
  /** Where the link leads; registered for the project, whose first URL is the default. */
  login_redirect_url?: string
  /** BCP 47 language of the e-mail; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  login_template_id?: string
  /** Default `EMAIL_MAGIC_LINK`. */
  delivery_method?: 'EMAIL_MAGIC_LINK' | 'EMAIL_OTP' | string
}

export type B2BOrganizationsMembersStartEmailUpdateResponse = B2BOrganizationsMembersCreateResponse

export interface B2BOrganizationsMembersSearchRequest {
  organization_ids: string[]
  cursor?: string
  /** 1 to 1,000, default 100. */
  limit?: number
  query?: SearchQuery
}

export interface B2BOrganizationsMembersSearchResponse {
  request_id: string
  status_code: number
  members: Member[]
  results_metadata: ResultsMetadata
  organizations: Record<string, Organization>
}

/** The app's own ids: they may not look like anything that a URL or a log would treat specially, as `..` does. */
export function externalId(errorType?: string) {
  return v.pipe(
    v.string(errorType),
    v.regex(/^(?=.*[A-Za-z0-9])[A-Za-z0-9._|-]{1,128}$/, errorType ?? 'invalid_argument')
  )
}

export const memberFields = {
  name: optional(v.pipe(v.string(), v.maxLength(256))),
  trusted_metadata: optional(jsonObject()),
  untrusted_metadata: optional(jsonObject()),
  is_breakglass: optional(v.boolean()),
  mfa_phone_number: optional(phoneNumber),
  mfa_enrolled: optional(v.boolean()),
  roles: optional(v.pipe(v.array(text(128)), v.maxLength(100, 'too_many_roles'))),
  external_id: optional(externalId())
}

/** The body of `create`; the seed of an authority has members of this shape too. */
export const memberBody = {
  email_address: emailAddress,
  create_member_as_pending: optional(v.boolean()),
  ...memberFields
}

const createRequest: v.GenericSchema<unknown, B2BOrganizationsMembersCreateRequest> = v.object({
  organization_id: identifier,
  ...memberBody
})

const getRequest: v.GenericSchema<unknown, B2BOrganizationsMembersGetRequest> = v.object({
  organization_id: identifier,
  member_id: optional(identifier),
  email_address: optional(emailAddress)
})

/** A flag in a query is text. */
const flag = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])]),
  v.transform((value) => value === true || value === 'true')
)

const dangerouslyGetRequest: v.GenericSchema<
  unknown,
  B2BOrganizationsMembersDangerouslyGetRequest
> = v.object({ member_id: identifier, include_deleted: optional(flag) })

const memberRequest: v.GenericSchema<unknown, B2BOrganizationsMembersDeleteRequest> = v.object({
  organization_id: identifier,
  member_id: identifier
})

const passwordRequest: v.GenericSchema<unknown, B2BOrganizationsMembersDeletePasswordRequest> =
  v.object({ organization_id: identifier, member_password_id: identifier })

const unlinkRequest: v.GenericSchema<unknown, B2BOrganizationsMembersUnlinkRetiredEmailRequest> =
  v.object({
    organization_id: identifier,
    member_id: identifier,
    email_id: optional(identifier),
    email_address: optional(emailAddress)
  })

const updateRequest: v.GenericSchema<unknown, B2BOrganizationsMembersUpdateRequest> = v.object({
  organization_id: identifier,
  member_id: identifier,
  ...memberFields,
  preserve_existing_sessions: optional(v.boolean()),
  default_mfa_method: optional(v.picklist(mfaMethods, 'invalid_mfa_default_method')),
  email_address: optional(emailAddress),
  unlink_email: optional(v.boolean())
})

const startEmailUpdateRequest: v.GenericSchema<
  unknown,
  B2BOrganizationsMembersStartEmailUpdateRequest
> = v.object({
  organization_id: identifier,
  member_id: identifier,
  email_address: emailAddress,
  login_redirect_url: redirectUrl,
  locale,
  login_template_id: templateId,
  delivery_method: optional(v.picklist(['EMAIL_MAGIC_LINK', 'EMAIL_OTP']))
})

const searchRequest: v.GenericSchema<unknown, B2BOrganizationsMembersSearchRequest> = v.object({
  organization_ids: v.pipe(
    v.array(identifier),
    v.minLength(1, 'member_search_organization_ids_empty'),
    v.maxLength(100)
  ),
  ...searchFields
})

/** What most calls about one member answer. */
export const memberResponse: v.GenericSchema<unknown, B2BOrganizationsMembersCreateResponse> =
  v.object({ ...envelope, ...memberAnswer })

const deleteResponse: v.GenericSchema<unknown, B2BOrganizationsMembersDeleteResponse> = v.object({
  ...envelope,
  member_id: v.string()
})

const unlinkResponse: v.GenericSchema<unknown, B2BOrganizationsMembersUnlinkRetiredEmailResponse> =
  v.object({ ...envelope, ...memberAnswer, organization_id: v.string() })

const searchResponse: v.GenericSchema<unknown, B2BOrganizationsMembersSearchResponse> = v.object({
  ...envelope,
  members: v.array(member),
  results_metadata: resultsMetadata,
  organizations: v.record(v.string(), organization)
})

const members = '/v1/b2b/organizations/{organization_id}/members'

export const membersRoutes = {
  create: memberRoute('POST', members, { request: createRequest, response: memberResponse }),
  get: route('GET', '/v1/b2b/organizations/{organization_id}/member', {
    request: getRequest,
    response: memberResponse
  }),
  dangerouslyGet: route('GET', '/v1/b2b/organizations/members/dangerously_get/{member_id}', {
    request: dangerouslyGetRequest,
    response: memberResponse
  }),
  update: memberRoute('PUT', `${members}/{member_id}`, {
    request: updateRequest,
    response: memberResponse
  }),
  delete: memberRoute('DELETE', `${members}/{member_id}`, {
    request: memberRequest,
    response: deleteResponse
  }),
  reactivate: memberRoute('PUT', `${members}/{member_id}/reactivate`, {
    request: memberRequest,
    response: memberResponse
  }),
  /** An operation of ours: the API has none that takes away what describes a deleted member. */
  erase: route('DELETE', `${members}/{member_id}/erase`, {
    request: memberRequest,
    response: deleteResponse
  }),
  /** Another of ours: the API ends no locks but by itself. */
  unlock: memberRoute('POST', `${members}/{member_id}/unlock`, {
    request: memberRequest,
    response: memberResponse
  }),
  deleteMFAPhoneNumber: memberRoute('DELETE', `${members}/mfa_phone_numbers/{member_id}`, {
    request: memberRequest,
    response: memberResponse
  }),
  deleteTOTP: memberRoute('DELETE', `${members}/{member_id}/totp`, {
    request: memberRequest,
    response: memberResponse
  }),
  deletePassword: memberRoute('DELETE', `${members}/passwords/{member_password_id}`, {
    request: passwordRequest,
    response: memberResponse
  }),
  unlinkRetiredEmail: memberRoute('POST', `${members}/{member_id}/unlink_retired_email`, {
    request: unlinkRequest,
    response: unlinkResponse
  }),
  deleteExternalId: memberRoute('DELETE', `${members}/{member_id}/external_id`, {
    request: memberRequest,
    response: memberResponse
  }),
  startEmailUpdate: memberRoute('POST', `${members}/{member_id}/start_email_update`, {
    request: startEmailUpdateRequest,
    response: memberResponse
  }),
  search: memberRoute('POST', '/v1/b2b/organizations/members/search', {
    request: searchRequest,
    response: searchResponse
  }),
  connectedApps: connectedAppsRoutes
}
