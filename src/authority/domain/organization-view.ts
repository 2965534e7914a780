import type { Organization } from '../../wire/organization.ts'
import type { OrganizationRecord } from './records.ts'
import { toTimestamp } from './timestamps.ts'

/** The object of the API. SSO and SCIM connections do not exist here, so their lists are empty. */
export function viewOrganization(
  organization: OrganizationRecord
): Organization & { scim_active_connections: [] } {
  return {
    organization_id: organization.organization_id,
    organization_name: organization.organization_name,
    organization_slug: organization.organization_slug,
    organization_external_id: organization.organization_external_id,
    ...organization.settings,
    sso_active_connections: [],
    scim_active_connection: null,
    scim_active_connections: [],
    custom_roles: [...organization.custom_roles],
    trusted_metadata: organization.trusted_metadata,
    created_at: toTimestamp(organization.created_at),
    updated_at: toTimestamp(organization.updated_at)
  }
}
