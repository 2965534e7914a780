import type { ErrorType } from '../../wire/error-types.ts'
import type { B2BOrganizationsUpdateRequest } from '../../wire/organizations.ts'
import type {
  B2BOrganizationsMembersCreateRequest,
  B2BOrganizationsMembersUpdateRequest
} from '../../wire/organizations-members.ts'
import { assertMayInvite } from './invitations.ts'
import {
  assertMayWeakenSelf,
  assertPermitted,
  assigningRoles,
  type Caller,
  isSelf
} from './member-permission.ts'
import { OperationError } from './operation-error.ts'
import type { MemberRecord, OrganizationRecord } from './records.ts'

type OrganizationChanges = Omit<B2BOrganizationsUpdateRequest, 'organization_id'>
type MemberChanges = Omit<B2BOrganizationsMembersUpdateRequest, 'organization_id' | 'member_id'>
type NewMember = Omit<B2BOrganizationsMembersCreateRequest, 'organization_id'>

/** The action that a field needs, or the error by which every member session is denied. */
type FieldRule = string | { readonly denied: ErrorType }
type FieldRules<Fields> = { readonly [Field in keyof Fields]-?: FieldRule }

/** What only the backend does, whatever the roles of a member say. */
const backendOnly: FieldRule = { denied: 'session_authorization_error' }
const trusted: FieldRule = { denied: 'cannot_update_trusted_metadata' }

/** The actions are on `stytch.organization`. */
const organizationFields: FieldRules<OrganizationChanges> = {
  organization_name: 'update.info.name',
  organization_slug: 'update.info.slug',
  organization_logo_url: 'update.info.logo-url',
  organization_external_id: backendOnly,
  trusted_metadata: trusted,
  sso_default_connection_id: 'update.settings.default-sso-connection',
  sso_jit_provisioning: 'update.settings.sso-jit-provisioning',
  sso_jit_provisioning_allowed_connections: 'update.settings.sso-jit-provisioning',
  email_allowed_domains: 'update.settings.allowed-domains',
  email_jit_provisioning: 'update.settings.email-jit-provisioning',
  email_invites: 'update.settings.email-invites',
  auth_methods: 'update.settings.allowed-auth-methods',
  allowed_auth_methods: 'update.settings.allowed-auth-methods',
  mfa_policy: 'update.settings.mfa-policy',
  mfa_methods: 'update.settings.allowed-mfa-methods',
  allowed_mfa_methods: 'update.settings.allowed-mfa-methods',
  rbac_email_implicit_role_assignments: 'update.settings.implicit-roles',
  oauth_tenant_jit_provisioning: 'update.settings.oauth-tenant-jit-provisioning',
  allowed_oauth_tenants: 'update.settings.allowed-oauth-tenants',
  claimed_email_domains: backendOnly,
  first_party_connected_apps_allowed_type: backendOnly,
  allowed_first_party_connected_apps: backendOnly,
  third_party_connected_apps_allowed_type: backendOnly,
  allowed_third_party_connected_apps: backendOnly
}

/** The actions are on `stytch.member`, or on `stytch.self` where that has the action. */
const memberFields: FieldRules<MemberChanges> = {
  name: 'update.info.name',
  untrusted_metadata: 'update.info.untrusted-metadata',
  trusted_metadata: trusted,
  external_id: backendOnly,
  email_address: 'update.info.email',
  unlink_email: 'update.info.email',
  mfa_phone_number: 'update.info.mfa-phone',
  mfa_enrolled: 'update.settings.mfa-enrolled',
  default_mfa_method: 'update.settings.default-mfa-method',
  is_breakglass: 'update.settings.is-breakglass',
  roles: assigningRoles,
  preserve_existing_sessions: assigningRoles
}

/** The actions are on `stytch.member`. A caller that may create members may not thereby give more than by changing them. */
const newMemberFields: FieldRules<NewMember> = {
  email_address: 'create',
  create_member_as_pending: 'create',
  name: 'create',
  untrusted_metadata: 'create',
  mfa_phone_number: 'create',
  mfa_enrolled: 'create',
  trusted_metadata: trusted,
  external_id: backendOnly,
  is_breakglass: memberFields.is_breakglass,
  roles: memberFields.roles
}

/** A member may make these changes to an organization: all of them, or none is made. */
export function assertMayChangeOrganization(
  caller: Caller,
  organization: OrganizationRecord,
  changes: OrganizationChanges
): void {
  assertRules(rulesOf(changes, organizationFields, 'update'), (action) =>
    assertPermitted(caller, organization, 'stytch.organization', action)
  )
}

/** The same for a member. A member's own address changes only by a sign-in with the new one. */
export function assertMayChangeMember(
  caller: Caller,
  member: MemberRecord,
  changes: MemberChanges
): void {
  const { email_address, unlink_email } = changes
  const changesAddress = email_address !== undefined || unlink_email !== undefined
  if (changesAddress && isSelf(caller, member)) {
    throw new OperationError('member_cannot_update_their_email_address')
  }
  assertRules(rulesOf(changes, memberFields, 'update'), (action) =>
    assertPermitted(caller, member, 'stytch.member', action)
  )
  if (isSelf(caller, member) && isWeakening(caller, changes)) assertMayWeakenSelf(caller)
}

/** Fewer second factors at a sign-in, another one, or exemption from the rules of the organization. The first is free. */
function isWeakening(
  { hasSecondFactor }: Caller,
  { mfa_enrolled, default_mfa_method, mfa_phone_number, is_breakglass }: MemberChanges
): boolean {
  return (
    mfa_enrolled === false ||
    default_mfa_method !== undefined ||
    is_breakglass === true ||
    (hasSecondFactor && mfa_phone_number !== undefined)
  )
}

/**
 * A member gives another one back nothing that it could not have given: roles, exemption from the rules, and an address that
 * the organization does not let its members bring in.
 */
export function assertMayReactivate(
  caller: Caller,
  organization: OrganizationRecord,
  { email_address, roles, is_breakglass }: MemberRecord
): void {
  assertMayCreateMember(caller, organization, {
    email_address,
    ...(roles.length > 0 && { roles: roles.map(({ role_id }) => role_id) }),
    ...(is_breakglass && { is_breakglass })
  })
  assertMayInvite(organization, email_address)
}

/** A member may create another with these fields. */
export function assertMayCreateMember(
  caller: Caller,
  organization: OrganizationRecord,
  fields: NewMember
): void {
  assertRules(rulesOf(fields, newMemberFields, 'create'), (action) =>
    assertPermitted(caller, organization, 'stytch.member', action)
  )
}

/** A call without any field still shows what it is about, so it needs the action of the call as a whole. */
function rulesOf<Fields extends object>(
  fields: Fields,
  rules: FieldRules<Fields>,
  whole: string
): readonly FieldRule[] {
  const given = Object.entries<FieldRule>(rules).filter(
    ([field]) => Reflect.get(fields, field) !== undefined
  )
  return given.length === 0 ? [whole] : given.map(([, rule]) => rule)
}

/** The first field that is denied says why. */
function assertRules(rules: readonly FieldRule[], assertAction: (action: string) => void): void {
  for (const rule of rules) {
    if (typeof rule !== 'string') throw new OperationError(rule.denied)
    assertAction(rule)
  }
}
