import { ConfigError } from '../../errors/config-error.ts'
import type { AuditKind, AuditRecord } from '../domain/audit.ts'
import { type Problem, problem, stale } from '../domain/problem.ts'
import type {
  CodePurpose,
  GrantRecord,
  IntermediateSessionRecord,
  LinkRecord,
  MemberRecord,
  OneTimeCodeRecord,
  OrganizationRecord,
  PasswordRecord,
  ProjectRecord,
  SessionRecord,
  SigningKeyRecord,
  TotpRecord
} from '../domain/records.ts'
import type { RecoveryCode } from '../domain/recovery-codes.ts'
import type { Write } from '../domain/writes.ts'
import { DatabaseUnavailable, type Engine, type Row, type Statement, type Value } from './engine.ts'
import { isPostgresUrl } from './is-postgres-url.ts'
import { containing, endingWith } from './like-pattern.ts'
import { migrations } from './migrations.ts'
import { openPostgres } from './postgres.ts'
import {
  json,
  readAuditRecord,
  readGrant,
  readIntermediateSession,
  readLink,
  readMember,
  readOneTimeCode,
  readOrganization,
  readPassword,
  readProject,
  readRecoveryCode,
  readSession,
  readSigningKey,
  readTotp
} from './records.ts'
import type { Condition, MemberCondition, Page } from './search.ts'
import { openSqlite } from './sqlite.ts'
import { statements } from './statements.ts'
import { problemOfViolation } from './unique.ts'

/** A page of what was found, and how many there are on all pages. */
export interface Found<Item> {
  readonly items: readonly Item[]
  readonly total: number
}

/** The database, seen by one project: whatever is asked or written, other projects do not exist. */
export type ProjectStore = ReturnType<typeof createProjectStore>

export interface Store {
  /** Whether the database answers. */
  ping(): Promise<void>
  listProjects(): Promise<readonly ProjectRecord[]>
  ofProject(project_id: string): ProjectStore
  /** Runs what only one of the processes that share the database may do at a time. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** Opens a database to serve it, and brings its schema up to date. A SQLite file is then this process's alone. */
export function openStore(database: string): Promise<Store> {
  return open(database, 'serve', (engine) => engine.migrate(migrations))
}

/** Opens a database that another process may be serving, for single units of work. Its schema must be of this release. */
export function openStoreBeside(database: string): Promise<Store> {
  return open(database, 'beside', refuseOtherSchema)
}

async function open(
  database: string,
  use: 'serve' | 'beside',
  prepareEngine: (engine: Engine) => Promise<void>
): Promise<Store> {
  const engine = isPostgresUrl(database)
    ? await openPostgres(database)
    : await openSqlite(database, use)
  try {
    await prepareEngine(engine)
  } catch (error) {
    await engine.close()
    throw error
  }
  return {
    async ping() {
      await engine.read('select 1', [])
    },
    async listProjects() {
      const rows = await engine.read('select * from projects order by created_at, project_id', [])
      return rows.map(readProject)
    },
    ofProject: (project_id) => createProjectStore(engine, project_id),
    exclusively: (work) => engine.exclusively(work),
    close: () => engine.close()
  }
}

async function refuseOtherSchema(engine: Engine): Promise<void> {
  const version = await engine
    .read('select coalesce(max(version), 0) as version from membergate_migrations', [])
    .then(([row]) => Number(row?.version))
    .catch((error: unknown) => {
      if (error instanceof DatabaseUnavailable) throw error
      return 0
    })
  if (version !== migrations.length) {
    throw new ConfigError(
      `The database has schema version ${version}, and this release of membergate needs ${migrations.length}. Start membergate serve of this release once.`
    )
  }
}

const memberColumns = 'm.*, p.member_password_id, t.totp_registration_id'
const membersAndTheirs = (members: string) => `${members} m
  left join passwords p on p.project_id = m.project_id and p.member_id = m.member_id
  left join totps t on t.project_id = m.project_id and t.member_id = m.member_id and t.active = 1`
const memberTables = membersAndTheirs('members')
const memberTablesWithDeleted = membersAndTheirs(
  '(select * from members union all select * from deleted_members)'
)

/** No member of the organization `o` has the address, or had it. */
function isNewTo(email_address: string): string {
  return `not exists (select 1 from member_emails e where e.project_id = o.project_id
    and e.organization_id = o.organization_id and e.email_address = ${email_address})`
}

/** The member `m` has a verified address of the domain. */
function isColleague(pattern: string): string {
  return `m.status = 'active' and m.email_address_verified = 1
    and m.email_address like ${pattern} escape '\\'`
}

/** Finds an array that has the text as an element, within JSON. */
function elementPattern(text: string): string {
  return containing(JSON.stringify(text))
}

const aliveSession = 'project_id = $1 and revoked_at is null and expires_at > $2'

function createProjectStore(engine: Engine, project_id: string) {
  async function all(sql: string, ...values: Value[]): Promise<readonly Row[]> {
    return engine.read(sql, [project_id, ...values])
  }

  async function one<Item>(
    read: (row: Row) => Item,
    sql: string,
    ...values: Value[]
  ): Promise<Item | undefined> {
    const [row] = await all(sql, ...values)
    return row && read(row)
  }

  return {
    project_id,

    findProject(): Promise<ProjectRecord | undefined> {
      return one(readProject, 'select * from projects where project_id = $1')
    },

    /** Newest first. */
    async listSigningKeys(): Promise<readonly SigningKeyRecord[]> {
      const rows = await all(
        'select * from signing_keys where project_id = $1 order by generation desc'
      )
      return rows.map(readSigningKey)
    },

    /** By id, slug or external id: no text is two organizations. */
    findOrganization(address: string): Promise<OrganizationRecord | undefined> {
      return one(
        readOrganization,
        `select * from organizations where project_id = $1
         and organization_id = coalesce((select organization_id from organization_addresses
           where project_id = $1 and address = $2), $2)`,
        address
      )
    },

    findOrganizationBySlug(slug: string): Promise<OrganizationRecord | undefined> {
      return one(
        readOrganization,
        'select * from organizations where project_id = $1 and organization_slug = $2',
        slug
      )
    },

    /** By id. */
    async listOrganizations(
      organization_ids: readonly string[]
    ): Promise<ReadonlyMap<string, OrganizationRecord>> {
      if (organization_ids.length === 0) return new Map()
      const list = organization_ids.map((_, index) => `$${index + 2}`).join(', ')
      const rows = await all(
        `select * from organizations where project_id = $1 and organization_id in (${list})`,
        ...organization_ids
      )
      return new Map(
        rows
          .map(readOrganization)
          .map((organization) => [organization.organization_id, organization])
      )
    },

    /** Ids of organizations that claim the domain. Two are enough to know that one of them is another. */
    async listClaimants(domain: string): Promise<readonly string[]> {
      const rows = await all(
        `select organization_id from organizations
         where project_id = $1 and claimed_email_domains <> '[]'
           and claimed_email_domains like $2 escape '\\' limit 2`,
        elementPattern(domain)
      )
      return rows.map(({ organization_id }) => String(organization_id))
    },

    /** Those that list the domain and have a member of it, without those that know the address, the oldest first. */
    async listOrganizationsByDomain(
      email_address: string,
      domain: string,
      limit: number
    ): Promise<readonly OrganizationRecord[]> {
      const rows = await all(
        `select * from organizations o
         where o.project_id = $1 and ${isNewTo('$2')} and o.email_allowed_domains <> '[]'
           and o.email_allowed_domains like $3 escape '\\'
           and o.settings like '%"email_jit_provisioning":"RESTRICTED"%'
           and exists (select 1 from members m where m.project_id = o.project_id
             and m.organization_id = o.organization_id and ${isColleague('$4')})
         order by o.created_at, o.organization_id limit $5`,
        email_address,
        elementPattern(domain),
        endingWith(`@${domain}`),
        limit
      )
      return rows.map(readOrganization)
    },

    /** Those that may admit one of the tenants, without those that know the address, the oldest first. */
    async listOrganizationsByTenant(
      email_address: string,
      tenants: readonly string[],
      limit: number
    ): Promise<readonly OrganizationRecord[]> {
      if (tenants.length === 0) return []
      const patterns = tenants.map((_, index) => `o.settings like $${index + 4} escape '\\'`)
      const rows = await all(
        `select * from organizations o
         where o.project_id = $1 and ${isNewTo('$2')}
           and o.settings like '%"oauth_tenant_jit_provisioning":"RESTRICTED"%'
           and (${patterns.join(' or ')})
         order by o.created_at, o.organization_id limit $3`,
        email_address,
        limit,
        ...tenants.map(elementPattern)
      )
      return rows.map(readOrganization)
    },

    searchOrganizations(condition: Condition, page: Page): Promise<Found<OrganizationRecord>> {
      return find(readOrganization, page, {
        columns: '*',
        source: `organizations where project_id = $1 and ${condition.sql}`,
        values: condition.values,
        order: 'created_at, organization_id'
      })
    },

    /** By id or external id, within the organization. */
    async findMember(organization_id: string, address: string): Promise<MemberRecord | undefined> {
      const rows = await all(
        `select ${memberColumns} from ${memberTables} where m.project_id = $1 and m.organization_id = $2
         and (m.member_id = $3 or m.external_id = $3)`,
        organization_id,
        address
      )
      const row = rows.find(({ member_id }) => member_id === address) ?? rows[0]
      return row && readMember(row)
    },

    /** By id alone, in whichever organization. */
    findMemberById(member_id: string): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables} where m.project_id = $1 and m.member_id = $2`,
        member_id
      )
    },

    findDeletedMember(member_id: string): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        'select * from deleted_members where project_id = $1 and member_id = $2',
        member_id
      )
    },

    findMemberByPassword(
      organization_id: string,
      member_password_id: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables} where m.project_id = $1
         and m.organization_id = $2 and p.member_password_id = $3`,
        organization_id,
        member_password_id
      )
    },

    async countMembers(organization_id: string): Promise<number> {
      const [row] = await all(
        'select count(*) as total from members where project_id = $1 and organization_id = $2',
        organization_id
      )
      return Number(row?.total)
    },

    /** Whether a member of the organization has it. */
    async isPhoneNumberTaken(organization_id: string, mfa_phone_number: string): Promise<boolean> {
      const owners = await all(
        `select 1 as taken from members
         where project_id = $1 and organization_id = $2 and mfa_phone_number = $3`,
        organization_id,
        mfa_phone_number
      )
      return owners.length > 0
    },

    /** By current address, not by a retired one. */
    findMemberByEmail(
      organization_id: string,
      email_address: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables}
         join member_emails e on e.project_id = m.project_id and e.member_id = m.member_id
           and e.email_address = m.email_address
         where e.project_id = $1 and e.organization_id = $2 and e.email_address = $3`,
        organization_id,
        email_address
      )
    },

    /** The member that has the address, or had it before. */
    findMemberByAnyEmail(
      organization_id: string,
      email_address: string
    ): Promise<MemberRecord | undefined> {
      return one(
        readMember,
        `select ${memberColumns} from ${memberTables}
         join member_emails e on e.project_id = m.project_id and e.member_id = m.member_id
         where e.project_id = $1 and e.organization_id = $2 and e.email_address = $3`,
        organization_id,
        email_address
      )
    },

    /** The members that are about to take the address, by a link or a code that is still good. */
    async listEmailClaimants(
      organization_id: string,
      email_address: string,
      now: number
    ): Promise<readonly string[]> {
      const rows = await all(
        `select m.member_id from members m join (
           select project_id, member_id from links where kind = 'email_update'
             and email_address = $3 and used_at is null and expires_at > $4
           union select project_id, member_id from one_time_codes where purpose = 'email_update'
             and recipient = $3 and used_at is null and expires_at > $4
         ) u on u.project_id = m.project_id and u.member_id = m.member_id
         where m.project_id = $1 and m.organization_id = $2`,
        organization_id,
        email_address,
        now
      )
      return rows.map(({ member_id }) => String(member_id))
    },

    /** The newest code that was sent to prove the address as the new one of a member of the organization. */
    findEmailUpdateCode(
      organization_id: string,
      email_address: string
    ): Promise<OneTimeCodeRecord | undefined> {
      return one(
        readOneTimeCode,
        `select c.* from one_time_codes c
         join members m on m.project_id = c.project_id and m.member_id = c.member_id
         where c.project_id = $1 and m.organization_id = $2 and c.recipient = $3
           and c.purpose = 'email_update'
         order by c.created_at desc, c.code_id limit 1`,
        organization_id,
        email_address
      )
    },

    /** By current address, in every organization of the project, the oldest first. */
    async listMembersByEmail(
      email_address: string,
      limit: number
    ): Promise<readonly MemberRecord[]> {
      const rows = await all(
        `select ${memberColumns} from ${memberTables}
         where m.project_id = $1 and m.email_address = $2
           and m.member_id in (select member_id from member_emails
             where project_id = $1 and email_address = $2)
         order by m.created_at, m.member_id limit $3`,
        email_address,
        limit
      )
      return rows.map(readMember)
    },

    /** Whether a member of the organization has the address, or had it. */
    async wasEmailUsed(organization_id: string, email_address: string): Promise<boolean> {
      const rows = await all(
        `select 1 from member_emails
         where project_id = $1 and organization_id = $2 and email_address = $3`,
        organization_id,
        email_address
      )
      return rows.length > 0
    },

    /** Whether an active member has a verified address of the domain. */
    async hasVerifiedMember(organization_id: string, domain: string): Promise<boolean> {
      const rows = await all(
        `select 1 from members m where m.project_id = $1 and m.organization_id = $2
           and ${isColleague('$3')} limit 1`,
        organization_id,
        endingWith(`@${domain}`)
      )
      return rows.length > 0
    },

    searchMembers(
      organization_ids: readonly string[],
      condition: MemberCondition,
      page: Page
    ): Promise<Found<MemberRecord>> {
      const first = condition.values.length + 2
      const list = organization_ids.map((_, index) => `$${first + index}`).join(', ')
      return find(readMember, page, {
        columns: memberColumns,
        source: `${condition.withDeleted ? memberTablesWithDeleted : memberTables} where m.project_id = $1 and ${condition.sql}
          and m.organization_id in (${list})`,
        values: [...condition.values, ...organization_ids],
        order: 'm.created_at, m.member_id'
      })
    },

    findPassword(member_id: string): Promise<PasswordRecord | undefined> {
      return one(
        readPassword,
        `select member_password_id, hash from passwords where project_id = $1 and member_id = $2`,
        member_id
      )
    },

    findTotp(member_id: string): Promise<TotpRecord | undefined> {
      return one(
        readTotp,
        'select * from totps where project_id = $1 and member_id = $2',
        member_id
      )
    },

    /** Sealed, in a lasting order. */
    async listRecoveryCodes(member_id: string): Promise<readonly RecoveryCode[]> {
      const rows = await all(
        `select recovery_code_id, code from recovery_codes where project_id = $1 and member_id = $2
         order by created_at, recovery_code_id`,
        member_id
      )
      return rows.map(readRecoveryCode)
    },

    findSession(member_session_id: string, now: number): Promise<SessionRecord | undefined> {
      return one(
        readSession,
        `select * from sessions where ${aliveSession} and member_session_id = $3`,
        now,
        member_session_id
      )
    },

    findSessionByToken(token_hash: string, now: number): Promise<SessionRecord | undefined> {
      return one(
        readSession,
        `select * from sessions where ${aliveSession} and token_hash = $3`,
        now,
        token_hash
      )
    },

    async listSessions(member_id: string, now: number): Promise<readonly SessionRecord[]> {
      const rows = await all(
        `select * from sessions where ${aliveSession} and member_id = $3
         order by started_at, member_session_id`,
        now,
        member_id
      )
      return rows.map(readSession)
    },

    /** Alive, and with fewer than `limit` failed codes. */
    findIntermediateSession(
      token_hash: string,
      now: number,
      limit: number
    ): Promise<IntermediateSessionRecord | undefined> {
      return one(
        readIntermediateSession,
        `select * from intermediate_sessions
         where project_id = $1 and token_hash = $2 and expires_at > $3 and failed_codes < $4`,
        token_hash,
        now,
        limit
      )
    },

    /** Also one that was used or has ended: those are answered differently from one that never was. */
    findLink(token_hash: string): Promise<LinkRecord | undefined> {
      return one(
        readLink,
        'select * from links where project_id = $1 and token_hash = $2',
        token_hash
      )
    },

    /** Also one that was used or has ended. */
    findOneTimeCode(purpose: CodePurpose, subject: string): Promise<OneTimeCodeRecord | undefined> {
      return one(
        readOneTimeCode,
        'select * from one_time_codes where project_id = $1 and purpose = $2 and subject = $3',
        purpose,
        subject
      )
    },

    /** What was sealed with another key than this one, in the order of ids and after the one that is given. */
    async listSealedOtherwise(
      what: SealedKind,
      key_id: string,
      { after, limit }: { readonly after: string; readonly limit: number }
    ): Promise<readonly SealedRow[]> {
      const { table, id, sealed, place } = sealedColumns[what]
      // A sealed text begins with v1. and the id of its key.
      const rows = await all(
        `select ${id} as id, ${sealed} as sealed, ${place.join(', ')} from ${table}
         where project_id = $1 and substr(${sealed}, 4, 8) <> $2 and ${id} > $3
         order by ${id} limit $4`,
        key_id,
        after,
        limit
      )
      return rows as unknown as readonly SealedRow[]
    },

    /** How many live sessions have a token of each key, and when the last of them ends as it stands. */
    async countSessionsByKey(now: number): Promise<readonly SessionsOfKey[]> {
      const rows = await all(
        `select token_key_id as key_id, count(*) as sessions, max(expires_at) as last_expires_at
         from sessions where ${aliveSession} group by token_key_id order by token_key_id`,
        now
      )
      return rows as unknown as readonly SessionsOfKey[]
    },

    /** Also one whose code was redeemed, or whose token was exchanged or revoked. */
    findGrantByCode(code_hash: string): Promise<GrantRecord | undefined> {
      return one(
        readGrant,
        'select * from grants where project_id = $1 and code_hash = $2',
        code_hash
      )
    },

    findGrantByToken(token_hash: string): Promise<GrantRecord | undefined> {
      return one(
        readGrant,
        'select * from grants where project_id = $1 and token_hash = $2',
        token_hash
      )
    },

    /** The scopes that the member agreed to; none, if it was never asked. */
    async listConsentedScopes(member_id: string, client_id: string): Promise<readonly string[]> {
      const [row] = await all(
        'select scopes from consents where project_id = $1 and member_id = $2 and client_id = $3',
        member_id,
        client_id
      )
      return row === undefined ? [] : json(row.scopes)
    },

    /** Of those that all filters take, at most `limit` that come after the place, the oldest first. */
    async listAuditRecords(
      { organization_id, member_id, kind }: AuditFilter,
      after: AuditPlace,
      limit: number
    ): Promise<readonly AuditRecord[]> {
      const rows = await all(
        `select * from audit_events
         where project_id = $1 and (occurred_at, event_id) > ($2, $3)
           and (cast($4 as text) is null or organization_id = $4)
           and (cast($5 as text) is null or member_id = $5 or caller_member_id = $5)
           and (cast($6 as text) is null or kind = $6)
         order by occurred_at, event_id limit $7`,
        after.occurred_at,
        after.event_id,
        organization_id ?? null,
        member_id ?? null,
        kind ?? null,
        limit
      )
      return rows.map(readAuditRecord)
    },

    /** Carries out all of the writes or none; the first one that could not be met says why. */
    async run(writes: readonly Write[]): Promise<Problem | undefined> {
      if (writes.length === 0) return undefined
      const outcome = await engine.runUnit(writes.map((write) => prepare(project_id, write)))
      if (outcome.done) return undefined
      if (outcome.orphaned) return stale
      const otherwise = writes[outcome.statement]?.otherwise
      if (outcome.violated === undefined) {
        if (otherwise === undefined) throw new Error('An unguarded statement ended its unit.')
        return otherwise
      }
      const type = problemOfViolation(outcome.violated)
      if (type === undefined) throw new Error(`A unique index was violated: ${outcome.violated}`)
      return problem(type)
    }
  }

  async function find<Item>(
    read: (row: Row) => Item,
    { limit, after }: Page,
    { columns, source, values, order }: Selection
  ): Promise<Found<Item>> {
    const next = values.length + 2
    const behind = after === undefined ? '' : `and (${order}) > ($${next + 1}, $${next + 2})`
    const start = after === undefined ? [] : [after.created_at, after.id]
    const rows = await all(
      `select ${columns} from ${source} ${behind} order by ${order} limit $${next}`,
      ...values,
      limit,
      ...start
    )
    const [counted] = await all(`select count(*) as total from ${source}`, ...values)
    return { items: rows.map(read), total: Number(counted?.total) }
  }
}

/** `undefined` takes every event. `member_id` is whom it is about, or who made the call. */
export interface AuditFilter {
  readonly organization_id: string | undefined
  readonly member_id: string | undefined
  readonly kind: AuditKind | undefined
}

/** Events are in order of time. An empty `event_id` stands before all events of its moment. */
export type AuditPlace = Pick<AuditRecord, 'occurred_at' | 'event_id'>

export type SealedKind = 'signing_key' | 'totp' | 'recovery_code'

/** A sealed text, with the ids that name its place. */
export interface SealedRow {
  readonly id: string
  readonly sealed: string
  readonly member_id: string
  readonly totp_registration_id: string
}

export interface SessionsOfKey {
  readonly key_id: string
  readonly sessions: number
  readonly last_expires_at: number
}

const sealedColumns = {
  signing_key: { table: 'signing_keys', id: 'kid', sealed: 'private_key', place: ['kid'] },
  totp: {
    table: 'totps',
    id: 'member_id',
    sealed: 'secret',
    place: ['member_id', 'totp_registration_id']
  },
  recovery_code: {
    table: 'recovery_codes',
    id: 'recovery_code_id',
    sealed: 'code',
    place: ['member_id']
  }
} as const satisfies Record<SealedKind, object>

interface Selection {
  readonly columns: string
  /** Tables and conditions. */
  readonly source: string
  readonly values: readonly Value[]
  /** Creation time and id: together they order every row. */
  readonly order: string
}

function prepare(project_id: string, write: Write): Statement {
  const statement = statements[write.do] as (write: Write) => readonly [string, ...Value[]]
  const [sql, ...values] = statement(write)
  return { sql, values: [project_id, ...values], guarded: write.otherwise !== undefined }
}
