import * as v from 'valibot'
import type { Member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import type { Organization } from './organization.ts'
import { route } from './route.ts'
import {
  envelope,
  identifier,
  recoveryCode,
  sessionArguments,
  sessionOptions,
  telemetryId
} from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import { type CompletedSignInResponse, completedSignIn } from './sign-in.ts'
import type { SessionArguments } from './totps.ts'

export interface B2BRecoveryCodesGetRequest {
  organization_id: string
  member_id: string
}

export interface B2BRecoveryCodesGetResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
  /** Those that were not used yet. */
  recovery_codes: string[]
}

export interface B2BRecoveryCodesRotateRequest {
  organization_id: string
  member_id: string
}

export interface B2BRecoveryCodesRotateResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
  /** Ten new codes; those before are worth nothing any more. */
  recovery_codes: string[]
}

/** Exactly one of the three session arguments. An intermediate session is consumed by success. */
export interface B2BRecoveryCodesRecoverRequest extends SessionArguments, SessionOptions {
  organization_id: string
  member_id: string
  /** One of the member's codes; it works once. */
  recovery_code: string
  telemetry_id?: string
}

export interface B2BRecoveryCodesRecoverResponse extends CompletedSignInResponse {
  /** How many codes are left. */
  recovery_codes_remaining: number
}

const memberRequest: v.GenericSchema<unknown, B2BRecoveryCodesGetRequest> = v.object({
  organization_id: identifier,
  member_id: identifier
})

const recoverRequest: v.GenericSchema<unknown, B2BRecoveryCodesRecoverRequest> = v.object({
  organization_id: identifier,
  member_id: identifier,
  recovery_code: recoveryCode,
  telemetry_id: telemetryId,
  ...sessionArguments,
  ...sessionOptions
})

const codesResponse: v.GenericSchema<unknown, B2BRecoveryCodesGetResponse> = v.object({
  ...envelope,
  ...memberAnswer,
  recovery_codes: v.array(v.string())
})

const recoverResponse: v.GenericSchema<unknown, B2BRecoveryCodesRecoverResponse> = v.object({
  ...completedSignIn,
  recovery_codes_remaining: v.number()
})

export const recoveryCodesRoutes = {
  get: route('GET', '/v1/b2b/recovery_codes/{organization_id}/{member_id}', {
    request: memberRequest,
    response: codesResponse
  }),
  rotate: route('POST', '/v1/b2b/recovery_codes/rotate', {
    request: memberRequest,
    response: codesResponse
  }),
  recover: route('POST', '/v1/b2b/recovery_codes/recover', {
    request: recoverRequest,
    response: recoverResponse
  })
}
