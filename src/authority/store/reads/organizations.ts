import type { OrganizationRecord } from '../../domain/records.ts'
import { containing, endingWith } from '../like-pattern.ts'
import { readOrganization } from '../records.ts'
import type { Condition, Page } from '../search.ts'
import { isColleague } from './members.ts'
import type { Found, Reader } from './reader.ts'

/** No member of the organization `o` has the address, or had it. */
function isNewTo(email_address: string): string {
  return `not exists (select 1 from member_emails e where e.project_id = o.project_id
    and e.organization_id = o.organization_id and e.email_address = ${email_address})`
}

/** Finds an array that has the text as an element, within JSON. */
function elementPattern(text: string): string {
  return containing(JSON.stringify(text))
}

/** Organizations, by what names them and by whom they admit. */
export function organizationReads({ all, one, find }: Reader) {
  return {
    /** By id, slug or external id: no text is two organizations. */
    findOrganization(address: string): Promise<OrganizationRecord | undefined> {
      return one(
        readOrganization,
        `select * from organizations where project_id = $1
         and organization_id = coalesce((select organization_id from organization_addresses
           where project_id = $1 and address = $2), $2)`,
        address
      )
    },

    findOrganizationBySlug(slug: string): Promise<OrganizationRecord | undefined> {
      return one(
        readOrganization,
        'select * from organizations where project_id = $1 and organization_slug = $2',
        slug
      )
    },

    /** By id. */
    async listOrganizations(
      organization_ids: readonly string[]
    ): Promise<ReadonlyMap<string, OrganizationRecord>> {
      if (organization_ids.length === 0) return new Map()
      const list = organization_ids.map((_, index) => `$${index + 2}`).join(', ')
      const rows = await all(
        `select * from organizations where project_id = $1 and organization_id in (${list})`,
        ...organization_ids
      )
      return new Map(
        rows
          .map(readOrganization)
          .map((organization) => [organization.organization_id, organization])
      )
    },

    /** Ids of organizations that claim the domain. Two are enough to know that one of them is another. */
    async listClaimants(domain: string): Promise<readonly string[]> {
      const rows = await all(
        `select organization_id from organizations
         where project_id = $1 and claimed_email_domains <> '[]'
           and claimed_email_domains like $2 escape '\\' limit 2`,
        elementPattern(domain)
      )
      return rows.map(({ organization_id }) => String(organization_id))
    },

    /** Those that list the domain and have a member of it, without those that know the address, the oldest first. */
    async listOrganizationsByDomain(
      email_address: string,
      domain: string,
      limit: number
    ): Promise<readonly OrganizationRecord[]> {
      const rows = await all(
        `select * from organizations o
         where o.project_id = $1 and ${isNewTo('$2')} and o.email_allowed_domains <> '[]'
           and o.email_allowed_domains like $3 escape '\\'
           and o.settings like '%"email_jit_provisioning":"RESTRICTED"%'
           and exists (select 1 from members m where m.project_id = o.project_id
             and m.organization_id = o.organization_id and ${isColleague('$4')})
         order by o.created_at, o.organization_id limit $5`,
        email_address,
        elementPattern(domain),
        endingWith(`@${domain}`),
        limit
      )
      return rows.map(readOrganization)
    },

    /** Those that may admit one of the tenants, without those that know the address, the oldest first. */
    async listOrganizationsByTenant(
      email_address: string,
      tenants: readonly string[],
      limit: number
    ): Promise<readonly OrganizationRecord[]> {
      if (tenants.length === 0) return []
      const patterns = tenants.map((_, index) => `o.settings like $${index + 4} escape '\\'`)
      const rows = await all(
        `select * from organizations o
         where o.project_id = $1 and ${isNewTo('$2')}
           and o.settings like '%"oauth_tenant_jit_provisioning":"RESTRICTED"%'
           and (${patterns.join(' or ')})
         order by o.created_at, o.organization_id limit $3`,
        email_address,
        limit,
        ...tenants.map(elementPattern)
      )
      return rows.map(readOrganization)
    },

    searchOrganizations(condition: Condition, page: Page): Promise<Found<OrganizationRecord>> {
      return find(readOrganization, page, {
        columns: '*',
        source: `organizations where project_id = $1 and ${condition.sql}`,
        values: condition.values,
        order: 'created_at, organization_id'
      })
    }
  }
}
