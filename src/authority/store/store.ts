import { ConfigError } from '../../errors/config-error.ts'
import { type Conflict, OperationError } from '../domain/operation-error.ts'
import type { ProjectRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import type { Engine, Statement } from './engine.ts'
import { type AllFailureCounts, createFailureCounts, type FailureCounts } from './failure-counts.ts'
import { isPostgresUrl } from './is-postgres-url.ts'
import { containing } from './like-pattern.ts'
import { migrations } from './migrations.ts'
import { openPostgres } from './postgres.ts'
import type { PostgresOptions } from './postgres-connection.ts'
import { attemptReads } from './reads/attempts.ts'
import { auditReads } from './reads/audit.ts'
import { credentialReads } from './reads/credentials.ts'
import { externalIdentityReads } from './reads/external-identity.ts'
import { memberReads } from './reads/members.ts'
import { messageReads } from './reads/messages.ts'
import { organizationReads } from './reads/organizations.ts'
import { projectReads } from './reads/projects.ts'
import { createReader, type Reader } from './reads/reader.ts'
import { sealedReads } from './reads/sealed.ts'
import { sessionReads } from './reads/sessions.ts'
import type { Sql } from './sql.ts'
import { openSqlite } from './sqlite.ts'
import { statements } from './statements.ts'
import { readProject } from './tables.ts'
import { noteTrip } from './trips.ts'
import { errorOfViolation } from './unique.ts'

/** The database, seen by one project: whatever is read or written, other projects do not exist. */
export interface ProjectStore extends Reads {
  readonly project_id: string
  readonly failures: FailureCounts
  /**
   * Carries out all of the writes or none.
   *
   * @throws OperationError for the first guard that was not met
   */
  run(writes: readonly Write[]): Promise<void>
  /** The same for a caller that goes on in either case: `undefined` when done, else what the first unmet guard says. */
  tryRun(writes: readonly Write[]): Promise<Conflict | undefined>
}

type Reads = ReturnType<typeof readsOf>

export interface Store {
  /** Whether the database answers. */
  ping(): Promise<void>
  listProjects(): Promise<readonly ProjectRecord[]>
  /** Those whose settings may have a connected app of this id. */
  listProjectsNaming(client_id: string): Promise<readonly ProjectRecord[]>
  ofProject(project_id: string): ProjectStore
  readonly failures: Pick<AllFailureCounts, 'sweep'>
  /** Runs what only one of the processes that share the database may do at a time. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** Opens a database to serve it, and brings its schema up to date. A SQLite file is then this process's alone. */
export function openStore(database: string, options: PostgresOptions = {}): Promise<Store> {
  return open(database, options, 'serve', (engine) => engine.migrate(migrations))
}

/** Opens a database that another process may be serving, for single units of work. Its schema must be of this release. */
export function openStoreBeside(database: string, options: PostgresOptions = {}): Promise<Store> {
  return open(database, options, 'beside', assertSchemaOfThisRelease)
}

async function open(
  database: string,
  options: PostgresOptions,
  use: 'serve' | 'beside',
  prepareEngine: (engine: Engine) => Promise<void>
): Promise<Store> {
  const engine = isPostgresUrl(database)
    ? await openPostgres(database, options)
    : await openSqlite(database, use)
  try {
    await prepareEngine(engine)
  } catch (error) {
    await engine.close()
    throw error
  }
  const failures = createFailureCounts(engine)
  return {
    async ping() {
      await engine.read('select 1', [])
    },
    async listProjects() {
      const rows = await engine.read('select * from projects order by created_at, project_id', [])
      return rows.map(readProject)
    },
    async listProjectsNaming(client_id) {
      const named = containing(`"client_id":${JSON.stringify(client_id)}`)
      const rows = await engine.read("select * from projects where settings like $1 escape '\\'", [
        named
      ])
      return rows.map(readProject)
    },
    ofProject: (project_id) =>
      createProjectStore(engine, project_id, failures.ofProject(project_id)),
    failures,
    exclusively: (work) => engine.exclusively(work),
    close: () => engine.close()
  }
}

async function assertSchemaOfThisRelease(engine: Engine): Promise<void> {
  const version = await engine
    .read('select coalesce(max(version), 0) as version from membergate_migrations', [])
    .then(([row]) => Number(row?.version))
    .catch((error: unknown) => {
      if (isTableMissing(error)) return 0
      throw error
    })
  if (version !== migrations.length) {
    throw new ConfigError(
      `The database has schema version ${version}, and this release of membergate needs ${migrations.length}. Start membergate serve of this release once.`
    )
  }
}

/** As PostgreSQL says it, and SQLite. */
function isTableMissing(error: unknown): boolean {
  const { code, message } = Object(error)
  return code === '42P01' || /no such table/.test(message)
}

function createProjectStore(
  engine: Engine,
  project_id: string,
  failures: FailureCounts
): ProjectStore {
  return {
    project_id,
    failures,
    ...readsOf(createReader(engine, project_id)),
    async run(writes) {
      const conflict = await tryRun(writes)
      if (conflict !== undefined) throw new OperationError(conflict)
    },
    tryRun
  }

  async function tryRun(writes: readonly Write[]): Promise<Conflict | undefined> {
    if (writes.length === 0) return undefined
    const unit = writes.map((write) => prepare(project_id, write))
    noteTrip(() => ({ commit: unit.map(({ sql }) => sql) }))
    const outcome = await engine.runUnit(unit)
    if (outcome.done) return undefined
    if (outcome.orphaned) return 'stale'
    if (outcome.violated === undefined) {
      const conflict = writes[outcome.statement]?.onConflict
      if (conflict === undefined) throw new Error('An unguarded statement ended its unit.')
      return conflict
    }
    const error_type = errorOfViolation(outcome.violated)
    if (error_type === undefined) {
      throw new Error(`A unique index was violated: ${outcome.violated}`)
    }
    return error_type
  }
}

function prepare(project_id: string, write: Write): Statement {
  const statement = statements[write.do] as (write: Write) => Sql
  const { text, values } = statement(write)
  return { sql: text, values: [project_id, ...values], guarded: write.onConflict !== undefined }
}

function readsOf(reader: Reader) {
  return {
    ...projectReads(reader),
    ...organizationReads(reader),
    ...memberReads(reader),
    ...credentialReads(reader),
    ...attemptReads(reader),
    ...sessionReads(reader),
    ...messageReads(reader),
    ...externalIdentityReads(reader),
    ...auditReads(reader),
    ...sealedReads(reader)
  }
}
