import type {
  B2BOrganizationsCreateRequest,
  B2BOrganizationsUpdateRequest
} from '../../wire/organizations.ts'
import { isPathWord } from '../../wire/path-words.ts'
import { mergeMetadata } from './metadata.ts'
import { OperationError } from './operation-error.ts'
import type { OrganizationRecord, StoredSettings } from './records.ts'
import { assertAssignableRoles, maxRoleBytes, rolesOfDomain } from './roles.ts'
import type { Write } from './writes.ts'

const defaultSettings: StoredSettings = {
  organization_logo_url: '',
  sso_jit_provisioning: 'ALL_ALLOWED',
  sso_jit_provisioning_allowed_connections: [],
  sso_default_connection_id: null,
  email_allowed_domains: [],
  email_jit_provisioning: 'NOT_ALLOWED',
  email_invites: 'ALL_ALLOWED',
  auth_methods: 'ALL_ALLOWED',
  allowed_auth_methods: [],
  mfa_policy: 'OPTIONAL',
  rbac_email_implicit_role_assignments: [],
  mfa_methods: 'ALL_ALLOWED',
  allowed_mfa_methods: [],
  oauth_tenant_jit_provisioning: 'NOT_ALLOWED',
  allowed_oauth_tenants: {},
  claimed_email_domains: [],
  first_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_first_party_connected_apps: [],
  third_party_connected_apps_allowed_type: 'ALL_ALLOWED',
  allowed_third_party_connected_apps: []
}

/** Settings about joining: an organization that is created with any of them takes no invitations unless it says so. */
const joiningSettings = [
  'sso_jit_provisioning',
  'email_allowed_domains',
  'email_jit_provisioning',
  'auth_methods',
  'allowed_auth_methods',
  'oauth_tenant_jit_provisioning',
  'allowed_oauth_tenants'
] as const

/** Any person can have an address there, so it says nothing about belonging to an organization. */
const commonDomains: ReadonlySet<string> = new Set([
  'gmail.com',
  'googlemail.com',
  'yahoo.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'msn.com',
  'icloud.com',
  'me.com',
  'aol.com',
  'proton.me',
  'protonmail.com',
  'gmx.com',
  'gmx.de',
  'gmx.net',
  'web.de',
  'mail.com',
  'mail.ru',
  'yandex.ru',
  'yandex.com',
  'qq.com',
  '163.com',
  'zoho.com',
  'fastmail.com'
])

const maxNameLength = 128

const idLike = /^(organization|member)-(test|live)-/i

/** By id, slug or external id: none of them is another organization's. */
export function isNamedBy(organization: OrganizationRecord, identifier: string): boolean {
  const { organization_id, organization_slug, organization_external_id } = organization
  return [organization_id, organization_slug, organization_external_id].includes(identifier)
}

/** A slug or external id that reads like an id could be taken for one wherever the id may stand. */
export function looksLikeId(identifier: string): boolean {
  return idLike.test(identifier)
}

/** What cannot name an organization, as slug or as external id. */
function isReserved(identifier: string): boolean {
  return looksLikeId(identifier) || isPathWord('organization_id', identifier.toLowerCase())
}

export interface NewOrganization {
  readonly organization_id: string
  /** Taken where the request names none. */
  readonly organization_slug: string
  readonly roles: ReadonlySet<string>
  readonly now: number
}

export function createOrganization(
  request: B2BOrganizationsCreateRequest,
  { organization_id, organization_slug, roles, now }: NewOrganization
): OrganizationRecord {
  const invitesByDefault = joiningSettings.every((name) => request[name] === undefined)
  const blank: OrganizationRecord = {
    organization_id,
    organization_name: request.organization_name,
    organization_slug: '',
    organization_external_id: null,
    settings: {
      ...defaultSettings,
      email_invites: invitesByDefault ? 'ALL_ALLOWED' : 'NOT_ALLOWED'
    },
    trusted_metadata: {},
    custom_roles: [],
    removed_roles: [],
    version: 0,
    created_at: now,
    updated_at: now
  }
  const named = { ...request, organization_slug: request.organization_slug ?? organization_slug }
  return changeOrganization(blank, named, { roles, now })
}

type Changes = Omit<B2BOrganizationsUpdateRequest, 'organization_id'>

/** The organization with the changes, or an error that says why they cannot be. What is left out stays as it is. */
export function changeOrganization(
  organization: OrganizationRecord,
  request: Changes,
  { roles, now }: { readonly roles: ReadonlySet<string>; readonly now: number }
): OrganizationRecord {
  const slug = request.organization_slug ?? organization.organization_slug
  // One of an older release, which reserved fewer words, stays until it is changed.
  if (slug !== organization.organization_slug && isReserved(slug)) {
    throw new OperationError('invalid_organization_slug')
  }
  const external_id = request.organization_external_id ?? organization.organization_external_id
  const isNewExternalId = external_id !== organization.organization_external_id
  if (external_id !== null && isNewExternalId && isReserved(external_id)) {
    throw new OperationError('invalid_organization_external_id')
  }
  const settings = changedSettings(organization.settings, request)
  assertConsistentSettings(settings)
  assertImplicitRoles(settings, roles)
  const trusted_metadata = mergeMetadata(organization.trusted_metadata, request.trusted_metadata)
  return {
    ...organization,
    organization_name: request.organization_name ?? organization.organization_name,
    organization_slug: slug,
    organization_external_id: external_id,
    settings,
    trusted_metadata,
    updated_at: now
  }
}

export function withoutOrganizationExternalId(
  organization: OrganizationRecord,
  now: number
): OrganizationRecord {
  return { ...organization, organization_external_id: null, updated_at: now }
}

export function writesOfNewOrganization(organization: OrganizationRecord): Write[] {
  return [{ do: 'insertOrganization', organization }, ...claimIdentifiers(organization)]
}

/** The writes that turn one state of an organization into the other. */
export function writesOfOrganizationChange(
  before: OrganizationRecord,
  after: OrganizationRecord
): Write[] {
  const { organization_id } = after
  const kept = identifiersOf(after)
  const released = identifiersOf(before).filter((identifier) => !kept.includes(identifier))
  return [
    { do: 'updateOrganization', organization: after, onConflict: 'stale' },
    ...claimIdentifiers(after),
    ...released.map(
      (identifier): Write => ({ do: 'releaseIdentifier', organization_id, identifier })
    )
  ]
}

function identifiersOf({
  organization_slug,
  organization_external_id
}: OrganizationRecord): readonly string[] {
  return organization_external_id === null
    ? [organization_slug]
    : [organization_slug, organization_external_id]
}

/** In the order of the text, so that two organizations never wait for each other. */
function claimIdentifiers(organization: OrganizationRecord): Write[] {
  const { organization_id } = organization
  return [...identifiersOf(organization)].sort().map((identifier) => ({
    do: 'claimIdentifier',
    organization_id,
    identifier,
    onConflict:
      identifier === organization.organization_slug
        ? 'organization_slug_already_used'
        : 'organization_external_id_already_used'
  }))
}

function changedSettings(settings: StoredSettings, request: Changes): StoredSettings {
  const given = Object.entries(request).filter(
    ([name, value]) => Object.hasOwn(defaultSettings, name) && value !== undefined
  )
  return { ...settings, ...Object.fromEntries(given) }
}

function assertConsistentSettings(settings: StoredSettings): void {
  if (settings.auth_methods === 'RESTRICTED' && settings.allowed_auth_methods.length === 0) {
    throw new OperationError('allowed_auth_methods_required_for_restricted')
  }
  if (settings.mfa_methods === 'RESTRICTED' && settings.allowed_mfa_methods.length === 0) {
    throw new OperationError('allowed_mfa_methods_required_for_restricted')
  }
  const byDomain = [settings.email_invites, settings.email_jit_provisioning].includes('RESTRICTED')
  if (byDomain && settings.email_allowed_domains.length === 0) {
    throw new OperationError('invalid_restricted_email_setting')
  }
  const { sso_jit_provisioning, sso_jit_provisioning_allowed_connections } = settings
  const noConnections = sso_jit_provisioning_allowed_connections.length === 0
  if (sso_jit_provisioning === 'RESTRICTED' && noConnections) {
    throw new OperationError(
      'invalid_organization_auth_factor_setting',
      "sso_jit_provisioning can be 'RESTRICTED' only to sso_jit_provisioning_allowed_connections."
    )
  }
  const noTenants = Object.values(settings.allowed_oauth_tenants).flat().length === 0
  if (settings.oauth_tenant_jit_provisioning === 'RESTRICTED' && noTenants) {
    throw new OperationError(
      'invalid_organization_auth_factor_setting_for_oauth_tenant_jit_provisioning'
    )
  }
  const domains = [...settings.email_allowed_domains, ...settings.claimed_email_domains]
  if (domains.some((domain) => commonDomains.has(domain))) {
    throw new OperationError('organization_settings_domain_too_common')
  }
}

function assertImplicitRoles(
  { rbac_email_implicit_role_assignments: assignments }: StoredSettings,
  known: ReadonlySet<string>
): void {
  const domains = new Set(assignments.map(({ domain }) => domain))
  for (const domain of domains) {
    if (commonDomains.has(domain)) throw new OperationError('rbac_domain_too_common')
    assertAssignableRoles(rolesOfDomain(assignments, domain), known, maxRoleBytes.ofDomain)
  }
}

/** A name for the organization of a person with the address: its domain, unless people of many organizations share that. */
export function nameFromEmail(email_address: string): string {
  const at = email_address.lastIndexOf('@')
  const domain = email_address.slice(at + 1)
  const isShared = commonDomains.has(domain) || domain.endsWith('.edu')
  return (isShared ? email_address.slice(0, at) : domain).slice(0, maxNameLength)
}

/** The name as a slug: lower case, without accents, hyphens for the rest. `undefined` when nothing is left of it. */
export function slugOf(organization_name: string): string | undefined {
  const slug = organization_name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 100)
    .replace(/^-|-$/g, '')
  if (slug === '') return undefined
  // With the hyphen that a suffix brings.
  return slug.length < 2 || isReserved(slug) || looksLikeId(`${slug}-`) ? `org-${slug}` : slug
}
