import * as v from 'valibot'

/**
 * The building blocks of request and response schemas.
 *
 * Where the API has an `error_type` of its own for a wrong value, the schema's message *is* that type;
 * the authority answers it. Everything else is `invalid_argument`.
 */

/** JSON members that are `null` count as left out, so that clients may send either. */
export function optional<const TSchema extends v.GenericSchema>(schema: TSchema) {
  return v.nullish(schema, () => undefined)
}

/** A string of 1 to `maxLength` UTF-16 units. */
export function text(maxLength: number, errorType?: string) {
  return v.pipe(v.string(errorType), v.minLength(1, errorType), v.maxLength(maxLength, errorType))
}

/** A JSON object, as opposed to an array or `null`. */
export function jsonObject(errorType?: string) {
  return v.custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    errorType ?? 'invalid_argument'
  )
}

/** RFC 3339 text that denotes a point in time. */
export const rfc3339 = v.pipe(
  v.string(),
  v.description('An RFC 3339 timestamp.'),
  v.maxLength(64),
  v.check((value) => Number.isFinite(Date.parse(value)))
)

/** An id, slug or external id of an organization or member. */
export const identifier = text(256)

/** Any of our opaque tokens, codes or JWTs, before its own format is looked at. The largest claims and roles fit a JWT of 16 KiB. */
export const credential = v.pipe(v.string(), v.maxLength(16_384))

const duration = 'invalid_session_duration_minutes'

/** Request members of every call that may start or touch a session. */
export const sessionOptions = {
  session_duration_minutes: optional(
    v.pipe(
      v.number(duration),
      v.integer(duration),
      v.minValue(5, duration),
      v.maxValue(527_040, duration)
    )
  ),
  session_custom_claims: optional(jsonObject())
}

/** The credentials of which an MFA call needs exactly one. */
export const sessionArguments = {
  intermediate_session_token: optional(credential),
  session_token: optional(credential),
  session_jwt: optional(credential)
}

export const telemetryId = optional(v.pipe(v.string(), v.maxLength(512)))

/** BCP 47 tags that are accepted, lower case: tags do not depend on case (RFC 5646 section 2.1.1). */
const locales = ['en', 'es', 'pt-br', 'fr', 'it', 'de-de', 'zh-hans', 'ca-es'] as const

export const locale = optional(
  v.pipe(
    v.string('invalid_locale'),
    v.description(`One of ${locales.join(', ')}, in capital or small letters.`),
    v.toLowerCase(),
    v.picklist(locales, 'invalid_locale')
  )
)

export const emailAddress = v.pipe(
  v.string('invalid_email'),
  v.trim(),
  v.maxLength(254, 'invalid_email'),
  v.email('invalid_email')
)

/** Six digits; whether they are is looked at where they are compared. */
export const oneTimeCode = v.pipe(v.string('invalid_code'), v.maxLength(64, 'invalid_code'))

/** How long a link in an e-mail is good. */
export const linkMinutes = minutes(5, 10_080, 'invalid_expiration')

/** How long a code in an e-mail is good. */
export const codeMinutes = minutes(2, 15, 'invalid_expiration_otp')

function minutes(min: number, max: number, errorType: string) {
  return optional(
    v.pipe(
      v.number(errorType),
      v.integer(errorType),
      v.minValue(min, errorType),
      v.maxValue(max, errorType)
    )
  )
}

/** Where a link in an e-mail leads. Only what the project has registered is taken. */
export const redirectUrl = optional(v.pipe(v.string(), v.maxLength(2048)))

/** An e-mail template of the project. */
export const templateId = optional(v.pipe(v.string(), v.maxLength(128)))

/** PKCE with S256 (RFC 7636 section 4.2): a SHA-256 in base64url. */
export const codeChallenge = optional(
  v.pipe(
    v.string('invalid_pkce_code_challenge'),
    v.regex(/^[A-Za-z0-9_-]{43}$/, 'invalid_pkce_code_challenge')
  )
)

/** RFC 7636 section 4.1: 43 to 128 unreserved characters. */
export const codeVerifier = optional(
  v.pipe(
    v.string('invalid_pkce_code_verifier'),
    v.regex(/^[A-Za-z0-9._~-]{43,128}$/, 'invalid_pkce_code_verifier')
  )
)

export const password = v.pipe(
  v.string(),
  v.description('Any characters, at most 1,024 bytes in UTF-8.'),
  v.minLength(1),
  v.maxBytes(1024)
)

/** Imported codes may have any form, so all that is wrong is none, or too much of one. */
export const recoveryCode = v.pipe(
  v.string(),
  v.maxLength(128, 'invalid_recovery_code'),
  v.regex(/\S/, 'invalid_recovery_code')
)

/** RFC 3966 global number, as the API takes it: `+` and 7 to 15 digits. */
export const phoneNumber = v.pipe(
  v.string('invalid_phone_number'),
  v.regex(/^\+[1-9]\d{6,14}$/, 'invalid_phone_number')
)

/** What every answer of the API carries. */
export const envelope = {
  request_id: v.string(),
  status_code: v.number()
}

/** A point in time as answers write it: RFC 3339. */
export const dateTime = v.pipe(v.string(), v.isoTimestamp())

/** A JSON object of any members, as metadata and claims are. */
export const anyObject = v.record(v.string(), v.unknown())
