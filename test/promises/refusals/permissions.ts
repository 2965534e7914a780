import { authorizationHeaders } from '../../../src/wire/authorization.ts'
import type { OperationName } from '../../../src/wire/routes.ts'
import type { Pair } from '../../support/people.ts'
import type { Request } from '../../support/requests.ts'
import { withOtherSignature } from '../../support/session-jwts.ts'
import {
  changed,
  except,
  operations,
  type Rejection,
  type Rule,
  routeOf,
  type Sent,
  taking
} from './rule.ts'
import { idsOf, type Scene } from './scene.ts'

/** Calls with the session of a member, who may do less than the backend. */
const byMember = operations.filter((operation) => routeOf(operation).takesAuthorization)

/** What no role permits. */
const backendOnly: readonly OperationName[] = [
  'organizations.deleteExternalId',
  'organizations.members.deleteExternalId'
]

const denied = '403 session_authorization_error'
const tenancy = '403 session_authorization_tenancy_error'

/** The action that the field needs, a value of the field, and who is rejected whatever the roles say. */
interface Field {
  readonly action: string
  readonly value: unknown
}

/** On `stytch.organization`. */
export const organizationFields: Readonly<Record<string, Field>> = {
  organization_name: { action: 'update.info.name', value: 'X' },
  organization_slug: { action: 'update.info.slug', value: 'another-slug' },
  organization_logo_url: { action: 'update.info.logo-url', value: 'https://acme.example/logo' },
  sso_default_connection_id: { action: 'update.settings.default-sso-connection', value: 'saml-1' },
  sso_jit_provisioning: { action: 'update.settings.sso-jit-provisioning', value: 'NOT_ALLOWED' },
  sso_jit_provisioning_allowed_connections: {
    action: 'update.settings.sso-jit-provisioning',
    value: ['saml-1']
  },
  email_allowed_domains: { action: 'update.settings.allowed-domains', value: ['acme.example'] },
  email_jit_provisioning: {
    action: 'update.settings.email-jit-provisioning',
    value: 'NOT_ALLOWED'
  },
  email_invites: { action: 'update.settings.email-invites', value: 'NOT_ALLOWED' },
  auth_methods: { action: 'update.settings.allowed-auth-methods', value: 'ALL_ALLOWED' },
  allowed_auth_methods: { action: 'update.settings.allowed-auth-methods', value: ['password'] },
  mfa_policy: { action: 'update.settings.mfa-policy', value: 'OPTIONAL' },
  mfa_methods: { action: 'update.settings.allowed-mfa-methods', value: 'ALL_ALLOWED' },
  allowed_mfa_methods: { action: 'update.settings.allowed-mfa-methods', value: ['totp'] },
  rbac_email_implicit_role_assignments: {
    action: 'update.settings.implicit-roles',
    value: [{ domain: 'acme.example', role_id: 'reader' }]
  },
  oauth_tenant_jit_provisioning: {
    action: 'update.settings.oauth-tenant-jit-provisioning',
    value: 'NOT_ALLOWED'
  },
  allowed_oauth_tenants: {
    action: 'update.settings.allowed-oauth-tenants',
    value: { slack: ['T1'] }
  }
}

/** Only the backend writes them, whatever the roles of a member say. */
export const organizationFieldsOfBackend: Request = {
  organization_external_id: 'another',
  claimed_email_domains: ['acme.example'],
  first_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_first_party_connected_apps: ['a'],
  third_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_third_party_connected_apps: ['a']
}

/** On `stytch.member`. */
export const memberFields: Readonly<Record<string, Field>> = {
  name: { action: 'update.info.name', value: 'X' },
  untrusted_metadata: { action: 'update.info.untrusted-metadata', value: { theme: 'dark' } },
  email_address: { action: 'update.info.email', value: 'another@acme.example' },
  unlink_email: { action: 'update.info.email', value: true },
  mfa_phone_number: { action: 'update.info.mfa-phone', value: '+12025550123' },
  mfa_enrolled: { action: 'update.settings.mfa-enrolled', value: true },
  default_mfa_method: { action: 'update.settings.default-mfa-method', value: 'totp' },
  is_breakglass: { action: 'update.settings.is-breakglass', value: true },
  roles: { action: 'update.settings.roles', value: ['reader'] },
  preserve_existing_sessions: { action: 'update.settings.roles', value: true }
}

/** Who may create members gives them no more than by changing them. */
const newMemberFields: Readonly<Record<string, Field>> = {
  is_breakglass: { action: 'update.settings.is-breakglass', value: true },
  roles: { action: 'update.settings.roles', value: ['reader'] }
}

const creating: readonly OperationName[] = [
  'organizations.members.create',
  'magicLinks.email.invite'
]
const updating = 'organizations.members.update'

export const permissionRules: readonly Rule[] = [
  {
    of: 'a member who has no permission',
    operations: byMember,
    rejects: denied,
    async broken(scene) {
      return as(await scene.fixture.signIn(await scene.fixture.newPerson()), scene.request)
    }
  },
  {
    of: 'an administrator of another organization',
    operations: byMember,
    rejects: tenancy,
    broken: ({ request }, { elsewhere }) => as(elsewhere, request)
  },
  {
    of: 'an administrator, where only the backend may',
    operations: backendOnly,
    rejects: denied,
    broken: async (scene) => as(await adminOf(scene), scene.request)
  },
  {
    of: 'an administrator who names an organization that does not exist',
    operations: except(byMember, 'sessions.revoke', 'organizations.members.search'),
    rejects: tenancy,
    async broken(scene) {
      const organization_id = 'organization-test-nowhere'
      return as(await adminOf(scene), { ...scene.request, organization_id })
    }
  },
  {
    of: 'an administrator who also names another organization',
    operations: ['organizations.members.search'],
    rejects: tenancy,
    async broken(scene, { elsewhere }) {
      const organization_ids = [scene.organization_id, elsewhere.organization_id]
      return as(await adminOf(scene), { organization_ids })
    }
  },
  {
    of: 'a member session token that is malformed',
    operations: byMember,
    rejects: '400 invalid_session_token',
    broken: ({ request }) => as({ session_token: 'short' }, request)
  },
  {
    of: 'a member session token that is empty',
    operations: byMember,
    rejects: '400 invalid_session_token',
    broken: ({ request }) => as({ session_token: '' }, request)
  },
  {
    of: 'a member session token that is unknown',
    operations: byMember,
    rejects: '404 session_not_found',
    broken: ({ request }) => as({ session_token: 'A'.repeat(44) }, request)
  },
  {
    of: 'a member session that was revoked',
    operations: byMember,
    rejects: '404 session_not_found',
    broken: ({ request }, { ended: { session_token } }) => as({ session_token }, request)
  },
  {
    of: 'a member session that has expired',
    operations: byMember,
    rejects: '404 session_not_found',
    broken: ({ request }, { expired: { session_token } }) => as({ session_token }, request)
  },
  {
    of: 'a member session of another project',
    operations: byMember,
    rejects: '404 session_not_found',
    broken: ({ request }, { otherProject: { session_token } }) => as({ session_token }, request)
  },
  {
    of: 'a member session JWT that is malformed',
    operations: byMember,
    rejects: '400 unable_to_parse_session_jwt',
    broken: ({ request }) => as({ session_jwt: 'a.b.c' }, request)
  },
  {
    of: 'a member session JWT with another signature',
    operations: byMember,
    rejects: '404 session_not_found',
    broken: ({ request }, { elsewhere }) =>
      as({ session_jwt: withOtherSignature(elsewhere.session_jwt) }, request)
  },
  {
    of: 'the JWT of a member session that was revoked',
    operations: byMember,
    rejects: '404 session_not_found',
    broken: ({ request }, { ended: { session_jwt } }) => as({ session_jwt }, request)
  },
  {
    of: 'token and JWT of two member sessions',
    operations: byMember,
    rejects: '400 too_many_session_arguments',
    async broken(scene, { elsewhere: { session_jwt } }) {
      const { session_token } = await adminOf(scene)
      return as({ session_token, session_jwt }, scene.request)
    }
  },

  ...Object.entries(organizationFields).map(([field, { action, value }]) =>
    fieldRule(field, value, {
      operations: ['organizations.update'],
      permissions: {
        'stytch.organization': actionsBeside(organizationFields, action)
      }
    })
  ),
  ...Object.entries(organizationFieldsOfBackend).map(([field, value]) =>
    backendFieldRule(field, value, ['organizations.update'])
  ),
  ...Object.entries(memberFields).map(([field, { action, value }]) =>
    fieldRule(field, value, {
      operations: [updating],
      permissions: { 'stytch.member': actionsBeside(memberFields, action) }
    })
  ),
  ...Object.entries(newMemberFields).map(([field, { action, value }]) =>
    fieldRule(field, value, {
      operations: creating.filter((operation) => taking(field).includes(operation)),
      permissions: {
        'stytch.member': ['create', ...actionsBeside(memberFields, action)]
      }
    })
  ),
  {
    of: 'a member who may change members, where creating is needed',
    operations: [...creating, 'organizations.members.reactivate'],
    rejects: denied,
    async broken(scene) {
      const actions = actionsBeside(memberFields, 'create')
      return as(await memberWith(scene, { 'stytch.member': actions }), scene.request)
    }
  },
  backendFieldRule('external_id', 'another', [updating, 'organizations.members.create']),
  backendFieldRule(
    'trusted_metadata',
    { tier: 1 },
    ['organizations.update', updating, ...creating],
    '401 cannot_update_trusted_metadata'
  ),
  ...['roles', 'is_breakglass', 'preserve_existing_sessions'].map(
    (field): Rule => ({
      of: `${field} of itself, by a member`,
      operations: [updating],
      rejects: denied,
      async broken(scene) {
        const person = await scene.fixture.newPerson()
        const request = { ...idsOf(person), [field]: memberFields[field]?.value }
        return as(await scene.fixture.signIn(person), request)
      }
    })
  ),
  ...['email_address', 'unlink_email'].map(
    (field): Rule => ({
      of: `${field} of itself, by an administrator`,
      operations: [updating],
      rejects: '403 member_cannot_update_their_email_address',
      async broken(scene) {
        const person = await scene.fixture.newPerson({ roles: ['stytch_admin'] })
        const request = { ...idsOf(person), [field]: memberFields[field]?.value }
        return as(await scene.fixture.signIn(person), request)
      }
    })
  )
]

/** A field that the member may not write, who may write all others. */
function fieldRule(
  field: string,
  value: unknown,
  {
    operations: some,
    permissions
  }: { readonly operations: readonly OperationName[]; readonly permissions: Permissions }
): Rule {
  return {
    of: `${field} by a member who may write all but that`,
    operations: some,
    rejects: denied,
    async broken(scene) {
      const { request = {} } = changed(scene, { [field]: value })
      return as(await memberWith(scene, permissions), request)
    }
  }
}

function backendFieldRule(
  field: string,
  value: unknown,
  some: readonly OperationName[],
  rejects: Rejection = denied
): Rule {
  return {
    of: `${field} by an administrator`,
    operations: some,
    rejects,
    broken: async (scene) => as(await adminOf(scene), { ...scene.request, [field]: value })
  }
}

type Permissions = Readonly<Record<string, readonly string[]>>

function actionsBeside(fields: Readonly<Record<string, Field>>, action: string): readonly string[] {
  const actions = new Set(Object.values(fields).map((field) => field.action))
  actions.delete(action)
  return [...actions]
}

/** A session of an administrator of the scene's organization. */
export async function adminOf({ fixture }: Scene): Promise<Pair> {
  return fixture.signIn(await fixture.newPerson({ roles: ['stytch_admin'] }))
}

/** A session of a member whose one role permits this and no more. */
async function memberWith(
  { fixture, organization_id }: Scene,
  permissions: Permissions
): Promise<Pair> {
  const role = {
    role_id: 'own',
    description: '',
    permissions: Object.entries(permissions).map(([resource_id, actions]) => ({
      resource_id,
      actions: [...actions]
    }))
  }
  await fixture.client.rbac.organizations.setOrgPolicy({
    organization_id,
    org_policy: { roles: [role] }
  })
  return fixture.signIn(await fixture.newPerson({ organization_id, roles: ['own'] }))
}

/** The request with a member session in the headers. */
export function as(
  {
    session_token,
    session_jwt
  }: { readonly session_token?: string; readonly session_jwt?: string },
  request: Request
): Sent {
  const given = Object.entries({ session_token, session_jwt }).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [[authorizationHeaders[name as keyof typeof authorizationHeaders], value]]
  )
  return { request, headers: Object.fromEntries(given) }
}
