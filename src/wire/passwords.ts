import * as v from 'valibot'
import type { DeviceInfo } from './device.ts'
import { type Member, member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import { type MemberSession, memberSession } from './member-session.ts'
import type { Organization } from './organization.ts'
import { memberFields } from './organizations-members.ts'
import { route } from './route.ts'
import {
  codeChallenge,
  codeVerifier,
  credential,
  emailAddress,
  envelope,
  identifier,
  linkMinutes,
  locale,
  optional,
  password,
  redirectUrl,
  sessionOptions,
  telemetryId,
  templateId,
  text
} from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import { type MfaRequired, type SignInResponse, signIn, signInResponse } from './sign-in.ts'

export interface B2BPasswordsAuthenticateRequest extends SessionOptions {
  organization_id: string
  email_address: string
  password: string
  /** A session of the same member gets the factor added; another member's is ignored. */
  session_token?: string
  session_jwt?: string
  /** Continues a sign-in that another primary factor began. */
  intermediate_session_token?: string
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  telemetry_id?: string
}

export interface B2BPasswordsAuthenticateResponse extends SignInResponse {
  organization_id: string
}

/** Rates a password, and sets nothing. */
export interface B2BPasswordsStrengthCheckRequest {
  password: string
  /** A password that resembles it is rated lower. */
  email_address?: string
}

/** What a password is made of. `missing_…` is 0 where no such rule is in force. */
export interface LudsFeedback {
  has_lower_case: boolean
  has_upper_case: boolean
  has_digit: boolean
  has_symbol: boolean
  missing_complexity: number
  missing_characters: number
}

/** Sentences for the person who chooses the password; `''` and `[]` where there is nothing to say. */
export interface ZxcvbnFeedback {
  warning: string
  suggestions: string[]
}

export interface B2BPasswordsStrengthCheckResponse {
  request_id: string
  status_code: number
  /** Whether it may be set. */
  valid_password: boolean
  /** 0 to 4; valid from 3. */
  score: number
  breached_password: boolean
  strength_policy: 'zxcvbn' | 'luds' | string
  breach_detection_on_create: boolean
  luds_feedback?: LudsFeedback
  zxcvbn_feedback?: ZxcvbnFeedback
}

export interface Argon2Config {
  salt: string
  iteration_amount: number
  /** KiB. */
  memory: number
  threads: number
  key_length: number
}

export interface ScryptConfig {
  /** Base64. */
  salt: string
  n_parameter: number
  r_parameter: number
  p_parameter: number
  key_length: number
}

export interface SaltConfig {
  prepend_salt: string
  append_salt: string
}

export interface PBKDF2Config {
  /** Base64. */
  salt: string
  iteration_amount: number
  key_length: number
  /** `sha256` (default) or `sha512`. */
  algorithm?: string
}

/** Imports a member with the hash of a password that is in use elsewhere. */
export interface B2BPasswordsMigrateRequest {
  email_address: string
  hash: string
  hash_type:
    | 'bcrypt'
    | 'md_5'
    | 'argon_2i'
    | 'argon_2id'
    | 'sha_1'
    | 'sha_512'
    | 'scrypt'
    | 'phpass'
    | 'pbkdf_2'
    | string
  organization_id: string
  /** Needed when the hash is bare hex instead of a PHC string. */
  argon_2_config?: Argon2Config
  /** Needed when the hash is bare base64 instead of a PHC string. */
  scrypt_config?: ScryptConfig
  md_5_config?: SaltConfig
  sha_1_config?: SaltConfig
  sha_512_config?: SaltConfig
  /** Needed with `pbkdf_2`, whose hash is base64. */
  pbkdf_2_config?: PBKDF2Config
  name?: string
  trusted_metadata?: Record<string, unknown>
  untrusted_metadata?: Record<string, unknown>
  roles?: string[]
  preserve_existing_sessions?: boolean
  mfa_phone_number?: string
  set_phone_number_verified?: boolean
  external_id?: string
}

export interface B2BPasswordsMigrateResponse {
  request_id: string
  status_code: number
  member_id: string
  member_created: boolean
  member: Member
  organization: Organization
}

/** Sends the member a link that leads to the page where a new password is set. */
export interface B2BPasswordsEmailResetStartRequest {
  organization_id: string
  email_address: string
  /** Where the link leads: one of the project's redirect URLs. Default: the first of them. */
  reset_password_redirect_url?: string
  /** 5 to 10,080; default 30. */
  reset_password_expiration_minutes?: number
  /** PKCE: the SHA-256 of a verifier in base64url. With it, the reset needs the verifier. */
  code_challenge?: string
  login_redirect_url?: string
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  reset_password_template_id?: string
  verify_email_template_id?: string
}

export interface B2BPasswordsEmailResetStartResponse {
  request_id: string
  status_code: number
  member_id: string
  member_email_id: string
  member: Member
}

/** A new password, on the strength of a link that was sent by e-mail. */
export interface B2BPasswordsEmailResetRequest extends SessionOptions {
  password_reset_token: string
  /** Any characters; at most 1,024 bytes of UTF-8. */
  password: string
  /** The factors of a session of the same member count; another member's is ignored. */
  session_token?: string
  session_jwt?: string
  /** PKCE: the verifier of the `code_challenge` that the reset was started with. */
  code_verifier?: string
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  /** Continues a sign-in that another primary factor began. */
  intermediate_session_token?: string
  telemetry_id?: string
}

/** Every earlier session of the member has ended. */
export interface B2BPasswordsEmailResetResponse extends SignInResponse {
  organization_id: string
  member_email_id: string
}

/** A new password, on the strength of the one that it replaces. */
export interface B2BPasswordsExistingPasswordResetRequest extends SessionOptions {
  organization_id: string
  email_address: string
  existing_password: string
  /** Any characters; at most 1,024 bytes of UTF-8. */
  new_password: string
  /** The factors of a session of the same member count; another member's is ignored. */
  session_token?: string
  session_jwt?: string
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  telemetry_id?: string
}

/** Every earlier session of the member has ended. */
export type B2BPasswordsExistingPasswordResetResponse = SignInResponse

/** A new password, on the strength of a session with a factor verified in the last five minutes. */
export interface B2BPasswordsSessionResetRequest extends SessionOptions {
  organization_id: string
  /** Any characters; at most 1,024 bytes of UTF-8. */
  password: string
  session_token?: string
  session_jwt?: string
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | string
  telemetry_id?: string
}

export interface B2BPasswordsSessionResetResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
  /** The pair of the session that was used; every other session of the member has ended. */
  session_token: string
  session_jwt: string
  intermediate_session_token: string
  member_authenticated: boolean
  member_session?: MemberSession
  mfa_required?: MfaRequired | null
  member_device?: DeviceInfo | null
}

const authenticateRequest: v.GenericSchema<unknown, B2BPasswordsAuthenticateRequest> = v.object({
  organization_id: identifier,
  email_address: emailAddress,
  password,
  session_token: optional(credential),
  session_jwt: optional(credential),
  intermediate_session_token: optional(credential),
  locale,
  telemetry_id: telemetryId,
  ...sessionOptions
})

const strengthCheckRequest: v.GenericSchema<unknown, B2BPasswordsStrengthCheckRequest> = v.object({
  password,
  email_address: optional(emailAddress)
})

const salt = v.pipe(v.string(), v.maxLength(256))

const saltConfig: v.GenericSchema<unknown, SaltConfig> = v.object({
  prepend_salt: v.nullish(salt, ''),
  append_salt: v.nullish(salt, '')
})

const migrateRequest: v.GenericSchema<unknown, B2BPasswordsMigrateRequest> = v.object({
  email_address: emailAddress,
  hash: text(1024),
  hash_type: text(32, 'invalid_hash_type'),
  organization_id: identifier,
  argon_2_config: optional(
    v.object({
      salt: text(256),
      iteration_amount: v.number(),
      memory: v.number(),
      threads: v.number(),
      key_length: v.number()
    })
  ),
  scrypt_config: optional(
    v.object({
      salt: text(256),
      n_parameter: v.number(),
      r_parameter: v.number(),
      p_parameter: v.number(),
      key_length: v.number()
    })
  ),
  md_5_config: optional(saltConfig),
  sha_1_config: optional(saltConfig),
  sha_512_config: optional(saltConfig),
  pbkdf_2_config: optional(
    v.object({
      salt: text(256),
      iteration_amount: v.number(),
      key_length: v.number(),
      algorithm: optional(v.string())
    })
  ),
  name: memberFields.name,
  trusted_metadata: memberFields.trusted_metadata,
  untrusted_metadata: memberFields.untrusted_metadata,
  roles: memberFields.roles,
  mfa_phone_number: memberFields.mfa_phone_number,
  external_id: memberFields.external_id,
  preserve_existing_sessions: optional(v.boolean()),
  set_phone_number_verified: optional(v.boolean())
})

const emailResetStartRequest: v.GenericSchema<unknown, B2BPasswordsEmailResetStartRequest> =
  v.object({
    organization_id: identifier,
    email_address: emailAddress,
    reset_password_redirect_url: redirectUrl,
    reset_password_expiration_minutes: linkMinutes,
    code_challenge: codeChallenge,
    login_redirect_url: redirectUrl,
    locale,
    reset_password_template_id: templateId,
    verify_email_template_id: templateId
  })

const emailResetRequest: v.GenericSchema<unknown, B2BPasswordsEmailResetRequest> = v.object({
  password_reset_token: credential,
  password,
  session_token: optional(credential),
  session_jwt: optional(credential),
  code_verifier: codeVerifier,
  intermediate_session_token: optional(credential),
  locale,
  telemetry_id: telemetryId,
  ...sessionOptions
})

const existingPasswordResetRequest: v.GenericSchema<
  unknown,
  B2BPasswordsExistingPasswordResetRequest
> = v.object({
  organization_id: identifier,
  email_address: emailAddress,
  existing_password: password,
  new_password: password,
  session_token: optional(credential),
  session_jwt: optional(credential),
  locale,
  telemetry_id: telemetryId,
  ...sessionOptions
})

const sessionResetRequest: v.GenericSchema<unknown, B2BPasswordsSessionResetRequest> = v.object({
  organization_id: identifier,
  password,
  session_token: optional(credential),
  session_jwt: optional(credential),
  locale,
  telemetry_id: telemetryId,
  ...sessionOptions
})

const authenticateResponse: v.GenericSchema<unknown, B2BPasswordsAuthenticateResponse> = v.object({
  ...signIn,
  organization_id: v.string()
})

const ludsFeedback: v.GenericSchema<unknown, LudsFeedback> = v.object({
  has_lower_case: v.boolean(),
  has_upper_case: v.boolean(),
  has_digit: v.boolean(),
  has_symbol: v.boolean(),
  missing_complexity: v.number(),
  missing_characters: v.number()
})

const zxcvbnFeedback: v.GenericSchema<unknown, ZxcvbnFeedback> = v.object({
  warning: v.string(),
  suggestions: v.array(v.string())
})

const strengthCheckResponse: v.GenericSchema<unknown, B2BPasswordsStrengthCheckResponse> = v.object(
  {
    ...envelope,
    valid_password: v.boolean(),
    score: v.picklist([0, 1, 2, 3, 4]),
    breached_password: v.boolean(),
    strength_policy: v.picklist(['zxcvbn', 'luds']),
    breach_detection_on_create: v.boolean(),
    luds_feedback: ludsFeedback,
    zxcvbn_feedback: zxcvbnFeedback
  }
)

const migrateResponse: v.GenericSchema<unknown, B2BPasswordsMigrateResponse> = v.object({
  ...envelope,
  ...memberAnswer,
  member_created: v.boolean()
})

const emailResetStartResponse: v.GenericSchema<unknown, B2BPasswordsEmailResetStartResponse> =
  v.object({ ...envelope, member_id: v.string(), member_email_id: v.string(), member })

const emailResetResponse: v.GenericSchema<unknown, B2BPasswordsEmailResetResponse> = v.object({
  ...signIn,
  organization_id: v.string(),
  member_email_id: v.string()
})

const { primary_required: _, ...sessionReset } = signIn

const sessionResetResponse: v.GenericSchema<unknown, B2BPasswordsSessionResetResponse> = v.object({
  ...sessionReset,
  member_session: memberSession
})

export const passwordsRoutes = {
  authenticate: route('POST', '/v1/b2b/passwords/authenticate', {
    request: authenticateRequest,
    response: authenticateResponse
  }),
  strengthCheck: route('POST', '/v1/b2b/passwords/strength_check', {
    request: strengthCheckRequest,
    response: strengthCheckResponse
  }),
  migrate: route('POST', '/v1/b2b/passwords/migrate', {
    request: migrateRequest,
    response: migrateResponse
  }),
  email: {
    resetStart: route('POST', '/v1/b2b/passwords/email/reset/start', {
      request: emailResetStartRequest,
      response: emailResetStartResponse
    }),
    reset: route('POST', '/v1/b2b/passwords/email/reset', {
      request: emailResetRequest,
      response: emailResetResponse
    })
  },
  existingPassword: {
    reset: route('POST', '/v1/b2b/passwords/existing_password/reset', {
      request: existingPasswordResetRequest,
      response: signInResponse
    })
  },
  sessions: {
    reset: route('POST', '/v1/b2b/passwords/session/reset', {
      request: sessionResetRequest,
      response: sessionResetResponse
    })
  }
}
