import { randomBytes, randomUUID } from 'node:crypto'
import type { AuthenticationFactor } from 'membergate/client'
import { newOpaqueToken, sha256 } from '../../src/authority/crypto/tokens.ts'
import { runSql } from './run-sql.ts'

/** Factors and roles of sign-ins that no test can make through the API alone, written into the database from outside. */

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
  await runSql(
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
  await runSql(
    database,
    'update sessions set authentication_factors = $1, version = version + 1 where member_session_id = $2',
    [JSON.stringify(factors), member_session_id]
  )
}

/** The id of the e-mail address that the member has now. */
export async function emailIdOf(database: string, member_id: string): Promise<string> {
  const [row] = await runSql(database, 'select email_id from members where member_id = $1', [
    member_id
  ])
  return String(row?.email_id)
}

/** What a link in an e-mail verifies. In discovery no member has the id. */
export function magicLinkFactor(
  email_address: string,
  now: number,
  email_id = `email-test-${randomUUID()}`
): AuthenticationFactor {
  return {
    type: 'magic_link',
    delivery_method: 'email',
    sequence_order: 'PRIMARY',
    ...timesOf(now),
    email_factor: { email_id, email_address }
  }
}

/** What a sign-in at the provider verifies; with an `email_id`, that the provider named that e-mail address. */
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
    ...timesOf(now),
    [`${provider}_oauth_factor`]: email_id === undefined ? said : { ...said, email_id }
  }
}

/** What a code by SMS verifies. */
export function smsFactor(phone_number: string, now: number): AuthenticationFactor {
  return {
    type: 'otp',
    delivery_method: 'sms',
    sequence_order: 'SECONDARY',
    ...timesOf(now),
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

interface NewIntermediateSession {
  readonly project_id: string
  /** Bound to no member when left out, as after a discovery sign-in. */
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
export async function insertIntermediateSession(
  database: string,
  {
    project_id,
    member_id,
    organization_id,
    email_address,
    oauth_tenants = [],
    authentication_factors,
    now
  }: NewIntermediateSession
): Promise<string> {
  const token = newOpaqueToken()
  await runSql(
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

/** What a SAML sign-in through the connection verifies. */
export function samlFactor(connection_id: string, now: number): AuthenticationFactor {
  return {
    type: 'sso',
    delivery_method: 'sso_saml',
    sequence_order: 'PRIMARY',
    ...timesOf(now),
    saml_sso_factor: {
      id: `saml-member-registration-test-${randomUUID()}`,
      provider_id: connection_id,
      external_id: randomBytes(8).toString('hex')
    }
  }
}

function timesOf(now: number) {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`
  return { created_at: time, updated_at: time, last_authenticated_at: time }
}

async function addFactorWhere(
  database: string,
  table: string,
  key: string,
  value: string,
  factor: AuthenticationFactor
): Promise<void> {
  const factors = await readJson(database, table, 'authentication_factors', key, value)
  await runSql(
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
  const [row] = await runSql(database, `select ${column} from ${table} where ${key} = $1`, [value])
  if (row === undefined) throw new Error(`There is no such row in ${table}.`)
  return JSON.parse(String(row[column]))
}
