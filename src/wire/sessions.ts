import * as v from 'valibot'
import { guardedMember, type Member, member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import { guardedMemberSession, type MemberSession, memberSession } from './member-session.ts'
import { guardedOrganization, type Organization, organization } from './organization.ts'
import { memberRoute, type RequestOptions, route } from './route.ts'
import {
  credential,
  envelope,
  identifier,
  locale,
  optional,
  sessionOptions,
  telemetryId,
  text
} from './schema.ts'
import {
  type CompletedSignInResponse,
  completedSignIn,
  completedSignInResponse,
  type SignInResponse,
  signInResponse
} from './sign-in.ts'

/** A check that is made with the session: may it perform this action on this resource of this organization? */
export interface AuthorizationCheck {
  /** Must be the member's organization, whatever the roles say. */
  organization_id: string
  resource_id: string
  action: string
}

export interface AuthorizationVerdict {
  /** Always true in an answer: a denial is a 403. */
  authorized: boolean
  /** Every role of the session that permits the action. */
  granting_roles: string[]
}

/** Members of every request that may start or touch a session. */
export interface SessionOptions {
  /**
   * The session ends this many minutes from now: 5 to 527,040 (366 days). Left out, a new session gets 60 and an
   * existing one keeps its end. The JWT lives five minutes all the same.
   */
  session_duration_minutes?: number
  /**
   * Merged into the session's claims, `null` deletes a key; at most 4 KB in all. The registered claims `iss`, `sub`,
   * `aud`, `exp`, `nbf`, `iat` and `jti` are ignored. Ignored as a whole when the call ends in an intermediate session.
   */
  session_custom_claims?: Record<string, unknown>
}

export interface B2BSessionsGetRequest {
  /** Id, slug or external id. */
  organization_id: string
  /** Id or external id. */
  member_id: string
}

export interface B2BSessionsGetResponse {
  request_id: string
  status_code: number
  /** Active sessions only, without their tokens. */
  member_sessions: MemberSession[]
}

/** Exactly one of `session_token` and `session_jwt`; the JWT may have expired, as long as its session lives. */
export interface B2BSessionsAuthenticateRequest extends SessionOptions {
  session_token?: string
  session_jwt?: string
  /** A denial is a 403, and changes nothing. */
  authorization_check?: AuthorizationCheck
}

export interface B2BSessionsAuthenticateResponse {
  request_id: string
  status_code: number
  member_session: MemberSession
  session_token: string
  /** Freshly minted. */
  session_jwt: string
  member: Member
  organization: Organization
  /** Present when an `authorization_check` was sent and held. */
  verdict?: AuthorizationVerdict
}

/** Exactly one of the four; `member_id` ends every session of the member and takes no external id. */
export interface B2BSessionsRevokeRequest {
  member_session_id?: string
  session_token?: string
  session_jwt?: string
  member_id?: string
}

export interface B2BSessionsRevokeResponse {
  request_id: string
  status_code: number
}

/** With a member session as `authorization`, the call is allowed only what that member may do. */
export type B2BSessionsRevokeRequestOptions = RequestOptions

export interface B2BSessionsExchangeRequest extends SessionOptions {
  /** The organization to switch to: id, slug or external id. */
  organization_id: string
  session_token?: string
  session_jwt?: string
  /** BCP 47 language of a code that may be sent; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | 'it' | 'de-DE' | 'zh-Hans' | 'ca-ES' | string
  telemetry_id?: string
}

export type B2BSessionsExchangeResponse = SignInResponse

export interface B2BSessionsExchangeAccessTokenRequest extends SessionOptions {
  /** With the scope `full_access`, at most five minutes old, once. */
  access_token: string
  telemetry_id?: string
}

export type B2BSessionsExchangeAccessTokenResponse = CompletedSignInResponse

export interface B2BSessionsAttestRequest extends SessionOptions {
  profile_id: string
  /** The trusted auth token. With joining allowed it must name the organization itself. */
  token: string
  /** Needed when the token names no organization. */
  organization_id?: string
  session_token?: string
  session_jwt?: string
  telemetry_id?: string
}

export interface B2BSessionsAttestResponse extends CompletedSignInResponse {
  member_session: MemberSession
}

export interface B2BSessionsMigrateRequest extends SessionOptions {
  /** A credential of the other provider; it goes to the UserInfo endpoint as it is. */
  session_token: string
  organization_id: string
}

export interface B2BSessionsMigrateResponse {
  request_id: string
  status_code: number
  member_id: string
  session_token: string
  session_jwt: string
  member: Member
  organization: Organization
  member_session?: MemberSession
}

export interface B2BSessionsGetJWKSRequest {
  project_id: string
}

/** A public key that verifies session JWTs (RFC 7517). */
export interface JWK {
  kty: string
  use: string
  key_ops: string[]
  alg: string
  kid: string
  x5c: string[]
  x5tS256: string
  n: string
  e: string
}

export interface B2BSessionsGetJWKSResponse {
  request_id: string
  status_code: number
  keys: JWK[]
}

export interface B2BSessionsAuthenticateJwtRequest {
  /** May have expired: a session that lives answers with a new one. */
  session_jwt: string
  authorization_check?: AuthorizationCheck
  /** Call the API when the JWT was issued this many seconds ago or more; 0 calls it always. */
  max_token_age_seconds?: number
}

export interface B2BSessionsAuthenticateJwtLocalRequest {
  session_jwt: string
  authorization_check?: AuthorizationCheck
  /** Allowed difference of clocks for `exp` and `nbf`, in seconds. Default 0. */
  clock_tolerance_seconds?: number
  /** Reject a JWT issued this many seconds ago or more; 0 rejects every one. */
  max_token_age_seconds?: number
  /** The time that `exp`, `nbf` and `iat` are compared with. Default now. */
  current_date?: Date
}

const authorizationCheck: v.GenericSchema<unknown, AuthorizationCheck> = v.object({
  organization_id: identifier,
  resource_id: text(256),
  action: text(256)
})

const getRequest: v.GenericSchema<unknown, B2BSessionsGetRequest> = v.object({
  organization_id: identifier,
  member_id: identifier
})

const authenticateRequest: v.GenericSchema<unknown, B2BSessionsAuthenticateRequest> = v.object({
  session_token: optional(credential),
  session_jwt: optional(credential),
  authorization_check: optional(authorizationCheck),
  ...sessionOptions
})

const verdict: v.GenericSchema<unknown, AuthorizationVerdict> = v.object({
  authorized: v.boolean(),
  granting_roles: v.array(v.string())
})

const getResponse: v.GenericSchema<unknown, B2BSessionsGetResponse> = v.object({
  ...envelope,
  member_sessions: v.array(memberSession)
})

const authenticateResponse: v.GenericSchema<unknown, B2BSessionsAuthenticateResponse> = v.object({
  ...envelope,
  member_session: memberSession,
  session_token: v.string(),
  session_jwt: v.string(),
  member,
  organization,
  verdict: v.optional(verdict)
})

const guardedAuthenticate: v.GenericSchema<unknown, B2BSessionsAuthenticateResponse> =
  v.looseObject({
    ...envelope,
    member_session: guardedMemberSession,
    session_token: text(256),
    session_jwt: text(16_384),
    member: guardedMember,
    organization: guardedOrganization,
    verdict: v.optional(verdict)
  })

const revokeResponse: v.GenericSchema<unknown, B2BSessionsRevokeResponse> = v.object(envelope)

const attestResponse: v.GenericSchema<unknown, B2BSessionsAttestResponse> =
  v.object(completedSignIn)

const migrateResponse: v.GenericSchema<unknown, B2BSessionsMigrateResponse> = v.object({
  ...envelope,
  ...memberAnswer,
  session_token: v.string(),
  session_jwt: v.string(),
  member_session: memberSession
})

const revokeRequest: v.GenericSchema<unknown, B2BSessionsRevokeRequest> = v.object({
  member_session_id: optional(identifier),
  session_token: optional(credential),
  session_jwt: optional(credential),
  member_id: optional(identifier)
})

const exchangeRequest: v.GenericSchema<unknown, B2BSessionsExchangeRequest> = v.object({
  organization_id: identifier,
  session_token: optional(credential),
  session_jwt: optional(credential),
  locale,
  telemetry_id: telemetryId,
  ...sessionOptions
})

const exchangeAccessTokenRequest: v.GenericSchema<unknown, B2BSessionsExchangeAccessTokenRequest> =
  v.object({ access_token: credential, telemetry_id: telemetryId, ...sessionOptions })

const attestRequest: v.GenericSchema<unknown, B2BSessionsAttestRequest> = v.object({
  profile_id: identifier,
  token: credential,
  organization_id: optional(identifier),
  session_token: optional(credential),
  session_jwt: optional(credential),
  telemetry_id: telemetryId,
  ...sessionOptions
})

/** Of another provider, so of any form that an `Authorization` header can carry, below 8 KiB. */
const externalCredential = v.pipe(v.string(), v.regex(/^[!-~]{1,8191}$/))

const migrateRequest: v.GenericSchema<unknown, B2BSessionsMigrateRequest> = v.object({
  session_token: externalCredential,
  organization_id: identifier,
  ...sessionOptions
})

const getJWKSRequest: v.GenericSchema<unknown, B2BSessionsGetJWKSRequest> = v.object({
  project_id: identifier
})

/** Members that matter are checked when a key is used; a key we cannot use does not spoil the set. */
const guardedKey = v.custom<JWK>((value) =>
  v.is(v.looseObject({ kty: v.string(), kid: v.string() }), value)
)

const guardedJWKS: v.GenericSchema<unknown, B2BSessionsGetJWKSResponse> = v.looseObject({
  ...envelope,
  keys: v.pipe(v.array(guardedKey), v.minLength(1), v.maxLength(16))
})

export const jwk: v.GenericSchema<unknown, JWK> = v.object({
  kty: v.string(),
  use: v.string(),
  key_ops: v.array(v.string()),
  alg: v.string(),
  kid: v.string(),
  x5c: v.array(v.string()),
  x5tS256: v.string(),
  n: v.string(),
  e: v.string()
})

const getJWKSResponse: v.GenericSchema<unknown, B2BSessionsGetJWKSResponse> = v.object({
  ...envelope,
  keys: v.array(jwk)
})

export const sessionsRoutes = {
  get: route('GET', '/v1/b2b/sessions', {
    request: getRequest,
    response: getResponse
  }),
  authenticate: route('POST', '/v1/b2b/sessions/authenticate', {
    request: authenticateRequest,
    response: authenticateResponse,
    guarded: guardedAuthenticate
  }),
  revoke: memberRoute('POST', '/v1/b2b/sessions/revoke', {
    request: revokeRequest,
    response: revokeResponse
  }),
  exchange: route('POST', '/v1/b2b/sessions/exchange', {
    request: exchangeRequest,
    response: signInResponse
  }),
  exchangeAccessToken: route('POST', '/v1/b2b/sessions/exchange_access_token', {
    request: exchangeAccessTokenRequest,
    response: completedSignInResponse
  }),
  attest: route('POST', '/v1/b2b/sessions/attest', {
    request: attestRequest,
    response: attestResponse
  }),
  migrate: route('POST', '/v1/b2b/sessions/migrate', {
    request: migrateRequest,
    response: migrateResponse
  }),
  getJWKS: route('GET', '/v1/b2b/sessions/jwks/{project_id}', {
    request: getJWKSRequest,
    response: getJWKSResponse,
    guarded: guardedJWKS,
    isPublic: true
  })
}
