import { describe, expect, test } from '@jest/globals'

import { type AuditRecord, auditRecords } from '../../src/authority/domain/audit.ts'
import { operations } from '../../src/authority/operations.ts'
import { openStore } from '../../src/authority/store/store.ts'
import { breakWrites, withoutTable } from '../promises/broken-storage.ts'
import { auditOf } from '../support/audit.ts'
import { describeOnEachDatabase } from '../support/databases.ts'
import { signInElsewhere } from '../support/entering.ts'
import {
  accessTokenOf,
  apps,
  authorize,
  code_verifier,
  postForm,
  profiles,
  trustedToken
} from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { type Person, password } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'
import { wrongCode } from '../support/totp-code.ts'

describe('the audit', () => {
  describeOnEachEngine(
    (fixture) => {
      const idsOf = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })
      const refused = (error_type: string) => ({ outcome: 'refused', error_type })

      /** The events of calls that are refused. */
      const auditOfRefusals = (...calls: (() => Promise<unknown>)[]) =>
        auditOf(fixture.database, async () => {
          for (const call of calls) await fixture.errorOf(call())
        })

      const signIn = ({ organization_id, email_address }: Person, guess: string) =>
        fixture.client.passwords.authenticate({ organization_id, email_address, password: guess })

      test('knows whose password was wrong, and of an address that is nobody only the organization', async () => {
        const person = await fixture.newPerson()
        const { organization_id } = person
        const events = await auditOfRefusals(
          () => signIn(person, 'wrong'),
          () => signIn({ ...person, email_address: 'nobody@acme.example' }, 'wrong')
        )
        const sign_in = { kind: 'sign_in', ...refused('unauthorized_credentials') }
        expect(events).toMatchObject([
          { ...sign_in, ...idsOf(person), member_session_id: null },
          { ...sign_in, organization_id, member_id: null, member_session_id: null }
        ])
      })

      test('knows what an app does, once it has said who it is, and of whose grant it is', async () => {
        const person = await fixture.newPerson()
        const { session_token, member_session } = await fixture.signIn(person)
        const { client_id, client_secret, redirect_urls } = apps.first
        const ask = (path: string, form: Record<string, string>) =>
          postForm(fixture, path, { client_id, client_secret, ...form })
        const scopes = ['offline_access']
        const code = await authorize(fixture, { session_token }, { scopes })
        const redeemed = {
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirect_urls[0],
          code_verifier
        }
        const of = (end: string) => `/v1/public/${fixture.project_id}/oauth2/${end}`
        const refreshWith = (refresh_token: string) =>
          ask('/v1/oauth2/token', { grant_type: 'refresh_token', refresh_token })
        let token = ''
        const events = await auditOf(fixture.database, async () => {
          const first = String((await ask('/v1/oauth2/token', redeemed)).body.refresh_token)
          token = String((await refreshWith(first)).body.refresh_token)
          await ask(of('introspect'), { token })
          await ask(of('revoke'), { token })
          await refreshWith(first)
          await ask('/v1/oauth2/token', redeemed)
          await ask('/v1/oauth2/token', { ...redeemed, client_secret: 'wrong' })
          await ask('/v1/oauth2/token', { ...redeemed, client_id: 'none' })
        })
        const { member_session_id } = member_session
        const app = { kind: 'app', ...idsOf(person), member_session_id }
        const succeeded = { ...app, outcome: 'succeeded', error_type: null }
        expect(events).toMatchObject([
          { ...succeeded, operation: 'oauth.token' },
          { ...succeeded, operation: 'oauth.token' },
          { ...succeeded, operation: 'oauth.introspect' },
          { ...succeeded, operation: 'oauth.revoke' },
          { ...app, operation: 'oauth.token', ...refused('invalid_grant') },
          { ...app, operation: 'oauth.token', ...refused('invalid_grant') }
        ])
      })

      test('the failure that locks is an event of its own, and no other is', async () => {
        const person = await fixture.newPerson()
        const guess = () => signIn(person, 'wrong')
        const nine = await auditOfRefusals(...Array.from({ length: 9 }, () => guess))
        expect(nine.map(({ kind }) => kind)).toEqual(Array(9).fill('sign_in'))
        const tenth = await auditOfRefusals(guess)
        const call = { operation: 'passwords.authenticate', ...idsOf(person) }
        expect(tenth).toMatchObject([
          { kind: 'sign_in', ...refused('unauthorized_credentials'), ...call },
          { kind: 'lockout', ...refused('user_lock_limit_reached'), ...call }
        ])
        expect(new Set(tenth.map(({ request_id }) => request_id)).size).toBe(1)
        const after = await auditOfRefusals(guess, () => signIn(person, password))
        const waits = { kind: 'sign_in', ...refused('user_lock_limit_reached'), ...call }
        expect(after).toMatchObject([waits, waits])
      })

      test('a wrong code locks as a wrong password does, and a right tenth guess does not', async () => {
        const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
        const { session_token } = await fixture.signIn(person)
        const use = (code: string) =>
          fixture.client.totps.authenticate({ ...idsOf(person), session_token, code })
        const wrong = () => use(wrongCode(person.secret, fixture.clock.now()))
        await auditOfRefusals(...Array.from({ length: 9 }, () => wrong))
        const right = await auditOf(fixture.database, () => use(fixture.nextCode(person.secret)))
        expect(right.map(({ kind }) => kind)).toEqual(['sign_in'])
        await auditOfRefusals(...Array.from({ length: 9 }, () => wrong))
        const [, lockout] = await auditOfRefusals(wrong)
        expect(lockout).toMatchObject({ kind: 'lockout', operation: 'totps.authenticate' })
      })

      test('a first factor that is not enough succeeds without a session, and the second has it', async () => {
        const person = await fixture.newEnrolled()
        let intermediate_session_token = ''
        const [first] = await auditOf(fixture.database, async () => {
          intermediate_session_token = await fixture.beginSignIn(person)
        })
        expect(first).toMatchObject({ outcome: 'succeeded', member_session_id: null })
        let answer: { member_session?: unknown } = {}
        const [second] = await auditOf(fixture.database, async () => {
          answer = await fixture.client.totps.authenticate({
            ...idsOf(person),
            intermediate_session_token,
            code: fixture.nextCode(person.secret)
          })
        })
        const { member_session_id } = Object(answer.member_session)
        expect(second).toMatchObject({ outcome: 'succeeded', ...idsOf(person), member_session_id })
      })

      test('knows which session was revoked, and whose all were', async () => {
        const person = await fixture.newPerson()
        const { session_token, member_session } = await fixture.signIn(person)
        const { member_session_id } = member_session
        const events = await auditOf(fixture.database, async () => {
          await fixture.client.sessions.revoke({ session_token })
          await fixture.client.sessions.revoke({ member_id: person.member_id })
        })
        const revocation = { kind: 'revocation', outcome: 'succeeded', ...idsOf(person) }
        expect(events).toMatchObject([
          { ...revocation, member_session_id },
          { ...revocation, member_session_id: null }
        ])
      })

      test('knows of whom the used link, code or session was', async () => {
        const person = await fixture.newPerson()
        const { organization_id, email_address } = person
        const addressed = { organization_id, email_address }
        const { client } = fixture
        await client.magicLinks.email.loginOrSignup(addressed)
        const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
        await client.magicLinks.authenticate({ magic_links_token })
        await client.otps.email.loginOrSignup(addressed)
        const code = fixture.lastCode(email_address)
        await client.otps.email.authenticate({ ...addressed, code })
        await client.passwords.email.resetStart(addressed)
        const password_reset_token = fixture.sentTo(email_address)[0]?.token ?? ''
        const { session_token } = await fixture.signIn(person)
        const events = await auditOfRefusals(
          () => client.magicLinks.authenticate({ magic_links_token }),
          () => client.otps.email.authenticate({ ...addressed, code }),
          () => client.passwords.email.reset({ password_reset_token, password: 'weak' }),
          () =>
            client.passwords.sessions.reset({ organization_id, session_token, password: 'weak' })
        )
        expect(events).toMatchObject([
          { operation: 'magicLinks.authenticate', ...idsOf(person) },
          { operation: 'otps.email.authenticate', ...idsOf(person) },
          { operation: 'passwords.email.reset', ...idsOf(person) },
          { operation: 'passwords.sessions.reset', ...idsOf(person) }
        ])
      })

      test('knows of whom the token of another identity was that counts no more', async () => {
        const person = await fixture.newPerson()
        const { session_token, member_session } = await fixture.signIn(person)
        const access_token = await accessTokenOf(fixture, { session_token })
        const token = await trustedToken(fixture, person)
        const { exchangeAccessToken, attest } = fixture.client.sessions
        const calls = [
          () => exchangeAccessToken({ access_token }),
          () => attest({ profile_id: profiles.plain, token })
        ]
        for (const call of calls) await call()
        const { member_session_id } = member_session
        expect(await auditOfRefusals(...calls)).toMatchObject([
          { operation: 'sessions.exchangeAccessToken', ...idsOf(person), member_session_id },
          { operation: 'sessions.attest', ...idsOf(person) }
        ])
      })

      test('an exchange that is refused names who asked, and one that succeeds the member of the other organization', async () => {
        const person = await fixture.newPerson()
        const { session_token, member_session } = await signInElsewhere(fixture, person)
        const { organization_id: elsewhere } = await fixture.newOrganization()
        const { exchange } = fixture.client.sessions
        const [failed] = await auditOfRefusals(() =>
          exchange({ organization_id: elsewhere, session_token })
        )
        expect(failed).toMatchObject({
          ...refused('member_not_found'),
          organization_id: elsewhere,
          member_id: member_session.member_id
        })
        const [done] = await auditOf(fixture.database, () =>
          exchange({ organization_id: person.organization_id, session_token })
        )
        expect(done).toMatchObject({ kind: 'sign_in', ...idsOf(person) })
      })

      test('who is invited is whom an invitation is about, not who invites', async () => {
        const { organization_id, member_id } = await fixture.newPerson()
        const [event] = await auditOfRefusals(() =>
          fixture.client.magicLinks.email.invite({
            organization_id,
            email_address: 'new@acme.example',
            invited_by_member_id: member_id,
            invite_redirect_url: 'https://other.example/'
          })
        )
        expect(event).toMatchObject({ organization_id, member_id: null })
      })

      test('a call with a member session names the caller, also one that is refused', async () => {
        const admin = await fixture.newPerson({ roles: ['stytch_admin'] })
        const person = await fixture.newPerson()
        const [adminSession, ownSession] = [
          await fixture.signIn(admin),
          await fixture.signIn(person)
        ]
        const update = (who: Person, { session_token }: { session_token: string }) =>
          fixture.client.organizations.members.update(
            { ...idsOf(who), trusted_metadata: { tier: 1 }, name: 'Changed' },
            { authorization: { session_token } }
          )
        const rename = (organization_id: string) =>
          fixture.client.organizations.update(
            { organization_id, organization_name: 'Changed' },
            { authorization: { session_token: adminSession.session_token } }
          )
        const events = [
          ...(await auditOfRefusals(
            () => update(admin, ownSession),
            () => rename(fixture.B.organization_id)
          )),
          ...(await auditOf(fixture.database, () => rename(person.organization_id)))
        ]
        expect(events).toMatchObject([
          {
            kind: 'member',
            outcome: 'refused',
            ...idsOf(admin),
            caller_member_id: person.member_id
          },
          {
            kind: 'organization',
            ...refused('session_authorization_tenancy_error'),
            organization_id: fixture.B.organization_id,
            caller_member_id: admin.member_id
          },
          {
            kind: 'organization',
            outcome: 'succeeded',
            organization_id: person.organization_id,
            caller_member_id: admin.member_id
          }
        ])
      })

      test('a call that nobody may make is an event without whom it is about', async () => {
        const person = await fixture.newPerson()
        const session = await fixture.signIn(person)
        await fixture.client.sessions.revoke({ session_token: session.session_token })
        const [event] = await auditOfRefusals(() =>
          fixture.client.organizations.members.delete(idsOf(person), {
            authorization: { session_token: session.session_token }
          })
        )
        expect(event).toMatchObject({
          ...refused('session_not_found'),
          member_id: null,
          caller_member_id: null
        })
      })

      test('an event outlives whom it is about', async () => {
        const { organization_id } = await fixture.newOrganization()
        const person = await fixture.newPerson({ organization_id })
        await fixture.signIn(person)
        await fixture.client.organizations.delete({ organization_id })
        const left = await runSql(
          fixture.database,
          'select kind from audit_events where organization_id = $1 order by kind',
          [organization_id]
        )
        expect(left.map(({ kind }) => kind)).toEqual([
          'organization',
          'organization',
          'password',
          'sign_in'
        ])
      })

      test('what cannot be written down is answered 503, whatever became of it, and nobody hears of it', async () => {
        const person = await fixture.newPerson()
        const { session_token } = await fixture.signIn(person)
        const unavailable = { status_code: 503, error_type: 'server_unavailable' }
        const events = await auditOf(fixture.database, () =>
          breakWrites(fixture.database, 'insert', 'audit_events', async () => {
            expect(await fixture.errorOf(signIn(person, password))).toMatchObject(unavailable)
            expect(await fixture.errorOf(signIn(person, 'wrong'))).toMatchObject(unavailable)
            await fixture.client.sessions.authenticate({ session_token })
            await fixture.client.organizations.members.get(idsOf(person))
          })
        )
        expect(events).toEqual([])
        await fixture.signIn(person)
      })

      test('a failure is no event, and stays the answer', async () => {
        const person = await fixture.newPerson()
        const events = await auditOf(fixture.database, () =>
          withoutTable(fixture.database, 'passwords', async () => {
            expect(await fixture.errorOf(signIn(person, password))).toMatchObject({
              status_code: 500,
              error_type: 'internal_server_error'
            })
          })
        )
        expect(events).toEqual([])
      })
    },
    { through: ['our client'] }
  )
})

describe('audit records', () => {
  const call = {
    occurred_at: 5,
    request_id: 'request',
    kind: 'sign_in',
    operation: 'passwords.authenticate'
  } as const

  test('say succeeded where there is no problem, and null where nothing is known', () => {
    expect(auditRecords({ ...call, error_type: null }, {}, () => 'event')).toEqual([
      {
        ...call,
        event_id: 'event',
        outcome: 'succeeded',
        error_type: null,
        organization_id: null,
        member_id: null,
        member_session_id: null,
        caller_member_id: null,
        occurrences: 1
      }
    ])
  })

  test('of every kind but wrong secrets are those of some operation', () => {
    expect(new Set(Object.values(operations).map(({ audit }) => audit))).toEqual(
      new Set([
        null,
        'sign_in',
        'message',
        'mfa',
        'password',
        'revocation',
        'member',
        'organization',
        'policy',
        'app',
        'lockout'
      ])
    )
  })
})

describe('the list of the audit', () => {
  describeOnEachDatabase((create) => {
    test('is in order of time and id, page by page, through every filter, and of one project', async () => {
      const database = await create()
      const store = await openStore(database.location)
      const [mine, other] = [store.ofProject('project-mine'), store.ofProject('project-other')]
      const insertProject = {
        do: 'insertProject',
        secret_hash: null,
        policy: { roles: [], resources: [] },
        settings: {} as never,
        now: 0
      } as const
      const record = (event_id: string, fields: Partial<AuditRecord> = {}): AuditRecord => ({
        event_id,
        occurred_at: 10,
        request_id: 'r',
        kind: 'sign_in',
        operation: 'passwords.authenticate',
        outcome: 'succeeded',
        error_type: null,
        organization_id: 'o1',
        member_id: 'm1',
        member_session_id: null,
        caller_member_id: null,
        occurrences: 1,
        ...fields
      })
      const records = [
        record('c'),
        record('a', { kind: 'mfa' }),
        record('b', { occurred_at: 9, member_id: 'm2', caller_member_id: 'm1' }),
        record('d', { occurred_at: 11, organization_id: 'o2', member_id: null })
      ]
      for (const project of [mine, other]) await project.run([insertProject])
      await mine.run(records.map((each) => ({ do: 'insertAuditEvent', record: each })))
      await other.run([{ do: 'insertAuditEvent', record: record('x') }])

      const everything = { organization_id: undefined, member_id: undefined, kind: undefined }
      const list = async (filter: object, after = { occurred_at: 0, event_id: '' }, limit = 9) =>
        (await mine.listAuditRecords({ ...everything, ...filter }, after, limit)).map(
          ({ event_id }) => event_id
        )
      expect(await list({})).toEqual(['b', 'a', 'c', 'd'])
      expect(await list({}, { occurred_at: 10, event_id: 'a' }, 1)).toEqual(['c'])
      expect(await list({}, { occurred_at: 10, event_id: '' })).toEqual(['a', 'c', 'd'])
      expect(await list({ organization_id: 'o2' })).toEqual(['d'])
      expect(await list({ member_id: 'm1' })).toEqual(['b', 'a', 'c'])
      expect(await list({ kind: 'mfa', member_id: 'm1' })).toEqual(['a'])
      const [first] = await mine.listAuditRecords(everything, { occurred_at: 0, event_id: '' }, 1)
      expect(first).toEqual(records[2])
      await store.close()
      await database.drop()
    })
  })
})
