import { randomBytes } from 'node:crypto'
import type { Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { assertMayChangeOrganization } from '../domain/field-permissions.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import {
  changeOrganization,
  createOrganization,
  slugOf,
  withoutOrganizationExternalId,
  writesOfNewOrganization,
  writesOfOrganizationChange
} from '../domain/organizations.ts'
import { assignableRoles } from '../domain/policy.ts'
import { assertAuthorized, assertAuthorizedBy, assertBackendCall } from '../steps/caller.ts'
import { loadOrganization } from '../steps/load.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { findPage } from '../steps/search-page.ts'
import { organizationCondition } from '../store/search.ts'

export const create: Handler<'organizations.create'> = async (context, request) => {
  const organization = createOrganization(request, {
    organization_id: newId('organization', context.environment),
    organization_slug: newSlug(request.organization_name),
    roles: assignableRoles(context.project.policy),
    now: context.now
  })
  await context.store.run(writesOfNewOrganization(organization))
  return { organization: viewOrganization(organization) }
}

export const get: Handler<'organizations.get'> = async (context, { organization_id }) => ({
  organization: viewOrganization(await loadOrganization(context, organization_id))
})

export const update: Handler<'organizations.update'> = (context, request) =>
  retryWhileStale(async () => {
    const before = await loadOrganization(context, request.organization_id)
    const { organization_id, ...changes } = request
    assertAuthorizedBy(context, (caller) => assertMayChangeOrganization(caller, before, changes))
    const organization = changeOrganization(before, changes, {
      roles: assignableRoles(context.project.policy, before),
      now: context.now
    })
    await context.store.run(writesOfOrganizationChange(before, organization))
    return { organization: viewOrganization(organization) }
  })

/** Members, their sessions and all else of the organization are deleted with it. */
export const deleteOrganization: Handler<'organizations.delete'> = async (context, request) => {
  const { organization_id } = await loadOrganization(context, request.organization_id)
  assertAuthorized(context, { organization_id }, 'stytch.organization', 'delete')
  const onConflict = 'organization_not_found'
  await context.store.run([{ do: 'deleteOrganization', organization_id, onConflict }])
  return { organization_id }
}

export const metrics: Handler<'organizations.metrics'> = async (context, request) => {
  const { organization_id } = await loadOrganization(context, request.organization_id)
  return { member_count: await context.store.countMembers(organization_id) }
}

export const deleteExternalId: Handler<'organizations.deleteExternalId'> = (context, request) =>
  retryWhileStale(async () => {
    const before = await loadOrganization(context, request.organization_id)
    assertBackendCall(context)
    const organization = withoutOrganizationExternalId(before, context.now)
    await context.store.run(writesOfOrganizationChange(before, organization))
    return { organization: viewOrganization(organization) }
  })

export const search: Handler<'organizations.search'> = async (context, { query, ...wanted }) => {
  const condition = organizationCondition(query)
  const { items, results_metadata } = await findPage(context, wanted, {
    scope: ['organizations', query],
    find: (page) => context.store.searchOrganizations(condition, page),
    idOf: ({ organization_id }) => organization_id
  })
  return { organizations: items.map(viewOrganization), results_metadata }
}

/** Free, as far as chance can tell: names are not unique. */
export function newSlug(organization_name: string): string {
  return `${slugOf(organization_name) ?? 'organization'}-${randomBytes(4).toString('hex')}`
}
