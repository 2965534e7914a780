import {
  type CompiledPolicy,
  type CompiledProjectPolicy,
  compileProjectPolicy,
  compileRoles,
  type Grants
} from '../../rbac/compile-policy.ts'
import type { OrgPolicy, Policy, PolicyResource, PolicyRole } from '../../wire/rbac.ts'
import { OperationError } from './operation-error.ts'
import type { CustomPolicy, OrganizationRecord, ProjectSettings } from './records.ts'
import { removedRoles } from './removed-roles.ts'
import { adminRole, memberRole } from './roles.ts'

const updatesOfOrganization = [
  'update',
  'update.info.name',
  'update.info.slug',
  'update.info.logo-url',
  'update.settings.allowed-auth-methods',
  'update.settings.allowed-mfa-methods',
  'update.settings.email-jit-provisioning',
  'update.settings.email-invites',
  'update.settings.allowed-domains',
  'update.settings.default-sso-connection',
  'update.settings.sso-jit-provisioning',
  'update.settings.mfa-policy',
  'update.settings.implicit-roles',
  'update.settings.oauth-tenant-jit-provisioning',
  'update.settings.allowed-oauth-tenants'
]

const updatesOfSelf = [
  'update.info.name',
  'update.info.email',
  'update.info.untrusted-metadata',
  'update.info.mfa-phone',
  'update.info.delete.mfa-phone',
  'update.info.delete.mfa-totp',
  'update.info.delete.password',
  'update.info.unlink.retired-email',
  'update.settings.mfa-enrolled',
  'update.settings.default-mfa-method'
]

const onSessionsAndApps = ['revoke-sessions', 'get.connected-apps', 'revoke.connected-app']
const onConnections = ['create', 'get', 'update', 'delete']

/** What a member may be allowed to do to itself. `*` on `stytch.self` grants no more than these. */
export const selfActions: ReadonlySet<string> = new Set([
  ...updatesOfSelf,
  'delete',
  ...onSessionsAndApps
])

const builtInResources: readonly PolicyResource[] = [
  {
    resource_id: 'stytch.organization',
    description: 'Builtin resource for Stytch organization objects',
    actions: [...updatesOfOrganization, 'delete']
  },
  {
    resource_id: 'stytch.member',
    description: 'Builtin resource for Stytch member objects',
    actions: [
      'create',
      'update',
      ...updatesOfSelf,
      'update.settings.is-breakglass',
      'update.settings.roles',
      'search',
      'delete',
      'unlock',
      ...onSessionsAndApps
    ]
  },
  {
    resource_id: 'stytch.self',
    description: 'Builtin resource for the logged-in Stytch member object',
    actions: [...selfActions]
  },
  {
    resource_id: 'stytch.sso',
    description: 'Builtin resource for Stytch SSO Connection objects',
    actions: onConnections
  },
  {
    resource_id: 'stytch.scim',
    description: 'Builtin resource for Stytch SCIM Connection objects',
    actions: onConnections
  }
]

const builtInRoles: readonly PolicyRole[] = [
  {
    role_id: memberRole,
    description:
      'Granted to all Members upon creation; grants permissions already implicitly granted to logged in Members via the SDK. Cannot be deleted.',
    permissions: [{ resource_id: 'stytch.self', actions: ['*'] }]
  },
  {
    role_id: adminRole,
    description:
      'Granted to Members who create an organization through the Stytch discovery flow. Admins will also have the stytch_member role. Cannot be deleted.',
    permissions: ['stytch.organization', 'stytch.member', 'stytch.sso', 'stytch.scim'].map(
      (resource_id) => ({ resource_id, actions: ['*'] })
    )
  }
]

/**
 * The built-in roles and resources with what the project adds, but for roles that were removed before. A project may add
 * permissions to a built-in role.
 */
export function projectPolicy(custom: CustomPolicy): Policy {
  const extended = builtInRoles.map((role) => {
    const added = custom.roles.find(({ role_id }) => role_id === role.role_id)
    return { ...role, permissions: [...role.permissions, ...(added?.permissions ?? [])] }
  })
  const removed = new Set(custom.removed_roles)
  const others = custom.roles.filter(({ role_id }) => !isBuiltIn(role_id) && !removed.has(role_id))
  return {
    roles: [...extended, ...others],
    resources: [...builtInResources, ...custom.resources],
    scopes: []
  }
}

/** By what the store read, which is the same object for as long as the policy is the same. */
const compiledProjects = new WeakMap<CustomPolicy, CompiledProjectPolicy>()
const compiledRoles = new WeakMap<OrganizationRecord['custom_roles'], Grants>()

/** The policy that holds in the organization, compiled once for all calls. */
export function compiledPolicy(
  custom: CustomPolicy,
  { custom_roles }: Pick<OrganizationRecord, 'custom_roles'>
): CompiledPolicy {
  const project = compiledProjects.get(custom) ?? compileProjectPolicy(projectPolicy(custom))
  const organization = compiledRoles.get(custom_roles) ?? compileRoles(custom_roles)
  compiledProjects.set(custom, project)
  compiledRoles.set(custom_roles, organization)
  return { project, organization }
}

/** Role ids that can be assigned: those of the project and those of the organization itself. */
export function assignableRoles(
  custom: CustomPolicy,
  organization?: Pick<OrganizationRecord, 'custom_roles'>
): ReadonlySet<string> {
  const roles = [...projectPolicy(custom).roles, ...(organization?.custom_roles ?? [])]
  return new Set(roles.map(({ role_id }) => role_id))
}

/** The roles and resources that a project adds are well formed. */
export function assertProjectPolicy({ roles, resources }: CustomPolicy): void {
  if (resources.some(({ resource_id }) => isReserved(resource_id))) {
    throw new OperationError('invalid_stytch_prefixed_resource')
  }
  if (hasDuplicates(resources.map(({ resource_id }) => resource_id))) {
    throw new OperationError('rbac_resource_duplicate')
  }
  if (roles.some(({ role_id }) => isReserved(role_id) && !isBuiltIn(role_id))) {
    throw new OperationError('invalid_rbac_role_id')
  }
  assertPermissions(roles, [...builtInResources, ...resources])
}

/** The project's policy with that of its seed in the place of the one before. */
export function replacePolicy(
  before: CustomPolicy,
  given: CustomPolicy,
  { restore_removed_roles: restores }: Pick<ProjectSettings, 'restore_removed_roles'>
): CustomPolicy {
  const { roles, removed_roles = [] } = before
  const replaceable = roles.filter(({ role_id }) => !isBuiltIn(role_id))
  const replacing = { roles: given.roles, restores }
  return { ...given, removed_roles: removedRoles({ roles: replaceable, removed_roles }, replacing) }
}

/** The ids that a project names again after they were removed. */
export function deadRoles({ roles, removed_roles = [] }: CustomPolicy): readonly string[] {
  return removed_roles.filter((removed) => roles.some(({ role_id }) => role_id === removed))
}

/** An organization brings back no role that was removed, be it its own or of its project. */
export function assertNoRemovedRole({ roles }: OrgPolicy, removed: readonly string[]): void {
  if (roles.some(({ role_id }) => removed.includes(role_id))) {
    throw new OperationError('rbac_role_removed')
  }
}

/** The roles that an organization adds to its project's are well formed. It extends none of those. */
export function assertOrganizationPolicy({ roles }: OrgPolicy, project: Policy): void {
  const taken = new Set(project.roles.map(({ role_id }) => role_id))
  if (roles.some(({ role_id }) => taken.has(role_id) || isReserved(role_id))) {
    throw new OperationError('rbac_org_custom_roles_only')
  }
  assertPermissions(roles, project.resources)
}

function assertPermissions(
  roles: readonly PolicyRole[],
  resources: readonly PolicyResource[]
): void {
  if (hasDuplicates(roles.map(({ role_id }) => role_id))) {
    throw new OperationError('rbac_role_duplicate')
  }
  const actionsOf = new Map(resources.map(({ resource_id, actions }) => [resource_id, actions]))
  for (const { resource_id, actions } of roles.flatMap(({ permissions }) => permissions)) {
    const known = actionsOf.get(resource_id)
    if (known === undefined) throw new OperationError('invalid_permission_resource')
    if (actions.includes('*')) {
      if (actions.length > 1) throw new OperationError('cannot_specify_wildcard_with_other_actions')
    } else if (!actions.every((action) => known.includes(action))) {
      throw new OperationError('invalid_permission_action')
    }
  }
}

function isBuiltIn(role_id: string): boolean {
  return builtInRoles.some((role) => role.role_id === role_id)
}

/** Names that begin so are the API's, those of today and those to come. */
function isReserved(id: string): boolean {
  return id.startsWith('stytch')
}

function hasDuplicates(ids: readonly string[]): boolean {
  return new Set(ids).size < ids.length
}
