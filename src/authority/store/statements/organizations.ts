import { sql } from '../sql.ts'
import { updateAtVersion } from '../table.ts'
import { organizationFields, organizations } from '../tables.ts'
import type { Statements } from './prepared.ts'

const updateOrganization = updateAtVersion(organizations, {
  of: ['organization_id'],
  keep: ['custom_roles', 'removed_roles', 'created_at']
})

/** Organizations, and the slugs and external ids that name them. */
export const organizationStatements = {
  insertOrganization: ({ organization }) => organizations.insert(organizationFields(organization)),

  updateOrganization: ({ organization }) => updateOrganization(organizationFields(organization)),

  claimIdentifier: ({ organization_id, identifier }) => sql`
    insert into organization_addresses (project_id, address, organization_id)
    values ($1, ${identifier}, ${organization_id})
    on conflict (project_id, address) do update set organization_id = excluded.organization_id
      where organization_addresses.organization_id = excluded.organization_id`,

  releaseIdentifier: ({ organization_id, identifier }) => sql`
    delete from organization_addresses
    where project_id = $1 and address = ${identifier} and organization_id = ${organization_id}`,

  deleteOrganization: ({ organization_id }) => sql`
    delete from organizations where project_id = $1 and organization_id = ${organization_id}`,

  setOrganizationRoles: ({ organization_id, custom_roles, removed_roles, version }) => sql`
    update organizations set custom_roles = ${JSON.stringify(custom_roles)},
      removed_roles = ${JSON.stringify(removed_roles)}, version = version + 1
    where project_id = $1 and organization_id = ${organization_id} and version = ${version}`
} satisfies Partial<Statements>
