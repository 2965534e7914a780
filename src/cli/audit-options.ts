import { type AuditKind, auditKinds } from '../authority/domain/audit.ts'
import { ConfigError } from '../errors/config-error.ts'
import { nearestName } from '../errors/nearest-name.ts'
import { type Database, databaseFlags, readDatabaseBeside } from './database-options.ts'
import { parse } from './serve-options.ts'
import { nonEmpty, type Variables } from './variables.ts'

/** What `membergate audit` is to print. */
export interface AuditOptions {
  readonly database: Database
  readonly project_id: string | undefined
  readonly organization_id: string | undefined
  readonly member_id: string | undefined
  readonly kind: AuditKind | undefined
  /** Epoch milliseconds of the first events; 0 takes all. */
  readonly since: number
  /** Goes on printing what happens. */
  readonly follow: boolean
  readonly json: boolean
}

const flags = {
  ...databaseFlags,
  'project-id': { type: 'string' },
  organization: { type: 'string' },
  member: { type: 'string' },
  kind: { type: 'string' },
  since: { type: 'string' },
  follow: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false }
} as const

/** Throws a ConfigError that says what to write. */
export function readAuditOptions(
  args: readonly string[],
  env: Variables
): AuditOptions | 'help' | 'version' {
  const values = parse(args, flags, 'audit')
  if (values.help) return 'help'
  if (values.version) return 'version'
  const { organization, member, kind, since, follow, json } = values
  return {
    database: readDatabaseBeside(values, env),
    project_id: values['project-id'] ?? nonEmpty(env.STYTCH_PROJECT_ID),
    organization_id: organization,
    member_id: member,
    kind: kind === undefined ? undefined : readKind(kind),
    since: since === undefined ? 0 : readTime(since),
    follow,
    json
  }
}

function readKind(text: string): AuditKind {
  const kind = auditKinds.find((known) => known === text)
  if (kind !== undefined) return kind
  const hint = nearestName(text, auditKinds)
  throw new ConfigError(
    `--kind "${text}" is no kind of event.${hint} Write one of ${auditKinds.join(', ')}.`
  )
}

const timeForm = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

function readTime(text: string): number {
  const epochMs = timeForm.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(epochMs)) return epochMs
  throw new ConfigError(
    '--since must be a day or a time: 2026-01-31, or 2026-01-31T12:00:00Z with its time zone.'
  )
}
