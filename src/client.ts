/**
 * `membergate/client`: a typed client of the Stytch B2B API, and of an authority that answers it. No framework.
 *
 * ```ts
 * import { createClient } from 'membergate/client'
 * const client = createClient({ project_id, secret, url: 'http://127.0.0.1:4100' })
 * const { member_session } = await client.sessions.authenticate({ session_token })
 * ```
 *
 * It speaks the API and verifies session JWTs locally. It knows nothing of requests and cookies: that is the job of
 * `membergate/express`, `membergate/koa` and `membergate`.
 */

export type { LocalSessions } from './client/authenticate-jwt.ts'
export { type Client, type ClientOptions, createClient } from './client/create-client.ts'
export type { Authorization } from './wire/authorization.ts'
export type {
  B2BOrganizationsMembersConnectedAppsRevokeRequest,
  B2BOrganizationsMembersConnectedAppsRevokeResponse
} from './wire/connected-apps.ts'
export type { DeviceAttributeDetails, DeviceInfo } from './wire/device.ts'
export type {
  B2BDiscoveryIntermediateSessionsExchangeRequest,
  B2BDiscoveryIntermediateSessionsExchangeResponse,
  B2BDiscoveryOrganizationsCreateRequest,
  B2BDiscoveryOrganizationsCreateResponse,
  B2BDiscoveryOrganizationsListRequest,
  B2BDiscoveryOrganizationsListResponse,
  DiscoveredOrganization,
  Membership
} from './wire/discovery.ts'
export type {
  B2BIDPOAuthAuthorizeRequest,
  B2BIDPOAuthAuthorizeResponse,
  B2BIDPOAuthAuthorizeStartRequest,
  B2BIDPOAuthAuthorizeStartResponse,
  B2BIDPScopeResult,
  ConnectedAppPublic
} from './wire/idp.ts'
export type {
  B2BMagicLinksAuthenticateRequest,
  B2BMagicLinksAuthenticateResponse,
  B2BMagicLinksDiscoveryAuthenticateRequest,
  B2BMagicLinksDiscoveryAuthenticateResponse,
  B2BMagicLinksEmailDiscoverySendRequest,
  B2BMagicLinksEmailDiscoverySendResponse,
  B2BMagicLinksEmailInviteRequest,
  B2BMagicLinksEmailInviteRequestOptions,
  B2BMagicLinksEmailInviteResponse,
  B2BMagicLinksEmailLoginOrSignupRequest,
  B2BMagicLinksEmailLoginOrSignupResponse
} from './wire/magic-links.ts'
export type {
  Member,
  MemberRole,
  MemberRoleSource,
  OAuthRegistration,
  RetiredEmail,
  SCIMRegistration,
  SSORegistration
} from './wire/member.ts'
export type { AuthenticationFactor, MemberSession } from './wire/member-session.ts'
export type {
  ActiveSCIMConnection,
  ActiveSSOConnection,
  CustomRole,
  CustomRolePermission,
  EmailImplicitRoleAssignment,
  Organization
} from './wire/organization.ts'
export type {
  B2BOrganizationsCreateRequest,
  B2BOrganizationsCreateResponse,
  B2BOrganizationsDeleteExternalIdRequest,
  B2BOrganizationsDeleteExternalIdResponse,
  B2BOrganizationsDeleteRequest,
  B2BOrganizationsDeleteResponse,
  B2BOrganizationsGetRequest,
  B2BOrganizationsGetResponse,
  B2BOrganizationsMetricsRequest,
  B2BOrganizationsMetricsResponse,
  B2BOrganizationsSearchRequest,
  B2BOrganizationsSearchResponse,
  B2BOrganizationsUpdateRequest,
  B2BOrganizationsUpdateResponse
} from './wire/organizations.ts'
export type {
  B2BOrganizationsMembersCreateRequest,
  B2BOrganizationsMembersCreateResponse,
  B2BOrganizationsMembersDangerouslyGetRequest,
  B2BOrganizationsMembersDeleteExternalIdRequest,
  B2BOrganizationsMembersDeleteExternalIdResponse,
  B2BOrganizationsMembersDeleteMFAPhoneNumberRequest,
  B2BOrganizationsMembersDeleteMFAPhoneNumberResponse,
  B2BOrganizationsMembersDeletePasswordRequest,
  B2BOrganizationsMembersDeletePasswordResponse,
  B2BOrganizationsMembersDeleteRequest,
  B2BOrganizationsMembersDeleteResponse,
  B2BOrganizationsMembersDeleteTOTPRequest,
  B2BOrganizationsMembersDeleteTOTPResponse,
  B2BOrganizationsMembersGetRequest,
  B2BOrganizationsMembersGetResponse,
  B2BOrganizationsMembersReactivateRequest,
  B2BOrganizationsMembersReactivateResponse,
  B2BOrganizationsMembersSearchRequest,
  B2BOrganizationsMembersSearchResponse,
  B2BOrganizationsMembersStartEmailUpdateRequest,
  B2BOrganizationsMembersStartEmailUpdateResponse,
  B2BOrganizationsMembersUnlinkRetiredEmailRequest,
  B2BOrganizationsMembersUnlinkRetiredEmailResponse,
  B2BOrganizationsMembersUnlockRequest,
  B2BOrganizationsMembersUnlockResponse,
  B2BOrganizationsMembersUpdateRequest,
  B2BOrganizationsMembersUpdateResponse
} from './wire/organizations-members.ts'
export type {
  B2BOTPSmsAuthenticateRequest,
  B2BOTPSmsAuthenticateResponse,
  B2BOTPSmsSendRequest,
  B2BOTPSmsSendResponse
} from './wire/otps.ts'
export type {
  B2BOTPEmailAuthenticateRequest,
  B2BOTPEmailAuthenticateResponse,
  B2BOTPEmailDiscoveryAuthenticateRequest,
  B2BOTPEmailDiscoveryAuthenticateResponse,
  B2BOTPEmailDiscoverySendRequest,
  B2BOTPEmailDiscoverySendResponse,
  B2BOTPEmailLoginOrSignupRequest,
  B2BOTPEmailLoginOrSignupResponse
} from './wire/otps-email.ts'
export type {
  Argon2Config,
  B2BPasswordsAuthenticateRequest,
  B2BPasswordsAuthenticateResponse,
  B2BPasswordsEmailResetRequest,
  B2BPasswordsEmailResetResponse,
  B2BPasswordsEmailResetStartRequest,
  B2BPasswordsEmailResetStartResponse,
  B2BPasswordsExistingPasswordResetRequest,
  B2BPasswordsExistingPasswordResetResponse,
  B2BPasswordsMigrateRequest,
  B2BPasswordsMigrateResponse,
  B2BPasswordsSessionResetRequest,
  B2BPasswordsSessionResetResponse,
  B2BPasswordsStrengthCheckRequest,
  B2BPasswordsStrengthCheckResponse,
  LudsFeedback,
  PBKDF2Config,
  SaltConfig,
  ScryptConfig,
  ZxcvbnFeedback
} from './wire/passwords.ts'
export type {
  B2BRBACOrganizationsGetOrgPolicyRequest,
  B2BRBACOrganizationsGetOrgPolicyResponse,
  B2BRBACOrganizationsSetOrgPolicyRequest,
  B2BRBACOrganizationsSetOrgPolicyResponse,
  B2BRBACPolicyResponse,
  OrgPolicy,
  Policy,
  PolicyResource,
  PolicyRole,
  PolicyRolePermission,
  PolicyScope
} from './wire/rbac.ts'
export type {
  B2BRecoveryCodesGetRequest,
  B2BRecoveryCodesGetResponse,
  B2BRecoveryCodesRecoverRequest,
  B2BRecoveryCodesRecoverResponse,
  B2BRecoveryCodesRotateRequest,
  B2BRecoveryCodesRotateResponse
} from './wire/recovery-codes.ts'
export type { RequestOptions } from './wire/route.ts'
export type { ResultsMetadata, SearchOperand, SearchQuery } from './wire/search.ts'
export type {
  AuthorizationCheck,
  AuthorizationVerdict,
  B2BSessionsAttestRequest,
  B2BSessionsAttestResponse,
  B2BSessionsAuthenticateJwtLocalRequest,
  B2BSessionsAuthenticateJwtRequest,
  B2BSessionsAuthenticateRequest,
  B2BSessionsAuthenticateResponse,
  B2BSessionsExchangeAccessTokenRequest,
  B2BSessionsExchangeAccessTokenResponse,
  B2BSessionsExchangeRequest,
  B2BSessionsExchangeResponse,
  B2BSessionsGetJWKSRequest,
  B2BSessionsGetJWKSResponse,
  B2BSessionsGetRequest,
  B2BSessionsGetResponse,
  B2BSessionsMigrateRequest,
  B2BSessionsMigrateResponse,
  B2BSessionsRevokeRequest,
  B2BSessionsRevokeRequestOptions,
  B2BSessionsRevokeResponse,
  JWK
} from './wire/sessions.ts'
export type { MemberOptions, MfaRequired, PrimaryRequired } from './wire/sign-in.ts'
export type {
  B2BTOTPsAuthenticateRequest,
  B2BTOTPsAuthenticateResponse,
  B2BTOTPsCreateRequest,
  B2BTOTPsCreateResponse,
  B2BTOTPsMigrateRequest,
  B2BTOTPsMigrateResponse
} from './wire/totps.ts'
