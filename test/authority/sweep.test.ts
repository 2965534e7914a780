import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { newId } from '../../src/authority/crypto/tokens.ts'
import { defaultSettings } from '../../src/authority/domain/project-settings.ts'
import { openStore, type Store } from '../../src/authority/store/store.ts'
import { startSweeping, sweepProject } from '../../src/authority/sweep.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { runSql } from '../support/run-sql.ts'

const dayMs = 24 * 60 * 60 * 1000
const now = Date.UTC(2026, 0, 31)
const longAgo = now - 7 * dayMs
const tables = [
  'sessions',
  'intermediate_sessions',
  'links',
  'one_time_codes',
  'send_counts',
  'used_trusted_tokens',
  'grants',
  'signing_keys'
] as const

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let store: Store
  let project_id: string

  beforeEach(async () => {
    database = await createDatabase()
    store = await openStore(database.location)
    project_id = await newProject()
    await plantMember(project_id)
  })

  afterEach(async () => {
    await store.close()
    await database.drop()
  })

  async function newProject(): Promise<string> {
    const id = newId('project', 'test')
    const policy = { roles: [], resources: [] }
    const project = { secret_hash: null, policy, settings: defaultSettings, now }
    await store.ofProject(id).run([{ do: 'insertProject', ...project }])
    return id
  }

  const run = (sql: string, ...values: (string | number | null)[]) =>
    runSql(database.location, sql, values)

  /** Only what the sessions of a member need to stand on. */
  async function plantMember(project: string): Promise<void> {
    await run(
      `insert into organizations (project_id, organization_id, organization_name, folded_name,
         organization_slug, email_allowed_domains, claimed_email_domains, settings, trusted_metadata,
         custom_roles, version, created_at, updated_at)
       values ($1, 'o', 'o', 'o', 'o', '[]', '[]', '{}', '{}', '[]', 0, 0, 0)`,
      project
    )
    await run(
      `insert into members (project_id, member_id, organization_id, email_id, email_address,
         email_address_verified, retired_email_addresses, status, name, is_breakglass, mfa_enrolled,
         default_mfa_method, phone_id, mfa_phone_number_verified, oauth_registrations, roles,
         trusted_metadata, untrusted_metadata, version, created_at, updated_at)
       values ($1, 'm', 'o', 'e', 'e', 1, '[]', 'active', '', 0, 0, '', '', 0, '[]', '[]', '{}', '{}',
         0, 0, 0)`,
      project
    )
  }

  async function plantSession(id: string, expires_at: number, revoked_at: number | null = null) {
    await run(
      `insert into sessions (project_id, member_session_id, member_id, organization_id, token_hash,
         token_salt, token_key_id, authentication_factors, custom_claims, started_at,
         last_accessed_at, expires_at, revoked_at, version)
       values ($1, $2, 'm', 'o', $2, '', '', '[]', '{}', 0, 0, $3, $4, 0)`,
      project_id,
      id,
      expires_at,
      revoked_at
    )
  }

  /** A row in every other table, that ends then. */
  async function plantOthers(
    id: string,
    ended: number,
    keyEnds: number | null,
    countEnds = ended
  ): Promise<void> {
    await run(
      `insert into intermediate_sessions (project_id, intermediate_session_id, token_hash,
         email_address, oauth_tenants, authentication_factors, failed_codes, created_at, expires_at,
         version)
       values ($1, $2, $2, '', '[]', '[]', 0, 0, $3, 0)`,
      project_id,
      id,
      ended
    )
    await run(
      `insert into links (project_id, link_id, kind, token_hash, email_address, created_at, expires_at)
       values ($1, $2, 'magic_link', $2, '', 0, $3)`,
      project_id,
      id,
      ended
    )
    await run(
      `insert into one_time_codes (project_id, purpose, subject, code_id, code_hash, recipient,
         failed_attempts, created_at, expires_at)
       values ($1, 'sms', $2, $2, '', '', 0, 0, $3)`,
      project_id,
      id,
      ended
    )
    await run(
      `insert into send_counts (project_id, counter, first_at, last_at, sent, first_before,
         last_before, sent_before, expires_at)
       values ($1, $2, 0, 0, 1, 0, 0, 0, $3)`,
      project_id,
      id,
      countEnds
    )
    await run(
      'insert into used_trusted_tokens (project_id, token_hash, expires_at) values ($1, $2, $3)',
      project_id,
      id,
      ended
    )
    await run(
      `insert into grants (project_id, grant_id, client_id, member_id, scopes, redirect_uri,
         code_hash, created_at, expires_at)
       values ($1, $2, '', 'm', '[]', '', $2, 0, $3)`,
      project_id,
      id,
      ended
    )
    await run(
      `insert into signing_keys (project_id, kid, generation, public_jwk, private_key, created_at,
         signs_at, ends_at)
       values ($1, $2, (select count(*) + 1 from signing_keys), '{}', '', 0, 0, $3)`,
      project_id,
      id,
      keyEnds
    )
  }

  const count = async (table: string) =>
    Number((await run(`select count(*) as total from ${table}`))[0]?.total)

  test('ST-12: what ended a week ago is deleted in batches, and everything else stays', async () => {
    for (let index = 0; index < 3; index += 1) {
      await plantSession(`over ${index}`, longAgo - index)
      await plantSession(`revoked ${index}`, now + dayMs, longAgo - index)
    }
    await run(
      `insert into links (project_id, link_id, kind, token_hash, email_address, created_at, expires_at)
       with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 1200)
       select $1, 'old ' || n, 'magic_link', 'old ' || n, '', 0, $2 from numbers`,
      project_id,
      longAgo
    )
    await plantOthers('over', longAgo, now, now)
    await plantSession('alive', now + 1)
    await plantSession('over lately', longAgo + 1)
    await plantSession('revoked lately', now + dayMs, longAgo + 1)
    await plantOthers('lately', longAgo + 1, now + 1, now + 1)
    await plantOthers('lasting', now + dayMs, null)

    await sweepProject(store.ofProject(project_id), now)
    const left = await run('select member_session_id from sessions order by member_session_id')
    expect(left.map(({ member_session_id }) => member_session_id)).toEqual([
      'alive',
      'over lately',
      'revoked lately'
    ])
    for (const table of tables.slice(1)) expect([table, await count(table)]).toEqual([table, 2])
  })

  test('failures at codes to an address are forgotten after a year, locks and those of members are not', async () => {
    const yearAgo = now - 365 * dayMs
    const failed = (subject: string, at: number, member: string | null, locked: number | null) =>
      run(
        `insert into failed_attempts (project_id, subject, type, member_id, failures, last_failed_at,
           lock_created_at) values ($1, $2, 'email_otp', $3, 1, $4, $5)`,
        project_id,
        subject,
        member,
        at,
        locked
      )
    await failed('old@example.com', yearAgo, null, null)
    await failed('lately@example.com', yearAgo + 1, null, null)
    await failed('locked@example.com', yearAgo, null, yearAgo)
    await failed('m', yearAgo, 'm', null)
    await sweepProject(store.ofProject(project_id), now)
    const left = await run('select subject from failed_attempts order by subject')
    expect(left.map(({ subject }) => subject)).toEqual([
      'lately@example.com',
      'locked@example.com',
      'm'
    ])
  })

  test('the audit is kept for 90 days, and what is older is deleted in batches', async () => {
    await run(
      `insert into audit_events (project_id, event_id, occurred_at, request_id, kind, operation, outcome)
       with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 1200)
       select $1, 'old ' || n, cast($2 as bigint) - n + 1, 'r', 'sign_in', 'passwords.authenticate', 'refused'
       from numbers`,
      project_id,
      now - 90 * dayMs
    )
    await run(
      `insert into audit_events (project_id, event_id, occurred_at, request_id, kind, operation, outcome)
       values ($1, 'kept', $2, 'r', 'sign_in', 'passwords.authenticate', 'refused')`,
      project_id,
      now - 90 * dayMs + 1
    )
    await sweepProject(store.ofProject(project_id), now)
    const left = await run('select event_id from audit_events')
    expect(left).toEqual([{ event_id: 'kept' }])
  })

  test('ST-12: one process sweeps at a time, and another when the first did not come back', async () => {
    const projects = [1, 2, 3, 4].map(() => store.ofProject(project_id))
    await plantSession('over', longAgo)
    await Promise.all(projects.map((project) => sweepProject(project, now)))
    expect(await count('leases')).toBe(1)
    await plantSession('over since', longAgo)
    await sweepProject(store.ofProject(project_id), now + 60_000)
    expect(await count('sessions')).toBe(1)
    await sweepProject(store.ofProject(project_id), now + 20 * 60_000)
    expect(await count('sessions')).toBe(0)
  })

  test('ST-12: a project is swept by itself', async () => {
    await plantSession('over', longAgo)
    await sweepProject(store.ofProject(await newProject()), now)
    expect(await count('sessions')).toBe(1)
  })

  test('a row that becomes live while it is being swept stays', async () => {
    const { location } = database
    // SQLite runs one unit at a time.
    if (!location.startsWith('postgres')) return
    await plantOthers('renewed', longAgo, null)
    const { default: pg } = await import('pg')
    const rival = new pg.Client({ connectionString: location })
    await rival.connect()
    await rival.query('begin')
    await rival.query(`update one_time_codes set expires_at = ${now + dayMs}`)
    const sweeping = sweepProject(store.ofProject(project_id), now)
    await waitUntilBlocked(rival)
    await rival.query('commit')
    await sweeping
    await rival.end()
    expect(await count('one_time_codes')).toBe(1)
  })

  async function waitUntilBlocked(client: { query(sql: string): Promise<{ rows: unknown[] }> }) {
    for (;;) {
      const { rows } = await client.query(
        'select 1 from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))'
      )
      if (rows.length > 0) return
    }
  }

  test('the timer keeps no process alive, and can be stopped', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const stop = startSweeping(store, () => now)
    const after = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    expect(after).toBe(before)
    await stop()
  })
})
