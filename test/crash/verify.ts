import { ApiError } from 'membergate/errors'
import { runSql } from '../support/run-sql.ts'
import type {
  AttemptEntry,
  CodeEntry,
  Journal,
  MemberEntry,
  PasswordEntry,
  SessionEntry
} from './journal.ts'
import type { Target } from './writers.ts'

/** Holds the database after a crash to everything that was acknowledged before, and says what is broken. */
export async function verify(
  target: Target,
  database: string,
  journal: Journal
): Promise<string[]> {
  const kids = await runSql(
    database,
    'select kid from signing_keys where ends_at is null or ends_at > $1',
    [Date.now() + keyMarginMs]
  )
  const believed = new Set(kids.map(({ kid }) => kid))
  return [
    ...journal.violations,
    ...(await all(journal.sessions, (entry) => verifySession(target, entry, believed))),
    ...(await verifyCodes(target, journal.codes)),
    ...(await all(journal.passwords, (entry) => verifyPassword(target, entry))),
    ...(await all(journal.attempts, (entry) => verifyAttempts(database, entry))),
    ...(await all(journal.members, (entry) => verifyMember(target, entry))),
    ...(await verifySigningKeys(database))
  ]
}

async function all<Entry>(
  entries: readonly Entry[],
  check: (entry: Entry) => Promise<string | undefined>
): Promise<string[]> {
  const faults: string[] = []
  for (const entry of entries) {
    const fault = await check(entry)
    if (fault !== undefined) faults.push(fault)
  }
  return faults
}

/** How long the checks may take: a key that ends within is not asked about. */
const keyMarginMs = 60_000

async function verifySession(
  { client }: Target,
  { session_token, member_session_id, session_jwt, claim, claimUnknown, revoked }: SessionEntry,
  believed: ReadonlySet<unknown>
): Promise<string | undefined> {
  const answer = await orRefusal(client.sessions.authenticate({ session_token }))
  if (typeof answer === 'string') {
    if (revoked === 'no') return `${member_session_id} was begun, and is lost: ${answer}`
    return answer === 'session_not_found' ? undefined : `${member_session_id}: ${answer}`
  }
  if (revoked === 'yes') return `${member_session_id} was revoked, and lives`
  const found = Number(answer.member_session.custom_claims?.claim ?? 0)
  if (found !== claim && found !== claimUnknown) {
    return `${member_session_id} was told claim ${claim}, and has ${found}`
  }
  if (!believed.has(kidOf(session_jwt))) return undefined
  const byJwt = await orRefusal(client.sessions.authenticate({ session_jwt }))
  return typeof byJwt === 'string' ? `${member_session_id} by its JWT: ${byJwt}` : undefined
}

function kidOf(session_jwt: string): unknown {
  const [header = ''] = session_jwt.split('.')
  return JSON.parse(Buffer.from(header, 'base64url').toString()).kid
}

/** A code is used if and only if its session has the factor. */
async function verifyCodes(
  { client }: Target,
  entries: readonly CodeEntry[]
): Promise<readonly string[]> {
  const left = new Map<string, readonly string[]>()
  return all(
    entries,
    async ({ organization_id, member_id, session_token, recovery_code, used }) => {
      const codes =
        left.get(member_id) ??
        (await client.recoveryCodes.get({ organization_id, member_id })).recovery_codes
      left.set(member_id, codes)
      const { member_session } = await client.sessions.authenticate({ session_token })
      const verified = member_session.authentication_factors.some(
        ({ type }) => type === 'recovery_codes'
      )
      const gone = !codes.includes(recovery_code)
      if (used === 'yes' && !gone) return `${member_id}: a used code came back`
      return verified === gone
        ? undefined
        : `${member_id}: code used ${gone}, session verified ${verified}`
    }
  )
}

async function verifyPassword(
  target: Target,
  { email_address, before, current, unknown }: PasswordEntry
): Promise<string | undefined> {
  const candidates = unknown === undefined ? [current] : [current, unknown]
  const right: string[] = []
  for (const password of candidates) {
    if (await opens(target, email_address, password)) right.push(password)
  }
  if (right.length !== 1) return `${email_address}: ${right.length} of its passwords are right`
  if (before !== undefined && (await opens(target, email_address, before))) {
    return `${email_address}: a password that was replaced came back`
  }
  return undefined
}

async function opens(
  { client, organization_id }: Target,
  email_address: string,
  password: string
): Promise<boolean> {
  const call = client.passwords.authenticate({ organization_id, email_address, password })
  const answer = await orRefusal(call)
  if (typeof answer === 'string' && answer !== 'unauthorized_credentials') throw new Error(answer)
  return typeof answer !== 'string'
}

async function verifyAttempts(
  database: string,
  { member_id, failed, unknown }: AttemptEntry
): Promise<string | undefined> {
  const sql = 'select failures from failed_attempts where member_id = $1'
  const [row] = await runSql(database, sql, [member_id])
  const counted = Number(row?.failures ?? 0)
  if (counted >= failed && counted <= failed + unknown) return undefined
  return `${member_id}: ${failed} failures were told, ${unknown} unknown, ${counted} are counted`
}

async function verifyMember(
  { client, organization_id }: Target,
  { email_address, name, created }: MemberEntry
): Promise<string | undefined> {
  const found = await orRefusal(
    client.organizations.members.get({ organization_id, email_address })
  )
  if (typeof found !== 'string') {
    return found.member.name === name ? undefined : `${email_address} has another name`
  }
  if (created === 'yes') return `${email_address} was created, and is lost: ${found}`
  const again = await orRefusal(
    client.organizations.members.create({ organization_id, email_address, name })
  )
  return typeof again === 'string' ? `${email_address} is half there: ${again}` : undefined
}

async function verifySigningKeys(database: string): Promise<string[]> {
  const now = Date.now()
  const rows = await runSql(
    database,
    'select kid from signing_keys where signs_at <= $1 and (ends_at is null or ends_at > $1)',
    [now]
  )
  const lasting = await runSql(database, 'select kid from signing_keys where ends_at is null')
  return [
    ...(rows.length > 0 ? [] : ['no key signs']),
    ...(lasting.length === 1 ? [] : [`${lasting.length} keys have no successor`])
  ]
}

/** The answer, or the `error_type` of a refusal. */
async function orRefusal<Answer>(call: Promise<Answer>): Promise<Answer | string> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ApiError && error.status_code < 500) return error.error_type
    throw error
  }
}
