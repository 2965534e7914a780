import { createMember } from '../../src/authority/domain/members.ts'
import { createOrganization } from '../../src/authority/domain/organizations.ts'
import type {
  MemberRecord,
  OrganizationRecord,
  StoredSettings
} from '../../src/authority/domain/records.ts'

/** Facts for the rules: an organization and an active member of it, as they are at the beginning. */

const now = Date.UTC(2026, 0, 1)

export function anOrganization(settings: Partial<StoredSettings> = {}): OrganizationRecord {
  const made = createOrganization(
    { organization_name: 'Acme' },
    { organization_id: 'organization-1', organization_slug: 'acme', roles: new Set(), now }
  )
  return { ...made, settings: { ...made.settings, ...settings } }
}

export function aMember(fields: Partial<MemberRecord> = {}): MemberRecord {
  const made = createMember(
    'organization-1',
    'member-1',
    { email_address: 'ada@example.com' },
    { email_id: 'email-1', phone_id: 'phone-1', roles: new Set(), now }
  )
  return { ...made, ...fields }
}
