import { randomBytes, randomUUID } from 'node:crypto'
import type { AuthenticationFactor } from 'membergate/client'
import pg from 'pg'
import { newOpaqueToken, sha256 } from '../../src/authority/crypto/tokens.ts'
import { loadDriver } from '../../src/authority/store/sqlite-driver.ts'

/**
 * Writes into the database of a running authority from outside, on either engine: what only an operation that is not
 * answered yet could have brought there.
 */

type Value = string | number | null
type Row = Record<string, unknown>

/** Runs one statement, with `$1` and so on for the values, and gives the rows that it returns. */
export async function plant(
  database: string,
  sql: string,
  values: readonly Value[] = []
): Promise<readonly Row[]> {
  return isPostgres(database)
    ? plantInPostgres(database, sql, values)
    : plantInSqlite(database, sql, values)
}

/** Gives the member a role as an SSO connection would, or one of its groups. */
export async function giveSsoRole(
  database: string,
  member_id: string,
  role_id: string,
  connection_id: string,
  group?: string
): Promise<void> {
  const source =
    group === undefined
      ? { type: 'sso_connection', details: { connection_id } }
      : { type: 'sso_connection_group', details: { connection_id, group } }
  const roles = await readJson(database, 'members', 'roles', 'member_id', member_id)
  await plant(
    database,
    'update members set roles = $1, version = version + 1 where member_id = $2',
    [JSON.stringify([...roles, { role_id, source }]), member_id]
  )
}

/** Adds a factor to a session, as a sign-in by it would. */
export async function addFactor(
  database: string,
  member_session_id: string,
  factor: AuthenticationFactor
): Promise<void> {
  await addFactorWhere(database, 'sessions', 'member_session_id', member_session_id, factor)
}

/** Makes these the factors of a session, as if it had begun by them. */
export async function setFactors(
  database: string,
  member_session_id: string,
  factors: readonly AuthenticationFactor[]
): Promise<void> {
  await plant(
    database,
    'update sessions set authentication_factors = $1, version = version + 1 where member_session_id = $2',
    [JSON.stringify(factors), member_session_id]
  )
}

/** The id of the member's address of today. */
export async function emailIdOf(database: string, member_id: string): Promise<string> {
  const [row] = await plant(database, 'select email_id from members where member_id = $1', [
    member_id
  ])
  return String(row?.email_id)
}

/** What a link in an e-mail to the address proves. In discovery no member has the id. */
export function magicLinkFactor(
  email_address: string,
  now: number,
  email_id = `email-test-${randomUUID()}`
): AuthenticationFactor {
  return {
    type: 'magic_link',
    delivery_method: 'email',
    sequence_order: 'PRIMARY',
    ...momentsOf(now),
    email_factor: { email_id, email_address }
  }
}

/** What a sign-in at the provider proves; with an `email_id`, that the provider named that address. */
export function oauthFactor(
  provider: 'google' | 'github' | 'slack',
  provider_subject: string,
  now: number,
  email_id?: string
): AuthenticationFactor {
  const said = { id: `oauth-user-test-${randomUUID()}`, provider_subject }
  return {
    type: 'oauth',
    delivery_method: `oauth_${provider}`,
    sequence_order: 'PRIMARY',
    ...momentsOf(now),
    [`${provider}_oauth_factor`]: email_id === undefined ? said : { ...said, email_id }
  }
}

/** What a code by SMS proves. */
export function smsFactor(phone_number: string, now: number): AuthenticationFactor {
  return {
    type: 'otp',
    delivery_method: 'sms',
    sequence_order: 'SECONDARY',
    ...momentsOf(now),
    phone_number_factor: { phone_id: `phone-number-test-${randomUUID()}`, phone_number }
  }
}

/** Adds a factor to an intermediate session. */
export async function addIntermediateFactor(
  database: string,
  intermediate_session_token: string,
  factor: AuthenticationFactor
): Promise<void> {
  const hash = sha256(intermediate_session_token)
  await addFactorWhere(database, 'intermediate_sessions', 'token_hash', hash, factor)
}

interface PlantedIntermediateSession {
  readonly project_id: string
  /** Bound to nobody when left out, as after a discovery sign-in. */
  readonly member_id?: string
  readonly organization_id?: string
  /** Lower case: what the factors are about. */
  readonly email_address: string
  readonly oauth_tenants?: readonly { readonly provider: string; readonly tenant: string }[]
  readonly authentication_factors: readonly AuthenticationFactor[]
  /** The clock of the authority. */
  readonly now: number
}

/** Begins an intermediate session with these factors, and tells its token. */
export async function plantIntermediateSession(
  database: string,
  {
    project_id,
    member_id,
    organization_id,
    email_address,
    oauth_tenants = [],
    authentication_factors,
    now
  }: PlantedIntermediateSession
): Promise<string> {
  const token = newOpaqueToken()
  await plant(
    database,
    `insert into intermediate_sessions (project_id, intermediate_session_id, token_hash, member_id,
       organization_id, email_address, oauth_tenants, authentication_factors, version, created_at,
       expires_at, failed_codes)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, 0)`,
    [
      project_id,
      `intermediate-session-test-${randomUUID()}`,
      sha256(token),
      member_id ?? null,
      organization_id ?? null,
      email_address,
      JSON.stringify(oauth_tenants),
      JSON.stringify(authentication_factors),
      now,
      now + 600_000
    ]
  )
  return token
}

/** What a SAML sign-in through the connection proves. */
export function samlFactor(connection_id: string, now: number): AuthenticationFactor {
  return {
    type: 'sso',
    delivery_method: 'sso_saml',
    sequence_order: 'PRIMARY',
    ...momentsOf(now),
    saml_sso_factor: {
      id: `saml-member-registration-test-${randomUUID()}`,
      provider_id: connection_id,
      external_id: randomBytes(8).toString('hex')
    }
  }
}

function momentsOf(now: number) {
  const moment = `${new Date(now).toISOString().slice(0, 19)}Z`
  return { created_at: moment, updated_at: moment, last_authenticated_at: moment }
}

async function addFactorWhere(
  database: string,
  table: string,
  key: string,
  value: string,
  factor: AuthenticationFactor
): Promise<void> {
  const factors = await readJson(database, table, 'authentication_factors', key, value)
  await plant(
    database,
    `update ${table} set authentication_factors = $1, version = version + 1 where ${key} = $2`,
    [JSON.stringify([...factors, factor]), value]
  )
}

async function readJson(
  database: string,
  table: string,
  column: string,
  key: string,
  value: string
): Promise<readonly unknown[]> {
  const [row] = await plant(database, `select ${column} from ${table} where ${key} = $1`, [value])
  if (row === undefined) throw new Error(`There is no such row in ${table}.`)
  return JSON.parse(String(row[column]))
}

function isPostgres(database: string): boolean {
  return database.startsWith('postgres:')
}

async function plantInPostgres(database: string, sql: string, values: readonly Value[]) {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    return (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

async function plantInSqlite(database: string, sql: string, values: readonly Value[]) {
  // The driver of the authority: two SQLites in one process do not see each other's locks on a file.
  const { DatabaseSync } = await loadDriver()
  const connection = new DatabaseSync(database)
  try {
    connection.exec('pragma busy_timeout = 5000')
    connection.exec('pragma foreign_keys = on')
    const named = Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))
    return connection.prepare(sql).all(named) as Row[]
  } finally {
    connection.close()
  }
}
