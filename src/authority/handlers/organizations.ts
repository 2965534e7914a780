import { randomBytes } from 'node:crypto'
import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import {
  changeOrganization,
  createOrganization,
  slugOf,
  writesOfNewOrganization,
  writesOfOrganizationChange
} from '../domain/organizations.ts'
import { projectPolicy } from '../domain/policy.ts'
import type { OrganizationRecord } from '../domain/records.ts'
import { loadOrganization } from '../load.ts'
import { demand } from '../refusal.ts'
import { retryWhileStale } from '../retry-while-stale.ts'
import { organizationCondition } from '../store/search.ts'

const defaultLimit = 100

export const create: Handler<'organizations.create'> = async (context, request) => {
  const organization = demand(
    createOrganization(request, {
      organization_id: newId('organization', context.environment),
      organization_slug: newSlug(request.organization_name),
      roles: assignableRoles(context),
      now: context.now
    })
  )
  demand(await context.store.run(writesOfNewOrganization(organization)))
  return { organization: viewOrganization(organization) }
}

export const get: Handler<'organizations.get'> = async (context, { organization_id }) => ({
  organization: viewOrganization(await loadOrganization(context, organization_id))
})

export const update: Handler<'organizations.update'> = (context, request) =>
  retryWhileStale(async () => {
    const before = await loadOrganization(context, request.organization_id)
    const { organization_id, ...changes } = request
    const organization = demand(
      changeOrganization(before, changes, {
        roles: assignableRoles(context, before),
        now: context.now
      })
    )
    demand(await context.store.run(writesOfOrganizationChange(before, organization)))
    return { organization: viewOrganization(organization) }
  })

export const search: Handler<'organizations.search'> = async (
  { store, atRest },
  { query, cursor, limit = defaultLimit }
) => {
  const condition = demand(organizationCondition(query))
  const scope = JSON.stringify(['organizations', store.project_id, query])
  const after = cursor === undefined ? undefined : demand(readCursor(atRest, scope, cursor))
  const { items, total } = await store.searchOrganizations(condition, { limit: limit + 1, after })
  const page = items.slice(0, limit)
  const last = items.length > limit ? page.at(-1) : undefined
  const next_cursor =
    last === undefined
      ? null
      : writeCursor(atRest, scope, { created_at: last.created_at, id: last.organization_id })
  return {
    organizations: page.map(viewOrganization),
    results_metadata: { total, next_cursor }
  }
}

/** Free, as far as chance can tell: names are not unique. */
function newSlug(organization_name: string): string {
  return `${slugOf(organization_name) ?? 'organization'}-${randomBytes(4).toString('hex')}`
}

/** Role ids that can be assigned: those of the project and those of the organization itself. */
export function assignableRoles(
  { project }: Context,
  organization?: OrganizationRecord
): ReadonlySet<string> {
  const roles = [...projectPolicy(project.policy).roles, ...(organization?.custom_roles ?? [])]
  return new Set(roles.map(({ role_id }) => role_id))
}
