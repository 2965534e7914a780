import { describe, expect, test } from '@jest/globals'
import * as v from 'valibot'
import { operations as table } from '../../src/authority/operations.ts'
import type { Route } from '../../src/wire/route.ts'
import { listRoutes, type OperationName } from '../../src/wire/routes.ts'
import { faultsOfAnswer } from '../support/answer-faults.ts'
import { auditOf } from '../support/audit.ts'
import { sendThrough } from '../support/clients.ts'
import { apps, authorization, profiles, trustedToken } from '../support/external.ts'
import { describeOnEachEngineAndClient, type Fixture } from '../support/fixture.ts'
import { newPhone, type Person, password } from '../support/people.ts'
import {
  addressed,
  bcryptHash,
  deletedPerson,
  named,
  org_policy,
  type Request,
  recoveryCodeOf,
  requests as workingRequests
} from '../support/requests.ts'
import { runSql } from '../support/run-sql.ts'
import type { Call } from '../support/tap.ts'
import { totpCode, wrongCode } from '../support/totp-code.ts'
import { breakWrites, withoutTable } from './broken-storage.ts'

const routeOf = new Map<string, Route<unknown, unknown>>(listRoutes())

/** What is not well formed reaches no operation. */
function isWellFormed(operation: string, request: Request): boolean {
  const route = routeOf.get(operation)
  return route !== undefined && v.is(route.request, request)
}

/** By any name, because the lists below are of names. */
const requests: Record<string, (fixture: Fixture) => Promise<Request>> = workingRequests

const operations = Object.keys(requests)

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/
const opaque = 'A'.repeat(44)
const unknownLink = `${'A'.repeat(43)}=`

/**
 * Wrong requests, by operation. Each is what a caller can get wrong: something missing, of the wrong type, unknown, or
 * used up.
 */
async function wrongRequests(fixture: Fixture): Promise<readonly (readonly [string, Request])[]> {
  const { organization_id } = fixture.A
  const person = await fixture.newEnrolled()
  const { secret } = person
  const intermediate_session_token = await fixture.beginSignIn(person)
  const code = totpCode(secret, fixture.clock.now())
  fixture.clock.advance(90)
  const incorrect = wrongCode(secret, fixture.clock.now())
  const used = await fixture.signIn(await fixture.newPerson())
  await fixture.client.sessions.revoke({ session_token: used.session_token })
  const usedToken = { session_token: used.session_token }
  const known = named(person)
  const plain = await fixture.newPerson()
  const deleted = await deletedPerson(fixture)
  const nobody = { organization_id, member_id: 'member-test-nobody' }
  const connected_app_id = authorization.client_id
  const nowhere = { organization_id: 'organization-test-nowhere' }
  const credentials = { email_address: person.email_address, password }
  const start = { organization_id, email_address: person.email_address }
  const replaced = { ...start, existing_password: password, new_password: `${password} 2` }
  return [
    ['sessions.get', {}],
    ['sessions.get', nobody],
    ['sessions.get', { ...known, ...nowhere }],
    ['sessions.authenticate', {}],
    ['sessions.authenticate', { session_token: 5 }],
    ['sessions.authenticate', { session_token: 'short' }],
    ['sessions.authenticate', { session_token: opaque }],
    ['sessions.authenticate', { session_token: used.session_token }],
    ['sessions.authenticate', { session_jwt: 'a.b.c' }],
    ['sessions.authenticate', { session_jwt: used.session_jwt }],
    ['sessions.authenticate', { session_token: opaque, session_duration_minutes: 'x' }],
    ['sessions.authenticate', { session_token: opaque, session_custom_claims: 'x' }],
    ['sessions.authenticate', { session_token: opaque, authorization_check: 'x' }],
    ['sessions.revoke', {}],
    ['sessions.revoke', { member_session_id: 'member-session-test-none' }],
    ['sessions.revoke', { session_token: opaque }],
    ['sessions.revoke', { session_jwt: 'a.b.c' }],
    ['sessions.revoke', { member_id: 'member-test-nobody' }],
    ['sessions.revoke', { member_id: { toString: 'x' } }],
    ['sessions.exchange', {}],
    ['sessions.exchange', { organization_id }],
    ['sessions.exchange', { organization_id, session_token: opaque }],
    ['sessions.exchange', { organization_id, session_jwt: 'a.b.c' }],
    ['sessions.exchange', { organization_id, ...usedToken }],
    ['sessions.exchange', { ...nowhere, ...usedToken }],
    ['sessions.exchange', { organization_id, ...usedToken, locale: 'xx-YY' }],
    ['discovery.intermediateSessions.exchange', {}],
    ['discovery.intermediateSessions.exchange', { ...nowhere, intermediate_session_token }],
    [
      'discovery.intermediateSessions.exchange',
      { organization_id, intermediate_session_token: opaque }
    ],
    [
      'discovery.intermediateSessions.exchange',
      { organization_id, intermediate_session_token: 'short' }
    ],
    [
      'discovery.intermediateSessions.exchange',
      { organization_id, intermediate_session_token, locale: 5 }
    ],
    ['discovery.organizations.list', {}],
    ['discovery.organizations.list', { intermediate_session_token: opaque }],
    ['discovery.organizations.list', { session_token: 5 }],
    ['discovery.organizations.list', { intermediate_session_token, ...usedToken }],
    ['discovery.organizations.create', {}],
    ['discovery.organizations.create', { intermediate_session_token: opaque }],
    ['discovery.organizations.create', { intermediate_session_token, organization_slug: 'acme' }],
    ['discovery.organizations.create', { intermediate_session_token, mfa_policy: 'SOMETIMES' }],
    ['sessions.exchangeAccessToken', {}],
    ['sessions.exchangeAccessToken', { access_token: 5 }],
    ['sessions.exchangeAccessToken', { access_token: used.session_jwt }],
    ['sessions.attest', {}],
    ['sessions.attest', { profile_id: 'none', token: 'a.b.c' }],
    ['sessions.attest', { profile_id: profiles.plain, token: 'a.b.c' }],
    ['sessions.attest', { profile_id: profiles.plain, token: 5 }],
    ['sessions.attest', { profile_id: profiles.plain, token: used.session_jwt }],
    ['sessions.migrate', {}],
    ['sessions.migrate', { organization_id, session_token: 'unknown' }],
    ['sessions.migrate', { organization_id, session_token: 'a b' }],
    ['sessions.migrate', { ...nowhere, session_token: 'unknown' }],
    ['sessions.getJWKS', { project_id: 'nonsense' }],
    ['totps.create', {}],
    ['totps.create', nobody],
    ['totps.create', known],
    ['totps.create', { ...known, expiration_minutes: 'x' }],
    ['totps.create', { ...known, intermediate_session_token: opaque }],
    ['totps.authenticate', {}],
    ['totps.authenticate', { ...known, code }],
    ['totps.authenticate', { ...known, intermediate_session_token, code: incorrect }],
    ['totps.authenticate', { ...known, intermediate_session_token, code: 'abcdef' }],
    ['totps.authenticate', { ...known, intermediate_session_token, code: 'abcd-efgh-2345' }],
    ['totps.authenticate', { ...known, intermediate_session_token, code: 123456 }],
    ['totps.authenticate', { ...known, intermediate_session_token, code }],
    ['totps.authenticate', { ...known, intermediate_session_token: opaque, code: incorrect }],
    ['totps.authenticate', { ...known, session_token: used.session_token, code: incorrect }],
    ['totps.migrate', {}],
    ['totps.migrate', { ...nobody, secret }],
    ['totps.migrate', { ...known, secret }],
    ['totps.migrate', { ...known, secret: 'x' }],
    ['totps.migrate', { ...known, secret, recovery_codes: 'x' }],
    ['totps.migrate', { ...known, secret, recovery_codes: [5] }],
    ['recoveryCodes.get', nobody],
    ['recoveryCodes.get', { ...known, ...nowhere }],
    ['recoveryCodes.rotate', {}],
    ['recoveryCodes.rotate', nobody],
    ['recoveryCodes.recover', {}],
    ['recoveryCodes.recover', { ...known, recovery_code: 'x' }],
    ['recoveryCodes.recover', { ...known, intermediate_session_token, recovery_code: 'x' }],
    ['recoveryCodes.recover', { ...known, intermediate_session_token, recovery_code: '123456' }],
    ['recoveryCodes.recover', { ...known, intermediate_session_token, recovery_code: 5 }],
    ['recoveryCodes.recover', { ...known, session_token: used.session_token, recovery_code: 'x' }],
    ['otps.sms.send', {}],
    ['otps.sms.send', nobody],
    ['otps.sms.send', known],
    ['otps.sms.send', { ...known, intermediate_session_token, mfa_phone_number: newPhone() }],
    ['otps.sms.send', { ...known, mfa_phone_number: '12' }],
    ['otps.sms.send', { ...known, mfa_phone_number: 5 }],
    ['otps.sms.send', { ...known, intermediate_session_token: opaque }],
    ['otps.sms.send', { ...known, ...usedToken }],
    ['otps.sms.send', { ...known, locale: 'xx-YY' }],
    ['otps.sms.authenticate', {}],
    ['otps.sms.authenticate', { ...known, code }],
    ['otps.sms.authenticate', { ...known, intermediate_session_token, code }],
    ['otps.sms.authenticate', { ...known, intermediate_session_token, code: 'abcdef' }],
    ['otps.sms.authenticate', { ...known, intermediate_session_token, code: 123456 }],
    ['otps.sms.authenticate', { ...known, intermediate_session_token: opaque, code }],
    ['otps.sms.authenticate', { ...known, ...usedToken, code }],
    ['otps.email.loginOrSignup', {}],
    ['otps.email.loginOrSignup', { organization_id, email_address: 'no address' }],
    ['otps.email.loginOrSignup', { organization_id, email_address: ['a@b.example'] }],
    ['otps.email.loginOrSignup', { organization_id, email_address: 'a@x.example,b@y.example' }],
    ['otps.email.loginOrSignup', { organization_id, email_address: 'nobody@x.example' }],
    ['otps.email.loginOrSignup', { ...nowhere, email_address: 'nobody@x.example' }],
    ['otps.email.authenticate', {}],
    ['otps.email.authenticate', { ...addressed(person), code: 123456 }],
    ['otps.email.authenticate', { ...addressed(person), code: '123456' }],
    ['otps.email.authenticate', { ...addressed(person), code: '123456', session_token: opaque }],
    ['otps.email.discovery.send', {}],
    ['otps.email.discovery.send', { email_address: 'a@b.example\r\nBcc: c@d.example' }],
    ['otps.email.discovery.authenticate', {}],
    ['otps.email.discovery.authenticate', { email_address: 'a@b.example', code: '123456' }],
    ['magicLinks.authenticate', {}],
    ['magicLinks.authenticate', { magic_links_token: 5 }],
    ['magicLinks.authenticate', { magic_links_token: 'short' }],
    ['magicLinks.authenticate', { magic_links_token: unknownLink }],
    ['magicLinks.authenticate', { magic_links_token: unknownLink, session_token: opaque }],
    ['magicLinks.email.loginOrSignup', {}],
    [
      'magicLinks.email.loginOrSignup',
      { organization_id, email_address: `${'a'.repeat(1000)}@b.c` }
    ],
    ['magicLinks.email.loginOrSignup', { ...addressed(person), login_redirect_url: 'x' }],
    ['magicLinks.email.loginOrSignup', { ...addressed(person), pkce_code_challenge: 'x' }],
    ['magicLinks.email.loginOrSignup', { ...addressed(person), locale: 'xx-YY' }],
    ['magicLinks.email.invite', {}],
    ['magicLinks.email.invite', addressed(person)],
    ['magicLinks.email.invite', { organization_id, email_address: 'a@b.example', roles: ['none'] }],
    ['magicLinks.email.discovery.send', {}],
    [
      'magicLinks.email.discovery.send',
      { email_address: 'a@b.example', discovery_redirect_url: 'x' }
    ],
    ['magicLinks.discovery.authenticate', {}],
    ['magicLinks.discovery.authenticate', { discovery_magic_links_token: unknownLink }],
    ['passwords.authenticate', {}],
    ['passwords.authenticate', { ...nowhere, ...credentials }],
    ['passwords.authenticate', { organization_id, ...credentials, password: 'wrong' }],
    ['passwords.authenticate', { organization_id, ...credentials, password: 5 }],
    [
      'passwords.authenticate',
      { organization_id, ...credentials, email_address: 'nobody@x.example' }
    ],
    ['passwords.authenticate', { organization_id, ...credentials, email_address: 'no address' }],
    ['passwords.authenticate', { organization_id, ...credentials, locale: 'xx-YY' }],
    ['passwords.authenticate', { organization_id, ...credentials, session_token: opaque }],
    ['passwords.migrate', {}],
    ['passwords.migrate', { organization_id, ...credentials, hash: 'x', hash_type: 'bcrypt' }],
    [
      'passwords.migrate',
      { organization_id, ...credentials, hash: bcryptHash, hash_type: 'rot13' }
    ],
    [
      'passwords.migrate',
      { organization_id, ...credentials, hash: bcryptHash, hash_type: 'bcrypt' }
    ],
    ['passwords.strengthCheck', {}],
    ['passwords.strengthCheck', { password: '' }],
    ['passwords.strengthCheck', { password, email_address: 'no address' }],
    ['passwords.email.resetStart', {}],
    ['passwords.email.resetStart', { ...nowhere, email_address: person.email_address }],
    ['passwords.email.resetStart', { organization_id, email_address: 'nobody@x.example' }],
    ['passwords.email.resetStart', { ...start, locale: 'xx-YY' }],
    ['passwords.email.resetStart', { ...start, reset_password_expiration_minutes: 4 }],
    ['passwords.email.resetStart', { ...start, reset_password_redirect_url: 'https://x.example/' }],
    ['passwords.email.resetStart', { ...start, code_challenge: 'short' }],
    ['passwords.email.reset', {}],
    ['passwords.email.reset', { password_reset_token: 'short', password }],
    ['passwords.email.reset', { password_reset_token: `${'A'.repeat(43)}=`, password }],
    ['passwords.email.reset', { password_reset_token: `${'A'.repeat(43)}=`, password: 5 }],
    ['passwords.existingPassword.reset', {}],
    ['passwords.existingPassword.reset', { ...replaced, existing_password: 'wrong' }],
    ['passwords.existingPassword.reset', { ...replaced, new_password: 'password' }],
    ['passwords.existingPassword.reset', { ...replaced, ...usedToken }],
    ['passwords.sessions.reset', {}],
    ['passwords.sessions.reset', { organization_id, password }],
    ['passwords.sessions.reset', { organization_id, password, session_token: opaque }],
    ['passwords.sessions.reset', { organization_id, password, ...usedToken }],
    ['passwords.sessions.reset', { ...nowhere, password, ...usedToken }],
    ['passwords.sessions.reset', { organization_id, password: '', ...usedToken }],
    ['passwords.sessions.reset', { organization_id, password: 5, ...usedToken }],
    ['rbac.organizations.getOrgPolicy', nowhere],
    ['rbac.organizations.setOrgPolicy', { organization_id }],
    ['rbac.organizations.setOrgPolicy', { ...nowhere, org_policy }],
    ['rbac.organizations.setOrgPolicy', { organization_id, org_policy: { roles: [{}] } }],
    ['organizations.create', {}],
    ['organizations.create', { organization_name: 'X', organization_slug: 'acme' }],
    ['organizations.create', { organization_name: 'X', auth_methods: 'all_allowed' }],
    ['organizations.get', nowhere],
    ['organizations.update', { ...nowhere, organization_name: 'X' }],
    ['organizations.update', { organization_id, mfa_policy: 'SOMETIMES' }],
    ['organizations.update', { organization_id, organization_slug: 'globex' }],
    ['organizations.delete', nowhere],
    ['organizations.metrics', nowhere],
    ['organizations.deleteExternalId', nowhere],
    ['organizations.search', { limit: 'x' }],
    ['organizations.search', { cursor: 'x' }],
    ['organizations.search', { query: { operator: 'AND', operands: [{ filter_name: 'x' }] } }],
    ['organizations.members.create', { organization_id }],
    ['organizations.members.create', { organization_id, email_address: person.email_address }],
    [
      'organizations.members.create',
      { organization_id, email_address: 'a@b.example', roles: ['none'] }
    ],
    ['organizations.members.get', { organization_id }],
    ['organizations.members.get', nobody],
    ['organizations.members.get', { organization_id, email_address: 'nobody@x.example' }],
    ['organizations.members.dangerouslyGet', { member_id: 'member-test-nobody' }],
    ['organizations.members.dangerouslyGet', { member_id: deleted.member_id }],
    ['organizations.members.dangerouslyGet', { ...named(deleted), include_deleted: 'perhaps' }],
    ['organizations.members.update', { ...nobody, name: 'X' }],
    ['organizations.members.update', { ...known, name: 5 }],
    ['organizations.members.update', { ...known, default_mfa_method: 'pigeon' }],
    ['organizations.members.delete', nobody],
    ['organizations.members.delete', named(deleted)],
    ['organizations.members.reactivate', nobody],
    ['organizations.members.reactivate', known],
    ['organizations.members.erase', nobody],
    ['organizations.members.erase', known],
    ['organizations.members.unlock', nobody],
    ['organizations.members.deleteMFAPhoneNumber', nobody],
    ['organizations.members.deleteMFAPhoneNumber', known],
    ['organizations.members.deleteTOTP', nobody],
    ['organizations.members.deleteTOTP', named(plain)],
    ['organizations.members.deletePassword', { organization_id, member_password_id: 'x' }],
    ['organizations.members.unlinkRetiredEmail', known],
    ['organizations.members.unlinkRetiredEmail', { ...known, email_id: 5 }],
    ['organizations.members.unlinkRetiredEmail', { ...known, email_address: 'no address' }],
    ['organizations.members.unlinkRetiredEmail', { ...known, email_id: 'email-test-none' }],
    ['organizations.members.deleteExternalId', nobody],
    ['organizations.members.startEmailUpdate', known],
    ['organizations.members.startEmailUpdate', { ...nobody, email_address: 'a@b.example' }],
    ['organizations.members.startEmailUpdate', { ...known, email_address: person.email_address }],
    [
      'organizations.members.startEmailUpdate',
      { ...known, email_address: 'a@b.example', delivery_method: 'PIGEON' }
    ],
    ['organizations.members.connectedApps.revoke', { ...nobody, connected_app_id }],
    ['organizations.members.connectedApps.revoke', { ...known, connected_app_id: 'none' }],
    ['idp.oauth.authorizeStart', {}],
    ['idp.oauth.authorizeStart', { ...authorization, ...nobody }],
    ['idp.oauth.authorizeStart', { ...authorization, client_id: 'none', ...known }],
    ['idp.oauth.authorize', { ...authorization, ...known }],
    ['idp.oauth.authorize', { ...authorization, consent_granted: true, ...usedToken }],
    ['organizations.members.search', {}],
    ['organizations.members.search', { organization_ids: [] }],
    ['organizations.members.search', { organization_ids: ['organization-test-nowhere'] }]
  ]
}

describe('every operation', () => {
  describeOnEachEngineAndClient((fixture) => {
    interface Run {
      readonly answer: Request
      readonly calls: readonly Call[]
    }

    async function run(operation: string, request: unknown): Promise<Run> {
      let answer: Request = {}
      const calls = await fixture.tap.watch(async () => {
        answer = await fixture.send(operation, request)
      })
      return { answer, calls }
    }

    async function runAudited(operation: string) {
      const request = await requests[operation]?.(fixture)
      let done: Run = { answer: {}, calls: [] }
      const events = await auditOf(fixture.database, async () => {
        done = await run(operation, request)
      })
      return { ...done, events }
    }

    const first = new Map<string, ReturnType<typeof runAudited>>()

    /** One run of the operation, which several tests look at: to make its request takes many calls. */
    function firstRunOf(operation: string) {
      const known = first.get(operation) ?? runAudited(operation)
      first.set(operation, known)
      return known
    }

    test.each(operations)(
      'S-ANY-01 S-ANY-02: %s answers 200, and each call has a request_id of its own',
      async (operation) => {
        const ids = new Set<unknown>()
        const again = await run(operation, await requests[operation]?.(fixture))
        for (const { calls } of [await firstRunOf(operation), again]) {
          expect(calls.map(({ status }) => status)).toEqual([200])
          const body = JSON.parse(calls[0]?.response ?? '')
          expect(body.status_code).toBe(200)
          expect(body.request_id).toMatch(uuid)
          ids.add(body.request_id)
        }
        expect(ids.size).toBe(2)
      }
    )

    test.each(operations)(
      '%s leaves one event of its kind in the audit, or none',
      async (operation) => {
        const { answer, events } = await firstRunOf(operation)
        const kind = table[operation as OperationName].audit
        if (kind === null) {
          expect(events).toEqual([])
          return
        }
        const { request_id, member, organization, member_session } = answer
        expect(events).toEqual([
          expect.objectContaining({
            project_id: fixture.project_id,
            request_id,
            kind,
            operation,
            outcome: 'succeeded',
            error_type: null,
            caller_member_id: null
          })
        ])
        const [event] = events
        const named = { ...Object(organization), ...Object(member), ...Object(member_session) }
        for (const id of ['organization_id', 'member_id', 'member_session_id'] as const) {
          if (named[id] !== undefined) expect([id, event?.[id]]).toEqual([id, named[id]])
        }
        const isOfNobody = operation.includes('discovery') && member === undefined
        if (!isOfNobody) expect(event?.organization_id).not.toBe(null)
        const isOfMember = kind !== 'organization' && kind !== 'policy' && !isOfNobody
        if (isOfMember) expect(event?.member_id).not.toBe(null)
      }
    )

    test('a refused call leaves one event that says why, or none where no operation was reached', async () => {
      const expected: unknown[] = []
      const requests = await wrongRequests(fixture)
      const events = await auditOf(fixture.database, async () => {
        for (const [operation, request] of requests) {
          const { error_type, request_id } = await fixture.errorOf(fixture.send(operation, request))
          const kind = table[operation as OperationName].audit
          if (kind === null || !isWellFormed(operation, request)) continue
          const call = { request_id, kind, operation }
          expected.push(expect.objectContaining({ ...call, outcome: 'refused', error_type }))
        }
      })
      expect(expected.length).toBeGreaterThan(100)
      expect(events).toEqual(expected)
    })

    test('S-ANY-03 S-ANY-04 S-ERR-05: every wrong request is a 4xx with the whole error body, and arrives as the API error', async () => {
      for (const [operation, request] of await wrongRequests(fixture)) {
        const calls = await fixture.tap.watch(async () => {
          const refusal = await fixture.errorOf(fixture.send(operation, request))
          expect({ operation, request, ...refusal }).toMatchObject({
            error_type: expect.stringMatching(/^[a-z0-9_]+$/),
            error_message: expect.stringMatching(/./)
          })
        })
        const [call] = calls
        const body = JSON.parse(call?.response ?? '')
        const seen = { operation, request, status: call?.status, body }
        expect(seen.status).toBeGreaterThanOrEqual(400)
        expect(seen).toMatchObject({
          operation,
          body: {
            status_code: call?.status,
            request_id: expect.stringMatching(uuid),
            error_type: expect.stringMatching(/^[a-z0-9_]+$/),
            error_message: expect.stringMatching(/./),
            error_url: expect.stringMatching(/^https:\/\//)
          }
        })
        if ((call?.status ?? 500) >= 500) expect(seen).toBe('a refusal')
      }
    })

    test('S-ANY-03 S-ERR-05: wrong project credentials arrive as the API error from every operation', async () => {
      const { organization_id } = fixture.A
      const stranger = fixture.stranger()
      for (const operation of operations) {
        if (operation === 'sessions.getJWKS') continue
        const ids = { member_id: 'x', member_password_id: 'x', connected_app_id: 'x' }
        const call = sendThrough(stranger, operation, { organization_id, ...ids })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 401,
          error_type: 'unauthorized_credentials'
        })
      }
    })

    test('S-ANY-06: member_id is that of the member, and the member is of the organization', async () => {
      let seen = 0
      for (const operation of operations) {
        const { member_id, member, organization } = (await firstRunOf(operation)).answer
        if (member === undefined || organization === undefined) continue
        seen += 1
        if (operation !== 'sessions.authenticate') {
          expect({ operation, member_id }).toEqual({ operation, member_id: idOf(member) })
        }
        expect({ operation, id: Reflect.get(Object(member), 'organization_id') }).toEqual({
          operation,
          id: Reflect.get(Object(organization), 'organization_id')
        })
      }
      const declaring = listRoutes().filter(([, { response }]) => {
        const entries = Object(Reflect.get(response, 'entries'))
        return 'member' in entries && 'organization' in entries
      })
      expect(seen).toBe(declaring.length)
    })

    const idOf = (member: unknown) => Reflect.get(Object(member), 'member_id')

    test.each([
      'passwords.authenticate',
      'passwords.sessions.reset',
      'totps.authenticate',
      'recoveryCodes.recover',
      'otps.sms.authenticate',
      'otps.email.authenticate',
      'magicLinks.authenticate',
      'sessions.authenticate',
      'sessions.exchange',
      'sessions.exchangeAccessToken',
      'sessions.attest',
      'sessions.migrate',
      'discovery.intermediateSessions.exchange',
      'discovery.organizations.create'
    ])('S-ANY-07: %s answers token, JWT and object of one session', async (operation) => {
      const answer = await fixture.send(operation, await requests[operation]?.(fixture))
      const session_token = String(answer.session_token)
      const session_jwt = String(answer.session_jwt)
      const id = Reflect.get(Object(answer.member_session), 'member_session_id')
      const payload = JSON.parse(
        Buffer.from(session_jwt.split('.')[1] ?? '', 'base64url').toString()
      )
      expect(payload['https://stytch.com/session'].id).toBe(id)
      for (const credential of [{ session_token }, { session_jwt }]) {
        const again = await fixture.client.sessions.authenticate(credential)
        expect(again.member_session.member_session_id).toBe(id)
      }
    })

    test.each(operations)(
      'S-ANY-08: every declared member of the answer of %s is there with its type',
      async (operation) => {
        const { answer } = await firstRunOf(operation)
        expect(faultsOfAnswer(operation, answer)).toEqual([])
      }
    )

    test('S-ANY-08: the same of an answer that ends in an intermediate session', async () => {
      for (const person of [await fixture.newEnrolled(), fixture.waiting]) {
        const answer = await fixture.authenticate(person)
        expect(answer.member_authenticated).toBe(false)
        expect(faultsOfAnswer('passwords.authenticate', answer)).toEqual([])
      }
    })

    describe('operations that take a session', () => {
      /** What a call does with each credential of one session. */
      const takers: Record<string, (credential: Request, person: Taker) => Promise<Request>> = {
        'sessions.authenticate': (credential) => fixture.send('sessions.authenticate', credential),
        'sessions.revoke': (credential) => fixture.send('sessions.revoke', credential),
        'sessions.exchange': (credential, { organization_id }) =>
          fixture.send('sessions.exchange', { organization_id, ...credential }),
        'discovery.organizations.list': (credential) =>
          fixture.send('discovery.organizations.list', credential),
        'sessions.attest': async (credential, person) => {
          const token = await trustedToken(fixture, person)
          return fixture.send('sessions.attest', {
            profile_id: profiles.plain,
            token,
            ...credential
          })
        },
        'idp.oauth.authorizeStart': (credential) =>
          fixture.send('idp.oauth.authorizeStart', { ...authorization, ...credential }),
        'idp.oauth.authorize': (credential) =>
          fixture.send('idp.oauth.authorize', {
            ...authorization,
            consent_granted: true,
            ...credential
          }),
        'totps.create': (credential, person) =>
          fixture.send('totps.create', { ...named(person), ...credential }),
        'totps.authenticate': (credential, person) =>
          fixture.send('totps.authenticate', {
            ...named(person),
            code: fixture.nextCode(person.secret),
            ...credential
          }),
        'recoveryCodes.recover': async (credential, person) =>
          fixture.send('recoveryCodes.recover', {
            ...named(person),
            recovery_code: await recoveryCodeOf(fixture, person),
            ...credential
          }),
        'otps.sms.send': async (credential, person) => {
          await fixture.resetSendCounts()
          return fixture.send('otps.sms.send', { ...named(person), ...credential })
        },
        'otps.sms.authenticate': async ({ session_token, session_jwt }, person) => {
          const one = session_token === undefined ? { session_jwt } : { session_token }
          const code = await fixture.newSms(person, one)
          const credential = { session_token, session_jwt }
          return fixture.send('otps.sms.authenticate', { ...named(person), code, ...credential })
        },
        'passwords.authenticate': (credential, { organization_id, email_address }) =>
          fixture.send('passwords.authenticate', {
            organization_id,
            email_address,
            password,
            ...credential
          })
      }

      type Taker = Awaited<ReturnType<typeof newTaker>>

      async function newTaker(operation: string) {
        if (operation !== 'totps.create') return fixture.newBoth({}, { mfa_enrolled: false })
        return { ...(await fixture.newPerson()), secret: '', totp_registration_id: '' }
      }

      /** What a call left behind, without what differs from session to session. */
      async function effectOf(operation: string, person: Taker, answer: Request) {
        const { member } = await fixture.client.organizations.members.get(named(person))
        const sessions = (await fixture.sessionsOf(person)).map(
          ({ authentication_factors, expires_at, started_at }) => ({
            factors: authentication_factors.map(({ type }) => type),
            life: Date.parse(expires_at) - Date.parse(started_at)
          })
        )
        return {
          operation,
          answered: Object.keys(answer).sort(),
          registered: member.totp_registration_id !== '',
          verified: member.mfa_phone_number_verified,
          sessions
        }
      }

      test.each(Object.entries(takers))(
        'S-ANY-09: %s does the same with a token as with the JWT of the same session',
        async (operation, take) => {
          const effects = []
          for (const name of ['session_token', 'session_jwt'] as const) {
            const person = await newTaker(operation)
            const pair = await fixture.signIn(person)
            const answer = await take({ [name]: pair[name] }, person)
            effects.push(await effectOf(operation, person, answer))
          }
          expect(effects[1]).toEqual(effects[0])
          const left = operation === 'sessions.revoke' ? 0 : 1
          expect(effects[0]?.sessions).toHaveLength(left)
        }
      )

      test.each(Object.entries(takers))(
        'S-ANY-10: %s refuses token and JWT together, of one session and of two',
        async (operation, take) => {
          const person = await newTaker(operation)
          const [one, two] = [await fixture.signIn(person), await fixture.signIn(person)]
          const before = await fixture.sessionsOf(person)
          const error_type =
            operation === 'sessions.revoke'
              ? 'too_many_session_revoke_arguments'
              : 'too_many_session_arguments'
          for (const { session_jwt } of [one, two]) {
            const call = take({ session_token: one.session_token, session_jwt }, person)
            expect(await fixture.errorOf(call)).toMatchObject({ status_code: 400, error_type })
          }
          expect(await fixture.sessionsOf(person)).toEqual(before)
        }
      )

      test.each(Object.entries(takers))(
        'S-ANY-11: %s accepts a JWT that has expired by exp while its session lives',
        async (operation, take) => {
          const person = await newTaker(operation)
          const { session_jwt } = await fixture.signIn(person)
          fixture.clock.advance(301)
          expect((await take({ session_jwt }, person)).status_code).toBe(200)
        }
      )
    })

    test('S-ANY-05: while delivery fails every operation that sends is a 503, without a trace of the message', async () => {
      const requestOf = async (operation: string) => (await requests[operation]?.(fixture)) ?? {}
      const { organization_id, email_address } = await fixture.newPhoned()
      for (const [operation, request] of [
        ['otps.sms.send', await requestOf('otps.sms.send')],
        ['passwords.authenticate', { organization_id, email_address, password }]
      ] as const) {
        await fixture.breakDelivery(async () => {
          const refusal = await fixture.errorOf(fixture.send(operation, request))
          expect({ operation, ...refusal }).toMatchObject({
            operation,
            status_code: 503,
            error_type: 'server_unavailable',
            error_message: expect.not.stringMatching(/purpose|[0-9]{6}/)
          })
        })
        await fixture.resetSendCounts()
        expect((await fixture.send(operation, request)).status_code).toBe(200)
      }
    })

    describe('S-ANY-05: while storage fails', () => {
      const failing = { status_code: expect.any(Number), error_type: 'internal_server_error' }

      async function expectFailure(call: Promise<unknown>) {
        const refusal = await fixture.errorOf(call)
        expect(refusal).toMatchObject(failing)
        expect(refusal.status_code).toBeGreaterThanOrEqual(500)
      }

      test.each(operations)('S-ANY-05: %s answers 5xx', async (operation) => {
        const request = await requests[operation]?.(fixture)
        await withoutTable(fixture.database, 'projects', () =>
          expectFailure(fixture.send(operation, request))
        )
        expect((await fixture.send(operation, request)).status_code).toBe(200)
      })

      test('S-ANY-05: passwords.authenticate starts no session', async () => {
        const person = await fixture.newPerson()
        await breakWrites(fixture.database, 'insert', 'sessions', () =>
          expectFailure(fixture.signIn(person))
        )
        expect(await fixture.sessionsOf(person)).toEqual([])
        const { member } = await fixture.client.organizations.members.get(named(person))
        expect(member.is_locked).toBe(false)
        await fixture.signIn(person)
      })

      test.each([
        ['sessions.exchange', 'sessions'],
        ['discovery.intermediateSessions.exchange', 'sessions'],
        ['discovery.organizations.create', 'sessions'],
        ['discovery.organizations.create', 'member_emails']
      ])('S-ANY-05: %s without %s does nothing, and its token stays', async (operation, table) => {
        const request = await requests[operation]?.(fixture)
        await breakWrites(fixture.database, 'insert', table, () =>
          expectFailure(fixture.send(operation, request))
        )
        const answer = await fixture.send(operation, request)
        expect(answer.member_authenticated).toBe(true)
        const person = answer.member as Person
        expect(await fixture.sessionsOf(person)).toHaveLength(1)
      })

      test('S-ANY-05: totps.authenticate uses up neither the code nor the intermediate session', async () => {
        const request = await requests['totps.authenticate']?.(fixture)
        await breakWrites(fixture.database, 'insert', 'sessions', () =>
          expectFailure(fixture.send('totps.authenticate', request))
        )
        expect((await fixture.send('totps.authenticate', request)).status_code).toBe(200)
      })

      test('S-ANY-05: sessions.authenticate extends nothing, and sessions.revoke ends nothing', async () => {
        const person = await fixture.newPerson()
        const { session_token, member_session } = await fixture.signIn(person)
        fixture.clock.advance(10)
        await breakWrites(fixture.database, 'update', 'sessions', async () => {
          const changes = { session_duration_minutes: 300, session_custom_claims: { a: 1 } }
          await expectFailure(fixture.client.sessions.authenticate({ session_token, ...changes }))
          await expectFailure(fixture.client.sessions.revoke({ session_token }))
          await expectFailure(fixture.client.sessions.revoke({ member_id: person.member_id }))
        })
        expect(await fixture.sessionsOf(person)).toEqual([member_session])
      })

      test('S-ANY-05: organizations.members.delete ends neither the member nor its sessions', async () => {
        const person = await fixture.newEnrolled()
        const other = await fixture.newPerson()
        const { session_token, member_session } = await fixture.signIn(other)
        const { members } = fixture.client.organizations
        await breakWrites(fixture.database, 'insert', 'deleted_members', async () => {
          await expectFailure(members.delete(named(person)))
          await expectFailure(members.delete(named(other)))
        })
        expect((await members.get(named(person))).member).toEqual(person.member)
        expect(await fixture.sessionsOf(other)).toEqual([member_session])
        expect((await fixture.client.recoveryCodes.get(named(person))).recovery_codes).toHaveLength(
          10
        )
        await members.delete(named(other))
        const call = fixture.client.sessions.authenticate({ session_token })
        expect(await fixture.errorOf(call)).toMatchObject({ error_type: 'session_not_found' })
      })

      test('S-ANY-05: organizations.members.deleteTOTP and reactivate change nothing', async () => {
        const person = await fixture.newEnrolled()
        const deleted = await deletedPerson(fixture)
        const { members } = fixture.client.organizations
        await breakWrites(fixture.database, 'update', 'members', () =>
          expectFailure(members.deleteTOTP(named(person)))
        )
        await breakWrites(fixture.database, 'insert', 'member_emails', () =>
          expectFailure(members.reactivate(named(deleted)))
        )
        expect((await members.get(named(person))).member).toEqual(person.member)
        expect((await fixture.client.recoveryCodes.get(named(person))).recovery_codes).toHaveLength(
          10
        )
        expect((await members.reactivate(named(deleted))).member.status).toBe('active')
      })

      test.each([
        ['sessions.attest', 'insert'],
        ['sessions.exchangeAccessToken', 'update']
      ] as const)('S-ANY-05: %s uses up no token', async (operation, event) => {
        const request = await requests[operation]?.(fixture)
        await breakWrites(fixture.database, event, 'sessions', () =>
          expectFailure(fixture.send(operation, request))
        )
        expect((await fixture.send(operation, request)).status_code).toBe(200)
      })

      test('S-ANY-05: sessions.attest creates nobody', async () => {
        const { organization_id } = fixture.A
        const email_address = `${crypto.randomUUID()}@acme.example`
        const nobody = { organization_id, email_address }
        const token = await trustedToken(fixture, nobody, { profile: 'joining' })
        await breakWrites(fixture.database, 'insert', 'sessions', () =>
          expectFailure(fixture.client.sessions.attest({ profile_id: profiles.joining, token }))
        )
        const call = fixture.client.organizations.members.get(nobody)
        expect(await fixture.errorOf(call)).toMatchObject({ error_type: 'member_not_found' })
      })

      test('S-ANY-05: idp.oauth.authorize remembers no consent', async () => {
        const third = {
          ...authorization,
          client_id: apps.third.client_id,
          redirect_uri: apps.third.redirect_urls[0],
          scopes: ['openid'],
          ...named(await fixture.newPerson())
        }
        await breakWrites(fixture.database, 'insert', 'grants', () =>
          expectFailure(fixture.client.idp.oauth.authorize({ ...third, consent_granted: true }))
        )
        const { consent_required } = await fixture.client.idp.oauth.authorizeStart(third)
        expect(consent_required).toBe(true)
      })

      test('S-ANY-05: totps.create leaves the registration that waited', async () => {
        const person = await fixture.newPerson()
        const { secret } = await fixture.client.totps.create(named(person))
        await breakWrites(fixture.database, 'insert', 'recovery_codes', () =>
          expectFailure(fixture.client.totps.create(named(person)))
        )
        const { session_token } = await fixture.signIn(person)
        const code = fixture.nextCode(secret)
        const answer = await fixture.client.totps.authenticate({
          ...named(person),
          session_token,
          code
        })
        expect(answer.status_code).toBe(200)
      })

      test('S-ANY-05: recoveryCodes.recover uses up neither the code nor the intermediate session', async () => {
        const request = await requests['recoveryCodes.recover']?.(fixture)
        await breakWrites(fixture.database, 'insert', 'sessions', () =>
          expectFailure(fixture.send('recoveryCodes.recover', request))
        )
        const answer = await fixture.send('recoveryCodes.recover', request)
        expect(answer.recovery_codes_remaining).toBe(9)
      })

      test('S-ANY-05: recoveryCodes.rotate and totps.migrate change nothing', async () => {
        const person = await fixture.newEnrolled()
        const before = await fixture.client.recoveryCodes.get(named(person))
        const request = await requests['totps.migrate']?.(fixture)
        await breakWrites(fixture.database, 'insert', 'recovery_codes', async () => {
          await expectFailure(fixture.client.recoveryCodes.rotate(named(person)))
          await expectFailure(fixture.send('totps.migrate', request))
        })
        const after = await fixture.client.recoveryCodes.get(named(person))
        expect(after.recovery_codes).toEqual(before.recovery_codes)
        expect((await fixture.send('totps.migrate', request)).status_code).toBe(200)
      })

      test('S-ANY-05: otps.sms.authenticate uses up neither the code nor the intermediate session', async () => {
        const request = await requests['otps.sms.authenticate']?.(fixture)
        await breakWrites(fixture.database, 'insert', 'sessions', () =>
          expectFailure(fixture.send('otps.sms.authenticate', request))
        )
        expect((await fixture.send('otps.sms.authenticate', request)).status_code).toBe(200)
      })

      test('S-ANY-05: otps.sms.send links no number, and leaves no intermediate session where it sends by itself', async () => {
        const request = (await requests['otps.sms.send']?.(fixture)) ?? {}
        const phoned = await fixture.newPhoned()
        await breakWrites(fixture.database, 'insert', 'one_time_codes', async () => {
          await expectFailure(fixture.send('otps.sms.send', request))
          await expectFailure(fixture.authenticate(phoned))
        })
        const { organization_id, member_id } = request
        const { member } = await fixture.client.organizations.members.get({
          organization_id: String(organization_id),
          member_id: String(member_id)
        })
        expect(member.mfa_phone_number).toBe('')
        const waiting = await runSql(
          fixture.database,
          'select 1 from intermediate_sessions where member_id = $1',
          [phoned.member_id]
        )
        expect(waiting).toEqual([])
      })

      test.each([
        ['passwords.migrate', 'passwords'],
        ['organizations.members.create', 'member_emails']
      ])('S-ANY-05: %s creates no member', async (operation, table) => {
        const request = (await requests[operation]?.(fixture)) ?? {}
        await breakWrites(fixture.database, 'insert', table, () =>
          expectFailure(fixture.send(operation, request))
        )
        const { organization_id } = fixture.A
        const email_address = String(request.email_address)
        const call = fixture.client.organizations.members.get({ organization_id, email_address })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'member_not_found'
        })
        expect((await fixture.send(operation, request)).status_code).toBe(200)
      })

      test.each(['organizations.update', 'rbac.organizations.setOrgPolicy'])(
        'S-ANY-05: %s changes nothing',
        async (operation) => {
          const request = (await requests[operation]?.(fixture)) ?? {}
          const organization_id = String(request.organization_id)
          const before = await fixture.client.organizations.get({ organization_id })
          await breakWrites(fixture.database, 'update', 'organizations', () =>
            expectFailure(fixture.send(operation, request))
          )
          const after = await fixture.client.organizations.get({ organization_id })
          expect(after.organization).toEqual(before.organization)
        }
      )
    })
  })
})
