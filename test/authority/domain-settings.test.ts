import { describe, expect, test } from '@jest/globals'
import { changeMember } from '../../src/authority/domain/members.ts'
import { mergeMetadata } from '../../src/authority/domain/metadata.ts'
import {
  changeOrganization,
  createOrganization,
  slugOf
} from '../../src/authority/domain/organizations.ts'
import {
  assertOrganizationPolicy,
  assertProjectPolicy,
  projectPolicy
} from '../../src/authority/domain/policy.ts'
import { aMember, anOrganization } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const now = Date.UTC(2026, 0, 1)
const longRoles = (count: number) =>
  Array.from({ length: count }, (_, index) => `role-${index}-`.padEnd(128, 'x'))
const inDomain = (domain: string) => (role_id: string) => ({ domain, role_id })
const roles = new Set(['stytch_member', 'editor', ...longRoles(24)])
const outside = { roles, now, email_id: 'email-2', phone_id: 'phone-2' }

describe('an organization', () => {
  test.each([
    [{ auth_methods: 'RESTRICTED' }, 'allowed_auth_methods_required_for_restricted'],
    [{ mfa_methods: 'RESTRICTED' }, 'allowed_mfa_methods_required_for_restricted'],
    [{ email_invites: 'RESTRICTED' }, 'invalid_restricted_email_setting'],
    [{ email_jit_provisioning: 'RESTRICTED' }, 'invalid_restricted_email_setting'],
    [{ email_allowed_domains: ['gmail.com'] }, 'organization_settings_domain_too_common'],
    [
      { rbac_email_implicit_role_assignments: [{ domain: 'gmail.com', role_id: 'editor' }] },
      'rbac_domain_too_common'
    ],
    [
      { rbac_email_implicit_role_assignments: [{ domain: 'a.com', role_id: 'unknown' }] },
      'invalid_role'
    ],
    [
      { rbac_email_implicit_role_assignments: longRoles(8).map(inDomain('a.com')) },
      'too_many_roles'
    ],
    [{ sso_jit_provisioning: 'RESTRICTED' }, 'invalid_organization_auth_factor_setting'],
    [
      { oauth_tenant_jit_provisioning: 'RESTRICTED' },
      'invalid_organization_auth_factor_setting_for_oauth_tenant_jit_provisioning'
    ],
    [
      { oauth_tenant_jit_provisioning: 'RESTRICTED', allowed_oauth_tenants: { slack: [] } },
      'invalid_organization_auth_factor_setting_for_oauth_tenant_jit_provisioning'
    ],
    [{ organization_slug: 'organization-test-1' }, 'invalid_organization_slug'],
    [{ organization_slug: 'Member-Live-1' }, 'invalid_organization_slug'],
    [{ organization_slug: 'search' }, 'invalid_organization_slug'],
    [{ organization_slug: 'Members' }, 'invalid_organization_slug'],
    [{ organization_external_id: 'ORGANIZATION-live-1' }, 'invalid_organization_external_id'],
    [{ organization_external_id: 'search' }, 'invalid_organization_external_id'],
    [{ trusted_metadata: { a: 'x'.repeat(5000) } }, 'metadata_too_large']
  ])('is refused %j', (change, type) => {
    const changed = () => changeOrganization(anOrganization(), change, { roles, now })
    expect(thrownBy(changed)).toBe(type)
  })

  test.each([
    {
      sso_jit_provisioning: 'RESTRICTED',
      sso_jit_provisioning_allowed_connections: ['saml-connection-1']
    },
    { oauth_tenant_jit_provisioning: 'RESTRICTED', allowed_oauth_tenants: { slack: ['T1'] } },
    {
      rbac_email_implicit_role_assignments: [
        ...longRoles(7).map(inDomain('a.com')),
        ...longRoles(7).map(inDomain('b.com'))
      ]
    }
  ])('may have %j', (change) => {
    expect(changeOrganization(anOrganization(), change, { roles, now })).toMatchObject({
      settings: change
    })
  })

  test('keeps what a change leaves out', () => {
    const before = anOrganization({ mfa_policy: 'REQUIRED_FOR_ALL' })
    const after = changeOrganization(before, { organization_name: 'New' }, { roles, now: now + 1 })
    expect(after).toEqual({ ...before, organization_name: 'New', updated_at: now + 1 })
  })

  test.each([
    [{}, 'ALL_ALLOWED'],
    [{ mfa_policy: 'REQUIRED_FOR_ALL' }, 'ALL_ALLOWED'],
    [{ sso_jit_provisioning: 'NOT_ALLOWED' }, 'NOT_ALLOWED'],
    [{ sso_jit_provisioning: 'NOT_ALLOWED', email_invites: 'ALL_ALLOWED' }, 'ALL_ALLOWED']
  ])('created with %j takes invitations: %s', (settings, email_invites) => {
    const made = createOrganization(
      { organization_name: 'Acme', ...settings },
      { organization_id: 'o1', organization_slug: 'acme', roles, now }
    )
    expect(made).toMatchObject({ settings: { email_invites } })
  })

  test.each([
    ['Acme Inc.', 'acme-inc'],
    ['Zürich & Söhne', 'zurich-sohne'],
    ['日本', undefined],
    ['!?', undefined],
    ['A', 'org-a'],
    ['Search', 'org-search'],
    ['Members', 'org-members'],
    ['Organization Test', 'org-organization-test'],
    ['Organization Test Kitchen', 'org-organization-test-kitchen'],
    ['Member Live', 'org-member-live'],
    ['Organization Testing', 'organization-testing'],
    [`${'a'.repeat(99)} b`, 'a'.repeat(99)]
  ])('called %s has the slug %s', (name, slug) => {
    expect(slugOf(name)).toBe(slug)
  })
})

describe('a member', () => {
  test.each([
    [{ roles: ['unknown'] }, 'invalid_role'],
    [{ roles: longRoles(24) }, 'too_many_roles'],
    [{ external_id: 'member-test-1' }, 'invalid_argument'],
    [{ default_mfa_method: 'totp' }, 'default_mfa_member_missing_factor'],
    [{ default_mfa_method: 'sms_otp' }, 'default_mfa_member_missing_factor']
  ])('is refused %j', (change, type) => {
    expect(thrownBy(() => changeMember(aMember(), change, outside))).toBe(type)
  })

  test('cannot replace a number', () => {
    const member = aMember({ phone_id: 'phone-1', mfa_phone_number: '+12025550162' })
    const replaced = () => changeMember(member, { mfa_phone_number: '+12025550163' }, outside)
    expect(thrownBy(replaced)).toBe('duplicate_member_phone_number_for_member')
    expect(changeMember(member, { mfa_phone_number: '+12025550162' }, outside)).toMatchObject({
      phone_id: 'phone-1'
    })
  })

  test.each([
    [{ totp_registration_id: 'totp-1' }, 'totp'],
    [{ mfa_phone_number: '+12025550162', mfa_phone_number_verified: true }, 'sms_otp']
  ])('with %j may have %s as the default', (fields, default_mfa_method) => {
    const after = changeMember(aMember(fields), { default_mfa_method }, outside)
    expect(after).toMatchObject({ default_mfa_method })
  })

  test('has direct roles replaced, and keeps those of a connection', () => {
    const sso = { role_id: 'auditor', source: { type: 'sso_connection', details: {} } }
    const direct = { role_id: 'old', source: { type: 'direct_assignment', details: {} } }
    const change = { roles: ['editor', 'editor', 'stytch_member'] }
    const after = changeMember(aMember({ roles: [direct, sso] }), change, outside)
    expect(after).toMatchObject({ roles: [{ role_id: 'editor' }, sso] })
  })

  test('with a new address is unverified and without a password, and the old address is retired', () => {
    const member = aMember({ email_address_verified: true, member_password_id: 'p' })
    const after = changeMember(member, { email_address: 'New@Example.com' }, outside)
    expect(after).toMatchObject({
      email_address: 'new@example.com',
      email_id: 'email-2',
      email_address_verified: false,
      member_password_id: '',
      retired_email_addresses: [{ email_id: 'email-1', email_address: 'ada@example.com' }]
    })
  })
})

describe('metadata', () => {
  test('is merged at the top level', () => {
    expect(mergeMetadata({ a: { x: 1 }, b: 1 }, { a: { y: 2 }, b: null })).toEqual({ a: { y: 2 } })
  })

  test('has at most twenty keys', () => {
    const keys = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]))
    expect(mergeMetadata({}, keys(20))).toEqual(keys(20))
    expect(thrownBy(() => mergeMetadata({}, keys(21)))).toBe('metadata_too_many_keys')
  })
})

describe('the policy of a project', () => {
  const role = (role_id: string, resource_id: string, actions: string[]) => ({
    role_id,
    description: '',
    permissions: [{ resource_id, actions }]
  })
  const docs = { resource_id: 'docs', description: '', actions: ['read', 'write'] }

  test.each([
    [[], [{ ...docs, resource_id: 'stytch.docs' }], 'invalid_stytch_prefixed_resource'],
    [[], [{ ...docs, resource_id: 'stytchy' }], 'invalid_stytch_prefixed_resource'],
    [[], [docs, docs], 'rbac_resource_duplicate'],
    [[role('a', 'docs', ['read']), role('a', 'docs', ['read'])], [docs], 'rbac_role_duplicate'],
    [[role('a', 'none', ['read'])], [docs], 'invalid_permission_resource'],
    [[role('a', 'docs', ['fly'])], [docs], 'invalid_permission_action'],
    [[role('a', 'docs', ['*', 'read'])], [docs], 'cannot_specify_wildcard_with_other_actions'],
    [[role('stytch_super', 'docs', ['read'])], [docs], 'invalid_rbac_role_id'],
    [[role('a', 'docs', ['*']), role('b', 'stytch.member', ['update'])], [docs], undefined]
  ])('is checked (%#)', (roles, resources, type) => {
    expect(thrownBy(() => assertProjectPolicy({ roles, resources }))).toBe(type)
  })

  test('has the built-in resources and roles, and adds to them', () => {
    const policy = projectPolicy({
      roles: [role('stytch_member', 'docs', ['read'])],
      resources: [docs]
    })
    expect(policy.resources.map(({ resource_id }) => resource_id)).toEqual([
      'stytch.organization',
      'stytch.member',
      'stytch.self',
      'stytch.sso',
      'stytch.scim',
      'docs'
    ])
    expect(policy.roles.map(({ role_id }) => role_id)).toEqual(['stytch_member', 'stytch_admin'])
    expect(policy.roles[0]?.permissions).toEqual([
      { resource_id: 'stytch.self', actions: ['*'] },
      { resource_id: 'docs', actions: ['read'] }
    ])
    expect(policy.resources[1]?.actions).toContain('update')
  })

  test('cannot be redefined by an organization', () => {
    const project = projectPolicy({ roles: [role('editor', 'docs', ['read'])], resources: [docs] })
    for (const role_id of ['editor', 'stytch_admin', 'stytch_super']) {
      const refused = thrownBy(() =>
        assertOrganizationPolicy({ roles: [role(role_id, 'docs', ['*'])] }, project)
      )
      expect(refused).toBe('rbac_org_custom_roles_only')
    }
    expect(
      thrownBy(() => assertOrganizationPolicy({ roles: [role('own', 'docs', ['write'])] }, project))
    ).toBeUndefined()
  })
})
