import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ConfigError } from 'membergate/errors'
import { type OpenAuthority, type OpenAuthorityOptions, openAuthority } from 'membergate/testing'
import { refusalOf, rejectionOf } from '../support/api-errors.ts'
import { clientOn, connect, type SharedClient } from '../support/clients.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { profiles, trustedToken } from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { type Person, password } from '../support/people.ts'

const claimed = {
  status_code: 400,
  error_type: 'action_not_allowed_email_domain_is_claimed'
}
const addressIn = (domain: string) => `${randomUUID()}@${domain}`
const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

describe('a domain that an organization claims', () => {
  describeOnEachEngine((fixture) => {
    /** An organization with an administrator and a member, beside another one that claims a domain. */
    async function open() {
      const domain = `${randomUUID()}.example`
      const claiming = await fixture.newOrganization({ claimed_email_domains: [domain] })
      const { organization_id } = await fixture.newOrganization()
      const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
      const person = await fixture.newPerson({ organization_id })
      const { session_token } = await fixture.signIn(admin)
      const authorization = { session_token }
      return { domain, claiming, organization_id, person, authorization }
    }

    const change = (operation: string, request: object, authorization?: object) =>
      fixture.send(
        `organizations.members.${operation}`,
        request,
        authorization && { authorization }
      )

    test.each(['create', 'update', 'startEmailUpdate'])(
      'binds members.%s of a member',
      async (operation) => {
        const { domain, organization_id, person, authorization } = await open()
        const target = operation === 'create' ? { organization_id } : named(person)
        const call = (email_address: string) =>
          change(operation, { ...target, email_address }, authorization)
        expect(await fixture.errorOf(call(addressIn(domain).toUpperCase()))).toMatchObject(claimed)
        expect((await call(addressIn('acme.example'))).status_code).toBe(200)
      }
    )

    test('binds a member who reactivates another', async () => {
      const { domain, organization_id, authorization } = await open()
      const person = await fixture.newPerson({ organization_id, email_address: addressIn(domain) })
      await change('delete', named(person))
      const reactivate = (by?: object) => change('reactivate', named(person), by)
      expect(await fixture.errorOf(reactivate(authorization))).toMatchObject(claimed)
      expect((await reactivate()).status_code).toBe(200)
    })

    test('does not bind the organization itself', async () => {
      const { domain, claiming } = await open()
      const { organization_id } = claiming
      const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
      const { session_token } = await fixture.signIn(admin)
      const request = { organization_id, email_address: addressIn(domain) }
      expect((await change('create', request, { session_token })).status_code).toBe(200)
    })

    test('does not bind what leaves the address as it is', async () => {
      const { domain, organization_id, authorization } = await open()
      const email_address = addressIn(domain)
      const person = await fixture.newPerson({ organization_id, email_address })
      const request = { ...named(person), email_address, name: 'Ada' }
      expect((await change('update', request, authorization)).status_code).toBe(200)
    })

    test('does not bind the backend, which brings in whom it likes', async () => {
      const { domain, organization_id, person } = await open()
      const email_address = addressIn(domain)
      expect((await change('create', { organization_id, email_address })).status_code).toBe(200)
      const moved = { ...named(person), email_address: addressIn(domain) }
      expect((await change('update', moved)).status_code).toBe(200)
      await fixture.newPerson({ organization_id, email_address: addressIn(domain) })
    })

    test('binds a change of address, as it begins and as it ends', async () => {
      const { domain, claiming, person } = await open()
      const start = (email_address: string) =>
        change('startEmailUpdate', { ...named(person), email_address })
      expect(await fixture.errorOf(start(addressIn(domain)))).toMatchObject(claimed)
      const later = `${randomUUID()}.example`
      const email_address = addressIn(later)
      await start(email_address)
      const { organization_id } = claiming
      const claim = (domains: string[]) =>
        fixture.client.organizations.update({ organization_id, claimed_email_domains: domains })
      await claim([domain, later])
      const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
      const follow = () => fixture.client.magicLinks.authenticate({ magic_links_token })
      expect(await fixture.errorOf(follow())).toMatchObject(claimed)
      const { member } = await fixture.client.organizations.members.get(named(person))
      expect(member.email_address).toBe(person.email_address)
      await claim([domain])
      expect((await follow()).member.email_address).toBe(email_address)
    })

    test('binds who was invited before the claim, by whatever they accept', async () => {
      const { claiming, organization_id } = await open()
      const domain = `${randomUUID()}.example`
      const email_address = addressIn(domain)
      const invited = { organization_id, email_address }
      await fixture.client.magicLinks.email.invite(invited)
      const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
      await fixture.client.passwords.email.resetStart(invited)
      const password_reset_token = fixture.sentTo(email_address)[0]?.token ?? ''
      const token = await trustedToken(fixture, invited, { profile: 'joining' })
      const claim = (claimed_email_domains: string[]) =>
        fixture.client.organizations.update({
          organization_id: claiming.organization_id,
          claimed_email_domains
        })
      await claim([domain])
      const follow = () => fixture.client.magicLinks.authenticate({ magic_links_token })
      const ways = [
        follow(),
        fixture.client.passwords.email.reset({ password_reset_token, password }),
        fixture.client.sessions.attest({ profile_id: profiles.joining, token })
      ]
      for (const way of ways) expect(await fixture.errorOf(way)).toMatchObject(claimed)
      await claim([])
      expect((await follow()).member.status).toBe('active')
    })

    test('binds a trusted token that would create a member, and none about a member who is there', async () => {
      const { domain, organization_id } = await open()
      const attest = async (email_address: string) => {
        const person = { organization_id, email_address }
        const token = await trustedToken(fixture, person, { profile: 'joining' })
        return fixture.client.sessions.attest({ profile_id: profiles.joining, token })
      }
      const email_address = addressIn(domain)
      expect(await fixture.errorOf(attest(email_address))).toMatchObject(claimed)
      await fixture.newPerson({ organization_id, email_address })
      expect((await attest(email_address)).member.email_address).toBe(email_address)
    })
  })
})

describe('a member who creates another', () => {
  describeOnEachEngine((fixture) => {
    async function open(settings: object) {
      const { organization_id } = await fixture.newOrganization(settings)
      const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
      const { session_token } = await fixture.signIn(admin)
      const create = (domain: string, options?: object) => {
        const request = { organization_id, email_address: addressIn(domain) }
        return fixture.send('organizations.members.create', request, options)
      }
      return { create, authorization: { session_token } }
    }

    test.each([
      [{ email_invites: 'NOT_ALLOWED' }, 'acme.example'],
      [{ email_invites: 'RESTRICTED', email_allowed_domains: ['acme.example'] }, 'else.example']
    ])('may not where the organization has %j', async (settings, domain) => {
      const { create, authorization } = await open(settings)
      expect(await fixture.errorOf(create(domain, { authorization }))).toMatchObject({
        status_code: 403,
        error_type: 'invalid_email_for_invites'
      })
      expect((await create(domain)).status_code).toBe(200)
    })

    test.each([
      [{ email_invites: 'NOT_ALLOWED' }, 'acme.example'],
      [{ email_invites: 'RESTRICTED', email_allowed_domains: ['acme.example'] }, 'else.example']
    ])(
      'brings nobody in by another address or back where the organization has %j',
      async (settings, domain) => {
        const { create, authorization } = await open(settings)
        const { member } = (await create(domain)) as unknown as Person
        const { organization_id, member_id } = member
        const change = (operation: string, fields: object, options?: object) =>
          fixture.send(
            `organizations.members.${operation}`,
            { organization_id, member_id, ...fields },
            options
          )
        const email_address = addressIn(domain)
        const magic = {
          organization_id: member.organization_id,
          email_address: member.email_address
        }
        await fixture.client.magicLinks.email.loginOrSignup(magic)
        const magic_links_token = fixture.sentTo(member.email_address)[0]?.token ?? ''
        await fixture.client.magicLinks.authenticate({ magic_links_token })
        const denied = { status_code: 403, error_type: 'invalid_email_for_invites' }
        for (const operation of ['update', 'startEmailUpdate']) {
          const moving = change(operation, { email_address }, { authorization })
          expect(await fixture.errorOf(moving)).toMatchObject(denied)
        }
        const same = { email_address: member.email_address }
        expect((await change('update', same, { authorization })).status_code).toBe(200)
        await change('delete', {})
        const back = change('reactivate', {}, { authorization })
        expect(await fixture.errorOf(back)).toMatchObject(denied)
        expect((await change('reactivate', {})).status_code).toBe(200)
      }
    )

    test('may bring in an address of a domain that is allowed', async () => {
      const { create, authorization } = await open({
        email_invites: 'RESTRICTED',
        email_allowed_domains: ['acme.example']
      })
      expect((await create('acme.example', { authorization })).status_code).toBe(200)
    })

    test('makes one who is pending, until a sign-in verifies the address', async () => {
      const { create, authorization } = await open({})
      const { member } = (await create('acme.example', { authorization })) as unknown as Person
      expect(member).toMatchObject({ status: 'pending', email_address_verified: false })
      const { organization_id, email_address } = member
      const request = { organization_id, session_token: '' }
      const imported = { email: email_address, email_verified: true }
      request.session_token = fixture.identity.credentialFor(imported)
      expect(await fixture.errorOf(fixture.client.sessions.migrate(request))).toMatchObject({
        error_type: 'migrate_from_external_email_does_not_exist'
      })
      const { email } = fixture.client.otps
      await email.loginOrSignup({ organization_id, email_address })
      const code = fixture.lastCode(email_address)
      const answer = await email.authenticate({ organization_id, email_address, code })
      expect(answer.member).toMatchObject({ status: 'active', email_address_verified: true })
    })

    test('is not the backend, whose members are active', async () => {
      const { create } = await open({})
      expect(await create('acme.example')).toMatchObject({ member: { status: 'active' } })
    })
  })
})

describe('the settings of a project', () => {
  describeOnEachDatabase((createDatabase, engine) => {
    const project = {
      project_id: `project-test-${randomUUID()}`,
      secret: `secret-test-${randomUUID()}`
    }
    const settings = { strict_claimed_domains: true, activate_members_created_by_session: true }
    const admin = { email_address: 'ada@acme.example', password, roles: ['stytch_admin'] }
    const organizations = [
      { organization_name: 'Acme', organization_slug: 'acme', members: [admin] },
      {
        organization_name: 'Globex',
        organization_slug: 'globex',
        claimed_email_domains: ['globex.example'],
        members: [{ email_address: 'max@globex.example' }]
      }
    ]
    let database: TestDatabase
    let authority: OpenAuthority
    let client: SharedClient

    beforeAll(async () => {
      database = await createDatabase()
      authority = await openAuthority({
        database: database.location,
        projects: [{ ...project, settings, organizations }]
      })
      client = connect(clientOn(engine), project, authority, Date)
    })

    afterAll(async () => {
      await authority.close()
      await database.drop()
    })

    test('strict_claimed_domains binds the backend too', async () => {
      const { members } = client.organizations
      const organization_id = 'acme'
      const email_address = addressIn('globex.example')
      const { member_id } = (
        await members.create({ organization_id, email_address: addressIn('x.example') })
      ).member
      const hash = '$2b$04$TWFueSBoYW5kcyBtYWtlIOAvsA2nWmHZKvXgBWyUZqjKnlKZqBwoe'
      const calls = [
        members.create({ organization_id, email_address }),
        members.update({ organization_id, member_id, email_address }),
        client.passwords.migrate({ organization_id, email_address, hash, hash_type: 'bcrypt' })
      ]
      for (const call of calls) expect(await refusalOf(call)).toMatchObject(claimed)
      await members.create({ organization_id: 'globex', email_address })
    })

    test('strict_claimed_domains binds a seed, also where the claim comes later in it', async () => {
      const [acme, globex] = organizations
      const member = { email_address: addressIn('globex.example') }
      const wrong = [{ ...acme, members: [member] }, globex] as NonNullable<
        NonNullable<OpenAuthorityOptions['projects']>[number]['organizations']
      >
      const error = await rejectionOf(
        openAuthority({ projects: [{ settings, organizations: wrong }] })
      )
      expect(error).toBeInstanceOf(ConfigError)
      expect(String(error)).toContain('projects[0].organizations[0].members[0]')
      const lenient = await openAuthority({ projects: [{ organizations: wrong }] })
      await lenient.close()
    })

    test('activate_members_created_by_session keeps them active', async () => {
      const organization_id = 'acme'
      const { email_address } = admin
      const { session_token } = await client.passwords.authenticate({
        organization_id,
        email_address,
        password
      })
      const create = (fields: object) =>
        client.organizations.members.create(
          { organization_id, email_address: addressIn('acme.example'), ...fields },
          { authorization: { session_token } }
        )
      expect((await create({})).member.status).toBe('active')
      const { member } = await create({ create_member_as_pending: true })
      expect(member.status).toBe('pending')
    })
  })
})
