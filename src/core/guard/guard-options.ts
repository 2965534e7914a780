import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import { readMaxAgeMs } from '../options.ts'
import {
  planRecentFactor,
  type RecentFactorOptions,
  type RecentFactorPlan
} from './recent-factor.ts'

/**
 * Which organization a request is about, read from the request itself. Exactly one of the two, each compared exactly with
 * its own claim; a missing or non-string value is denied. Unset: the member's own organization.
 */
export interface TenantOptions<Source> {
  organization_id?(source: Source): unknown
  organization_slug?(source: Source): unknown
}

export interface PermissionOptions<Source> extends TenantOptions<Source> {
  /** As in the options of the instance, for this guard alone. */
  readonly max_token_age_seconds?: number
}

export interface SessionGuardOptions<Source> extends PermissionOptions<Source> {
  /** Lets requests without a session through, anonymously. A malformed header is rejected all the same. Default false. */
  readonly optional?: boolean
}

export interface Permission {
  readonly resource_id: string
  readonly action: string
}

/** What one guard requires, with every default filled in. */
export interface GuardPlan<Source> {
  readonly maxAgeMs: number
  /** The same of an opaque token alone; infinite: it is checked on every request. */
  readonly opaqueMaxAgeMs: number
  readonly optional: boolean
  readonly tenant:
    | { readonly claim: keyof TenantOptions<Source>; readonly of: (source: Source) => unknown }
    | undefined
  readonly permission: Permission | undefined
  readonly recentFactor: RecentFactorPlan | undefined
}

const knownOptions: Readonly<Record<keyof SessionGuardOptions<unknown>, true>> = {
  max_token_age_seconds: true,
  optional: true,
  organization_id: true,
  organization_slug: true
}

const { optional: _, ...knownPermissionOptions } = knownOptions

export function planSessionGuard<Source>(
  given: unknown,
  defaultMaxAgeMs: number
): GuardPlan<Source> {
  const options = readObject<SessionGuardOptions<Source>>('requireMemberSession', given)
  assertKnownOptions('requireMemberSession', options, knownOptions)
  if (options.optional !== undefined && typeof options.optional !== 'boolean') {
    throw new ConfigError('optional must be true or false.')
  }
  return Object.freeze({
    ...planCommon(options, defaultMaxAgeMs),
    optional: options.optional === true,
    permission: undefined,
    recentFactor: undefined
  })
}

export function planPermissionGuard<Source>(
  resource_id: unknown,
  action: unknown,
  given: unknown,
  defaultMaxAgeMs: number
): GuardPlan<Source> {
  if (!isName(resource_id) || !isName(action)) {
    throw new ConfigError(
      "requirePermission needs a resource and an action: requirePermission('stytch.member', 'update')."
    )
  }
  const options = readObject<PermissionOptions<Source>>('requirePermission', given)
  assertKnownOptions('requirePermission', options, knownPermissionOptions)
  return Object.freeze({
    ...planCommon(options, defaultMaxAgeMs),
    optional: false,
    permission: Object.freeze({ resource_id, action }),
    recentFactor: undefined
  })
}

export function planRecentFactorGuard<Source>(
  given: unknown,
  defaultMaxAgeMs: number
): GuardPlan<Source> {
  const options = readObject<RecentFactorOptions>('requireRecentFactor', given)
  const maxAgeMs = maxAgeOf(options, Math.min(defaultMaxAgeMs, stepUpMaxAgeMs))
  const isUnset = options.max_token_age_seconds === undefined && !Number.isFinite(defaultMaxAgeMs)
  return Object.freeze({
    maxAgeMs,
    opaqueMaxAgeMs: isUnset ? defaultMaxAgeMs : maxAgeMs,
    optional: false,
    tenant: undefined,
    permission: undefined,
    recentFactor: planRecentFactor(options)
  })
}

/** A factor that was verified lately says little where the session may have ended since. */
const stepUpMaxAgeMs = 60_000

function planCommon<Source>(options: PermissionOptions<Source>, defaultMaxAgeMs: number) {
  const maxAgeMs = maxAgeOf(options, defaultMaxAgeMs)
  return {
    maxAgeMs,
    opaqueMaxAgeMs: maxAgeMs,
    tenant: readTenant(options)
  }
}

function maxAgeOf(
  { max_token_age_seconds }: { readonly max_token_age_seconds?: number },
  defaultMaxAgeMs: number
): number {
  return max_token_age_seconds === undefined ? defaultMaxAgeMs : readMaxAgeMs(max_token_age_seconds)
}

export function readTenant<Source>(options: TenantOptions<Source>): GuardPlan<Source>['tenant'] {
  const { organization_id, organization_slug } = options
  if (organization_id !== undefined && organization_slug !== undefined) {
    throw new ConfigError('Give organization_id or organization_slug, not both.')
  }
  if (organization_id !== undefined) {
    return { claim: 'organization_id', of: readTenantFunction('organization_id', organization_id) }
  }
  if (organization_slug !== undefined) {
    return {
      claim: 'organization_slug',
      of: readTenantFunction('organization_slug', organization_slug)
    }
  }
  return undefined
}

function readTenantFunction<Source>(name: string, of: (source: Source) => unknown) {
  if (typeof of !== 'function') {
    throw new ConfigError(
      `${name} must be a function of the request, such as (req) => req.params.${name}.`
    )
  }
  return of
}

/** A request where options belong means that the factory itself was mounted. */
function readObject<T extends object>(factory: string, given: unknown): T {
  if (given === undefined) return {} as T
  if (typeof given !== 'object' || given === null) {
    throw new ConfigError(`${factory} takes an object of options.`)
  }
  assertFactoryCalled(factory, given)
  return given as T
}

/** Says what to write when a factory was passed to the framework instead of what it makes. */
export function assertFactoryCalled(factory: string, given: unknown): void {
  const isRequest =
    typeof given === 'object' && given !== null && 'headers' in given && 'method' in given
  if (isRequest)
    throw new ConfigError(`Write ${factory}(…) with parentheses: it makes the middleware.`)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
