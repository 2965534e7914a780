import type { Statements } from './prepared.ts'

/** Organizations, and the slugs and external ids that name them. */
export const organizationStatements = {
  insertOrganization({ organization }) {
    const { email_allowed_domains, claimed_email_domains, ...settings } = organization.settings
    return [
      `insert into organizations (project_id, organization_id, organization_name, folded_name,
         organization_slug, organization_external_id, email_allowed_domains, claimed_email_domains,
         settings, trusted_metadata, custom_roles, version, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      organization.organization_id,
      organization.organization_name,
      organization.organization_name.toLowerCase(),
      organization.organization_slug,
      organization.organization_external_id,
      JSON.stringify(email_allowed_domains),
      JSON.stringify(claimed_email_domains),
      JSON.stringify(settings),
      JSON.stringify(organization.trusted_metadata),
      JSON.stringify(organization.custom_roles),
      organization.version,
      organization.created_at,
      organization.updated_at
    ]
  },

  updateOrganization({ organization }) {
    const { email_allowed_domains, claimed_email_domains, ...settings } = organization.settings
    return [
      `update organizations set organization_name = $2, folded_name = $3, organization_slug = $4,
         organization_external_id = $5, email_allowed_domains = $6, claimed_email_domains = $7,
         settings = $8, trusted_metadata = $9, updated_at = $10, version = version + 1
       where project_id = $1 and organization_id = $11 and version = $12`,
      organization.organization_name,
      organization.organization_name.toLowerCase(),
      organization.organization_slug,
      organization.organization_external_id,
      JSON.stringify(email_allowed_domains),
      JSON.stringify(claimed_email_domains),
      JSON.stringify(settings),
      JSON.stringify(organization.trusted_metadata),
      organization.updated_at,
      organization.organization_id,
      organization.version
    ]
  },

  claimAddress: ({ organization_id, address }) => [
    `insert into organization_addresses (project_id, address, organization_id)
     values ($1, $2, $3)
     on conflict (project_id, address)
       do update set organization_id = excluded.organization_id
       where organization_addresses.organization_id = excluded.organization_id`,
    address,
    organization_id
  ],

  releaseAddress: ({ organization_id, address }) => [
    `delete from organization_addresses
     where project_id = $1 and address = $2 and organization_id = $3`,
    address,
    organization_id
  ],

  deleteOrganization: ({ organization_id }) => [
    'delete from organizations where project_id = $1 and organization_id = $2',
    organization_id
  ],

  setOrganizationRoles: ({ organization_id, custom_roles }) => [
    'update organizations set custom_roles = $3 where project_id = $1 and organization_id = $2',
    organization_id,
    JSON.stringify(custom_roles)
  ]
} satisfies Partial<Statements>
