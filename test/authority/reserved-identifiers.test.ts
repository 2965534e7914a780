import { expect, test } from '@jest/globals'
import { changeMember } from '../../src/authority/domain/members.ts'
import { changeOrganization, createOrganization } from '../../src/authority/domain/organizations.ts'
import type { MemberRecord } from '../../src/authority/domain/records.ts'

const context = { roles: new Set<string>(), now: 0 }

function create(organization_slug: string) {
  const organization_id = 'organization-test-1'
  const request = { organization_name: 'Acme' }
  return createOrganization(request, { organization_id, organization_slug, ...context })
}

test.each(['search', 'members', 'Members', 'recover', 'rotate'])(
  'no organization is named %s',
  (word) => {
    expect(() => create(word)).toThrow('organization_slug')
    const organization = create('acme')
    for (const name of ['organization_slug', 'organization_external_id']) {
      expect(() => changeOrganization(organization, { [name]: word }, context)).toThrow(name)
    }
  }
)

test('an organization that was named so before keeps its name when another thing is changed', () => {
  const named = { organization_slug: 'recover', organization_external_id: 'rotate' }
  const old = { ...create('acme'), ...named }
  const changed = changeOrganization(old, { organization_name: 'New', ...named }, context)
  expect(changed).toMatchObject({ organization_name: 'New', ...named })
})

test('a member that was named so before keeps its external id when another thing is changed', () => {
  const old = {
    external_id: 'passwords',
    name: 'Ada',
    trusted_metadata: {},
    untrusted_metadata: {},
    email_address: 'ada@acme.test',
    retired_email_addresses: []
  } as unknown as MemberRecord
  const members = { ...context, phone_id: 'p', email_id: 'e' } as never
  expect(changeMember(old, { name: 'Eve' }, members)).toMatchObject({
    name: 'Eve',
    external_id: 'passwords'
  })
  expect(() => changeMember(old, { external_id: 'mfa_phone_numbers' }, members)).toThrow(
    'invalid_argument'
  )
})
