import { expect, test } from '@jest/globals'
import { type Applicant, assertJitRule, findJitRule } from '../../src/authority/domain/admission.ts'
import { nameFromEmail } from '../../src/authority/domain/organizations.ts'
import type { StoredSettings } from '../../src/authority/domain/records.ts'
import { anOrganization } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const applicant: Applicant = {
  email_address: 'ada@acme.example',
  oauth_tenants: [{ provider: 'slack', tenant: 'T1' }],
  claimedBy: [],
  hasDomainMember: true
}
const byDomain = { email_jit_provisioning: 'RESTRICTED', email_allowed_domains: ['acme.example'] }
const byTenant = {
  oauth_tenant_jit_provisioning: 'RESTRICTED',
  allowed_oauth_tenants: { slack: ['T1', 'T2'] }
}

test.each<[string, Partial<StoredSettings>, Partial<Applicant>, string]>([
  ['the domain is listed', byDomain, {}, 'eligible_to_join_by_email_domain'],
  [
    'it claims the domain itself',
    byDomain,
    { claimedBy: ['organization-1'] },
    'eligible_to_join_by_email_domain'
  ],
  [
    'another claims the domain',
    { ...byDomain, ...byTenant },
    { claimedBy: ['organization-1', 'organization-2'] },
    'action_not_allowed_email_domain_is_claimed'
  ],
  [
    'no member has a verified address of the domain',
    byDomain,
    { hasDomainMember: false },
    'invalid_email_for_jit_provisioning'
  ],
  [
    'a domain below is not listed',
    byDomain,
    { email_address: 'ada@sub.acme.example' },
    'invalid_email_for_jit_provisioning'
  ],
  [
    'the listed domain is but an end of it',
    byDomain,
    { email_address: 'ada@evil-acme.example' },
    'invalid_email_for_jit_provisioning'
  ],
  [
    'the domain is listed but provisioning is off',
    { email_allowed_domains: ['acme.example'] },
    {},
    'email_jit_provisioning_not_allowed'
  ],
  ['the tenant is listed', byTenant, {}, 'eligible_to_join_by_oauth_tenant'],
  [
    'the tenant is listed, where no member has the domain',
    { ...byDomain, ...byTenant },
    { hasDomainMember: false },
    'eligible_to_join_by_oauth_tenant'
  ],
  [
    'the tenant is listed for another provider',
    byTenant,
    { oauth_tenants: [{ provider: 'hubspot', tenant: 'T1' }] },
    'invalid_oauth_tenant_for_jit_provisioning'
  ],
  [
    'the provider is a name that every object has',
    byTenant,
    { oauth_tenants: [{ provider: 'constructor', tenant: 'name' }] },
    'invalid_oauth_tenant_for_jit_provisioning'
  ],
  [
    'the tenant is listed but provisioning is off',
    { allowed_oauth_tenants: { slack: ['T1'] } },
    {},
    'email_jit_provisioning_not_allowed'
  ],
  ['there is no tenant', byTenant, { oauth_tenants: [] }, 'email_jit_provisioning_not_allowed'],
  ['no rule is set', {}, {}, 'email_jit_provisioning_not_allowed']
])('where %s, %j says of %j: %s', (_, settings, fields, expected) => {
  const organization = anOrganization(settings)
  const rule = findJitRule(organization, { ...applicant, ...fields })
  const error = thrownBy(() => assertJitRule(organization, { ...applicant, ...fields }))
  expect(rule?.type ?? error).toBe(expected)
  expect(error === undefined).toBe(rule !== undefined)
})

test.each([
  ['ada@acme.example', 'acme.example'],
  ['ada@gmail.com', 'ada'],
  ['ada@mit.edu', 'ada'],
  [`ada@${'a'.repeat(63)}.${'b'.repeat(63)}.example`, `${'a'.repeat(63)}.${'b'.repeat(63)}.`]
])('the organization of %s is called %s', (email_address, name) => {
  expect(nameFromEmail(email_address)).toBe(name.slice(0, 128))
})
