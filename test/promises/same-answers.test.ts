import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type ClientName, clientNames } from '../support/clients.ts'
import { engines } from '../support/databases.ts'
import { type Fixture, openFixture } from '../support/fixture.ts'
import { openFixtureServer } from '../support/fixture-server.ts'
import { password } from '../support/people.ts'
import { claimsOf, headerOf } from '../support/session-jwts.ts'
import { totpCode } from '../support/totp-code.ts'

/**
 * One script of calls, run from the same moment on a fresh authority for each engine and client. What depends on chance
 * (ids, tokens, secrets, codes) is replaced by the place where it first appears, so that equal answers become equal
 * texts, and a mixed-up id does not.
 */
const moment = Date.UTC(2030, 0, 1, 12, 0, 15)

interface Step {
  readonly call: string
  readonly outcome: unknown
}

async function runScript(fixture: Fixture): Promise<readonly Step[]> {
  const steps: Step[] = []
  const { clock } = fixture
  async function step(call: string, data: Record<string, unknown> = {}, options?: unknown) {
    try {
      const answer = await fixture.send(call, data, options)
      steps.push({ call, outcome: JSON.parse(JSON.stringify(answer)) })
      return answer
    } catch (error) {
      const { status_code, error_type, error_message, error_url, code } = Object(error)
      const isLocal = error_type === undefined
      steps.push({
        call,
        outcome: isLocal ? { code } : { status_code, error_type, error_message, error_url }
      })
      return {}
    }
  }

  // Organizations and members.
  const created = await step('organizations.create', {
    organization_name: 'Initech',
    organization_slug: 'initech',
    organization_external_id: 'initech.1',
    trusted_metadata: { tier: 1 },
    rbac_email_implicit_role_assignments: [{ domain: 'initech.example', role_id: 'reader' }]
  })
  const organization_id = String(Object(created.organization).organization_id)
  await step('organizations.create', { organization_name: 'Other', organization_slug: 'initech' })
  await step('organizations.get', { organization_id: 'initech.1' })
  await step('organizations.update', { organization_id, organization_name: 'Initrode' })
  await step('organizations.search', {
    query: {
      operator: 'AND',
      operands: [{ filter_name: 'organization_slugs', filter_value: ['initech'] }]
    }
  })
  const { member_id } = await step('passwords.migrate', {
    organization_id,
    email_address: 'Peter@Initech.example',
    hash: '$2b$04$TWFueSBoYW5kcyBtYWtlIOAvsA2nWmHZKvXgBWyUZqjKnlKZqBwoe',
    hash_type: 'bcrypt',
    name: 'Peter',
    external_id: 'peter',
    roles: ['editor']
  })
  clock.advance(1)
  await step('organizations.members.create', { organization_id, email_address: 'bob@x.example' })
  await step('organizations.members.get', { organization_id, member_id: 'peter' })
  await step('organizations.members.update', {
    organization_id,
    member_id,
    untrusted_metadata: { theme: 'dark' }
  })
  await step('organizations.members.search', { organization_ids: [organization_id] })

  // Policies.
  await step('rbac.policy')
  const permissions = [{ resource_id: 'invoices', actions: ['pay'] }]
  await step('rbac.organizations.setOrgPolicy', {
    organization_id,
    org_policy: { roles: [{ role_id: 'payer', description: '', permissions }] }
  })
  await step('rbac.organizations.getOrgPolicy', { organization_id })

  // A sign-in of a member of the standing organization, and its session.
  const person = await fixture.newPerson({
    email_address: 'ada@acme.example',
    roles: ['editor', 'reader']
  })
  const named = { organization_id: person.organization_id, member_id: person.member_id }
  const credentials = {
    organization_id: person.organization_id,
    email_address: person.email_address,
    password
  }
  await step('passwords.authenticate', { ...credentials, password: 'wrong' })
  const signedIn = await step('passwords.authenticate', {
    ...credentials,
    session_duration_minutes: 30,
    session_custom_claims: { plan: 'pro', a: { b: 1 } }
  })
  const session_token = String(signedIn.session_token)
  const session_jwt = String(signedIn.session_jwt)
  clock.advance(10)
  await step('sessions.get', named)
  await step('sessions.authenticate', { session_token, session_custom_claims: { a: { b: null } } })
  await step('sessions.authenticate', { session_jwt, session_duration_minutes: 60 })
  const check = { organization_id: person.organization_id, resource_id: 'documents' }
  for (const action of ['read', 'delete']) {
    const authorization_check = { ...check, action }
    await step('sessions.authenticate', { session_jwt, authorization_check })
    await step('sessions.authenticateJwtLocal', { session_jwt, authorization_check })
    await step('sessions.authenticateJwt', { session_jwt, authorization_check })
  }
  await step('sessions.authenticate', { session_token, session_jwt })
  await step('sessions.authenticate', {})

  // An authenticator.
  const registration = await step('totps.create', named)
  const secret = String(registration.secret)
  await step('totps.authenticate', { ...named, session_token, code: 'abcdef' })
  clock.advance(30)
  const code = totpCode(secret, clock.now())
  await step('totps.authenticate', { ...named, session_token, code, set_mfa_enrollment: 'enroll' })
  await step('totps.authenticate', { ...named, session_token, code })
  await step('totps.create', named)
  const half = await step('passwords.authenticate', credentials)
  clock.advance(30)
  await step('totps.authenticate', {
    ...named,
    intermediate_session_token: half.intermediate_session_token,
    code: totpCode(secret, clock.now()),
    session_duration_minutes: 5
  })

  // Its recovery codes.
  await step('recoveryCodes.get', named)
  const rotated = await step('recoveryCodes.rotate', named)
  const [recovery_code] = Object(rotated.recovery_codes)
  await step('recoveryCodes.recover', { ...named, session_token, recovery_code })
  await step('recoveryCodes.recover', { ...named, session_token, recovery_code })
  await step('totps.migrate', { ...named, secret })

  // A number, which the session with the authenticator may add, and its codes.
  const number = { mfa_phone_number: '+12025550123' }
  await step('otps.sms.send', { ...named, ...number })
  await step('otps.sms.send', { ...named, ...number, session_token })
  await step('otps.sms.send', { ...named, session_token })
  const texted = { ...named, session_token, code: fixture.lastCode(number.mfa_phone_number) }
  await step('otps.sms.authenticate', { ...texted, code: 'abcdef' })
  await step('otps.sms.authenticate', texted)
  await step('otps.sms.authenticate', texted)
  const again = { organization_id, member_id: 'peter' }
  await step('otps.sms.authenticate', { ...again, session_token, code: texted.code })

  // Time, and the end.
  clock.advance(301)
  await step('sessions.authenticateJwt', { session_jwt })
  await step('sessions.authenticateJwtLocal', { session_jwt })
  await step('sessions.get', named)
  await step('sessions.revoke', { session_token }, { authorization: { session_token } })
  await step('sessions.revoke', { session_token })
  await step('sessions.authenticateJwt', { session_jwt })
  await step('sessions.getJWKS', { project_id: fixture.project_id })
  return steps
}

const timestampName = /_at$/

/** Local codes stand as they are; both clients name them alike. */
const randomNames: Readonly<Record<string, string>> = {
  secret: 'secret',
  qr_code: 'image',
  n: 'modulus',
  x5tS256: 'thumbprint'
}
const anyId =
  /\b(?:[a-z0-9]+-)+(?:test|live)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g

/** The steps with everything that depends on chance named by its first appearance. */
function normalize(steps: readonly Step[]): unknown {
  const names = new Map<string, string>()
  const nameOf = (kind: string, text: string) => {
    const known = names.get(text)
    if (known !== undefined) return known
    const name = `${kind} ${names.size}`
    names.set(text, name)
    return name
  }

  function walk(value: unknown, name: string): unknown {
    if (Array.isArray(value)) {
      return name === 'recovery_codes' || name === 'x5c'
        ? value.map((item) => typeof item)
        : value.map((item) => walk(item, ''))
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      return Object.fromEntries(entries.map(([key, child]) => [walkText(key), walk(child, key)]))
    }
    if (typeof value !== 'string') return value
    if (name === 'request_id') return 'a request id'
    if (timestampName.test(name)) return Date.parse(value)
    if (name === 'session_jwt' && value !== '') {
      return { header: walk(headerOf(value), ''), claims: walk(claimsOf(value), '') }
    }
    if (/^(session_token|intermediate_session_token)$/.test(name) && value !== '') {
      return nameOf('token', value)
    }
    const kind = randomNames[name]
    return kind === undefined ? walkText(value) : nameOf(kind, value)
  }

  const walkText = (text: string) => text.replace(anyId, (id) => nameOf('id', id))
  return steps.map(({ call, outcome }) => ({ call, outcome: walk(outcome, '') }))
}

describe('both clients on both engines', () => {
  const runs = new Map<string, { raw: readonly Step[]; normal: unknown }>()

  beforeAll(async () => {
    for (const engine of engines) {
      if (engine.missing !== undefined) continue
      for (const through of clientNames) {
        const raw = await runOn(engine.create, through)
        runs.set(`${engine.name} through ${through}`, { raw, normal: normalize(raw) })
      }
    }
  }, 60_000)
  afterAll(() => {
    jest.useRealTimers()
  })

  test('the script reaches what it is meant to reach', () => {
    const raw = runs.get('sqlite through our client')?.raw ?? []
    const refusals = raw.flatMap(({ outcome }) => {
      const { error_type, code } = Object(outcome)
      return [error_type ?? code].filter((type) => type !== undefined)
    })
    expect(refusals).toEqual([
      'organization_slug_already_used',
      'unauthorized_credentials',
      'session_authorization_error',
      'invalid_permissions',
      'session_authorization_error',
      'too_many_session_arguments',
      'no_session_arguments',
      'invalid_totp_code',
      'totp_code_already_authenticated',
      'insufficient_factors',
      'unable_to_authenticate_recovery_code',
      'active_totp_exists',
      'insufficient_factors',
      'too_many_requests',
      'invalid_code',
      'unable_to_auth_otp_code',
      'member_session_member_id_mismatch',
      'jwt_invalid',
      'session_not_found',
      'session_not_found'
    ])
    expect(raw).toHaveLength(52)
  })

  for (const engine of engines) {
    for (const through of clientNames) {
      const name = `${engine.name} through ${through}`
      if (name === 'sqlite through our client') continue
      const title = `call by call, ${name} gives the same answers as sqlite through our client`
      if (engine.missing === undefined) {
        test(title, () => {
          const run = runs.get(name)
          expect(run?.normal).toBeDefined()
          expect(run?.normal).toEqual(runs.get('sqlite through our client')?.normal)
        })
      } else if ((process.env.REQUIRE ?? '').split(',').includes(engine.name)) {
        test(title, () => Promise.reject(new Error(engine.missing)))
      } else test.skip(`${title} (${engine.missing})`, () => {})
    }
  }
})

async function runOn(
  create: (typeof engines)[number]['create'],
  through: ClientName
): Promise<readonly Step[]> {
  const fixtureServer = await openFixtureServer(create, moment)
  try {
    return await runScript(openFixture(fixtureServer, through))
  } finally {
    await fixtureServer.close()
  }
}
