import { describe, expect, test } from '@jest/globals'
import { beginDiscovery, signInElsewhere } from '../support/entering.ts'
import { authorization } from '../support/external.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import { type Enrolled, password } from '../support/people.ts'

interface Address {
  readonly organization_id: string
  readonly member_id?: string
}

interface Operation {
  readonly name: string
  /** Whether it takes a member_id. */
  readonly namesMember: boolean
  /** Calls it on the person by these names. */
  call(fixture: Fixture, person: Enrolled, address: Address): Promise<Record<string, unknown>>
}

const operations: readonly Operation[] = [
  {
    name: 'sessions.get',
    namesMember: true,
    call: (fixture, _person, address) => fixture.send('sessions.get', address)
  },
  {
    name: 'totps.create',
    namesMember: true,
    async call(fixture, _person, address) {
      return fixture.send('totps.create', address)
    }
  },
  {
    name: 'totps.authenticate',
    namesMember: true,
    async call(fixture, person, address) {
      const { session_token } = await fixture.signIn(person)
      const code = fixture.nextCode(person.secret)
      return fixture.send('totps.authenticate', { ...address, session_token, code })
    }
  },
  {
    name: 'recoveryCodes.get',
    namesMember: true,
    call: (fixture, _person, address) => fixture.send('recoveryCodes.get', address)
  },
  {
    name: 'recoveryCodes.rotate',
    namesMember: true,
    call: (fixture, _person, address) => fixture.send('recoveryCodes.rotate', address)
  },
  {
    name: 'recoveryCodes.recover',
    namesMember: true,
    async call(fixture, person, address) {
      const { organization_id, member_id } = person
      const { recovery_codes } = await fixture.client.recoveryCodes.get({
        organization_id,
        member_id
      })
      const { session_token } = await fixture.signIn(person)
      return fixture.send('recoveryCodes.recover', {
        ...address,
        session_token,
        recovery_code: recovery_codes[0]
      })
    }
  },
  {
    name: 'otps.sms.send',
    namesMember: true,
    async call(fixture, person, address) {
      const { session_token } = await fixture.signIn(person)
      await fixture.resetSendCounts()
      return fixture.send('otps.sms.send', { ...address, session_token })
    }
  },
  {
    name: 'otps.sms.authenticate',
    namesMember: true,
    async call(fixture, person, address) {
      const { session_token } = await fixture.signIn(person)
      const code = await fixture.newSms(person, { session_token })
      return fixture.send('otps.sms.authenticate', { ...address, session_token, code })
    }
  },
  {
    name: 'passwords.authenticate',
    namesMember: false,
    call: (fixture, { email_address }, { organization_id }) =>
      fixture.send('passwords.authenticate', { organization_id, email_address, password })
  },
  {
    name: 'passwords.sessions.reset',
    namesMember: false,
    async call(fixture, person, { organization_id }) {
      const { session_token } = await fixture.signIn(person)
      return fixture.send('passwords.sessions.reset', { organization_id, session_token, password })
    }
  },
  {
    name: 'sessions.exchange',
    namesMember: false,
    async call(fixture, person, { organization_id }) {
      const { session_token } = await signInElsewhere(fixture, person)
      return fixture.send('sessions.exchange', { organization_id, session_token })
    }
  },
  {
    name: 'discovery.intermediateSessions.exchange',
    namesMember: false,
    async call(fixture, { email_address }, { organization_id }) {
      const intermediate_session_token = await beginDiscovery(fixture, email_address)
      const request = { organization_id, intermediate_session_token }
      return fixture.send('discovery.intermediateSessions.exchange', request)
    }
  },
  {
    name: 'sessions.migrate',
    namesMember: false,
    call(fixture, { email_address }, { organization_id }) {
      const session_token = fixture.identity.credentialFor({
        email: email_address,
        email_verified: true
      })
      return fixture.send('sessions.migrate', { organization_id, session_token })
    }
  },
  {
    name: 'idp.oauth.authorizeStart',
    namesMember: true,
    call: (fixture, _person, address) =>
      fixture.send('idp.oauth.authorizeStart', { ...authorization, ...address })
  },
  {
    name: 'organizations.get',
    namesMember: false,
    call: (fixture, _person, { organization_id }) =>
      fixture.send('organizations.get', { organization_id })
  },
  {
    name: 'organizations.update',
    namesMember: false,
    call: (fixture, _person, { organization_id }) =>
      fixture.send('organizations.update', { organization_id, organization_name: 'Initech' })
  },
  {
    name: 'organizations.metrics',
    namesMember: false,
    call: (fixture, _person, { organization_id }) =>
      fixture.send('organizations.metrics', { organization_id })
  },
  {
    name: 'organizations.members.get',
    namesMember: true,
    call: (fixture, _person, address) => fixture.send('organizations.members.get', address)
  },
  {
    name: 'organizations.members.update',
    namesMember: true,
    call: (fixture, _person, address) =>
      fixture.send('organizations.members.update', { ...address, name: 'Max' })
  },
  {
    name: 'rbac.organizations.getOrgPolicy',
    namesMember: false,
    call: (fixture, _person, { organization_id }) =>
      fixture.send('rbac.organizations.getOrgPolicy', { organization_id })
  }
]

/** What of an answer does not depend on the moment or on chance. */
function lasting(answer: Record<string, unknown>): unknown {
  const chance =
    /^(request_id|session_token|session_jwt|secret|qr_code|totp_registration_id|member_password_id|recovery_codes|recovery_codes_remaining|totp_recovery_code_id|member_session_id|(started|updated|created|expires|last_accessed|last_authenticated)_at)$/
  return JSON.parse(JSON.stringify(answer), (key, value) => (chance.test(key) ? key : value))
}

describe('addressing', () => {
  describeOnEachEngine((fixture) => {
    async function newSubject(operation: Operation) {
      const organization = await fixture.newOrganization({
        organization_slug: `s-${crypto.randomUUID()}`,
        organization_external_id: `x.${crypto.randomUUID()}`
      })
      const { organization_id } = organization
      const external_id = `m.${crypto.randomUUID()}`
      const fields = { organization_id, external_id }
      // What a member with a second factor does only with that is called for one who has none yet.
      const person =
        operation.name === 'totps.create' || operation.name === 'passwords.sessions.reset'
          ? { ...(await fixture.newPerson(fields)), secret: '', totp_registration_id: '' }
          : await fixture.newBoth(fields, { mfa_enrolled: false })
      return { organization, person, external_id }
    }

    describe.each(operations.map((operation) => [operation.name, operation] as const))(
      '%s',
      (name, operation) => {
        const { namesMember } = operation

        test('S-ADR-01 S-ADR-02 S-ADR-03 S-ADR-07: an organization by id, slug or external id is the same, and the answer carries ids', async () => {
          const { organization, person } = await newSubject(operation)
          const { organization_id, organization_slug, organization_external_id } = organization
          const { member_id } = person
          const answers = []
          for (const alias of [
            organization_id,
            organization_slug,
            organization_external_id ?? ''
          ]) {
            const address = { organization_id: alias, ...(namesMember ? { member_id } : {}) }
            const answer = await operation.call(fixture, person, address)
            expect(answer.status_code).toBe(200)
            const text = JSON.stringify(answer)
            expect(text).not.toContain(`"organization_id":"${organization_slug}"`)
            expect(text).not.toContain(`"organization_id":"${organization_external_id}"`)
            if ('organization' in answer)
              expect(answer.organization).toMatchObject({ organization_id })
            if ('member_id' in answer) expect(answer.member_id).toBe(member_id)
            if ('member_session' in answer) {
              expect(answer.member_session).toMatchObject({ organization_id, member_id })
            }
            answers.push(lasting(answer))
            await fixture.client.sessions.revoke({ member_id })
          }
          expect(answers[1]).toEqual(answers[0])
          expect(answers[2]).toEqual(answers[0])
        })

        test('S-ADR-08: an unknown organization is a 404 before the member is looked at', async () => {
          const { person } = await newSubject(operation)
          for (const organization_id of ['organization-test-nowhere', 'nowhere']) {
            for (const member_id of namesMember ? [person.member_id, 'nobody'] : [undefined]) {
              const call = operation.call(fixture, person, { organization_id, member_id })
              expect(await fixture.errorOf(call)).toMatchObject({
                status_code: 404,
                error_type: 'organization_not_found'
              })
            }
          }
        })

        if (!namesMember) return

        test('S-ADR-05 S-ADR-07: a member by external id is the same, and the answer carries ids', async () => {
          const { organization, person, external_id } = await newSubject(operation)
          const { organization_id } = organization
          const { member_id } = person
          const byId = await operation.call(fixture, person, { organization_id, member_id })
          await fixture.client.sessions.revoke({ member_id })
          const byExternalId = await operation.call(fixture, person, {
            organization_id,
            member_id: external_id
          })
          expect(lasting(byExternalId)).toEqual(lasting(byId))
          expect(JSON.stringify(byExternalId)).not.toContain(`"member_id":"${external_id}"`)
          if (name !== 'sessions.get') expect(byExternalId.member_id).toBe(member_id)
        })

        test('S-ADR-09: an unknown member of a known organization is a 404', async () => {
          const { person } = await newSubject(operation)
          const { organization_id } = person
          for (const member_id of ['member-test-nobody', 'nobody']) {
            const call = operation.call(fixture, person, { organization_id, member_id })
            expect(await fixture.errorOf(call)).toMatchObject({
              status_code: 404,
              error_type: 'member_not_found'
            })
          }
        })

        test('S-ADR-10: a member of another organization, by id or external id, is unknown here', async () => {
          const { person, external_id } = await newSubject(operation)
          const { organization_id } = fixture.B
          for (const member_id of [person.member_id, external_id]) {
            const call = operation.call(fixture, person, { organization_id, member_id })
            const refusal = await fixture.errorOf(call)
            expect(refusal).toMatchObject({ status_code: 404, error_type: 'member_not_found' })
            expect(JSON.stringify(refusal)).not.toContain(person.email_address)
          }
        })
      }
    )

    test('S-ADR-06: sessions.revoke takes the id of a member only: an external id ends nothing', async () => {
      const external_id = `m.${crypto.randomUUID()}`
      const inA = await fixture.newPerson({ external_id })
      const inB = await fixture.newPerson({
        external_id,
        organization_id: fixture.B.organization_id
      })
      await fixture.signIn(inA)
      await fixture.signIn(inB)
      const call = fixture.client.sessions.revoke({ member_id: external_id })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 404,
        error_type: 'member_not_found'
      })
      expect(await fixture.sessionsOf(inA)).toHaveLength(1)
      expect(await fixture.sessionsOf(inB)).toHaveLength(1)
    })
  })
})
