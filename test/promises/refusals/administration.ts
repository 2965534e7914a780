import type { OperationName } from '../../../src/wire/routes.ts'
import { beginDiscovery } from '../../support/entering.ts'
import { newPhone } from '../../support/people.ts'
import type { Request } from '../../support/requests.ts'
import { changed, emailCodeTried, type Rejection, type Rule, taking } from './rule.ts'
import { claimedDomain, idsOf, newAddress, type Scene, setMember } from './scene.ts'

const organizations = taking('organization_name')
const byBackend: readonly OperationName[] = ['organizations.create', 'organizations.update']
const creatingMembers: readonly OperationName[] = ['organizations.members.create']
const updating: readonly OperationName[] = ['organizations.members.update']

const largeMetadata = { a: 'x'.repeat(5000) }
const manyKeys = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`key${index}`, 1]))

/** Roles that are there, and too many for the JWT of a session. */
const manyRoles = Array.from({ length: 40 }, (_, index) => `role-${index}-`.padEnd(100, 'x'))

/** A setting, or several that contradict each other. */
const settings: readonly (readonly [
  of: string,
  fields: Request,
  rejects: Rejection,
  some?: readonly OperationName[]
])[] = [
  [
    'restricted methods without a list of them',
    { auth_methods: 'RESTRICTED' },
    '400 allowed_auth_methods_required_for_restricted'
  ],
  [
    'restricted MFA methods without a list of them',
    { mfa_methods: 'RESTRICTED' },
    '400 allowed_mfa_methods_required_for_restricted'
  ],
  [
    'restricted invitations without domains',
    { email_invites: 'RESTRICTED' },
    '400 invalid_restricted_email_setting'
  ],
  [
    'restricted joining by e-mail without domains',
    { email_jit_provisioning: 'RESTRICTED' },
    '400 invalid_restricted_email_setting'
  ],
  [
    'restricted joining by SSO without connections',
    { sso_jit_provisioning: 'RESTRICTED' },
    '400 invalid_organization_auth_factor_setting'
  ],
  [
    'restricted joining by OAuth without tenants',
    { oauth_tenant_jit_provisioning: 'RESTRICTED' },
    '400 invalid_organization_auth_factor_setting_for_oauth_tenant_jit_provisioning'
  ],
  [
    'restricted joining by OAuth with a provider without tenants',
    { oauth_tenant_jit_provisioning: 'RESTRICTED', allowed_oauth_tenants: { slack: [] } },
    '400 invalid_organization_auth_factor_setting_for_oauth_tenant_jit_provisioning'
  ],
  [
    'an allowed domain of a common provider',
    { email_allowed_domains: ['gmail.com'] },
    '400 organization_settings_domain_too_common'
  ],
  [
    'a claimed domain of a common provider',
    { claimed_email_domains: ['gmail.com'] },
    '400 organization_settings_domain_too_common',
    byBackend
  ],
  [
    'roles for the domain of a common provider',
    { rbac_email_implicit_role_assignments: [{ domain: 'gmail.com', role_id: 'reader' }] },
    '400 rbac_domain_too_common'
  ],
  [
    'an unknown role for a domain',
    { rbac_email_implicit_role_assignments: [{ domain: 'acme.example', role_id: 'none' }] },
    '400 invalid_role'
  ],
  [
    'the slug of another organization',
    { organization_slug: 'globex' },
    '400 organization_slug_already_used'
  ],
  [
    'the external id of another organization as its slug',
    { organization_slug: 'globex.external' },
    '400 organization_slug_already_used'
  ],
  [
    'a slug that looks like an id',
    { organization_slug: 'organization-test-1' },
    '400 invalid_organization_slug'
  ],
  [
    'a slug that is a word of a path',
    { organization_slug: 'search' },
    '400 invalid_organization_slug'
  ],
  [
    'the external id of another organization',
    { organization_external_id: 'globex.external' },
    '400 organization_external_id_already_used'
  ],
  [
    'the slug of another organization as its external id',
    { organization_external_id: 'globex' },
    '400 organization_external_id_already_used'
  ],
  [
    'an external id that looks like an id',
    { organization_external_id: 'member-live-1' },
    '400 invalid_organization_external_id'
  ],
  [
    'an external id that is a word of a path',
    { organization_external_id: 'members' },
    '400 invalid_organization_external_id'
  ]
]

const search = taking('query')

/** A filter of one of the searches, with a value that it does not take. */
const filters: readonly (readonly [OperationName, string, unknown])[] = [
  ...['organization_ids', 'organization_slugs', 'member_emails'].flatMap((name) => [
    ['organizations.search', name, 'text'] as const,
    ['organizations.search', name, [5]] as const
  ]),
  ...['allowed_domains', 'claimed_email_domains'].flatMap((name) => [
    ['organizations.search', name, 'text'] as const,
    ['organizations.search', name, [5]] as const,
    ['organizations.search', name, Array(101).fill('x')] as const,
    ['organizations.search', name, ['x'.repeat(257)]] as const
  ]),
  ...[
    'organization_name_fuzzy',
    'organization_slug_fuzzy',
    'member_email_fuzzy',
    'allowed_domain_fuzzy'
  ].flatMap((name) => [
    ['organizations.search', name, 'ab'] as const,
    ['organizations.search', name, 5] as const,
    ['organizations.search', name, 'x'.repeat(257)] as const
  ]),
  ['organizations.search', 'has_active_sso_connection', 'true'],
  ['organizations.search', 'sso_connection_id', 5],
  ...['member_ids', 'member_emails', 'statuses', 'member_phone_numbers'].flatMap((name) => [
    ['organizations.members.search', name, 'text'] as const,
    ['organizations.members.search', name, [5]] as const
  ]),
  ...['member_email_fuzzy', 'member_phone_number_fuzzy'].flatMap((name) => [
    ['organizations.members.search', name, 'ab'] as const,
    ['organizations.members.search', name, 5] as const
  ]),
  ['organizations.members.search', 'member_is_breakglass', 'true']
]

/** Roles that an organization may not have. */
const policies: readonly (readonly [of: string, roles: readonly object[], rejects: Rejection])[] = [
  ['a role of the project', [role('reader')], '400 rbac_org_custom_roles_only'],
  ['a role that is built in', [role('stytch_admin')], '400 rbac_org_custom_roles_only'],
  ['a role in the name of the API', [role('stytch_own')], '400 rbac_org_custom_roles_only'],
  ['a role twice', [role('own'), role('own')], '400 rbac_role_duplicate'],
  ['an unknown resource', [role('own', 'cars')], '400 invalid_permission_resource'],
  ['an unknown action', [role('own', 'documents', ['burn'])], '400 invalid_permission_action'],
  [
    'a wildcard beside another action',
    [role('own', 'documents', ['*', 'read'])],
    '400 cannot_specify_wildcard_with_other_actions'
  ]
]

export const administrationRules: readonly Rule[] = [
  ...settings.map(
    ([of, fields, rejects, some = organizations]): Rule => ({
      of,
      operations: some,
      rejects,
      broken: (scene) => changed(scene, fields)
    })
  ),
  {
    of: 'metadata that are too large',
    operations: taking('trusted_metadata'),
    rejects: '400 metadata_too_large',
    broken: (scene) => changed(scene, { trusted_metadata: largeMetadata })
  },
  {
    of: 'metadata with too many keys',
    operations: taking('trusted_metadata'),
    rejects: '400 metadata_too_many_keys',
    broken: (scene) => changed(scene, { trusted_metadata: manyKeys })
  },
  {
    of: 'untrusted metadata that are too large',
    operations: taking('untrusted_metadata'),
    rejects: '400 metadata_too_large',
    broken: (scene) => changed(scene, { untrusted_metadata: largeMetadata })
  },
  {
    of: 'untrusted metadata with too many keys',
    operations: taking('untrusted_metadata'),
    rejects: '400 metadata_too_many_keys',
    broken: (scene) => changed(scene, { untrusted_metadata: manyKeys })
  },
  {
    of: 'a domain that another organization claims',
    operations: ['discovery.organizations.create'],
    rejects: '400 action_not_allowed_email_domain_is_claimed',
    async broken(scene) {
      const domain = await claimedDomain(scene)
      const intermediate_session_token = await beginDiscovery(scene.fixture, newAddress(domain))
      return changed(scene, { intermediate_session_token })
    }
  },

  // Members
  {
    of: 'an unknown role',
    operations: taking('roles'),
    rejects: '400 invalid_role',
    broken: (scene) => changed(scene, { roles: ['none'] })
  },
  {
    of: 'roles that are too large',
    operations: taking('roles'),
    rejects: '400 too_many_roles',
    async broken(scene) {
      await scene.fixture.client.rbac.organizations.setOrgPolicy({
        organization_id: scene.organization_id,
        org_policy: { roles: manyRoles.map((role_id) => role(role_id)) }
      })
      return changed(scene, { roles: manyRoles })
    }
  },
  {
    of: 'the address of another member',
    operations: [
      ...creatingMembers,
      ...updating,
      'magicLinks.email.invite',
      'organizations.members.startEmailUpdate'
    ],
    rejects: '400 duplicate_member_email',
    async broken(scene) {
      const { email_address } = await scene.fixture.newPerson()
      return changed(scene, { email_address })
    }
  },
  {
    of: 'an address that another member had',
    operations: [
      ...creatingMembers,
      ...updating,
      'magicLinks.email.invite',
      'otps.email.loginOrSignup',
      'magicLinks.email.loginOrSignup',
      'passwords.migrate'
    ],
    rejects: '400 retired_member_email',
    broken: async (scene) => changed(scene, { email_address: await retiredAddress(scene) })
  },
  {
    of: 'the external id of another member',
    operations: taking('external_id'),
    rejects: '400 duplicate_member_external_id',
    async broken(scene) {
      const external_id = crypto.randomUUID()
      await scene.fixture.newPerson({ external_id })
      return changed(scene, { external_id })
    }
  },
  ...['member-test-1', 'Organization-Live-1', 'passwords', 'mfa_phone_numbers'].map(
    (external_id): Rule => ({
      of: `the external id ${external_id}, which could be taken for something else`,
      operations: taking('external_id'),
      rejects: '400 invalid_argument',
      broken: (scene) => changed(scene, { external_id })
    })
  ),
  {
    of: 'the number of another member',
    operations: [
      'organizations.members.create',
      'organizations.members.update',
      'passwords.migrate'
    ],
    rejects: '400 duplicate_member_phone_number',
    async broken(scene) {
      const { mfa_phone_number } = await scene.fixture.newPhoned()
      return changed(scene, { mfa_phone_number })
    }
  },
  {
    of: 'another number than the member has',
    operations: [...updating, 'passwords.migrate'],
    rejects: '400 duplicate_member_phone_number_for_member',
    async broken(scene) {
      const person = await scene.fixture.newPerson({ mfa_phone_number: newPhone() })
      const { email_address } = person
      const named = scene.operation === 'passwords.migrate' ? { email_address } : idsOf(person)
      return changed(scene, { ...named, mfa_phone_number: newPhone() })
    }
  },
  ...['totp', 'sms_otp'].map(
    (default_mfa_method): Rule => ({
      of: `${default_mfa_method} as the default of a member who has none`,
      operations: updating,
      rejects: '400 default_mfa_member_missing_factor',
      broken: (scene) => changed(scene, { default_mfa_method })
    })
  ),
  {
    of: 'a number that is not verified as the default',
    operations: updating,
    rejects: '400 default_mfa_member_missing_factor',
    async broken(scene) {
      const person = await scene.fixture.newPhoned({}, { verified: false })
      return changed(scene, { ...idsOf(person), default_mfa_method: 'sms_otp' })
    }
  },
  {
    of: 'a member who is not deleted',
    operations: ['organizations.members.reactivate'],
    rejects: '404 no_deleted_member_found_for_reactivation',
    async broken(scene) {
      return changed(scene, idsOf(await scene.fixture.newPerson()))
    }
  },
  {
    of: 'a member who is not deleted',
    operations: ['organizations.members.erase'],
    rejects: '404 no_deleted_member_found',
    async broken(scene) {
      return changed(scene, idsOf(await scene.fixture.newPerson()))
    }
  },
  {
    of: 'a deleted member without a verified address',
    operations: ['organizations.members.reactivate'],
    rejects: '400 email_unverified_for_reactivation',
    async broken(scene) {
      const { client } = scene.fixture
      const { organization_id } = scene
      const email_address = newAddress()
      const { member_id } = await client.organizations.members.create({
        organization_id,
        email_address
      })
      await client.organizations.members.delete({ organization_id, member_id })
      return changed(scene, { member_id })
    }
  },
  {
    of: 'a deleted member whose address another member has',
    operations: ['organizations.members.reactivate'],
    rejects: '400 reactivation_email_belongs_to_another_member',
    async broken(scene) {
      const deleted = await scene.fixture.newPerson()
      await scene.fixture.client.organizations.members.delete(idsOf(deleted))
      await scene.fixture.newPerson({ email_address: deleted.email_address })
      return changed(scene, idsOf(deleted))
    }
  },
  {
    of: 'a deleted member whose external id another member has',
    operations: ['organizations.members.reactivate'],
    rejects: '400 duplicate_member_external_id',
    async broken(scene) {
      const external_id = crypto.randomUUID()
      const deleted = await scene.fixture.newPerson({ external_id })
      await scene.fixture.client.organizations.members.delete(idsOf(deleted))
      await scene.fixture.newPerson({ external_id })
      return changed(scene, idsOf(deleted))
    }
  },
  {
    of: 'a member without a number',
    operations: ['organizations.members.deleteMFAPhoneNumber'],
    rejects: '404 member_phone_number_not_found',
    async broken(scene) {
      return changed(scene, idsOf(await scene.fixture.newPerson()))
    }
  },
  {
    of: 'an unknown password',
    operations: taking('member_password_id'),
    rejects: '404 password_not_found',
    broken: (scene) => changed(scene, { member_password_id: 'member-password-test-1' })
  },
  {
    of: 'the password of a member of another organization',
    operations: taking('member_password_id'),
    rejects: '404 password_not_found',
    broken: (scene, { elsewhere: { member } }) =>
      changed(scene, { member_password_id: member.member_password_id })
  },
  {
    of: 'neither email_id nor email_address',
    operations: taking('email_id'),
    rejects: '400 retired_email_missing_email_identifiers',
    broken: (scene) => changed(scene, { email_address: undefined })
  },
  {
    of: 'an address that the member never had',
    operations: taking('email_id'),
    rejects: '404 email_not_found',
    broken: (scene) => changed(scene, { email_address: 'never@acme.example' })
  },
  {
    of: 'an email_id of another address',
    operations: taking('email_id'),
    rejects: '404 email_not_found',
    broken: (scene) => changed(scene, { email_id: 'email-test-1' })
  },

  // Changes of an address
  {
    of: 'a member who is pending',
    operations: ['organizations.members.startEmailUpdate'],
    alone: true,
    rejects: '400 email_updates_available_only_for_active_members',
    async broken(scene) {
      await setMember(scene, { status: 'pending' })
      return changed(scene, {})
    }
  },
  {
    of: 'a member whose address is not verified',
    operations: ['organizations.members.startEmailUpdate'],
    alone: true,
    rejects: '400 member_has_no_active_verified_email',
    async broken(scene) {
      await setMember(scene, { email_address_verified: 0 })
      return changed(scene, {})
    }
  },
  {
    of: 'an address that another member had',
    operations: ['organizations.members.startEmailUpdate'],
    rejects: '400 desired_email_deactivated_by_different_member',
    broken: async (scene) => changed(scene, { email_address: await retiredAddress(scene) })
  },
  {
    of: 'an address that another member is about to take',
    operations: ['organizations.members.startEmailUpdate'],
    rejects: '400 desired_email_updating_for_different_member',
    async broken(scene) {
      const email_address = newAddress()
      const another = await scene.fixture.newPerson()
      await scene.fixture.client.organizations.members.startEmailUpdate({
        ...idsOf(another),
        email_address
      })
      return changed(scene, { email_address })
    }
  },
  {
    of: 'a new address that another member took before it was verified',
    operations: ['magicLinks.authenticate', 'otps.email.authenticate'],
    rejects: '400 unable_to_verify_member_email_update',
    async broken(scene) {
      const email_address = newAddress()
      const member = await scene.fixture.newPerson()
      const byCode = scene.operation === 'otps.email.authenticate'
      await scene.fixture.client.organizations.members.startEmailUpdate({
        ...idsOf(member),
        email_address,
        delivery_method: byCode ? 'EMAIL_OTP' : 'EMAIL_MAGIC_LINK'
      })
      const [sent] = scene.fixture.sentTo(email_address)
      const another = await scene.fixture.newPerson({ email_address })
      await scene.fixture.client.organizations.members.update({
        ...idsOf(another),
        email_address: newAddress()
      })
      return changed(
        scene,
        byCode ? { email_address, code: sent?.code } : { magic_links_token: sent?.token }
      )
    },
    leaves: emailCodeTried
  },

  // Searches
  {
    of: 'an unknown filter',
    operations: search,
    rejects: (operation) =>
      operation === 'organizations.search'
        ? '400 organization_search_filter_name_not_recognized'
        : '400 member_search_filter_name_not_recognized',
    broken: (scene) => changed(scene, { query: query('color', ['red']) })
  },
  ...filters.map(
    ([operation, name, value]): Rule => ({
      of: `${name} ${JSON.stringify(value).slice(0, 40)}`,
      operations: [operation],
      rejects: '400 search_invalid_filter_value',
      broken: (scene) => changed(scene, { query: query(name, value) })
    })
  ),
  {
    of: 'a cursor that is none',
    operations: search,
    rejects: '400 search_invalid_cursor',
    broken: (scene) => changed(scene, { cursor: 'x' })
  },
  {
    of: 'the cursor of another search',
    operations: search,
    rejects: '400 search_invalid_cursor',
    async broken(scene) {
      const { organization_id } = scene
      await scene.fixture.newPerson()
      const { results_metadata } =
        scene.operation === 'organizations.search'
          ? await scene.fixture.client.organizations.search({ limit: 1 })
          : await scene.fixture.client.organizations.members.search({
              organization_ids: [organization_id],
              limit: 1
            })
      const name =
        scene.operation === 'organizations.search' ? 'organization_slugs' : 'member_emails'
      return changed(scene, { cursor: results_metadata.next_cursor, query: query(name, ['x']) })
    }
  },

  ...policies.map(
    ([of, roles, rejects]): Rule => ({
      of,
      operations: taking('org_policy'),
      rejects,
      broken: (scene) => changed(scene, { org_policy: { roles } })
    })
  ),
  {
    of: 'a role that was removed before',
    operations: taking('org_policy'),
    rejects: '400 rbac_role_removed',
    alone: true,
    async broken(scene) {
      const { organization_id, fixture } = scene
      const { setOrgPolicy } = fixture.client.rbac.organizations
      await setOrgPolicy({ organization_id, org_policy: { roles: [role('gone')] } })
      await setOrgPolicy({ organization_id, org_policy: { roles: [] } })
      return changed(scene, { org_policy: { roles: [role('gone')] } })
    }
  }
]

function query(filter_name: string, filter_value: unknown) {
  return { operator: 'AND', operands: [{ filter_name, filter_value }] }
}

function role(role_id: string, resource_id = 'documents', actions: readonly string[] = ['read']) {
  return { role_id, description: '', permissions: [{ resource_id, actions: [...actions] }] }
}

/** An address that another member had before. */
async function retiredAddress({ fixture }: Scene): Promise<string> {
  const person = await fixture.newPerson()
  const email_address = newAddress()
  await fixture.client.organizations.members.update({ ...idsOf(person), email_address })
  return person.email_address
}
