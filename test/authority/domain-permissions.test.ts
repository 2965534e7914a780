import { describe, expect, test } from '@jest/globals'
import {
  assertMayChangeMember,
  assertMayChangeOrganization,
  assertMayCreateMember
} from '../../src/authority/domain/field-permissions.ts'
import { assertPermitted, type Caller } from '../../src/authority/domain/member-permission.ts'
import { compiledPolicy } from '../../src/authority/domain/policy.ts'
import { aMember, anOrganization } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const organization = anOrganization()
const { organization_id } = organization
const self = aMember()
const other = aMember({ member_id: 'member-2' })

/** Someone whose role permits these actions on the resource, and nothing else. */
function holderOf(resource_id: string, ...actions: string[]): Caller {
  const role = { role_id: 'test', description: '', permissions: [{ resource_id, actions }] }
  const policy = compiledPolicy({ roles: [role], resources: [] }, organization)
  const recent = { hasSecondFactor: false, isRecentlyVerified: true }
  return { member_id: self.member_id, organization_id, roles: ['test'], policy, ...recent }
}

const nobody = holderOf('stytch.member')
const ordinary = { ...nobody, roles: ['stytch_member'] }
const admin = { ...nobody, roles: ['stytch_member', 'stytch_admin'] }

const denied = 'session_authorization_error'

describe('a member who acts on a member', () => {
  test.each([
    ['an ordinary member on itself', ordinary, self, 'revoke-sessions', undefined],
    ['an ordinary member on another', ordinary, other, 'revoke-sessions', denied],
    ['an admin on another', admin, other, 'revoke-sessions', undefined],
    [
      'an admin in another organization',
      admin,
      { ...other, organization_id: 'o2' },
      'revoke-sessions',
      'session_authorization_tenancy_error'
    ],
    ['someone without roles on itself', nobody, self, 'revoke-sessions', denied],
    ['an ordinary member on its own roles', ordinary, self, 'update.settings.roles', denied],
    ['an ordinary member creating', ordinary, self, 'create', denied],
    ['an ordinary member searching', ordinary, self, 'search', denied]
  ])('may what the roles say: %s', (_, caller, target, action, expected) => {
    expect(thrownBy(() => assertPermitted(caller, target, 'stytch.member', action))).toBe(expected)
  })

  test('gains nothing about the organization by stytch.self', () => {
    const caller = holderOf('stytch.self', '*')
    const target = { organization_id, member_id: self.member_id }
    expect(
      thrownBy(() => assertPermitted(caller, target, 'stytch.organization', 'update.info.name'))
    ).toBe(denied)
  })
})

/** By field: a value, the action, and whether `stytch.self` will do for oneself. */
const memberFields = [
  ['name', 'Max', 'update.info.name', true],
  ['untrusted_metadata', {}, 'update.info.untrusted-metadata', true],
  ['mfa_phone_number', '+12025550100', 'update.info.mfa-phone', true],
  ['mfa_enrolled', false, 'update.settings.mfa-enrolled', true],
  ['default_mfa_method', 'totp', 'update.settings.default-mfa-method', true],
  ['is_breakglass', false, 'update.settings.is-breakglass', false],
  ['roles', [], 'update.settings.roles', false],
  ['preserve_existing_sessions', true, 'update.settings.roles', false]
] as const

describe('a member who changes a member', () => {
  describe.each(memberFields)('%s', (field, value, action, ofSelf) => {
    const changes = { [field]: value }
    const refusal = (caller: Caller, member = other) =>
      thrownBy(() => assertMayChangeMember(caller, member, changes))

    test(`needs ${action}, and no other action will do`, () => {
      expect(refusal(holderOf('stytch.member', action))).toBeUndefined()
      expect(refusal(holderOf('stytch.member', 'update', 'create', 'search'))).toBe(denied)
      expect(refusal(holderOf('stytch.organization', '*'))).toBe(denied)
      expect(refusal(holderOf('stytch.self', '*'))).toBe(denied)
    })

    test(`${ofSelf ? 'can' : 'cannot'} be changed by the member itself`, () => {
      expect(refusal(ordinary, self)).toBe(ofSelf ? undefined : denied)
      expect(refusal(holderOf('stytch.member', action), self)).toBeUndefined()
    })
  })

  test.each(['email_address', 'unlink_email'])('%s is never changed by oneself', (field) => {
    const changes = { [field]: field === 'unlink_email' ? true : 'new@example.com' }
    const caller = holderOf('stytch.member', 'update.info.email')
    expect(thrownBy(() => assertMayChangeMember(caller, other, changes))).toBeUndefined()
    expect(thrownBy(() => assertMayChangeMember(ordinary, other, changes))).toBe(denied)
    for (const someone of [caller, ordinary, admin]) {
      expect(thrownBy(() => assertMayChangeMember(someone, self, changes))).toBe(
        'member_cannot_update_their_email_address'
      )
    }
  })

  test.each([
    [{ trusted_metadata: {} }, 'cannot_update_trusted_metadata'],
    [{ external_id: 'x' }, denied]
  ])('%j is the backend alone to write', (changes, expected) => {
    expect(thrownBy(() => assertMayChangeMember(admin, other, changes))).toBe(expected)
    expect(thrownBy(() => assertMayChangeMember(admin, self, changes))).toBe(expected)
  })

  test('needs every action of several fields', () => {
    const caller = holderOf('stytch.member', 'update.info.name')
    expect(thrownBy(() => assertMayChangeMember(caller, other, { name: 'X' }))).toBeUndefined()
    expect(thrownBy(() => assertMayChangeMember(caller, other, { name: 'X', roles: [] }))).toBe(
      denied
    )
  })

  test('does not see a member by changing nothing', () => {
    expect(thrownBy(() => assertMayChangeMember(ordinary, other, {}))).toBe(denied)
    expect(thrownBy(() => assertMayChangeMember(admin, other, {}))).toBeUndefined()
  })
})

describe('a member who creates a member', () => {
  const email_address = 'new@example.com'
  const plain = {
    email_address,
    name: 'Max',
    mfa_enrolled: true,
    mfa_phone_number: '+12025550100',
    untrusted_metadata: {},
    create_member_as_pending: true
  }

  test('needs create, and no other action will do', () => {
    const creator = holderOf('stytch.member', 'create')
    expect(thrownBy(() => assertMayCreateMember(creator, organization, plain))).toBeUndefined()
    for (const caller of [ordinary, holderOf('stytch.member', 'update', 'update.info.name')]) {
      expect(thrownBy(() => assertMayCreateMember(caller, organization, plain))).toBe(denied)
    }
  })

  test.each([
    [{ roles: ['stytch_admin'] }, 'update.settings.roles'],
    [{ is_breakglass: true }, 'update.settings.is-breakglass']
  ])('gives no more than by changing one: %j needs %s as well', (fields, action) => {
    const request = { email_address, ...fields }
    const creator = holderOf('stytch.member', 'create')
    expect(thrownBy(() => assertMayCreateMember(creator, organization, request))).toBe(denied)
    const both = holderOf('stytch.member', 'create', action)
    expect(thrownBy(() => assertMayCreateMember(both, organization, request))).toBeUndefined()
    const one = holderOf('stytch.member', action)
    expect(thrownBy(() => assertMayCreateMember(one, organization, request))).toBe(denied)
  })

  test.each([
    [{ trusted_metadata: {} }, 'cannot_update_trusted_metadata'],
    [{ external_id: 'x' }, denied]
  ])('%j is the backend alone to write', (fields, expected) => {
    expect(
      thrownBy(() => assertMayCreateMember(admin, organization, { email_address, ...fields }))
    ).toBe(expected)
  })
})

const organizationFields = [
  ['organization_name', 'X', 'update.info.name'],
  ['organization_slug', 'xx', 'update.info.slug'],
  ['organization_logo_url', '', 'update.info.logo-url'],
  ['sso_default_connection_id', 'x', 'update.settings.default-sso-connection'],
  ['sso_jit_provisioning', 'ALL_ALLOWED', 'update.settings.sso-jit-provisioning'],
  ['sso_jit_provisioning_allowed_connections', [], 'update.settings.sso-jit-provisioning'],
  ['email_allowed_domains', [], 'update.settings.allowed-domains'],
  ['email_jit_provisioning', 'NOT_ALLOWED', 'update.settings.email-jit-provisioning'],
  ['email_invites', 'ALL_ALLOWED', 'update.settings.email-invites'],
  ['auth_methods', 'ALL_ALLOWED', 'update.settings.allowed-auth-methods'],
  ['allowed_auth_methods', [], 'update.settings.allowed-auth-methods'],
  ['mfa_policy', 'OPTIONAL', 'update.settings.mfa-policy'],
  ['mfa_methods', 'ALL_ALLOWED', 'update.settings.allowed-mfa-methods'],
  ['allowed_mfa_methods', [], 'update.settings.allowed-mfa-methods'],
  ['rbac_email_implicit_role_assignments', [], 'update.settings.implicit-roles'],
  ['oauth_tenant_jit_provisioning', 'NOT_ALLOWED', 'update.settings.oauth-tenant-jit-provisioning'],
  ['allowed_oauth_tenants', {}, 'update.settings.allowed-oauth-tenants']
] as const

describe('a member who changes an organization', () => {
  test.each(organizationFields)('%s: %j needs %s', (field, value, action) => {
    const changes = { [field]: value }
    const refusal = (caller: Caller) =>
      thrownBy(() => assertMayChangeOrganization(caller, organization, changes))
    expect(refusal(holderOf('stytch.organization', action))).toBeUndefined()
    expect(refusal(admin)).toBeUndefined()
    expect(refusal(ordinary)).toBe(denied)
    expect(refusal(holderOf('stytch.organization', 'update', 'delete'))).toBe(denied)
    expect(refusal(holderOf('stytch.member', '*'))).toBe(denied)
    const elsewhere = { ...organization, organization_id: 'o2' }
    expect(thrownBy(() => assertMayChangeOrganization(admin, elsewhere, changes))).toBe(
      'session_authorization_tenancy_error'
    )
  })

  test.each([
    [{ trusted_metadata: {} }, 'cannot_update_trusted_metadata'],
    [{ organization_external_id: 'x' }, denied],
    [{ claimed_email_domains: [] }, denied],
    [{ first_party_connected_apps_allowed_type: 'ALL_ALLOWED' }, denied],
    [{ allowed_first_party_connected_apps: [] }, denied],
    [{ third_party_connected_apps_allowed_type: 'ALL_ALLOWED' }, denied],
    [{ allowed_third_party_connected_apps: [] }, denied]
  ])('%j is the backend alone to write', (changes, expected) => {
    expect(thrownBy(() => assertMayChangeOrganization(admin, organization, changes))).toBe(expected)
  })

  test('does not see it by changing nothing', () => {
    expect(thrownBy(() => assertMayChangeOrganization(ordinary, organization, {}))).toBe(denied)
    expect(thrownBy(() => assertMayChangeOrganization(admin, organization, {}))).toBeUndefined()
  })
})
