import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { refusalOf } from '../support/api-errors.ts'
import { clientOn, connect } from '../support/clients.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import {
  type IdentityProvider,
  openIdentityProvider,
  sendJson
} from '../support/identity-provider.ts'
import type { Person } from '../support/people.ts'

describe('sessions.migrate', () => {
  describeOnEachEngine((fixture) => {
    function migrate(
      { organization_id }: { organization_id: string },
      session_token: string,
      options: Record<string, unknown> = {}
    ) {
      return fixture.client.sessions.migrate({ organization_id, session_token, ...options })
    }

    const credentialOf = ({ email_address }: Pick<Person, 'email_address'>) =>
      fixture.identity.credentialFor({ sub: 'x', email: email_address, email_verified: true })

    async function expectRefusal(call: Promise<unknown>, status_code: number, reason: string) {
      const error_type = `migrate_from_external_${reason}`
      expect(await fixture.errorOf(call)).toMatchObject({ status_code, error_type })
    }

    test('S-MIG-01 S-MIG-10: starts a session of the member with the address', async () => {
      const person = await fixture.newPerson()
      const answer = await migrate(person, credentialOf(person))
      expect(answer.member_id).toBe(person.member_id)
      expect(answer.organization.organization_id).toBe(person.organization_id)
      expect(answer.member_session?.authentication_factors).toEqual([
        expect.objectContaining({ type: 'imported', delivery_method: 'imported_auth0' })
      ])
      for (const name of ['intermediate_session_token', 'mfa_required', 'member_authenticated']) {
        expect(answer).not.toHaveProperty(name)
      }
      const { session_token, session_jwt } = answer
      for (const credential of [{ session_token }, { session_jwt }]) {
        const { member_session } = await fixture.client.sessions.authenticate(credential)
        expect(member_session.member_session_id).toBe(answer.member_session?.member_session_id)
      }
    })

    test('S-MIG-02 AM-01: asks once, at the address in the settings, with the credential as it is', async () => {
      const person = await fixture.newPerson()
      const credential = credentialOf(person)
      const calls = await fixture.identity.watch(() => migrate(person, credential))
      const authorization = `Bearer ${credential}`
      expect(calls).toEqual([{ method: 'GET', path: '/userinfo', authorization }])
    })

    test.each([
      ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x'],
      ['20 characters', 'abcdefghij0123456789'],
      ['2 KB', 'a'.repeat(2048)],
      ['signs', '!~+/=.,"']
    ])('S-MIG-03: passes on %s', async (_, form) => {
      const person = await fixture.newPerson()
      fixture.identity.credentialFor({ email: person.email_address, email_verified: true }, form)
      expect((await migrate(person, form)).member_id).toBe(person.member_id)
    })

    test.each([
      ['a line end', 'a\r\nX-Other: b'],
      ['a space', 'a b'],
      ['another script', 'ä'],
      ['8 KiB', 'a'.repeat(8192)],
      ['nothing', '']
    ])('AM-05: refuses %s, and asks nobody', async (_, credential) => {
      const person = await fixture.newPerson()
      const calls = await fixture.identity.watch(async () => {
        expect(await fixture.errorOf(migrate(person, credential))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_argument'
        })
      })
      expect(calls).toEqual([])
    })

    test.each<[string, unknown]>([
      ['no address', { sub: 'x' }],
      ['an address of no text', { email: 5 }],
      ['no valid address', { email: 'nobody' }],
      ['two addresses', { email: 'a@acme.example,b@acme.example' }],
      ['null', null],
      ['a list', []],
      ['a text', 'ada@acme.example']
    ])('S-MIG-04: refuses an answer with %s', async (_, userinfo) => {
      const person = await fixture.newPerson()
      const call = migrate(person, fixture.identity.credentialFor(userinfo))
      await expectRefusal(call, 400, 'missing_userinfo')
    })

    test.each([false, 'true', 1, null])(
      'AM-02: refuses an address whose email_verified is %p',
      async (email_verified) => {
        const person = await fixture.newPerson()
        const userinfo = { email: person.email_address, email_verified }
        const call = migrate(person, fixture.identity.credentialFor(userinfo))
        await expectRefusal(call, 400, 'missing_userinfo')
        expect(await fixture.sessionsOf(person)).toEqual([])
      }
    )

    test('AM-02: takes an address that is verified, in any case', async () => {
      const person = await fixture.newPerson()
      const userinfo = { email: person.email_address.toUpperCase(), email_verified: true }
      const answer = await migrate(person, fixture.identity.credentialFor(userinfo))
      expect(answer.member_id).toBe(person.member_id)
    })

    test('S-MIG-05: refuses an address of nobody, and creates nobody', async () => {
      const { organization_id } = fixture.A
      const email_address = `${randomUUID()}@acme.example`
      const call = migrate(fixture.A, credentialOf({ email_address }))
      await expectRefusal(call, 404, 'email_does_not_exist')
      const look = fixture.client.organizations.members.get({ organization_id, email_address })
      expect(await fixture.errorOf(look)).toMatchObject({ error_type: 'member_not_found' })
    })

    test('S-MIG-06: refuses an address of a member of another organization', async () => {
      const person = await fixture.newPerson()
      await expectRefusal(migrate(fixture.B, credentialOf(person)), 404, 'email_does_not_exist')
      expect(await fixture.sessionsOf(person)).toEqual([])
    })

    test('AM-08: refuses a member who waits for a first sign-in, and an address that was given up', async () => {
      const call = migrate(fixture.waiting, credentialOf(fixture.waiting))
      await expectRefusal(call, 404, 'email_does_not_exist')
      const person = await fixture.newPerson()
      const { organization_id, member_id } = person
      const email_address = `${randomUUID()}@acme.example`
      const named = { organization_id, member_id, email_address }
      await fixture.client.organizations.members.update(named)
      await expectRefusal(migrate(person, credentialOf(person)), 404, 'email_does_not_exist')
      expect((await migrate(person, credentialOf(named))).member_id).toBe(member_id)
    })

    test('S-MIG-07: refuses a credential that the endpoint does not know', async () => {
      const person = await fixture.newPerson()
      await expectRefusal(migrate(person, 'unknown'), 400, 'unexpected_response')
    })

    const found = ({ email_address }: Person) => ({ email: email_address, email_verified: true })

    test.each<[string, (person: Person) => Parameters<typeof fixture.identity.misbehave>[1]]>([
      ['401', (person) => (_, response) => sendJson(response, 401, found(person))],
      ['500', (person) => (_, response) => sendJson(response, 500, found(person))],
      [
        'a redirect',
        () => (_, response) =>
          response.writeHead(302, { Location: `${fixture.identity.userinfo_url}?again` }).end()
      ],
      ['HTML', () => (_, response) => response.end('<html>ada@acme.example</html>')],
      ['nothing', () => (_, response) => response.end()],
      ['a broken connection', () => (request) => request.socket.destroy()],
      [
        'more than 64 KiB',
        (person) => (_, response) =>
          sendJson(response, 200, { ...found(person), more: 'x'.repeat(65_536) })
      ]
    ])('S-MIG-07 AM-02: refuses where the endpoint answers %s', async (_, answer) => {
      const person = await fixture.newPerson()
      const restore = fixture.identity.misbehave('/userinfo', answer(person))
      const calls = await fixture.identity.watch(() =>
        expectRefusal(migrate(person, credentialOf(person)), 400, 'unexpected_response')
      )
      restore()
      expect(calls).toHaveLength(1)
      expect(await fixture.sessionsOf(person)).toEqual([])
    })

    test('S-MIG-07 AM-07: refuses in time where the endpoint hangs, and others go on', async () => {
      const person = await fixture.newPerson()
      const open: (() => void)[] = []
      const restore = fixture.identity.misbehave('/userinfo', (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).write('{')
        open.push(() => response.end())
      })
      const began = performance.now()
      const hanging = Array.from({ length: 30 }, () =>
        fixture
          .send('sessions.migrate', {
            organization_id: person.organization_id,
            session_token: credentialOf(person)
          })
          .catch((error: unknown) => Reflect.get(Object(error), 'error_type') ?? error)
      )
      await fixture.signIn(person)
      expect(performance.now() - began).toBeLessThan(2000)
      const outcomes = await Promise.all(hanging)
      expect(performance.now() - began).toBeLessThan(6000)
      restore()
      for (const end of open) end()
      expect(new Set(outcomes)).toEqual(new Set(['migrate_from_external_unexpected_response']))
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test('S-MIG-08: refuses where no endpoint is configured', async () => {
      const { client, organization } = fixture.other
      const { organization_id } = organization
      const call = client.sessions.migrate({ organization_id, session_token: 'x' })
      await expectRefusal(call, 400, 'missing_userinfo')
    })

    test('S-ADR-08: asks nobody about an organization that is not there', async () => {
      const person = await fixture.newPerson()
      const calls = await fixture.identity.watch(async () => {
        const call = migrate({ organization_id: 'nowhere' }, credentialOf(person))
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'organization_not_found'
        })
      })
      expect(calls).toEqual([])
    })

    test('is refused where a second factor is required, and where the organization lists its methods', async () => {
      const enrolled = await fixture.newEnrolled()
      expect(await fixture.errorOf(migrate(enrolled, credentialOf(enrolled)))).toMatchObject({
        status_code: 401,
        error_type: 'insufficient_factors'
      })
      const { organization_id } = await fixture.newOrganization({
        auth_methods: 'RESTRICTED',
        allowed_auth_methods: ['password']
      })
      const person = await fixture.newPerson({ organization_id })
      expect(await fixture.errorOf(migrate(person, credentialOf(person)))).toMatchObject({
        status_code: 403,
        error_type: 'operation_restricted_by_organization_auth_methods'
      })
      expect(await fixture.sessionsOf(person)).toEqual([])
    })

    test('AM-04: starts a session of its own each time, as long as the endpoint knows the credential', async () => {
      const person = await fixture.newPerson()
      const credential = credentialOf(person)
      await migrate(person, credential)
      await migrate(person, credential)
      expect(await fixture.sessionsOf(person)).toHaveLength(2)
    })

    test('AM-05: keeps nothing of the credential', async () => {
      const person = await fixture.newPerson()
      const credential = credentialOf(person)
      const calls = await fixture.tap.watch(() => migrate(person, credential))
      expect(calls[0]?.response).not.toContain(credential)
      const call = await fixture.errorOf(migrate(fixture.B, credential))
      expect(JSON.stringify(call)).not.toContain(credential)
    })
  })

  describe.each(['claim', 'vouched'] as const)('where its addresses are %s', (verification) => {
    describeOnEachDatabase((create, engine) => {
      const project = {
        project_id: `project-test-${randomUUID()}`,
        secret: `secret-test-${randomUUID()}`
      }
      const email = 'ada@acme.example'
      let database: TestDatabase
      let identity: IdentityProvider
      let authority: OpenAuthority

      beforeAll(async () => {
        database = await create()
        identity = await openIdentityProvider()
        const { userinfo_url } = identity
        authority = await openAuthority({
          database: database.location,
          projects: [
            {
              ...project,
              settings: { userinfo_url, userinfo_email_verified: verification },
              organizations: [
                {
                  organization_name: 'Acme',
                  organization_slug: 'acme',
                  members: [{ email_address: email }]
                }
              ]
            }
          ]
        })
      })

      afterAll(async () => {
        await authority.close()
        await identity.close()
        await database.drop()
      })

      function migrate(userinfo: Record<string, unknown>) {
        const client = connect(clientOn(engine), project, authority, Date)
        const session_token = identity.credentialFor({ email, ...userinfo })
        return client.sessions.migrate({ organization_id: 'acme', session_token })
      }

      async function expectNoSession(userinfo: Record<string, unknown>) {
        expect(await refusalOf(migrate(userinfo))).toMatchObject({
          status_code: 400,
          error_type: 'migrate_from_external_missing_userinfo'
        })
      }

      test('S-MIG-01: starts a session of the member with a verified address', async () => {
        const { member, session_token } = await migrate({ email_verified: true })
        expect(member.email_address).toBe(email)
        expect(session_token).not.toBe('')
      })

      test('AM-02: starts none by an address that is called unverified', async () => {
        for (const email_verified of [false, 'true', null])
          await expectNoSession({ email_verified })
      })

      if (verification === 'vouched') {
        test('S-MIG-01: starts one by an address of which nothing is said', async () => {
          expect((await migrate({})).member.email_address).toBe(email)
        })
      } else {
        test('AM-02: starts none by an address of which nothing is said', () => expectNoSession({}))
      }
    })
  })
})
