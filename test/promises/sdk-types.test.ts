import { describe, expect, test } from '@jest/globals'
import type {
  B2BDiscoveryIntermediateSessionsExchangeRequest,
  B2BDiscoveryIntermediateSessionsExchangeResponse,
  B2BDiscoveryOrganizationsCreateRequest,
  B2BDiscoveryOrganizationsCreateResponse,
  B2BDiscoveryOrganizationsListRequest,
  B2BDiscoveryOrganizationsListResponse,
  B2BIDPOAuthAuthorizeRequest,
  B2BIDPOAuthAuthorizeResponse,
  B2BIDPOAuthAuthorizeStartRequest,
  B2BIDPOAuthAuthorizeStartResponse,
  B2BMagicLinksAuthenticateRequest,
  B2BMagicLinksAuthenticateResponse,
  B2BMagicLinksDiscoveryAuthenticateRequest,
  B2BMagicLinksDiscoveryAuthenticateResponse,
  B2BMagicLinksEmailDiscoverySendRequest,
  B2BMagicLinksEmailDiscoverySendResponse,
  B2BMagicLinksEmailInviteRequest,
  B2BMagicLinksEmailInviteResponse,
  B2BMagicLinksEmailLoginOrSignupRequest,
  B2BMagicLinksEmailLoginOrSignupResponse,
  B2BOrganizationsDeleteExternalIdRequest,
  B2BOrganizationsDeleteExternalIdResponse,
  B2BOrganizationsDeleteRequest,
  B2BOrganizationsDeleteResponse,
  B2BOrganizationsMembersConnectedAppsRevokeRequest,
  B2BOrganizationsMembersConnectedAppsRevokeResponse,
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
  B2BOrganizationsMembersGetResponse,
  B2BOrganizationsMembersReactivateRequest,
  B2BOrganizationsMembersReactivateResponse,
  B2BOrganizationsMembersStartEmailUpdateRequest,
  B2BOrganizationsMembersStartEmailUpdateResponse,
  B2BOrganizationsMembersUnlinkRetiredEmailRequest,
  B2BOrganizationsMembersUnlinkRetiredEmailResponse,
  B2BOrganizationsMetricsRequest,
  B2BOrganizationsMetricsResponse,
  B2BOTPEmailAuthenticateRequest,
  B2BOTPEmailAuthenticateResponse,
  B2BOTPEmailDiscoveryAuthenticateRequest,
  B2BOTPEmailDiscoveryAuthenticateResponse,
  B2BOTPEmailDiscoverySendRequest,
  B2BOTPEmailDiscoverySendResponse,
  B2BOTPEmailLoginOrSignupRequest,
  B2BOTPEmailLoginOrSignupResponse,
  B2BOTPSmsAuthenticateRequest,
  B2BOTPSmsAuthenticateResponse,
  B2BOTPSmsSendRequest,
  B2BOTPSmsSendResponse,
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
  B2BRecoveryCodesGetRequest,
  B2BRecoveryCodesGetResponse,
  B2BRecoveryCodesRecoverRequest,
  B2BRecoveryCodesRecoverResponse,
  B2BRecoveryCodesRotateRequest,
  B2BRecoveryCodesRotateResponse,
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
  B2BTOTPsAuthenticateRequest,
  B2BTOTPsAuthenticateResponse,
  B2BTOTPsCreateRequest,
  B2BTOTPsCreateResponse,
  B2BTOTPsMigrateRequest,
  B2BTOTPsMigrateResponse,
  Client
} from 'membergate/client'
import type { B2BClient } from 'stytch'

/**
 * The compiler is the test: this file is checked by `npm run check`. Code written against the types of the official SDK
 * must compile against ours, for every operation of the seeds.
 */

type Sdk = B2BClient
type SdkRequest<Method extends (...args: never[]) => unknown> = Parameters<Method>[0]
type SdkResponse<Method extends (...args: never[]) => unknown> = Awaited<ReturnType<Method>>

/** Requests and responses of one operation: theirs, then ours. */
interface Operations {
  'sessions.get': [Sdk['sessions']['get'], B2BSessionsGetRequest, B2BSessionsGetResponse]
  'sessions.authenticate': [
    Sdk['sessions']['authenticate'],
    B2BSessionsAuthenticateRequest,
    B2BSessionsAuthenticateResponse
  ]
  'sessions.revoke': [
    Sdk['sessions']['revoke'],
    B2BSessionsRevokeRequest,
    B2BSessionsRevokeResponse
  ]
  'sessions.exchange': [
    Sdk['sessions']['exchange'],
    B2BSessionsExchangeRequest,
    B2BSessionsExchangeResponse
  ]
  'sessions.exchangeAccessToken': [
    Sdk['sessions']['exchangeAccessToken'],
    B2BSessionsExchangeAccessTokenRequest,
    B2BSessionsExchangeAccessTokenResponse
  ]
  'sessions.attest': [
    Sdk['sessions']['attest'],
    B2BSessionsAttestRequest,
    B2BSessionsAttestResponse
  ]
  'sessions.migrate': [
    Sdk['sessions']['migrate'],
    B2BSessionsMigrateRequest,
    B2BSessionsMigrateResponse
  ]
  'sessions.getJWKS': [
    Sdk['sessions']['getJWKS'],
    B2BSessionsGetJWKSRequest,
    B2BSessionsGetJWKSResponse
  ]
  'sessions.authenticateJwt': [
    Sdk['sessions']['authenticateJwt'],
    B2BSessionsAuthenticateJwtRequest,
    Awaited<ReturnType<Client['sessions']['authenticateJwt']>>
  ]
  'sessions.authenticateJwtLocal': [
    Sdk['sessions']['authenticateJwtLocal'],
    B2BSessionsAuthenticateJwtLocalRequest,
    Awaited<ReturnType<Client['sessions']['authenticateJwtLocal']>>
  ]
  'discovery.intermediateSessions.exchange': [
    Sdk['discovery']['intermediateSessions']['exchange'],
    B2BDiscoveryIntermediateSessionsExchangeRequest,
    B2BDiscoveryIntermediateSessionsExchangeResponse
  ]
  'discovery.organizations.list': [
    Sdk['discovery']['organizations']['list'],
    B2BDiscoveryOrganizationsListRequest,
    B2BDiscoveryOrganizationsListResponse
  ]
  'discovery.organizations.create': [
    Sdk['discovery']['organizations']['create'],
    B2BDiscoveryOrganizationsCreateRequest,
    B2BDiscoveryOrganizationsCreateResponse
  ]
  'idp.oauth.authorizeStart': [
    Sdk['idp']['oauth']['authorizeStart'],
    B2BIDPOAuthAuthorizeStartRequest,
    B2BIDPOAuthAuthorizeStartResponse
  ]
  'idp.oauth.authorize': [
    Sdk['idp']['oauth']['authorize'],
    B2BIDPOAuthAuthorizeRequest,
    B2BIDPOAuthAuthorizeResponse
  ]
  'totps.create': [Sdk['totps']['create'], B2BTOTPsCreateRequest, B2BTOTPsCreateResponse]
  'totps.authenticate': [
    Sdk['totps']['authenticate'],
    B2BTOTPsAuthenticateRequest,
    B2BTOTPsAuthenticateResponse
  ]
  'totps.migrate': [Sdk['totps']['migrate'], B2BTOTPsMigrateRequest, B2BTOTPsMigrateResponse]
  'recoveryCodes.get': [
    Sdk['recoveryCodes']['get'],
    B2BRecoveryCodesGetRequest,
    B2BRecoveryCodesGetResponse
  ]
  'recoveryCodes.rotate': [
    Sdk['recoveryCodes']['rotate'],
    B2BRecoveryCodesRotateRequest,
    B2BRecoveryCodesRotateResponse
  ]
  'recoveryCodes.recover': [
    Sdk['recoveryCodes']['recover'],
    B2BRecoveryCodesRecoverRequest,
    B2BRecoveryCodesRecoverResponse
  ]
  'passwords.authenticate': [
    Sdk['passwords']['authenticate'],
    B2BPasswordsAuthenticateRequest,
    B2BPasswordsAuthenticateResponse
  ]
  'passwords.strengthCheck': [
    Sdk['passwords']['strengthCheck'],
    B2BPasswordsStrengthCheckRequest,
    B2BPasswordsStrengthCheckResponse
  ]
  'passwords.migrate': [
    Sdk['passwords']['migrate'],
    B2BPasswordsMigrateRequest,
    B2BPasswordsMigrateResponse
  ]
  'passwords.email.resetStart': [
    Sdk['passwords']['email']['resetStart'],
    B2BPasswordsEmailResetStartRequest,
    B2BPasswordsEmailResetStartResponse
  ]
  'passwords.email.reset': [
    Sdk['passwords']['email']['reset'],
    B2BPasswordsEmailResetRequest,
    B2BPasswordsEmailResetResponse
  ]
  'passwords.existingPassword.reset': [
    Sdk['passwords']['existingPassword']['reset'],
    B2BPasswordsExistingPasswordResetRequest,
    B2BPasswordsExistingPasswordResetResponse
  ]
  'passwords.sessions.reset': [
    Sdk['passwords']['sessions']['reset'],
    B2BPasswordsSessionResetRequest,
    B2BPasswordsSessionResetResponse
  ]
  'organizations.delete': [
    Sdk['organizations']['delete'],
    B2BOrganizationsDeleteRequest,
    B2BOrganizationsDeleteResponse
  ]
  'organizations.metrics': [
    Sdk['organizations']['metrics'],
    B2BOrganizationsMetricsRequest,
    B2BOrganizationsMetricsResponse
  ]
  'organizations.deleteExternalId': [
    Sdk['organizations']['deleteExternalId'],
    B2BOrganizationsDeleteExternalIdRequest,
    B2BOrganizationsDeleteExternalIdResponse
  ]
  'organizations.members.dangerouslyGet': [
    Sdk['organizations']['members']['dangerouslyGet'],
    B2BOrganizationsMembersDangerouslyGetRequest,
    B2BOrganizationsMembersGetResponse
  ]
  'organizations.members.delete': [
    Sdk['organizations']['members']['delete'],
    B2BOrganizationsMembersDeleteRequest,
    B2BOrganizationsMembersDeleteResponse
  ]
  'organizations.members.reactivate': [
    Sdk['organizations']['members']['reactivate'],
    B2BOrganizationsMembersReactivateRequest,
    B2BOrganizationsMembersReactivateResponse
  ]
  'organizations.members.deleteMFAPhoneNumber': [
    Sdk['organizations']['members']['deleteMFAPhoneNumber'],
    B2BOrganizationsMembersDeleteMFAPhoneNumberRequest,
    B2BOrganizationsMembersDeleteMFAPhoneNumberResponse
  ]
  'organizations.members.deleteTOTP': [
    Sdk['organizations']['members']['deleteTOTP'],
    B2BOrganizationsMembersDeleteTOTPRequest,
    B2BOrganizationsMembersDeleteTOTPResponse
  ]
  'organizations.members.deletePassword': [
    Sdk['organizations']['members']['deletePassword'],
    B2BOrganizationsMembersDeletePasswordRequest,
    B2BOrganizationsMembersDeletePasswordResponse
  ]
  'organizations.members.unlinkRetiredEmail': [
    Sdk['organizations']['members']['unlinkRetiredEmail'],
    B2BOrganizationsMembersUnlinkRetiredEmailRequest,
    B2BOrganizationsMembersUnlinkRetiredEmailResponse
  ]
  'organizations.members.deleteExternalId': [
    Sdk['organizations']['members']['deleteExternalId'],
    B2BOrganizationsMembersDeleteExternalIdRequest,
    B2BOrganizationsMembersDeleteExternalIdResponse
  ]
  'otps.sms.send': [Sdk['otps']['sms']['send'], B2BOTPSmsSendRequest, B2BOTPSmsSendResponse]
  'otps.sms.authenticate': [
    Sdk['otps']['sms']['authenticate'],
    B2BOTPSmsAuthenticateRequest,
    B2BOTPSmsAuthenticateResponse
  ]
  'otps.email.loginOrSignup': [
    Sdk['otps']['email']['loginOrSignup'],
    B2BOTPEmailLoginOrSignupRequest,
    B2BOTPEmailLoginOrSignupResponse
  ]
  'otps.email.authenticate': [
    Sdk['otps']['email']['authenticate'],
    B2BOTPEmailAuthenticateRequest,
    B2BOTPEmailAuthenticateResponse
  ]
  'otps.email.discovery.send': [
    Sdk['otps']['email']['discovery']['send'],
    B2BOTPEmailDiscoverySendRequest,
    B2BOTPEmailDiscoverySendResponse
  ]
  'otps.email.discovery.authenticate': [
    Sdk['otps']['email']['discovery']['authenticate'],
    B2BOTPEmailDiscoveryAuthenticateRequest,
    B2BOTPEmailDiscoveryAuthenticateResponse
  ]
  'magicLinks.authenticate': [
    Sdk['magicLinks']['authenticate'],
    B2BMagicLinksAuthenticateRequest,
    B2BMagicLinksAuthenticateResponse
  ]
  'magicLinks.email.loginOrSignup': [
    Sdk['magicLinks']['email']['loginOrSignup'],
    B2BMagicLinksEmailLoginOrSignupRequest,
    B2BMagicLinksEmailLoginOrSignupResponse
  ]
  'magicLinks.email.invite': [
    Sdk['magicLinks']['email']['invite'],
    B2BMagicLinksEmailInviteRequest,
    B2BMagicLinksEmailInviteResponse
  ]
  'magicLinks.email.discovery.send': [
    Sdk['magicLinks']['email']['discovery']['send'],
    B2BMagicLinksEmailDiscoverySendRequest,
    B2BMagicLinksEmailDiscoverySendResponse
  ]
  'magicLinks.discovery.authenticate': [
    Sdk['magicLinks']['discovery']['authenticate'],
    B2BMagicLinksDiscoveryAuthenticateRequest,
    B2BMagicLinksDiscoveryAuthenticateResponse
  ]
  'organizations.members.startEmailUpdate': [
    Sdk['organizations']['members']['startEmailUpdate'],
    B2BOrganizationsMembersStartEmailUpdateRequest,
    B2BOrganizationsMembersStartEmailUpdateResponse
  ]
  'organizations.members.connectedApps.revoke': [
    Sdk['organizations']['members']['connectedApps']['revoke'],
    B2BOrganizationsMembersConnectedAppsRevokeRequest,
    B2BOrganizationsMembersConnectedAppsRevokeResponse
  ]
}

/** What later versions of the SDK declare beyond the seeds. A new name here is a decision. */
interface BeyondSeeds {
  'sessions.authenticateJwt': 'session_duration_minutes' | 'session_custom_claims'
  'sessions.exchange': 'intermediate_session_token_expires_at'
  'discovery.intermediateSessions.exchange': 'intermediate_session_token_expires_at'
  'passwords.authenticate': 'intermediate_session_token_expires_at'
  'passwords.email.reset': 'intermediate_session_token_expires_at'
  'passwords.existingPassword.reset': 'intermediate_session_token_expires_at'
  'discovery.organizations.create': 'intermediate_session_token_expires_at'
  'passwords.sessions.reset': 'intermediate_session_token_expires_at'
  'otps.email.authenticate': 'intermediate_session_token_expires_at'
  'otps.email.discovery.authenticate': 'intermediate_session_token_expires_at'
  'magicLinks.authenticate': 'intermediate_session_token_expires_at'
  'magicLinks.discovery.authenticate': 'intermediate_session_token_expires_at'
}

type Beyond<Name> = Name extends keyof BeyondSeeds ? BeyondSeeds[Name] : never
type Theirs<Name extends keyof Operations> = Operations[Name][0]

/** The operations whose requests, made for the SDK, ours does not take. */
type RefusedRequests = {
  [Name in keyof Operations]: SdkRequest<Theirs<Name>> extends Operations[Name][1] ? never : Name
}[keyof Operations]

/** Request members that an object literal could not name with ours. */
type UnknownRequestMembers = {
  [Name in keyof Operations]: Exclude<
    keyof SdkRequest<Theirs<Name>>,
    keyof Operations[Name][1] | Beyond<Name>
  >
}[keyof Operations]

/** Response members that cannot be read from ours. */
type UnreadableMembers = {
  [Name in keyof Operations]: Exclude<
    keyof SdkResponse<Theirs<Name>>,
    keyof Operations[Name][2] | Beyond<Name>
  >
}[keyof Operations]

/**
 * Every type in it with `null` taken away: ours says where the API answers null, which the SDK's types leave out. A map
 * of anything (claims, metadata, what SCIM says of a member) can be read under every name, so it fits every object.
 */
type NonNull<T> = T extends null
  ? never
  : T extends readonly (infer Item)[]
    ? NonNull<Item>[]
    : T extends object
      ? string extends keyof T
        ? never
        : { [Key in keyof T]: NonNull<T[Key]> }
      : T

/** Operations whose answer, read with ours, is not what the SDK declares under the same names. */
type OtherAnswers = {
  [Name in keyof Operations]: NonNull<Operations[Name][2]> extends Pick<
    SdkResponse<Theirs<Name>>,
    Exclude<keyof SdkResponse<Theirs<Name>>, Beyond<Name>>
  >
    ? never
    : Name
}[keyof Operations]

/** Compiles only for `never`. */
function none<T extends never>(..._names: T[]): true {
  return true
}

describe('types of the official SDK', () => {
  test('S-ANY-12: every request that is typed with the SDK is taken by ours', () => {
    expect(none<RefusedRequests>()).toBe(true)
    expect(none<UnknownRequestMembers>()).toBe(true)
  })

  test('S-ANY-12: every declared member of an answer can be read under its name, with its type', () => {
    expect(none<UnreadableMembers>()).toBe(true)
    expect(none<OtherAnswers>()).toBe(true)
  })

  test('S-ANY-12: an authorization typed with the SDK is taken by sessions.revoke', () => {
    type Theirs = NonNullable<Parameters<Sdk['sessions']['revoke']>[1]>
    type Refused = Theirs extends B2BSessionsRevokeRequestOptions ? never : Theirs
    expect(none<Refused>()).toBe(true)
  })

  test('S-ANY-12: functions written for the SDK run on our client', () => {
    /** Only compiled: what an app may have, and what it then passes. */
    function compiled(client: Client) {
      const takesSdk = (sessions: {
        authenticate(
          data: SdkRequest<Sdk['sessions']['authenticate']>
        ): Promise<SdkResponse<Sdk['sessions']['authenticate']>['member_session']>
      }) => sessions
      return takesSdk({
        async authenticate(data) {
          const { member_session } = await client.sessions.authenticate(data)
          return member_session
        }
      })
    }
    expect(typeof compiled).toBe('function')
  })

  test('S-JWT-14: clock_tolerance_seconds and current_date belong to authenticateJwtLocal only', () => {
    type Misplaced = Extract<
      keyof B2BSessionsAuthenticateJwtRequest,
      'clock_tolerance_seconds' | 'current_date'
    >
    expect(none<Misplaced>()).toBe(true)
    type Missing = Exclude<
      'clock_tolerance_seconds' | 'current_date',
      keyof B2BSessionsAuthenticateJwtLocalRequest
    >
    expect(none<Missing>()).toBe(true)
  })
})
