import * as v from 'valibot'
import { organizationClaim } from '../../jwt/claims.ts'
import { fullAccess } from './connected-apps.ts'
import { OperationError } from './operation-error.ts'
import type { GrantRecord, MemberRecord, OrganizationRecord } from './records.ts'

const lifetimeSeconds = 3600

/** How old an access token may be, in seconds, to be exchanged for its session. */
const maxExchangeAge = 300

export interface TokenSubject {
  readonly project_id: string
  readonly grant: GrantRecord
  readonly member: MemberRecord
  readonly organization: OrganizationRecord
  /** When the session ends that let the app in, or what outlives it: no token counts longer. */
  readonly ends_at: number
  readonly now: number
}

/** What an access token says. */
export interface AccessToken {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  readonly client_id: string
  readonly scope: string
  readonly jti: string
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly [organizationClaim]: { readonly organization_id: string; readonly slug: string }
}

export function accessTokenClaims(subject: TokenSubject, jti: string): AccessToken {
  const { project_id, grant, organization } = subject
  const { organization_id, organization_slug: slug } = organization
  return {
    ...commonClaims(subject),
    aud: [project_id],
    client_id: grant.client_id,
    scope: grant.scopes.join(' '),
    jti,
    [organizationClaim]: { organization_id, slug }
  }
}

/** For the app itself (OpenID Connect Core section 2): it says who the member is, as far as the scopes go. */
export function idTokenClaims(subject: TokenSubject): object {
  const { grant, member } = subject
  const { scopes, client_id, nonce } = grant
  const { email_address: email, email_address_verified: email_verified, name } = member
  return {
    ...commonClaims(subject),
    aud: [client_id],
    ...(nonce === null ? {} : { nonce }),
    ...(scopes.includes('email') ? { email, email_verified } : {}),
    ...(scopes.includes('profile') ? { name } : {})
  }
}

function commonClaims({ project_id, member, ends_at, now }: TokenSubject) {
  const iat = Math.floor(now / 1000)
  const exp = Math.min(iat + lifetimeSeconds, Math.floor(ends_at / 1000))
  return { iss: `stytch.com/${project_id}`, sub: member.member_id, iat, nbf: iat, exp }
}

const accessToken = v.looseObject({
  iss: v.string(),
  sub: v.string(),
  aud: v.array(v.string()),
  client_id: v.string(),
  scope: v.string(),
  jti: v.string(),
  iat: v.number(),
  nbf: v.number(),
  exp: v.number(),
  [organizationClaim]: v.looseObject({ organization_id: v.string(), slug: v.string() })
})

/** The claims of an access token of the project; `undefined` for any other JWT that it signed, as those of sessions. */
export function readAccessToken(
  claims: Readonly<Record<string, unknown>>,
  project_id: string
): AccessToken | undefined {
  if (!v.is(accessToken, claims)) return undefined
  const isOurs = claims.iss === `stytch.com/${project_id}` && claims.aud.includes(project_id)
  return isOurs ? claims : undefined
}

export function hasEnded({ exp }: Pick<AccessToken, 'exp'>, now: number): boolean {
  return exp * 1000 <= now
}

/** Only a young token with all of its member's permissions. That it is exchanged once is a guard of the exchange itself. */
export function assertExchangeable(
  { iat, scope }: AccessToken,
  grant: GrantRecord,
  now: number
): void {
  if (grant.revoked_at !== null) throw new OperationError('connected_app_consent_revoked')
  if (!scope.split(' ').includes(fullAccess)) {
    throw new OperationError('oauth_access_token_exchange_missing_full_access')
  }
  if (Math.floor(now / 1000) - iat > maxExchangeAge) {
    throw new OperationError('oauth_access_token_exchange_token_too_old')
  }
}
