import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Member, Organization } from 'membergate/client'
import { authorizationHeaders } from '../../src/wire/authorization.ts'
import { listRoutes, type OperationName, type RouteOf } from '../../src/wire/routes.ts'
import { apps } from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { newPhone } from '../support/people.ts'

/** Calls that are made with a member session: they may do what that member may, and no more. */

type MemberOperation = {
  [Name in OperationName]: RouteOf<Name>['takesAuthorization'] extends true ? Name : never
}[OperationName]

/** A member with everything that a call could take away, and one who was deleted. */
interface Subject {
  readonly organization: Organization
  readonly person: Person
  readonly member: Member
  /** Of its authenticator. */
  readonly secret: string
  readonly deleted: Person
  readonly member_session_id: string
}

/** A request of every operation that takes a member session, about the subject. A new operation needs a line here. */
const requests: Record<MemberOperation, (subject: Subject) => Record<string, unknown>> = {
  'sessions.revoke': ({ member_session_id }) => ({ member_session_id }),
  'magicLinks.email.invite': ({ organization: { organization_id } }) => ({
    organization_id,
    email_address: `${randomUUID()}@acme.example`
  }),
  'organizations.update': ({ organization: { organization_id } }) => ({
    organization_id,
    organization_name: 'Changed'
  }),
  'organizations.delete': ({ organization: { organization_id } }) => ({ organization_id }),
  'organizations.deleteExternalId': ({ organization: { organization_id } }) => ({
    organization_id
  }),
  'organizations.members.create': ({ organization: { organization_id } }) => ({
    organization_id,
    email_address: `${randomUUID()}@acme.example`
  }),
  'organizations.members.update': ({ person }) => ({ ...named(person), name: 'Changed' }),
  'organizations.members.delete': ({ person }) => named(person),
  'organizations.members.reactivate': ({ deleted }) => named(deleted),
  'organizations.members.unlock': ({ person }) => named(person),
  'organizations.members.deleteMFAPhoneNumber': ({ person }) => named(person),
  'organizations.members.deleteTOTP': ({ person }) => named(person),
  'organizations.members.deletePassword': ({ member }) => ({
    organization_id: member.organization_id,
    member_password_id: member.member_password_id
  }),
  'organizations.members.unlinkRetiredEmail': ({ person, member }) => ({
    ...named(person),
    email_id: member.retired_email_addresses[0]?.email_id
  }),
  'organizations.members.deleteExternalId': ({ person }) => named(person),
  'organizations.members.startEmailUpdate': ({ person }) => ({
    ...named(person),
    email_address: `${randomUUID()}@acme.example`
  }),
  'organizations.members.search': ({ organization: { organization_id } }) => ({
    organization_ids: [organization_id]
  }),
  'organizations.members.connectedApps.revoke': ({ person }) => ({
    ...named(person),
    connected_app_id: apps.first.client_id
  })
}

/** What no role permits. */
const backendOnly: readonly MemberOperation[] = [
  'organizations.deleteExternalId',
  'organizations.members.deleteExternalId'
]

/** What every member may do to itself. */
const ofSelf: readonly MemberOperation[] = [
  'sessions.revoke',
  'organizations.members.update',
  'organizations.members.delete',
  'organizations.members.deleteMFAPhoneNumber',
  'organizations.members.deleteTOTP',
  'organizations.members.deletePassword',
  'organizations.members.unlinkRetiredEmail',
  'organizations.members.startEmailUpdate',
  'organizations.members.connectedApps.revoke'
]

const operations = Object.keys(requests) as MemberOperation[]
const permitted = operations.filter((operation) => !backendOnly.includes(operation))

const denied = { status_code: 403, error_type: 'session_authorization_error' }
const elsewhere = { status_code: 403, error_type: 'session_authorization_tenancy_error' }

function named({ organization_id, member_id }: Person) {
  return { organization_id, member_id }
}

test('the operations that take a member session are these', () => {
  const taking = listRoutes().filter(([, { takesAuthorization }]) => takesAuthorization)
  expect(taking.map(([name]) => name).sort()).toEqual([...operations].sort())
})

describe('a call with a member session', () => {
  describeOnEachEngine((fixture) => {
    async function newSubject(roles: string[] = []): Promise<Subject> {
      const organization = await fixture.newOrganization({
        organization_external_id: `x.${randomUUID()}`
      })
      const { organization_id } = organization
      const deleted = await fixture.newPerson({ organization_id })
      await fixture.client.organizations.members.delete(named(deleted))
      const enrolled = await fixture.newEnrolled(
        { organization_id, roles, external_id: randomUUID(), mfa_phone_number: newPhone() },
        { set_mfa_enrollment: 'unenroll' }
      )
      const retired = enrolled.email_address
      const email_address = `${randomUUID()}@acme.example`
      const { members } = fixture.client.organizations
      await members.update({ ...named(enrolled), email_address })
      const person = await fixture.newPerson({ organization_id, email_address })
      const { member } = await members.get(named(person))
      expect(member).toMatchObject({
        retired_email_addresses: [{ email_address: retired }],
        member_password_id: expect.stringMatching(/./),
        totp_registration_id: expect.stringMatching(/./),
        mfa_phone_number: expect.stringMatching(/./)
      })
      const { member_session } = await fixture.signIn(person)
      const { member_session_id } = member_session
      const { secret } = enrolled
      return { organization, person, member, secret, deleted, member_session_id }
    }

    /** Everything that a call could have changed. */
    async function stateOf({ organization, person, deleted }: Subject) {
      const { organizations } = fixture.client
      const { organization_id } = organization
      const every = {
        organization_ids: [organization_id],
        query: {
          operator: 'AND',
          operands: [{ filter_name: 'statuses', filter_value: ['active', 'pending', 'deleted'] }]
        }
      }
      return {
        organization: (await organizations.get({ organization_id })).organization,
        members: (await organizations.members.search(every)).members,
        deleted: (
          await organizations.members.dangerouslyGet({
            member_id: deleted.member_id,
            include_deleted: true
          })
        ).member,
        sessions: await fixture.sessionsOf(person)
      }
    }

    async function authorizationOf(person: Person) {
      const { session_token, session_jwt } = await fixture.signIn(person)
      return { session_token, session_jwt }
    }

    const member = (organization: Organization, roles: string[] = []) =>
      fixture.newPerson({ organization_id: organization.organization_id, roles })

    const call = (operation: MemberOperation, subject: Subject, session_token: string) =>
      fixture.send(operation, requests[operation](subject), { authorization: { session_token } })

    describe('that is denied', () => {
      let subject: Subject
      beforeAll(async () => {
        subject = await newSubject()
      })

      test.each(operations)(
        'S-REV-12 AB-01: %s of an ordinary member about another changes nothing',
        async (operation) => {
          const { session_token } = await authorizationOf(await member(subject.organization))
          const before = await stateOf(subject)
          expect(await fixture.errorOf(call(operation, subject, session_token))).toMatchObject(
            denied
          )
          expect(await stateOf(subject)).toEqual(before)
        }
      )

      test.each(operations)(
        'AB-01: %s of an admin of another organization changes nothing',
        async (operation) => {
          const { session_token } = await authorizationOf(await member(fixture.B, ['stytch_admin']))
          const before = await stateOf(subject)
          expect(await fixture.errorOf(call(operation, subject, session_token))).toMatchObject(
            elsewhere
          )
          expect(await stateOf(subject)).toEqual(before)
        }
      )

      test('with a session that has ended it changes nothing', async () => {
        const admin = await member(subject.organization, ['stytch_admin'])
        const { session_token } = await authorizationOf(admin)
        await fixture.client.sessions.revoke({ session_token })
        const before = await stateOf(subject)
        const late = call('organizations.members.delete', subject, session_token)
        expect(await fixture.errorOf(late)).toMatchObject({
          status_code: 404,
          error_type: 'session_not_found'
        })
        expect(await stateOf(subject)).toEqual(before)
      })

      test.each(backendOnly)('%s is denied to an admin as well', async (operation) => {
        const admin = await member(subject.organization, ['stytch_admin'])
        const { session_token } = await authorizationOf(admin)
        const before = await stateOf(subject)
        expect(await fixture.errorOf(call(operation, subject, session_token))).toMatchObject(denied)
        expect(await stateOf(subject)).toEqual(before)
      })
    })

    test.each(permitted)('%s is permitted to an admin', async (operation) => {
      const subject = await newSubject()
      const admin = await member(subject.organization, ['stytch_admin'])
      const { session_token } = await authorizationOf(admin)
      expect((await call(operation, subject, session_token)).status_code).toBe(200)
    })

    test('a JWT will do, also an expired one, as long as its session lives', async () => {
      const admin = await member(fixture.A, ['stytch_admin'])
      const { session_jwt } = await authorizationOf(admin)
      const target = named(await member(fixture.A))
      for (const name of ['Early', 'Late']) {
        const request = { ...target, name }
        const options = { authorization: { session_jwt } }
        const answer = await fixture.client.organizations.members.update(request, options)
        expect(answer.member.name).toBe(name)
        fixture.clock.advance(301)
      }
    })

    test.each(ofSelf)('%s is permitted to an ordinary member about itself', async (operation) => {
      const subject = await newSubject()
      const { session_token } = await authorizationOf(subject.person)
      const code = fixture.nextCode(subject.secret)
      await fixture.client.totps.authenticate({ ...named(subject.person), session_token, code })
      expect((await call(operation, subject, session_token)).status_code).toBe(200)
    })

    test('an organization that does not exist is not the own one', async () => {
      const { session_token } = await authorizationOf(await member(fixture.A, ['stytch_admin']))
      const request = { organization_id: 'organization-test-nowhere', organization_name: 'X' }
      const authorization = { session_token }
      const call = fixture.client.organizations.update(request, { authorization })
      expect(await fixture.errorOf(call)).toMatchObject(elsewhere)
    })

    test('a search that also names another organization shows none', async () => {
      const { session_token } = await authorizationOf(await member(fixture.A, ['stytch_admin']))
      const organization_ids = [fixture.A.organization_id, fixture.B.organization_id]
      const call = fixture.client.organizations.members.search(
        { organization_ids },
        { authorization: { session_token } }
      )
      expect(await fixture.errorOf(call)).toMatchObject(elsewhere)
    })

    test('token and JWT must be of one session', async () => {
      const admin = await member(fixture.A, ['stytch_admin'])
      const one = await authorizationOf(admin)
      const other = await authorizationOf(admin)
      const target = named(await member(fixture.A))
      const rename = (authorization: typeof one) =>
        fixture.client.organizations.members.update({ ...target, name: 'X' }, { authorization })
      const { session_jwt } = other
      expect(await fixture.errorOf(rename({ ...one, session_jwt }))).toMatchObject({
        status_code: 400,
        error_type: 'too_many_session_arguments'
      })
      expect((await rename(one)).member.name).toBe('X')
    })

    test('AB-02: a member grants itself no role, and removes none', async () => {
      const person = await member(fixture.A, ['reader'])
      const { session_token } = await authorizationOf(person)
      for (const changes of [
        { roles: ['stytch_admin'] },
        { roles: [] },
        { is_breakglass: true },
        { name: 'X', roles: ['editor'] }
      ]) {
        const call = fixture.client.organizations.members.update(
          { ...named(person), ...changes },
          { authorization: { session_token } }
        )
        expect(await fixture.errorOf(call)).toMatchObject(denied)
      }
      const { member: after } = await fixture.client.organizations.members.get(named(person))
      expect(after).toEqual(person.member)
    })

    test('a member who may create members creates no admin', async () => {
      const { organization_id } = fixture.A
      const creator = await withPermission('stytch.member', 'create')
      const { session_token } = await authorizationOf(creator)
      const create = (fields: object) =>
        fixture.client.organizations.members.create(
          {
            organization_id: creator.organization_id,
            email_address: `${randomUUID()}@acme.example`,
            ...fields
          },
          { authorization: { session_token } }
        )
      expect(await fixture.errorOf(create({ roles: ['stytch_admin'] }))).toMatchObject(denied)
      expect(await fixture.errorOf(create({ is_breakglass: true }))).toMatchObject(denied)
      expect((await create({ name: 'Max' })).member.is_admin).toBe(false)
      expect(creator.organization_id).not.toBe(organization_id)
    })

    describe('of a caller with one permission, about a member with more', () => {
      const update = (caller: string, target: Person, changes: object) =>
        fixture.client.organizations.members.update(
          { ...named(target), ...changes },
          { authorization: { session_token: caller } }
        )

      const startUpdate = (caller: string, target: Person) =>
        fixture.client.organizations.members.startEmailUpdate(
          { ...named(target), email_address: `${randomUUID()}@acme.example` },
          { authorization: { session_token: caller } }
        )

      test.each([
        ['startEmailUpdate', (caller: string, target: Person) => startUpdate(caller, target)],
        [
          'update',
          (caller: string, target: Person) =>
            update(caller, target, { email_address: `${randomUUID()}@acme.example` })
        ]
      ])('%s moves no address of an administrator, and that of an equal', async (_, move) => {
        const caller = await withPermission('stytch.member', 'update.info.email')
        const { organization_id } = caller
        const { session_token } = await authorizationOf(caller)
        const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
        const more = await fixture.newPerson({ organization_id, roles: ['own', 'editor'] })
        for (const target of [admin, more]) {
          expect(await fixture.errorOf(move(session_token, target))).toMatchObject(denied)
          const { member: after } = await fixture.client.organizations.members.get(named(target))
          expect(after).toEqual(target.member)
        }
        const equal = await fixture.newPerson({ organization_id, roles: ['own'] })
        expect((await move(session_token, equal)).status_code).toBe(200)
      })

      test('an administrator, who assigns roles, moves the address of every member', async () => {
        const { organization_id } = await fixture.newOrganization()
        const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
        const { session_token } = await authorizationOf(admin)
        const editor = await fixture.newPerson({ organization_id, roles: ['editor'] })
        expect((await startUpdate(session_token, editor)).status_code).toBe(200)
      })

      test('reactivate gives back no role, and no exemption, that the caller could not give', async () => {
        const caller = await withPermission('stytch.member', 'create')
        const { organization_id } = caller
        const { session_token } = await authorizationOf(caller)
        const { members } = fixture.client.organizations
        const reactivate = (target: Person, by: string) =>
          members.reactivate(named(target), { authorization: { session_token: by } })

        const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
        const exempt = await fixture.newPerson({ organization_id })
        await members.update({ ...named(exempt), is_breakglass: true })
        const plain = await fixture.newPerson({ organization_id })
        for (const target of [admin, exempt, plain]) await members.delete(named(target))
        for (const target of [admin, exempt]) {
          expect(await fixture.errorOf(reactivate(target, session_token))).toMatchObject(denied)
          expect(await fixture.errorOf(members.get(named(target)))).toMatchObject({
            error_type: 'member_not_found'
          })
        }
        expect((await reactivate(plain, session_token)).member.status).toBe('active')

        const boss = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
        const ofBoss = await authorizationOf(boss)
        for (const target of [admin, exempt]) {
          expect((await reactivate(target, ofBoss.session_token)).member.status).toBe('active')
        }
      })
    })

    test.each([
      [{ trusted_metadata: { tier: 1 } }, 401, 'cannot_update_trusted_metadata'],
      [{ external_id: 'mine' }, 403, 'session_authorization_error'],
      [{ email_address: 'new@acme.example' }, 403, 'member_cannot_update_their_email_address']
    ])('an admin does not write %j of itself', async (changes, status_code, error_type) => {
      const admin = await member(fixture.A, ['stytch_admin'])
      const { session_token } = await authorizationOf(admin)
      const call = fixture.client.organizations.members.update(
        { ...named(admin), ...changes },
        { authorization: { session_token } }
      )
      expect(await fixture.errorOf(call)).toMatchObject({ status_code, error_type })
    })

    test('a role of the organization itself permits what it says', async () => {
      const person = await withPermission('stytch.organization', 'update.info.name')
      const { organization_id } = person
      const { session_token } = await authorizationOf(person)
      const options = { authorization: { session_token } }
      const update = (changes: object) =>
        fixture.client.organizations.update({ organization_id, ...changes }, options)
      expect((await update({ organization_name: 'New' })).organization.organization_name).toBe(
        'New'
      )
      const both = { organization_name: 'Newer', mfa_policy: 'REQUIRED_FOR_ALL' }
      expect(await fixture.errorOf(update(both))).toMatchObject(denied)
      const { organization } = await fixture.client.organizations.get({ organization_id })
      expect(organization).toMatchObject({ organization_name: 'New', mfa_policy: 'OPTIONAL' })
    })

    test('the session is not touched', async () => {
      const admin = await member(fixture.A, ['stytch_admin'])
      const { session_token } = await authorizationOf(admin)
      const before = await fixture.sessionsOf(admin)
      fixture.clock.advance(10)
      const options = { authorization: { session_token } }
      const target = named(await member(fixture.A))
      await fixture.client.organizations.members.update({ ...target, name: 'X' }, options)
      expect(await fixture.sessionsOf(admin)).toEqual(before)
    })

    test.each(Object.values(authorizationHeaders))(
      'an operation that takes no member session refuses %s, whatever it is',
      async (header) => {
        const { session_token } = await authorizationOf(await member(fixture.A, ['stytch_admin']))
        const { organization_id } = fixture.A
        const credentials = Buffer.from(`${fixture.project_id}:${fixture.secret}`).toString(
          'base64'
        )
        const url = new URL(`/v1/b2b/organizations/${organization_id}`, fixture.tap.url)
        for (const value of [session_token, 'nonsense', '']) {
          const answer = await fetch(url, {
            headers: { authorization: `Basic ${credentials}`, [header]: value }
          })
          expect(await answer.json()).toMatchObject(denied)
          expect(answer.status).toBe(403)
        }
      }
    )

    /** A member of a new organization, whose one role permits this. */
    async function withPermission(resource_id: string, action: string): Promise<Person> {
      const { organization_id } = await fixture.newOrganization()
      const role = {
        role_id: 'own',
        description: 'May do one thing',
        permissions: [{ resource_id, actions: [action] }]
      }
      await fixture.client.rbac.organizations.setOrgPolicy({
        organization_id,
        org_policy: { roles: [role] }
      })
      return fixture.newPerson({ organization_id, roles: ['own'] })
    }
  })
})
