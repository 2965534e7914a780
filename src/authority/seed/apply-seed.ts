import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { ConfigError } from '../../errors/config-error.ts'
import { auditOfCommand } from '../command-audit.ts'
import type { AtRest } from '../crypto/at-rest.ts'
import type { PasswordHashing } from '../crypto/passwords.ts'
import { type Environment, newId, newProjectSecret, sha256 } from '../crypto/tokens.ts'
import { newRecoveryCodes, normalizeTotpSecret } from '../crypto/totp.ts'
import type { AuditKind } from '../domain/audit.ts'
import { canonicalEmail, createMember, writesOfCreation } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import { createOrganization, writesOfNewOrganization } from '../domain/organizations.ts'
import { assertProjectPolicy, assignableRoles, deadRoles, replacePolicy } from '../domain/policy.ts'
import {
  defaultSettings,
  faultOfUserinfo,
  type NamedSettings,
  withSettings
} from '../domain/project-settings.ts'
import type {
  ConnectedApp,
  CustomPolicy,
  OrganizationRecord,
  ProjectRecord,
  ProjectSettings
} from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { environmentOf } from '../project-id.ts'
import { isShortSecret, minSecretLength } from '../short-secrets.ts'
import { assertUnclaimedForCaller } from '../steps/assert-unclaimed.ts'
import { sealedRegistration } from '../steps/totp-registration.ts'
import type { ProjectStore, Store } from '../store/store.ts'
import type { CheckedMember, CheckedOrganization, CheckedProject } from './seed.ts'

/** A project that the authority serves. `secret` is known only where it was given or made just now. */
export interface ServedProject {
  readonly project_id: string
  readonly secret: string | null
}

interface SeedTarget {
  readonly store: Store
  readonly atRest: AtRest
  readonly passwords: PasswordHashing
  readonly now: number
}

interface ProjectTarget {
  readonly project: ProjectStore
  readonly policy: CustomPolicy
  readonly settings: ProjectSettings
  readonly environment: Environment
  readonly atRest: AtRest
  readonly passwords: PasswordHashing
  readonly now: number
}

const nothingCustom: CustomPolicy = { roles: [], resources: [] }

/**
 * Brings what the seed names into the database, and leaves what is there already as it is. Answers with every project
 * that is served; where there would be none, one is made.
 */
export async function applySeed(
  target: SeedTarget,
  seed: readonly CheckedProject[]
): Promise<readonly ServedProject[]> {
  const existing = await target.store.listProjects()
  const wanted = seed.length === 0 && existing.length === 0 ? [blankProject] : seed
  const applied: ServedProject[] = []
  for (const [index, project] of wanted.entries()) {
    const path = `projects[${index}]`
    const known = knownProject(project, existing, wanted.length, path)
    applied.push(await applyProject(target, project, known, path))
  }
  const others = existing.filter(
    ({ project_id }) => !applied.some((served) => served.project_id === project_id)
  )
  return [...applied, ...others.map(({ project_id }) => ({ project_id, secret: null }))]
}

const blankProject: CheckedProject = {
  $schema: undefined,
  project_id: undefined,
  secret: undefined,
  dangerouslyAllowShortSecret: undefined,
  policy: undefined,
  settings: undefined,
  organizations: []
}

/** Without an id, a seed of one project means the one that the database has; where it has none, all are made. */
function knownProject(
  { project_id }: CheckedProject,
  existing: readonly ProjectRecord[],
  wanted: number,
  path: string
): ProjectRecord | undefined {
  if (project_id !== undefined) return existing.find((known) => known.project_id === project_id)
  if (existing.length === 0) return undefined
  if (existing.length > 1 || wanted > 1) {
    throw new ConfigError(
      `${path} needs a project_id, as STYTCH_PROJECT_ID gives it: which of several projects is meant?`
    )
  }
  return existing[0]
}

async function applyProject(
  { store, atRest, passwords, now }: SeedTarget,
  seed: CheckedProject,
  known: ProjectRecord | undefined,
  path: string
): Promise<ServedProject> {
  const project_id = seed.project_id ?? known?.project_id ?? `project-test-${randomUUID()}`
  const environment = environmentOf(project_id)
  assertLongSecret(seed, known, path)
  const settings = settingsOf(seed, known, path)
  const before = known?.policy ?? nothingCustom
  const policy = seed.policy === undefined ? before : replacePolicy(before, seed.policy, settings)
  await atPath(`${path}.policy`, () => assertProjectPolicy(policy))
  warnOfDeadRoles(policy)
  const secret = seed.secret ?? (known === undefined ? newProjectSecret(environment) : null)

  const project = store.ofProject(project_id)
  const secret_hash = secret === null ? null : sha256(secret)
  await project.run([
    { do: 'insertProject', secret_hash, policy, settings, now },
    { do: 'setProjectSettings', settings },
    ...boundSessions(settings, known?.settings),
    ...(secret_hash === null ? [] : [{ do: 'setProjectSecret', secret_hash } as const]),
    ...(seed.policy === undefined ? [] : [{ do: 'setProjectPolicy', policy } as const]),
    ...(isUnchanged(known, { secret_hash, policy, settings })
      ? []
      : auditOf(project, 'project', now))
  ])
  const target = { project, policy, settings, environment, atRest, passwords, now } as const
  await applyOrganizations(target, seed.organizations, `${path}.organizations`)
  return { project_id, secret }
}

/** A seed that is applied at every start is an event when it changes something. */
function isUnchanged(
  known: ProjectRecord | undefined,
  { secret_hash, ...applied }: Pick<ProjectRecord, 'secret_hash' | 'policy' | 'settings'>
): boolean {
  return (
    known !== undefined &&
    (secret_hash === null || secret_hash === known.secret_hash) &&
    isDeepStrictEqual(applied, { policy: known.policy, settings: known.settings })
  )
}

function warnOfDeadRoles(policy: CustomPolicy): void {
  for (const role_id of deadRoles(policy)) {
    process.emitWarning(
      `The role "${role_id}" was removed from the policy before, and grants nothing: members may still have it assigned. Restore it with membergate roles restore ${role_id}, or give the role another id.`,
      { type: 'MembergateWarning', code: 'MEMBERGATE_REMOVED_ROLE' }
    )
  }
}

function settingsOf(
  seed: CheckedProject,
  known: ProjectRecord | undefined,
  path: string
): ProjectSettings {
  const settings = withSettings(known?.settings ?? defaultSettings, given(seed.settings))
  const fault = faultOfUserinfo(settings)
  if (fault !== undefined) throw new ConfigError(`${path}.settings.userinfo_url ${fault}`)
  return settings
}

/** A maximum that is new counts for the sessions that run already. */
function boundSessions(
  { maximum_session_minutes }: ProjectSettings,
  before: ProjectSettings | undefined
): readonly Write[] {
  const isNew = maximum_session_minutes !== (before?.maximum_session_minutes ?? null)
  if (maximum_session_minutes === null || !isNew) return []
  return [{ do: 'boundSessions', maximum_ms: maximum_session_minutes * 60_000 }]
}

/** One that the project has had since before goes on. */
function assertLongSecret(
  { secret, dangerouslyAllowShortSecret = false }: CheckedProject,
  known: ProjectRecord | undefined,
  path: string
): void {
  if (secret === undefined || !isShortSecret(secret) || dangerouslyAllowShortSecret) return
  if (known?.secret_hash === sha256(secret)) return
  throw new ConfigError(
    `${path}.secret must have ${minSecretLength} characters or more. Leave it out, and one is made.`
  )
}

/** Settings that the seed names; the others stay as they are. Of the secrets of apps only hashes are kept. */
function given(settings: CheckedProject['settings']): NamedSettings {
  if (settings === undefined) return {}
  return onlyNamed({
    ...settings,
    connected_apps: settings.connected_apps?.map(storedApp),
    email_limits: settings.email_limits && onlyNamed(settings.email_limits),
    sms_limits: settings.sms_limits && onlyNamed(settings.sms_limits),
    guess_limits: settings.guess_limits && onlyNamed(settings.guess_limits)
  })
}

function onlyNamed(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

type SeededApp = NonNullable<NonNullable<CheckedProject['settings']>['connected_apps']>[number]

function storedApp(seeded: SeededApp): ConnectedApp {
  if (!('client_secret' in seeded)) return { ...seeded, client_secret_hash: null }
  const { client_secret, ...app } = seeded
  return { ...app, client_secret_hash: sha256(client_secret) }
}

/** All of them before their members: what one claims may bind the others. */
async function applyOrganizations(
  target: ProjectTarget,
  seeded: readonly CheckedOrganization[],
  path: string
): Promise<void> {
  const organizations: OrganizationRecord[] = []
  for (const [index, { members, ...body }] of seeded.entries()) {
    organizations.push(await atPath(`${path}[${index}]`, () => applyOrganization(target, body)))
  }
  for (const [index, organization] of organizations.entries()) {
    for (const [place, member] of (seeded[index]?.members ?? []).entries()) {
      const memberPath = `${path}[${index}].members[${place}]`
      await atPath(memberPath, () => applyMember(target, organization, member))
    }
  }
}

async function applyOrganization(
  { project, policy, environment, now }: ProjectTarget,
  body: Omit<CheckedOrganization, 'members'>
): Promise<OrganizationRecord> {
  const { organization_slug } = body
  const known = await project.findOrganizationBySlug(organization_slug)
  if (known !== undefined) return known
  const organization_id = newId('organization', environment)
  const roles = assignableRoles(policy)
  const created = createOrganization(body, { organization_id, organization_slug, roles, now })
  await project.run([
    ...writesOfNewOrganization(created),
    ...auditOf(project, 'organization', now, created)
  ])
  return created
}

/** Seeded members have a verified address, unless they are to wait for their first sign-in. */
async function applyMember(
  target: ProjectTarget,
  organization: OrganizationRecord,
  { password, totp_secret, ...body }: CheckedMember
): Promise<void> {
  const { project, settings, environment, now } = target
  const { organization_id } = organization
  const known = await project.findMemberByEmail(organization_id, canonicalEmail(body.email_address))
  if (known !== undefined) return
  const member = createMember(organization_id, newId('member', environment), body, {
    email_id: newId('email', environment),
    phone_id: newId('phone-number', environment),
    roles: assignableRoles(target.policy, organization),
    now
  })
  const backend = { caller: undefined, store: project, project: { settings } }
  await assertUnclaimedForCaller(backend, organization, member.email_address)
  const writes = writesOfCreation({
    ...member,
    email_address_verified: member.status === 'active',
    default_mfa_method: totp_secret === undefined ? '' : 'totp'
  })
  if (password !== undefined) {
    writes.push(await seededPassword(target, member.member_id, password))
  }
  if (totp_secret !== undefined) writes.push(...seededTotp(target, member.member_id, totp_secret))
  await project.run([...writes, ...auditOf(project, 'member', now, member)])
}

function auditOf(
  { project_id }: ProjectStore,
  kind: AuditKind,
  now: number,
  about?: object
): readonly Write[] {
  return auditOfCommand(project_id, { kind, operation: 'seed.apply', occurred_at: now }, about)
}

async function seededPassword(
  { environment, passwords, now }: ProjectTarget,
  member_id: string,
  password: string
): Promise<Write> {
  const member_password_id = newId('member-password', environment)
  const hash = await passwords.hash(password)
  return { do: 'insertPassword', member_id, password: { member_password_id, hash }, now }
}

/** Active at once: it needs no first code, and none was used. */
function seededTotp(
  { project, environment, atRest, now }: ProjectTarget,
  member_id: string,
  totp_secret: string
): Write[] {
  return sealedRegistration(
    { store: project, environment, atRest, now },
    {
      member_id,
      totp_registration_id: newId('member-totp', environment),
      secret: normalizeTotpSecret(totp_secret) ?? totp_secret,
      recovery_codes: newRecoveryCodes(),
      active: true,
      expires_at: now
    }
  )
}

/** Where the API would answer an error, the seed is wrong at this path. */
async function atPath<Result>(path: string, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    throw new ConfigError(`${path} is refused: ${error.detail ?? error.error_type}`)
  }
}
