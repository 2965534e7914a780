import type { OrganizationRecord } from '../../domain/records.ts'
import { containing } from '../like-pattern.ts'
import type { Page } from '../search.ts'
import { joined, list, raw, type Sql, sql } from '../sql.ts'
import { readOrganization } from '../tables.ts'
import { isDomainMember } from './members.ts'
import type { Found, Reader } from './reader.ts'

/** No member of the organization `o` has the e-mail address, or had it. */
function isNewTo(email_address: string): Sql {
  return sql`not exists (select 1 from member_emails e where e.project_id = o.project_id
    and e.organization_id = o.organization_id and e.email_address = ${email_address})`
}

/** The JSON array or object of the column holds the text as an element. */
function holds(column: Sql, text: string): Sql {
  return sql`${column} like ${containing(JSON.stringify(text))} escape '\\'`
}

/** Organizations, by their identifiers and by the members that they admit. */
export function organizationReads({ all, one, find }: Reader) {
  return {
    /** By id, slug or external id: no text is two organizations. */
    findOrganization(identifier: string): Promise<OrganizationRecord | undefined> {
      return one(
        readOrganization,
        sql`select * from organizations where project_id = $1
          and organization_id = coalesce((select organization_id from organization_addresses
            where project_id = $1 and address = ${identifier}), ${identifier})`
      )
    },

    findOrganizationBySlug(slug: string): Promise<OrganizationRecord | undefined> {
      return one(
        readOrganization,
        sql`select * from organizations where project_id = $1 and organization_slug = ${slug}`
      )
    },

    /** By id. */
    async listOrganizations(
      organization_ids: readonly string[]
    ): Promise<ReadonlyMap<string, OrganizationRecord>> {
      if (organization_ids.length === 0) return new Map()
      const rows = await all(sql`
        select * from organizations
        where project_id = $1 and organization_id in (${list(organization_ids)})`)
      return new Map(
        rows
          .map(readOrganization)
          .map((organization) => [organization.organization_id, organization])
      )
    },

    /** Ids of organizations that claim the domain. Two are enough: one of them is not the organization in question. */
    async listClaimingOrganizations(domain: string): Promise<readonly string[]> {
      const rows = await all(sql`
        select organization_id from organizations
        where project_id = $1 and claimed_email_domains <> '[]'
          and ${holds(raw('claimed_email_domains'), domain)} limit 2`)
      return rows.map(({ organization_id }) => String(organization_id))
    },

    /** Those that list the domain and have a member of it, without those where a member has the e-mail address or had it, the oldest first. */
    async listOrganizationsByDomain(
      email_address: string,
      domain: string,
      limit: number
    ): Promise<readonly OrganizationRecord[]> {
      const rows = await all(sql`
        select * from organizations o
        where o.project_id = $1 and ${isNewTo(email_address)} and o.email_allowed_domains <> '[]'
          and ${holds(raw('o.email_allowed_domains'), domain)}
          and o.settings like '%"email_jit_provisioning":"RESTRICTED"%'
          and exists (select 1 from members m where m.project_id = o.project_id
            and m.organization_id = o.organization_id and ${isDomainMember(domain)})
        order by o.created_at, o.organization_id limit ${limit}`)
      return rows.map(readOrganization)
    },

    /** Those that may admit one of the tenants, without those where a member has the e-mail address or had it, the oldest first. */
    async listOrganizationsByTenant(
      email_address: string,
      tenants: readonly string[],
      limit: number
    ): Promise<readonly OrganizationRecord[]> {
      if (tenants.length === 0) return []
      const ofTenants = tenants.map((tenant) => holds(raw('o.settings'), tenant))
      const rows = await all(sql`
        select * from organizations o
        where o.project_id = $1 and ${isNewTo(email_address)}
          and o.settings like '%"oauth_tenant_jit_provisioning":"RESTRICTED"%'
          and (${joined(ofTenants, ' or ')})
        order by o.created_at, o.organization_id limit ${limit}`)
      return rows.map(readOrganization)
    },

    searchOrganizations(condition: Sql, page: Page): Promise<Found<OrganizationRecord>> {
      return find(readOrganization, page, {
        columns: raw('*'),
        source: sql`organizations where project_id = $1 and ${condition}`,
        order: raw('created_at, organization_id')
      })
    }
  }
}
