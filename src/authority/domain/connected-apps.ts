import type { B2BIDPScopeResult, ConnectedAppPublic } from '../../wire/idp.ts'
import { OperationError } from './operation-error.ts'
import type { ConnectedApp, GrantRecord, OrganizationRecord, ProjectSettings } from './records.ts'

export const codeLifetimeMs = 5 * 60_000

/** Allows to exchange an access token for the session that authorized it. */
export const fullAccess = 'full_access'

/** Allows to refresh tokens, also when the session that authorized it has ended (OpenID Connect Core section 11). */
const offlineAccess = 'offline_access'

const descriptions: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  profile: 'See your name',
  email: 'See your email address',
  [offlineAccess]: 'Stay connected when you have signed out',
  [fullAccess]: 'Act as you, with all your permissions'
}

export function findApp(
  { connected_apps }: ProjectSettings,
  client_id: string
): ConnectedApp | undefined {
  return connected_apps.find((app) => app.client_id === client_id)
}

function isFirstParty({ client_type }: ConnectedApp): boolean {
  return client_type.startsWith('first_party')
}

/** Whether the app runs where its users could read a secret, so that it has none. */
export function isPublic({ client_secret_hash }: ConnectedApp): boolean {
  return client_secret_hash === null
}

/** What members may see of an app. */
export function viewApp(app: ConnectedApp): ConnectedAppPublic {
  const { client_id, client_name, client_description, client_type, logo_url } = app
  const view = { client_id, client_name, client_description, client_type }
  return logo_url === undefined ? view : { ...view, logo_url }
}

export function assertAppAllowed(app: ConnectedApp, organization: OrganizationRecord): void {
  if (!isAppAllowed(app, organization)) {
    throw new OperationError('connected_app_not_allowed_for_org')
  }
}

/** Organizations say which apps their members may let in, each kind for itself. */
export function isAppAllowed(app: ConnectedApp, { settings }: OrganizationRecord): boolean {
  const [type, allowed] = isFirstParty(app)
    ? [
        settings.first_party_connected_apps_allowed_type,
        settings.allowed_first_party_connected_apps
      ]
    : [
        settings.third_party_connected_apps_allowed_type,
        settings.allowed_third_party_connected_apps
      ]
  if (type === 'ALL_ALLOWED') return true
  return type === 'RESTRICTED' && allowed.includes(app.client_id)
}

export function scopeResults(app: ConnectedApp, scopes: readonly string[]): B2BIDPScopeResult[] {
  return [...new Set(scopes)].map((scope) => ({
    scope,
    description: descriptions[scope] ?? '',
    is_grantable: isGrantable(app, scope)
  }))
}

/** A third party never acts as the member. */
export function isGrantable(app: ConnectedApp, scope: string): boolean {
  return Object.hasOwn(descriptions, scope) && (scope !== fullAccess || isFirstParty(app))
}

export function isOffline({ scopes }: Pick<GrantRecord, 'scopes'>): boolean {
  return scopes.includes(offlineAccess)
}

/** First parties are the project's own apps. A member consents again when a third party wants more, or says so. */
export function needsConsent(
  app: ConnectedApp,
  { scopes, prompt }: { readonly scopes: readonly string[]; readonly prompt?: string },
  consented: readonly string[]
): boolean {
  if (isFirstParty(app)) return false
  return prompt === 'consent' || !scopes.every((scope) => consented.includes(scope))
}
