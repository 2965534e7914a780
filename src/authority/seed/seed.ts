import * as v from 'valibot'
import { ConfigError } from '../../errors/config-error.ts'
import { nearestName } from '../../errors/nearest-name.ts'
import { readPemKey } from '../../jwt/verification-key.ts'
import { organizationBody } from '../../wire/organizations.ts'
import { memberBody } from '../../wire/organizations-members.ts'
import { policyResource, policyRole } from '../../wire/rbac.ts'
import { optional, password, text } from '../../wire/schema.ts'
import { normalizeTotpSecret } from '../crypto/totp.ts'
import { emailVerifications } from '../domain/federated-email.ts'
import { slugOf } from '../domain/organizations.ts'
import { isCountryCode } from '../domain/phone-numbers.ts'
import { defaultSettings, faultOfProfiles, hasTwins } from '../domain/project-settings.ts'
import { isLoopbackHost } from '../loopback.ts'
import { isProjectId } from '../project-id.ts'

const member = v.strictObject({
  ...memberBody,
  password: optional(password),
  totp_secret: optional(
    v.pipe(v.string(), v.check(isTotpSecret, 'must be base32 of 80 bits or more'))
  )
})

const organization = v.strictObject({
  ...organizationBody,
  members: v.optional(v.array(member), [])
})

const clientSecret = v.pipe(
  v.string(),
  v.minLength(16),
  v.regex(/^[!-~]+$/, 'must be visible ASCII')
)
const safeUrl = v.pipe(
  v.string(),
  v.check(isSafeUrl, 'must be an https URL, or http on this machine')
)

const algorithms = ['RS256', 'PS256', 'ES256'] as const

const publicKeyPem = v.pipe(
  v.string(),
  v.check(
    isPublicKeyPem,
    'must be the PEM of a public key or certificate: RSA of 2048 bits or more, or P-256'
  )
)

const profileFields = {
  profile_id: text(256),
  name: v.optional(v.string(), ''),
  issuer: text(2048),
  audience: text(2048),
  algorithms: v.optional(v.pipe(v.array(v.picklist(algorithms)), v.minLength(1)), ['RS256']),
  attribute_mapping: v.strictObject({
    email: text(256),
    token_id: text(256),
    organization_id: v.optional(text(256)),
    external_member_id: v.optional(text(256)),
    role_ids: v.optional(text(256))
  }),
  email_verified: v.optional(v.picklist(emailVerifications), 'claim'),
  can_jit_provision: v.optional(v.boolean(), false),
  satisfies_mfa: v.optional(v.boolean(), false)
}

const trustedTokenProfile = v.variant('public_key_type', [
  v.strictObject({ ...profileFields, public_key_type: v.literal('JWK'), jwks_url: safeUrl }),
  v.strictObject({
    ...profileFields,
    public_key_type: v.literal('PEM'),
    pem_files: v.pipe(v.array(publicKeyPem), v.minLength(1))
  })
])

const appFields = {
  client_id: v.pipe(text(256), v.regex(/^[A-Za-z0-9._~-]+$/, 'must be letters, digits and ._~-')),
  client_name: v.pipe(text(128), v.regex(/\S/, 'must not be all blanks')),
  client_description: v.optional(v.string(), ''),
  logo_url: v.optional(safeUrl),
  redirect_urls: v.pipe(v.array(safeUrl), v.minLength(1))
}

const connectedApp = v.variant('client_type', [
  v.strictObject({
    ...appFields,
    client_type: v.picklist(['first_party', 'third_party']),
    client_secret: clientSecret
  }),
  v.strictObject({
    ...appFields,
    client_type: v.picklist(['first_party_public', 'third_party_public'])
  })
])

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000))
const minutes = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(44_640))

const limits = optional(
  v.pipe(v.array(v.strictObject({ messages: count, minutes })), v.maxLength(5))
)

/** Limits of each of what there are defaults for. */
function limitsOf<Scope extends string>(defaults: Readonly<Record<Scope, unknown>>) {
  const scopes = Object.keys(defaults) as Scope[]
  const entries = Object.fromEntries(scopes.map((scope) => [scope, limits]))
  return optional(v.strictObject(entries as Record<Scope, typeof limits>))
}

/** A project as a seed file holds it; `scripts/seed-schema.ts` says the same as a JSON schema. */
export const project = v.strictObject({
  /** Tells an editor how to check the file, and nothing to us. */
  $schema: optional(v.string()),
  project_id: optional(
    v.pipe(v.string(), v.check(isProjectId, 'must be like project-test-<uuid>'))
  ),
  secret: optional(
    v.pipe(v.string(), v.minLength(8), v.regex(/^[!-~]+$/, 'must be visible ASCII'))
  ),
  /** Takes a secret that guesses can find: for fixtures of tests. */
  dangerouslyAllowShortSecret: optional(v.boolean()),
  policy: optional(
    v.strictObject({
      roles: v.optional(v.array(policyRole), []),
      resources: v.optional(v.array(policyResource), [])
    })
  ),
  settings: optional(
    v.strictObject({
      sms_country_codes: optional(
        v.array(v.pipe(v.string(), v.check(isCountryCode, 'must be a country code such as US')))
      ),
      redirect_urls: optional(
        v.array(
          v.pipe(v.string(), v.maxLength(2048), v.check(isWebUrl, 'must be a URL of http or https'))
        )
      ),
      trusted_auth_token_profiles: optional(v.array(trustedTokenProfile)),
      userinfo_url: v.optional(v.nullable(safeUrl)),
      userinfo_email_verified: optional(v.picklist(emailVerifications)),
      userinfo_satisfies_mfa: optional(v.boolean()),
      strict_claimed_domains: optional(v.boolean()),
      activate_members_created_by_session: optional(v.boolean()),
      restore_removed_roles: optional(v.boolean()),
      connected_apps: optional(v.array(connectedApp)),
      recent_factor_minutes: optional(
        v.pipe(v.number(), v.integer(), v.minValue(5), v.maxValue(527_040))
      ),
      email_limits: limitsOf(defaultSettings.email_limits),
      sms_limits: limitsOf(defaultSettings.sms_limits),
      maximum_session_minutes: v.optional(
        v.nullable(v.pipe(v.number(), v.integer(), v.minValue(5), v.maxValue(527_040)))
      ),
      enforce_mfa_on_running_sessions: optional(v.boolean()),
      guess_limits: optional(
        v.strictObject({
          failures: optional(count),
          accounts: optional(count),
          alarm: optional(count),
          minutes: optional(minutes)
        })
      )
    })
  ),
  organizations: v.optional(v.array(organization), [])
})

/** Absolute, of http or https, without credentials and fragment. */
export function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return /^https?:$/.test(protocol) && `${username}${password}${hash}` === ''
}

export function isTotpSecret(text: string): boolean {
  return normalizeTotpSecret(text) !== undefined
}

export function isPublicKeyPem(text: string): boolean {
  return readPemKey(text, algorithms) !== undefined
}

/** A URL whose traffic no third party can read or change: secrets go there, or what is believed comes from there. */
export function isSafeUrl(text: string): boolean {
  if (!isWebUrl(text)) return false
  const url = new URL(text)
  return url.protocol === 'https:' || isLoopbackHost(url)
}

const projects = v.array(project)

/** What a new authority should hold: projects, and in them organizations with members as the API creates them. */
export type ProjectSeed = v.InferInput<typeof project>
export type CheckedProject = Omit<v.InferOutput<typeof project>, 'organizations'> & {
  readonly organizations: readonly CheckedOrganization[]
}
export type CheckedOrganization = v.InferOutput<typeof organization> & {
  /** The one that is given, else that of the name. */
  readonly organization_slug: string
}
export type CheckedMember = v.InferOutput<typeof member>

/** Checks a seed, and says at which path it is wrong. */
export function checkSeed(seed: unknown): readonly CheckedProject[] {
  const checked = v.safeParse(projects, seed)
  if (checked.success) {
    assertConsistentProjects(checked.output)
    return checked.output.map((project, index) => ({
      ...project,
      organizations: nameOrganizations(project.organizations, `projects[${index}].organizations`)
    }))
  }
  const [issue] = checked.issues
  throw new ConfigError(`${pathOf(issue)} ${faultOf(issue)}`)
}

/** What no schema of a single value can see. */
function assertConsistentProjects(projects: readonly v.InferOutput<typeof project>[]): void {
  for (const [index, { settings }] of projects.entries()) {
    const fault = faultOfProfiles(settings?.trusted_auth_token_profiles ?? [])
    if (fault !== undefined) {
      throw new ConfigError(`projects[${index}].settings.trusted_auth_token_profiles ${fault}`)
    }
  }
  // Where an app redeems a code, its id alone says which project is meant.
  const apps = projects.flatMap(({ settings }) => settings?.connected_apps ?? [])
  if (hasTwins(apps.map(({ client_id }) => client_id))) {
    throw new ConfigError('projects must not hold two connected_apps of one client_id.')
  }
}

/** A slug for each: by it a later start knows them again, so two of one slug would be one organization. */
function nameOrganizations(
  organizations: readonly v.InferOutput<typeof organization>[],
  path: string
): readonly CheckedOrganization[] {
  const places = new Map<string, number>()
  return organizations.map((body, index) => {
    const organization_slug = body.organization_slug ?? slugOf(body.organization_name)
    if (organization_slug === undefined) {
      throw new ConfigError(`${path}[${index}].organization_slug is missing: the name makes none.`)
    }
    const taken = places.get(organization_slug)
    if (taken !== undefined) {
      throw new ConfigError(
        `${path}[${index}].organization_slug is needed, and not that of ${path}[${taken}].`
      )
    }
    places.set(organization_slug, index)
    return { ...body, organization_slug }
  })
}

/** `projects[0].organizations[1].members[0].email_address` */
function pathOf(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(({ key }) =>
    typeof key === 'number' ? `[${key}]` : `.${String(key)}`
  )
  return `projects${keys.join('')}`
}

/** Secrets stand in a seed, so what is wrong is said without repeating the value. */
function faultOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const key = String(issue.path?.at(-1)?.key)
    return `is not known.${nearestName(key, knownNames)}`
  }
  if (issue.input === undefined) return 'is missing.'
  if (issue.kind === 'schema') return `must be ${issue.expected ?? issue.type}.`
  return issue.message.startsWith('Invalid') ? 'is not valid.' : `is not valid: ${issue.message}.`
}

const knownNames = [
  ...Object.keys(project.entries),
  ...Object.keys(defaultSettings),
  ...Object.keys(defaultSettings.email_limits),
  ...Object.keys(defaultSettings.sms_limits),
  ...Object.keys(defaultSettings.guess_limits),
  ...Object.keys(profileFields),
  ...Object.keys(profileFields.attribute_mapping.entries),
  ...Object.keys(appFields),
  ...Object.keys(organization.entries),
  ...Object.keys(member.entries)
]
