import { randomInt, randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checkPermission } from '../../src/rbac/check-permission.ts'
import { compilePolicy } from '../../src/rbac/compile-policy.ts'
import { addFactor, giveSsoRole, samlFactor } from '../support/factors.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import { secondsOf } from '../support/session-jwts.ts'

const denied = { status_code: 403, error_type: 'session_authorization_error' }
const elsewhere = { status_code: 403, error_type: 'session_authorization_tenancy_error' }

describe('authorization_check', () => {
  describeOnEachEngine((fixture) => {
    const roles = (...ids: string[]) => ({ roles: ids })

    async function check(
      person: Awaited<ReturnType<Fixture['newPerson']>>,
      resource_id: string,
      action: string,
      organization_id = person.organization_id
    ) {
      const { session_token } = await fixture.signIn(person)
      return fixture.client.sessions.authenticate({
        session_token,
        authorization_check: { organization_id, resource_id, action }
      })
    }

    test('S-AZ-01 S-AZ-06: an explicitly assigned role that permits the action is granted', async () => {
      const answer = await check(await fixture.newPerson(roles('editor')), 'documents', 'write')
      expect(answer.status_code).toBe(200)
      expect(answer.verdict).toEqual({ authorized: true, granting_roles: ['editor'] })
    })

    test('S-AZ-02: granting_roles is the complete list of the roles that permit it', async () => {
      const person = await fixture.newPerson(roles('reader', 'accountant', 'editor'))
      const { verdict } = await check(person, 'documents', 'read')
      expect(verdict?.authorized).toBe(true)
      expect([...(verdict?.granting_roles ?? [])].sort()).toEqual(['editor', 'reader'])
    })

    test('S-AZ-03: without a permitting role the answer is a 403 and holds no session, pair or verdict', async () => {
      const person = await fixture.newPerson(roles('reader'))
      const { session_token } = await fixture.signIn(person)
      const [call] = await fixture.tap.watch(async () => {
        const refusal = await fixture.errorOf(
          fixture.client.sessions.authenticate({
            session_token,
            authorization_check: {
              organization_id: person.organization_id,
              resource_id: 'documents',
              action: 'write'
            }
          })
        )
        expect(refusal).toMatchObject(denied)
      })
      expect(call?.status).toBe(403)
      expect(Object.keys(JSON.parse(call?.response ?? '')).sort()).toEqual([
        'error_message',
        'error_type',
        'error_url',
        'request_id',
        'status_code'
      ])
    })

    test('S-AZ-04: another organization is a 403 whatever the roles', async () => {
      const person = await fixture.newPerson(roles('editor', 'stytch_admin'))
      const call = check(person, 'documents', 'write', fixture.B.organization_id)
      expect(await fixture.errorOf(call)).toMatchObject(elsewhere)
    })

    test('S-AZ-05: an organization that does not exist is a 403, not a 404', async () => {
      const person = await fixture.newPerson(roles('editor'))
      const call = check(person, 'documents', 'write', 'organization-test-nowhere')
      expect(await fixture.errorOf(call)).toMatchObject(elsewhere)
    })

    test('S-AZ-07: a role that comes from the email domain is granted', async () => {
      const { organization_id } = await fixture.newOrganization({
        rbac_email_implicit_role_assignments: [{ domain: 'initech.example', role_id: 'editor' }]
      })
      const inside = await fixture.newPerson({
        organization_id,
        email_address: 'peter@initech.example'
      })
      const { verdict } = await check(inside, 'documents', 'write')
      expect(verdict).toEqual({ authorized: true, granting_roles: ['editor'] })

      const outside = await fixture.newPerson({
        organization_id,
        email_address: 'bob@else.example'
      })
      expect(await fixture.errorOf(check(outside, 'documents', 'write'))).toMatchObject(denied)
    })

    test('S-AZ-07: a role of an email domain is lost with a verified address, and comes with one', async () => {
      const { organization_id } = await fixture.newOrganization({
        rbac_email_implicit_role_assignments: [
          { domain: 'initech.example', role_id: 'stytch_admin' }
        ]
      })
      const { members } = fixture.client.organizations
      const person = await fixture.newPerson({ organization_id })
      const { session_token } = await fixture.signIn(person)
      const { member_id } = person
      const email_address = `${randomUUID()}@initech.example`
      const moved = await members.update({ organization_id, member_id, email_address })
      expect(moved.member).toMatchObject({ is_admin: false, email_address_verified: false })
      const look = () => fixture.client.sessions.authenticate({ session_token })
      expect((await look()).member_session.roles).toEqual(['stytch_member'])
      const update = () =>
        fixture.send(
          'organizations.members.update',
          { organization_id, member_id, is_breakglass: true },
          { authorization: { session_token } }
        )
      expect(await fixture.errorOf(update())).toMatchObject({
        status_code: 403,
        error_type: 'session_authorization_error'
      })
      const { email } = fixture.client.otps
      await email.loginOrSignup({ organization_id, email_address })
      const code = fixture.lastCode(email_address)
      await email.authenticate({ organization_id, email_address, code })
      expect((await look()).member_session.roles).toEqual(['stytch_member', 'stytch_admin'])
      expect(await update()).toMatchObject({ member: { is_breakglass: true } })
    })

    test('S-AZ-10: own and default resources are decided by the same rule', async () => {
      const admin = await fixture.newPerson(roles('stytch_admin', 'accountant'))
      const member = await fixture.newPerson()
      const cases = [
        [admin, 'invoices', 'pay', ['accountant']],
        [admin, 'stytch.organization', 'update.info.name', ['stytch_admin']],
        [admin, 'stytch.member', 'revoke-sessions', ['stytch_admin']],
        [admin, 'stytch.member', 'update', ['stytch_admin']],
        [admin, 'stytch.sso', 'delete', ['stytch_admin']],
        [admin, 'stytch.self', 'revoke-sessions', ['stytch_member']],
        [member, 'stytch.self', 'update.info.name', ['stytch_member']],
        [member, 'stytch.organization', 'update.info.name', undefined],
        [member, 'stytch.member', 'search', undefined],
        [member, 'stytch.sso', 'get', undefined],
        [member, 'invoices', 'read', undefined]
      ] as const
      for (const [person, resource_id, action, granting_roles] of cases) {
        const call = check(person, resource_id, action)
        if (granting_roles === undefined) expect(await fixture.errorOf(call)).toMatchObject(denied)
        else expect((await call).verdict).toEqual({ authorized: true, granting_roles })
      }
    })

    test('S-AZ-11: a resource or an action that nobody defined is a 403', async () => {
      const person = await fixture.newPerson(roles('editor', 'reader', 'stytch_admin'))
      for (const [resource_id, action] of [
        ['unicorns', 'read'],
        ['documents', 'ride'],
        ['documents', '*'],
        ['*', 'read']
      ] as const) {
        expect(await fixture.errorOf(check(person, resource_id, action))).toMatchObject(denied)
      }
    })

    test('S-AZ-12: token and JWT get the same verdict', async () => {
      const person = await fixture.newPerson(roles('reader', 'editor'))
      const { organization_id } = person
      const { session_token, session_jwt } = await fixture.signIn(person)
      const authorization_check = { organization_id, resource_id: 'documents', action: 'read' }
      const { authenticate } = bound(fixture)
      const byToken = await authenticate({ session_token, authorization_check })
      const byJwt = await authenticate({ session_jwt, authorization_check })
      expect(byToken.verdict?.authorized).toBe(true)
      expect(byJwt.verdict).toEqual(byToken.verdict)

      const forbidden = { ...authorization_check, action: 'delete' }
      for (const credential of [{ session_token }, { session_jwt }]) {
        const call = authenticate({ ...credential, authorization_check: forbidden })
        expect(await fixture.errorOf(call)).toMatchObject(denied)
      }
    })

    test('S-AZ-13: a check that lacks a member is refused, never taken for no check', async () => {
      const person = await fixture.newPerson(roles('editor'))
      const { session_token } = await fixture.signIn(person)
      const whole = {
        organization_id: person.organization_id,
        resource_id: 'documents',
        action: 'read'
      }
      for (const missing of ['organization_id', 'resource_id', 'action']) {
        const authorization_check = { ...whole, [missing]: undefined }
        const call = fixture.send('sessions.authenticate', { session_token, authorization_check })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_argument'
        })
      }
      for (const authorization_check of [{}, [], 'documents:read', true]) {
        const call = fixture.send('sessions.authenticate', { session_token, authorization_check })
        expect(await fixture.errorOf(call)).toMatchObject({ status_code: 400 })
      }
    })

    test('S-AZ-14: a check that fails extends nothing and merges no claims', async () => {
      const person = await fixture.newPerson(roles('reader'))
      const { session_token, member_session } = await fixture.signIn(person, {
        session_custom_claims: { plan: 'pro' }
      })
      const call = fixture.client.sessions.authenticate({
        session_token,
        session_duration_minutes: 500,
        session_custom_claims: { plan: 'free', more: 1 },
        authorization_check: {
          organization_id: person.organization_id,
          resource_id: 'documents',
          action: 'write'
        }
      })
      expect(await fixture.errorOf(call)).toMatchObject(denied)
      const [kept] = await fixture.sessionsOf(person)
      expect(kept).toEqual(member_session)
      expect(secondsOf(kept?.expires_at ?? '')).toBe(fixture.clock.now() / 1000 + 3600)
    })

    test('S-AZ-15: 500 random sessions and checks here, 2,000 in the whole matrix, are decided alike locally and remotely', async () => {
      const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
      const rounds = fc.sample(anyRound, { seed, numRuns: 5 })
      let granted = 0
      for (const round of rounds) granted += await compareRound(fixture, round, seed)
      // Of 500 checks some are granted and some denied, or the comparison would show nothing.
      expect(granted).toBeGreaterThan(50)
      expect(granted).toBeLessThan(450)
    })

    test.each([
      ['S-AZ-08: a role from an SSO connection', undefined],
      ['S-AZ-09: a role from an SSO group', 'engineers']
    ])('%s counts only with a factor of that connection', async (_, group) => {
      const person = await fixture.newPerson()
      const { organization_id, member_id } = person
      await giveSsoRole(fixture.database, member_id, 'editor', 'saml-connection-test-1', group)
      const ask = async (...connections: string[]) => {
        const { session_token, member_session } = await fixture.signIn(person)
        for (const connection of connections) {
          const factor = samlFactor(connection, fixture.clock.now())
          await addFactor(fixture.database, member_session.member_session_id, factor)
        }
        const authorization_check = { organization_id, resource_id: 'documents', action: 'write' }
        return fixture.client.sessions.authenticate({ session_token, authorization_check })
      }
      const verdict = { authorized: true, granting_roles: ['editor'] }
      expect((await ask('saml-connection-test-1')).verdict).toEqual(verdict)
      expect(await fixture.errorOf(ask())).toMatchObject(denied)
      expect(await fixture.errorOf(ask('saml-connection-test-2'))).toMatchObject(denied)
    })
  })
})

const actions = ['read', 'write', 'delete', 'pay', 'search', 'update.info.name', '*', 'ride']
const resources = ['documents', 'invoices', 'stytch.member', 'stytch.self', 'unicorns']
const known: Record<string, string[]> = {
  documents: ['read', 'write', 'delete'],
  invoices: ['read', 'pay'],
  'stytch.member': ['search', 'update.info.name'],
  'stytch.self': ['update.info.name']
}

const anyPermission = fc.constantFrom(...Object.keys(known)).chain((resource_id) =>
  fc.record({
    resource_id: fc.constant(resource_id),
    actions: fc.oneof(
      { weight: 3, arbitrary: fc.subarray(known[resource_id] ?? [], { minLength: 1 }) },
      { weight: 1, arbitrary: fc.constant<string[]>(['*']) }
    )
  })
)

const ownRoles = ['own-1', 'own-2', 'own-3']

/** One policy of an organization, five members with roles of the project and its own, twenty checks for each. */
const anyRound = fc.record({
  permissions: fc.tuple(...ownRoles.map(() => fc.array(anyPermission, { maxLength: 3 }))),
  members: fc.array(
    fc.record({
      roles: fc.subarray([...ownRoles, 'reader', 'editor', 'accountant', 'stytch_admin'], {
        maxLength: 3
      }),
      checks: fc.array(
        fc.record({
          organization: fc.oneof(
            { weight: 8, arbitrary: fc.constant('own' as const) },
            { weight: 1, arbitrary: fc.constant('other' as const) },
            { weight: 1, arbitrary: fc.constant('unknown' as const) }
          ),
          resource_id: fc.constantFrom(...resources),
          action: fc.constantFrom(...actions)
        }),
        { minLength: 20, maxLength: 20 }
      )
    }),
    { minLength: 5, maxLength: 5 }
  )
})

type Round = typeof anyRound extends fc.Arbitrary<infer T> ? T : never
type Check = Round['members'][number]['checks'][number]

/** How many checks were granted. */
async function compareRound(fixture: Fixture, round: Round, seed: number): Promise<number> {
  const { organization_id } = await fixture.newOrganization()
  const roles = ownRoles.map((role_id, index) => ({
    role_id,
    description: '',
    permissions: round.permissions[index] ?? []
  }))
  const org_policy = { roles }
  await fixture.client.rbac.organizations.setOrgPolicy({ organization_id, org_policy })
  const fetched = await fixture.client.rbac.organizations.getOrgPolicy({ organization_id })
  const { policy } = await fixture.client.rbac.policy()
  if (policy === undefined) throw new Error('The answer holds no policy.')
  const compiled = compilePolicy(policy, fetched.org_policy)
  const organizations = {
    own: organization_id,
    other: fixture.B.organization_id,
    unknown: 'organization-test-nowhere'
  }

  let granted = 0
  for (const { roles: ids, checks } of round.members) {
    const person = await fixture.newPerson({ organization_id, roles: ids })
    const { session_token, session_jwt, member_session } = await fixture.signIn(person)
    const compare = async ({ organization, resource_id, action }: Check) => {
      const organization_id = organizations[organization]
      const authorization_check = { organization_id, resource_id, action }
      const [local, remote] = await Promise.all([
        outcomeOf(
          fixture.client.sessions.authenticateJwtLocal({ session_jwt, authorization_check })
        ),
        outcomeOf(fixture.client.sessions.authenticate({ session_token, authorization_check }))
      ])
      const decided = checkPermission(compiled, member_session.roles, resource_id, action)
      const expected = organization === 'own' && decided.authorized
      const question = { seed, roles: member_session.roles, ...authorization_check }
      const { authorized, reason } = local
      expect({ ...question, authorized, reason }).toEqual({
        ...question,
        authorized: expected,
        reason: remote.reason
      })
      expect({ ...question, ...remote }).toMatchObject({
        ...question,
        authorized: expected,
        granting_roles: expected ? [...decided.granting_roles].sort() : []
      })
      if (expected) granted += 1
    }
    await Promise.all(checks.map(compare))
  }
  return granted
}

interface Outcome {
  readonly authorized: boolean
  readonly reason: 'granted' | 'tenancy' | 'permission'
  readonly granting_roles: readonly string[]
}

const reasons: Record<string, Outcome['reason']> = {
  tenancy_mismatch: 'tenancy',
  session_authorization_tenancy_error: 'tenancy',
  invalid_permissions: 'permission',
  session_authorization_error: 'permission'
}

async function outcomeOf(call: Promise<object>): Promise<Outcome> {
  try {
    const verdict: unknown = Reflect.get(await call, 'verdict')
    const granting: unknown = Object(verdict).granting_roles
    const granting_roles = Array.isArray(granting) ? granting.map(String).sort() : []
    return { authorized: true, reason: 'granted', granting_roles }
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), 'error_type') ?? Object(error).code
    const reason = reasons[String(code)]
    if (reason === undefined) throw error
    return { authorized: false, reason, granting_roles: [] }
  }
}

/** The SDK's methods need their object. */
function bound(fixture: Fixture) {
  return {
    authenticate: (data: Parameters<Fixture['client']['sessions']['authenticate']>[0]) =>
      fixture.client.sessions.authenticate(data)
  }
}
