import * as v from 'valibot'
import { type DeviceInfo, deviceInfo } from './device.ts'
import type { Member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import { type MemberSession, memberSession } from './member-session.ts'
import { mfaMethods, type Organization } from './organization.ts'
import { envelope } from './schema.ts'

/** What the member has enrolled; `''` where a method is not. */
export interface MemberOptions {
  /** Masked but for the last four digits. */
  mfa_phone_number: string
  totp_registration_id: string
}

/** A second factor is missing. */
export interface MfaRequired {
  /** `null` when nothing is enrolled: the member must enrol with the intermediate session. */
  member_options?: MemberOptions | null
  /** `sms_otp` when a code was already sent. */
  secondary_auth_initiated?: string | null
}

/** A primary factor that the organization accepts is missing. Pass the intermediate session token into that step. */
export interface PrimaryRequired {
  /** For example `["magic_link"]`. */
  allowed_auth_methods: string[]
}

/** What every answer to a primary sign-in or an exchange holds: a session, or an intermediate session and what is missing. */
export interface SignInResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
  /** `false`: something is missing, and `intermediate_session_token` holds the factors that were verified so far. */
  member_authenticated: boolean
  /** `''` when `member_authenticated`. Lives 10 minutes. */
  intermediate_session_token: string
  /** `''` unless `member_authenticated`. */
  session_token: string
  /** `''` unless `member_authenticated`. Lives five minutes, whatever the session's life. */
  session_jwt: string
  member_session?: MemberSession | null
  mfa_required?: MfaRequired | null
  primary_required?: PrimaryRequired | null
  member_device?: DeviceInfo | null
}

/** What every answer that completes MFA holds. */
export interface CompletedSignInResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
  session_token: string
  session_jwt: string
  member_session?: MemberSession
  member_device?: DeviceInfo | null
}

export const mfaRequired: v.GenericSchema<unknown, MfaRequired> = v.object({
  member_options: v.nullable(
    v.object({ mfa_phone_number: v.string(), totp_registration_id: v.string() })
  ),
  secondary_auth_initiated: v.nullable(v.picklist(mfaMethods))
})

export const primaryRequired: v.GenericSchema<unknown, PrimaryRequired> = v.object({
  allowed_auth_methods: v.array(v.string())
})

/** Members of every answer that starts a session. */
export const completedSignIn = {
  ...envelope,
  ...memberAnswer,
  session_token: v.string(),
  session_jwt: v.string(),
  member_session: memberSession,
  member_device: v.nullable(deviceInfo)
}

/** Members of every answer that starts a session, or says what is missing for one. */
export const signIn = {
  ...completedSignIn,
  member_authenticated: v.boolean(),
  intermediate_session_token: v.string(),
  member_session: v.nullable(memberSession),
  mfa_required: v.nullable(mfaRequired),
  primary_required: v.nullable(primaryRequired)
}

export const signInResponse: v.GenericSchema<unknown, SignInResponse> = v.object(signIn)

export const completedSignInResponse: v.GenericSchema<unknown, CompletedSignInResponse> =
  v.object(completedSignIn)
