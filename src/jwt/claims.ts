import * as v from 'valibot'
import { guardedMemberSession, type MemberSession } from '../wire/member-session.ts'
import { freezeJson } from './freeze.ts'

export const sessionClaim = 'https://stytch.com/session'
export const organizationClaim = 'https://stytch.com/organization'

/** Claims that RFC 7519 section 4.1 defines; custom claims of these names are ignored. */
export const registeredClaims: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti'
])

/** No session JWT lives longer than this; the API's live 300 seconds. */
const maxLifetimeSeconds = 360

/** What a session JWT says, once its form was checked. Times are in seconds, but for `sessionExpiresAt` in milliseconds. */
export interface SessionClaims {
  readonly member_session: MemberSession
  readonly iat: number
  readonly nbf: number | undefined
  readonly exp: number
  readonly sessionExpiresAt: number
}

export interface ExpectedToken {
  readonly project_id: string
  /** Exact values of `iss`. */
  readonly issuers: readonly string[]
}

export type ClaimsFault = 'wrong_issuer' | 'wrong_audience' | 'wrong_claims'

const seconds = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(256))

const claimsSchema = v.looseObject({
  sub: id,
  iat: seconds,
  exp: seconds,
  nbf: v.optional(seconds),
  [sessionClaim]: v.looseObject({
    id,
    started_at: v.string(),
    last_accessed_at: v.string(),
    expires_at: v.optional(v.string()),
    authentication_factors: v.array(v.unknown()),
    roles: v.optional(v.pipe(v.array(v.string()), v.maxLength(1000)), [])
  }),
  [organizationClaim]: v.looseObject({ organization_id: id, slug: v.string() })
})

/** Reads the claims of a session JWT of this project, or says what is wrong with them. Times are not compared here. */
export function readSessionClaims(
  claims: Readonly<Record<string, unknown>>,
  expected: ExpectedToken
): SessionClaims | ClaimsFault {
  if (typeof claims.iss !== 'string' || !expected.issuers.includes(claims.iss)) {
    return 'wrong_issuer'
  }
  if (!isFor(claims.aud, expected.project_id)) return 'wrong_audience'

  const read = v.safeParse(claimsSchema, claims)
  if (!read.success) return 'wrong_claims'
  const {
    sub,
    iat,
    nbf,
    exp,
    [sessionClaim]: session,
    [organizationClaim]: organization
  } = read.output
  if (exp <= iat || exp - iat > maxLifetimeSeconds) return 'wrong_claims'

  const checked = v.safeParse(guardedMemberSession, {
    member_session_id: session.id,
    member_id: sub,
    started_at: session.started_at,
    last_accessed_at: session.last_accessed_at,
    expires_at: session.expires_at ?? new Date(exp * 1000).toISOString(),
    authentication_factors: session.authentication_factors,
    organization_id: organization.organization_id,
    organization_slug: organization.slug,
    roles: session.roles,
    custom_claims: customClaims(claims)
  })
  if (!checked.success) return 'wrong_claims'
  const member_session = freezeJson(checked.output)
  return { member_session, iat, nbf, exp, sessionExpiresAt: Date.parse(member_session.expires_at) }
}

/** The session id that claims name, unverified; `undefined` when they name none. */
export function sessionIdOf(claims: Readonly<Record<string, unknown>>): string | undefined {
  const session = claims[sessionClaim]
  const member_session_id =
    typeof session === 'object' && session !== null ? Reflect.get(session, 'id') : undefined
  return typeof member_session_id === 'string' ? member_session_id : undefined
}

function isFor(aud: unknown, project_id: string): boolean {
  if (typeof aud === 'string') return aud === project_id
  return (
    Array.isArray(aud) && aud.every((item) => typeof item === 'string') && aud.includes(project_id)
  )
}

function customClaims(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(claims).filter(
      ([name]) => !registeredClaims.has(name) && name !== sessionClaim && name !== organizationClaim
    )
  )
}
