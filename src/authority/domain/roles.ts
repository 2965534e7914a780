import type { MemberRole } from '../../wire/member.ts'
import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { EmailImplicitRoleAssignment } from '../../wire/organization.ts'
import { OperationError } from './operation-error.ts'
import type { MemberRecord, OrganizationRecord, RoleAssignment } from './records.ts'

/** Every member has it; it cannot be taken away. */
export const memberRole = 'stytch_member'
export const adminRole = 'stytch_admin'

/**
 * How large the roles of a member may be, as JSON: the assigned ones, and those of the address. All of them stand in
 * the session's JWT, which with 4 KB of custom claims must fit 16 KiB.
 */
export const maxRoleBytes = { assigned: 3072, ofDomain: 1024 }

const fromTheStart: RoleAssignment = {
  role_id: memberRole,
  source: { type: 'direct_assignment', details: {} }
}

/** What of a member its roles follow from. */
type RoleHolder = Pick<MemberRecord, 'roles' | 'email_address' | 'email_address_verified'>

/** Every role of the member with every reason for it, whether or not a session counts it. */
export function memberRoles(member: RoleHolder, organization: OrganizationRecord): MemberRole[] {
  const roles = new Map<string, MemberRole>()
  for (const { role_id, source } of assignmentsOf(member, organization)) {
    const known = roles.get(role_id)
    if (known === undefined) roles.set(role_id, { role_id, sources: [source] })
    else known.sources.push(source)
  }
  return [...roles.values()]
}

/** Every role that the member has, or has by one way of signing in. */
export function roleIdsOf(member: RoleHolder, organization: OrganizationRecord): string[] {
  return memberRoles(member, organization).map(({ role_id }) => role_id)
}

/** The roles that count for a session: those of an SSO connection only with a SAML factor of that connection. */
export function sessionRoles(
  member: RoleHolder,
  organization: OrganizationRecord,
  factors: readonly AuthenticationFactor[]
): string[] {
  const connections = new Set(factors.map((factor) => factor.saml_sso_factor?.provider_id))
  const counted = assignmentsOf(member, organization).filter(
    ({ source }) =>
      !source.type.startsWith('sso_connection') ||
      connections.has(source.details?.connection_id as string)
  )
  return [...new Set(counted.map(({ role_id }) => role_id))]
}

/** The assignments after `role_ids` replaced every direct one. */
export function assignDirectly(
  existing: readonly RoleAssignment[],
  role_ids: readonly string[]
): readonly RoleAssignment[] {
  const direct = [...new Set(role_ids)]
    .filter((role_id) => role_id !== memberRole)
    .map((role_id) => ({ role_id, source: { type: 'direct_assignment', details: {} } }))
  return [...direct, ...existing.filter(({ source }) => source.type !== 'direct_assignment')]
}

/** The SSO connections that give a role which was also assigned directly, and is no longer. */
export function connectionsOfLostRoles(
  before: readonly RoleAssignment[],
  after: readonly RoleAssignment[]
): string[] {
  const kept = new Set(directRoles(after))
  const lost = new Set(directRoles(before).filter((role_id) => !kept.has(role_id)))
  const connections = after
    .filter(({ role_id, source }) => lost.has(role_id) && source.type.startsWith('sso_connection'))
    .map(({ source }) => String(source.details?.connection_id))
  return [...new Set(connections)]
}

function directRoles(assignments: readonly RoleAssignment[]): readonly string[] {
  return assignments
    .filter(({ source }) => source.type === 'direct_assignment')
    .map(({ role_id }) => role_id)
}

/** Roles can be assigned only if the project or the organization has them, and only so many. */
export function assertAssignableRoles(
  role_ids: readonly string[],
  known: ReadonlySet<string>,
  maxBytes: number
): void {
  if (!role_ids.every((role_id) => known.has(role_id))) throw new OperationError('invalid_role')
  const bytes = Buffer.byteLength(JSON.stringify([...new Set(role_ids)]))
  if (bytes > maxBytes) throw new OperationError('too_many_roles')
}

function assignmentsOf(
  member: RoleHolder,
  organization: OrganizationRecord
): readonly RoleAssignment[] {
  const { removed_roles } = organization
  const assigned = [fromTheStart, ...member.roles, ...assignedByEmail(member, organization)]
  return assigned.filter(({ role_id }) => !removed_roles.includes(role_id))
}

/** An address that is not verified gives no role: else a member could be moved to one that is not their own. */
function assignedByEmail(
  { email_address, email_address_verified }: RoleHolder,
  { settings }: OrganizationRecord
): readonly RoleAssignment[] {
  if (!email_address_verified) return []
  const email_domain = email_address.slice(email_address.lastIndexOf('@') + 1)
  return rolesOfDomain(settings.rbac_email_implicit_role_assignments, email_domain).map(
    (role_id) => ({ role_id, source: { type: 'email_assignment', details: { email_domain } } })
  )
}

/** The roles that come with an address of the domain. */
export function rolesOfDomain(
  assignments: readonly EmailImplicitRoleAssignment[],
  domain: string
): readonly string[] {
  return assignments.filter((given) => given.domain === domain).map(({ role_id }) => role_id)
}
