import * as v from 'valibot'
import type { Member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import type { Organization } from './organization.ts'
import { otpsEmailRoutes } from './otps-email.ts'
import { route } from './route.ts'
import {
  envelope,
  identifier,
  locale,
  optional,
  phoneNumber,
  sessionArguments,
  sessionOptions,
  telemetryId
} from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import { type CompletedSignInResponse, completedSignInResponse } from './sign-in.ts'
import { type MfaEnrollment, mfaEnrollment, type SessionArguments } from './totps.ts'

export interface B2BOTPSmsSendRequest extends SessionArguments {
  organization_id: string
  member_id: string
  /** E.164. Needed when the member has no number, and linked then; another one than the member's is an error. */
  mfa_phone_number?: string
  /** BCP 47 language of the message; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | 'it' | 'de-DE' | 'zh-Hans' | 'ca-ES' | string
}

export interface B2BOTPSmsSendResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
}

/** Exactly one of the three session arguments. An intermediate session is consumed by success. */
export interface B2BOTPSmsAuthenticateRequest
  extends SessionArguments,
    SessionOptions,
    MfaEnrollment {
  organization_id: string
  member_id: string
  /** Six digits, good for two minutes and once; a newer code ends it. */
  code: string
  telemetry_id?: string
}

export type B2BOTPSmsAuthenticateResponse = CompletedSignInResponse

const sendRequest: v.GenericSchema<unknown, B2BOTPSmsSendRequest> = v.object({
  organization_id: identifier,
  member_id: identifier,
  mfa_phone_number: optional(phoneNumber),
  locale,
  ...sessionArguments
})

const authenticateRequest: v.GenericSchema<unknown, B2BOTPSmsAuthenticateRequest> = v.object({
  organization_id: identifier,
  member_id: identifier,
  code: v.pipe(v.string(), v.maxLength(64)),
  telemetry_id: telemetryId,
  ...sessionArguments,
  ...sessionOptions,
  ...mfaEnrollment
})

const sendResponse: v.GenericSchema<unknown, B2BOTPSmsSendResponse> = v.object({
  ...envelope,
  ...memberAnswer
})

export const otpsRoutes = {
  sms: {
    send: route('POST', '/v1/b2b/otps/sms/send', {
      request: sendRequest,
      response: sendResponse
    }),
    authenticate: route('POST', '/v1/b2b/otps/sms/authenticate', {
      request: authenticateRequest,
      response: completedSignInResponse
    })
  },
  email: otpsEmailRoutes
}
