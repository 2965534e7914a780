import { organizationClaim, sessionClaim } from '../../jwt/claims.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { MemberRecord, OrganizationRecord, SessionRecord } from './records.ts'
import { sessionRoles } from './roles.ts'
import { jwtLifetimeSeconds } from './session-lifetime.ts'
import { toTimestamp } from './timestamps.ts'

/** The object of the API. Roles and slug are those of now, not of the sign-in. */
export function viewSession(
  session: SessionRecord,
  member: MemberRecord,
  organization: OrganizationRecord
): MemberSession {
  return {
    member_session_id: session.member_session_id,
    member_id: session.member_id,
    organization_id: organization.organization_id,
    organization_slug: organization.organization_slug,
    started_at: toTimestamp(session.started_at),
    last_accessed_at: toTimestamp(session.last_accessed_at),
    expires_at: toTimestamp(session.expires_at),
    authentication_factors: [...session.authentication_factors],
    roles: sessionRoles(member, organization, session.authentication_factors),
    custom_claims: session.custom_claims
  }
}

/** The claims of the session's JWT. Custom claims come first: none of them can replace one of ours. */
export function jwtClaims(
  project_id: string,
  session: MemberSession,
  now: number
): Readonly<Record<string, unknown>> {
  const issuedAt = Math.floor(now / 1000)
  return {
    ...session.custom_claims,
    iss: `stytch.com/${project_id}`,
    aud: [project_id],
    sub: session.member_id,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + jwtLifetimeSeconds,
    [sessionClaim]: {
      id: session.member_session_id,
      started_at: session.started_at,
      last_accessed_at: session.last_accessed_at,
      expires_at: session.expires_at,
      attributes: { user_agent: '', ip_address: '' },
      authentication_factors: session.authentication_factors,
      roles: session.roles
    },
    [organizationClaim]: {
      organization_id: session.organization_id,
      slug: session.organization_slug
    }
  }
}
