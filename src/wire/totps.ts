import * as v from 'valibot'
import type { Member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import type { Organization } from './organization.ts'
import { route } from './route.ts'
import {
  envelope,
  identifier,
  optional,
  recoveryCode,
  sessionArguments,
  sessionOptions,
  telemetryId
} from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import { type CompletedSignInResponse, completedSignInResponse } from './sign-in.ts'

/** The session or intermediate session that an MFA call belongs to. */
export interface SessionArguments {
  intermediate_session_token?: string
  session_token?: string
  session_jwt?: string
}

/** What a completed second factor changes about the next sign-in. */
export interface MfaEnrollment {
  /** `enroll` or `unenroll`; ignored where the organization requires MFA of every member. */
  set_mfa_enrollment?: string
  /** Make this method the default. The very first one becomes it by itself. */
  set_default_mfa?: boolean
}

export interface B2BTOTPsCreateRequest extends SessionArguments {
  organization_id: string
  member_id: string
  /** How long the registration waits for its first code: 5 to 1,440 minutes, default 60. */
  expiration_minutes?: number
}

export interface B2BTOTPsCreateResponse {
  request_id: string
  status_code: number
  member_id: string
  totp_registration_id: string
  /** Base32, to type into an authenticator app. */
  secret: string
  /** The same as a picture: `data:image/png;base64, …`. */
  qr_code: string
  /** Ten codes, each of which stands in for the second factor once. */
  recovery_codes: string[]
  member: Member
  organization: Organization
}

/** Exactly one of the three session arguments. An intermediate session is consumed by success. */
export interface B2BTOTPsAuthenticateRequest
  extends SessionArguments,
    SessionOptions,
    MfaEnrollment {
  organization_id: string
  member_id: string
  /** Six digits; each 30-second step counts once. */
  code: string
  telemetry_id?: string
}

export type B2BTOTPsAuthenticateResponse = CompletedSignInResponse

export interface B2BTOTPsMigrateRequest {
  organization_id: string
  member_id: string
  /** Base32 secret of an authenticator that is already in use. */
  secret: string
  /** Kept as given; minted when empty. */
  recovery_codes: string[]
}

export interface B2BTOTPsMigrateResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
  totp_registration_id: string
  recovery_codes: string[]
}

const expiration = 'invalid_expiration'

const createRequest: v.GenericSchema<unknown, B2BTOTPsCreateRequest> = v.object({
  organization_id: identifier,
  member_id: identifier,
  expiration_minutes: optional(
    v.pipe(
      v.number(expiration),
      v.integer(expiration),
      v.minValue(5, expiration),
      v.maxValue(1440, expiration)
    )
  ),
  ...sessionArguments
})

export const mfaEnrollment = {
  set_mfa_enrollment: optional(v.picklist(['enroll', 'unenroll'])),
  set_default_mfa: optional(v.boolean())
}

const authenticateRequest: v.GenericSchema<unknown, B2BTOTPsAuthenticateRequest> = v.object({
  organization_id: identifier,
  member_id: identifier,
  code: v.pipe(v.string(), v.maxLength(64)),
  telemetry_id: telemetryId,
  ...sessionArguments,
  ...sessionOptions,
  ...mfaEnrollment
})

const migrateRequest: v.GenericSchema<unknown, B2BTOTPsMigrateRequest> = v.object({
  organization_id: identifier,
  member_id: identifier,
  secret: v.pipe(v.string(), v.maxLength(256)),
  recovery_codes: v.optional(v.nullish(v.pipe(v.array(recoveryCode), v.maxLength(100)), []), [])
})

const createResponse: v.GenericSchema<unknown, B2BTOTPsCreateResponse> = v.object({
  ...envelope,
  ...memberAnswer,
  totp_registration_id: v.string(),
  secret: v.string(),
  qr_code: v.string(),
  recovery_codes: v.array(v.string())
})

const migrateResponse: v.GenericSchema<unknown, B2BTOTPsMigrateResponse> = v.object({
  ...envelope,
  ...memberAnswer,
  totp_registration_id: v.string(),
  recovery_codes: v.array(v.string())
})

export const totpsRoutes = {
  create: route('POST', '/v1/b2b/totp', {
    request: createRequest,
    response: createResponse
  }),
  authenticate: route('POST', '/v1/b2b/totp/authenticate', {
    request: authenticateRequest,
    response: completedSignInResponse
  }),
  migrate: route('POST', '/v1/b2b/totp/migrate', {
    request: migrateRequest,
    response: migrateResponse
  })
}
