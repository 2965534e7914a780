import { LRUCache } from 'lru-cache'
import type { OrgPolicy, Policy } from '../wire/rbac.ts'
import {
  type CompiledPolicy,
  type CompiledProjectPolicy,
  compileProjectPolicy,
  compileRoles,
  type Grants
} from './compile-policy.ts'
import { createGuardedPermissions, type GuardedPermission } from './guarded-permissions.ts'

export interface PolicySource {
  /** The policy for one organization: at once when it is at hand, else a promise that rejects when it cannot be had. */
  policyFor(organization_id: string): CompiledPolicy | Promise<CompiledPolicy>
  /** The roles of this organization have changed: what is known of them serves no longer. */
  invalidate(organization_id: string): void
  /** A guard decides about this permission: where the policy does not have it, a warning says so. No policy is fetched for it. */
  expect(permission: GuardedPermission): void
}

export interface PolicySourceOptions {
  readonly fetchPolicy: () => Promise<Policy>
  readonly fetchOrgPolicy: (organization_id: string) => Promise<OrgPolicy>
  readonly now: () => number
}

const freshMs = 5 * 60_000
const refreshAheadMs = 4 * 60_000
const staleIfErrorMs = 15 * 60_000
const retryAfterFailureMs = 1000
const maxOrganizations = 1000

/**
 * The policies of a project, fetched when first needed, one fetch at a time for the project and for each organization.
 *
 * A policy is fresh for five minutes and renewed in the background after four; while fetching fails the last one
 * serves for a quarter of an hour, then nothing is decided.
 */
export function createPolicySource(options: PolicySourceOptions): PolicySource {
  const { now } = options
  const guarded = createGuardedPermissions()
  const project = createRenewed(async () => {
    const compiled = compileProjectPolicy(await options.fetchPolicy())
    guarded.compare(compiled)
    return compiled
  }, now)
  const organizations = new LRUCache<string, Renewed<Grants>>({ max: maxOrganizations })

  function organization(organization_id: string): Renewed<Grants> {
    const known = organizations.get(organization_id)
    if (known !== undefined) return known
    const renewed = createRenewed(
      async () => compileRoles((await options.fetchOrgPolicy(organization_id)).roles),
      now
    )
    organizations.set(organization_id, renewed)
    return renewed
  }

  return {
    policyFor(organization_id) {
      const ofProject = project.get()
      const ofOrganization = organization(organization_id).get()
      if (ofProject instanceof Promise || ofOrganization instanceof Promise) {
        return Promise.all([ofProject, ofOrganization]).then(join)
      }
      return { project: ofProject, organization: ofOrganization }
    },
    invalidate: (organization_id) => organizations.delete(organization_id),
    expect: guarded.add
  }
}

/** A policy that was given once and for all. */
export function createFixedPolicySource(policy: Policy): PolicySource {
  const project = compileProjectPolicy(policy)
  const guarded = createGuardedPermissions()
  guarded.compare(project)
  const compiled = { project, organization: undefined }
  return { policyFor: () => compiled, invalidate: () => {}, expect: guarded.add }
}

function join([project, organization]: readonly [CompiledProjectPolicy, Grants]): CompiledPolicy {
  return { project, organization }
}

interface Renewed<T> {
  get(): T | Promise<T>
}

/** A value that is fetched, kept while fresh, renewed ahead of time and, while fetching fails, used a while longer. */
function createRenewed<T>(fetchValue: () => Promise<T>, now: () => number): Renewed<T> {
  let value: { readonly of: T; readonly at: number } | undefined
  let failure: { readonly error: unknown; readonly at: number } | undefined
  let inFlight: Promise<T> | undefined

  function get(): T | Promise<T> {
    if (value === undefined) return failedJustNow() ? Promise.reject(failure?.error) : renew()
    const age = Math.abs(now() - value.at)
    if (age >= refreshAheadMs && !failedJustNow()) {
      const renewal = renew()
      if (age >= freshMs) return renewal.catch(() => lastResort())
      renewal.catch(() => {})
    }
    return age < freshMs ? value.of : lastResort()
  }

  function lastResort(): T | Promise<T> {
    return value !== undefined && Math.abs(now() - value.at) < staleIfErrorMs
      ? value.of
      : Promise.reject(failure?.error)
  }

  function failedJustNow(): boolean {
    return failure !== undefined && Math.abs(now() - failure.at) < retryAfterFailureMs
  }

  function renew(): Promise<T> {
    inFlight ??= fetchValue()
      .then(
        (fetched) => {
          value = { of: fetched, at: now() }
          failure = undefined
          return fetched
        },
        (error: unknown) => {
          failure = { error, at: now() }
          throw error
        }
      )
      .finally(() => {
        inFlight = undefined
      })
    return inFlight
  }

  return { get }
}
