import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import express, { type RequestHandler } from 'express'
import { createMemberAuth } from 'membergate/express'
import supertest from 'supertest'
import { refusalOf } from '../support/api-errors.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { newPhone } from '../support/people.ts'

const missing = { status_code: 404, error_type: 'member_not_found' }
const gone = { status_code: 404, error_type: 'session_not_found' }
const wrong = { status_code: 401, error_type: 'unauthorized_credentials' }
const noneToReactivate = {
  status_code: 404,
  error_type: 'no_deleted_member_found_for_reactivation'
}

describe('members that are deleted', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })
    const members = () => fixture.client.organizations.members
    const newEmail = () => `${randomUUID()}@acme.example`

    async function deleted(fields: Parameters<Fixture['newPerson']>[0] = {}): Promise<Person> {
      const person = await fixture.newPerson(fields)
      await members().delete(named(person))
      return person
    }

    test("AS-11: delete ends the sessions and intermediate sessions of the member, and nobody else's", async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const pair = await fixture.signIn(person)
      await members().update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      const code = fixture.nextCode(person.secret)
      const other = await fixture.newPerson()
      const { session_token } = await fixture.signIn(other)

      const answer = await members().delete(named(person))
      const { member_id, request_id } = answer
      expect(answer).toEqual({ status_code: 200, request_id, member_id: person.member_id })

      const { sessions, totps } = fixture.client
      for (const credential of [
        { session_token: pair.session_token },
        { session_jwt: pair.session_jwt }
      ]) {
        expect(await fixture.errorOf(sessions.authenticate(credential))).toMatchObject(gone)
      }
      const finish = totps.authenticate({ ...named(person), intermediate_session_token, code })
      expect(await fixture.errorOf(finish)).toMatchObject(missing)
      expect((await sessions.authenticate({ session_token })).status_code).toBe(200)
      expect(member_id).toBe(person.member_id)
    })

    test('a deleted member is unknown to every call that does not ask for deleted ones', async () => {
      const external_id = randomUUID()
      const person = await deleted({ external_id })
      const { organization_id, member_id, email_address } = person
      const byExternalId = { organization_id, member_id: external_id }
      for (const call of [
        members().get({ organization_id, member_id }),
        members().get({ organization_id, email_address }),
        members().get(byExternalId),
        members().dangerouslyGet({ member_id }),
        members().dangerouslyGet({ member_id, include_deleted: false }),
        members().update({ organization_id, member_id, name: 'X' }),
        members().delete({ organization_id, member_id }),
        members().deleteTOTP({ organization_id, member_id }),
        fixture.client.sessions.get({ organization_id, member_id }),
        fixture.client.sessions.revoke({ member_id }),
        fixture.client.totps.create({ organization_id, member_id })
      ]) {
        expect(await refusalOf(call)).toMatchObject(missing)
      }
      expect(await fixture.errorOf(fixture.signIn(person))).toMatchObject(wrong)
    })

    test('dangerouslyGet with include_deleted shows what describes the member, without what belonged to it', async () => {
      const person = await fixture.newEnrolled({
        name: 'Max',
        roles: ['editor'],
        external_id: randomUUID(),
        mfa_phone_number: newPhone(),
        untrusted_metadata: { tone: 'dark' }
      })
      const { member: before } = await members().get(named(person))
      await members().delete(named(person))
      const { member_id } = person
      const { member, organization } = await members().dangerouslyGet({
        member_id,
        include_deleted: true
      })
      expect(organization.organization_id).toBe(person.organization_id)
      expect(member).toEqual({
        ...before,
        status: 'deleted',
        member_password_id: '',
        totp_registration_id: '',
        default_mfa_method: '',
        mfa_phone_number: '',
        mfa_phone_number_verified: false,
        updated_at: member.updated_at
      })
      const alive = await fixture.newPerson()
      const answer = await members().dangerouslyGet({ member_id: alive.member_id })
      expect(answer.member).toEqual(alive.member)
    })

    test('address, retired address, number and external id are free for others at once', async () => {
      const mfa_phone_number = newPhone()
      const external_id = randomUUID()
      const person = await fixture.newPerson({ mfa_phone_number, external_id })
      const { organization_id } = person
      const later = newEmail()
      await members().update({ ...named(person), email_address: later })
      await members().delete(named(person))

      const heir = await fixture.newPerson({
        email_address: person.email_address,
        mfa_phone_number,
        external_id
      })
      expect(heir.member_id).not.toBe(person.member_id)
      const other = await members().create({ organization_id, email_address: later })
      expect(other.member.email_address).toBe(later)
      const { member } = await members().get({ organization_id, member_id: external_id })
      expect(member.member_id).toBe(heir.member_id)
    })

    test('a search shows deleted members only where statuses asks for them', async () => {
      const { organization_id } = await fixture.newOrganization()
      const alive = await fixture.newPerson({ organization_id })
      fixture.clock.advance(1)
      const dead = await deleted({ organization_id })
      const search = async (operator: string, ...operands: [string, unknown][]) => {
        const answer = await members().search({
          organization_ids: [organization_id],
          query: {
            operator,
            operands: operands.map(([filter_name, filter_value]) => ({ filter_name, filter_value }))
          }
        })
        expect(answer.results_metadata.total).toBe(answer.members.length)
        return answer.members.map(({ member_id }) => member_id)
      }
      const both = [alive.member_id, dead.member_id]
      expect(await search('AND')).toEqual([alive.member_id])
      expect(await search('AND', ['member_ids', both])).toEqual([alive.member_id])
      expect(await search('AND', ['statuses', ['active']])).toEqual([alive.member_id])
      expect(await search('AND', ['statuses', ['deleted']])).toEqual([dead.member_id])
      expect(await search('AND', ['statuses', ['active', 'deleted']])).toEqual(both)
      expect(
        await search('OR', ['member_emails', [dead.email_address]], ['statuses', ['active']])
      ).toEqual([alive.member_id])
      expect(
        await search('AND', ['member_emails', [dead.email_address]], ['statuses', ['deleted']])
      ).toEqual([dead.member_id])
    })

    test('a search pages through members that are there and deleted ones in one order', async () => {
      const { organization_id } = await fixture.newOrganization()
      const ids: string[] = []
      for (let count = 1; count <= 5; count += 1) {
        fixture.clock.advance(1)
        const person =
          count % 2 === 0
            ? await deleted({ organization_id })
            : await fixture.newPerson({ organization_id })
        ids.push(person.member_id)
      }
      const operands = [{ filter_name: 'statuses', filter_value: ['active', 'deleted'] }]
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = await members().search({
          organization_ids: [organization_id],
          limit: 2,
          query: { operator: 'AND', operands },
          ...(cursor === undefined ? {} : { cursor })
        })
        found.push(...page.members.map(({ member_id }) => member_id))
        cursor = page.results_metadata.next_cursor ?? undefined
      } while (cursor !== undefined)
      expect(found).toEqual(ids)
    })

    test('reactivate brings the member back under its id, with what describes it and nothing to sign in with', async () => {
      const external_id = randomUUID()
      const person = await fixture.newEnrolled({ roles: ['editor'], external_id })
      const pair = await fixture.signIn(await fixture.newPerson())
      await members().delete(named(person))
      const { member, member_id } = await members().reactivate(named(person))
      expect(member_id).toBe(person.member_id)
      expect(member).toMatchObject({
        member_id,
        external_id,
        email_address: person.email_address,
        status: 'active',
        member_password_id: '',
        totp_registration_id: ''
      })
      expect(member.roles).toEqual(person.member.roles)
      expect((await members().get(named(person))).member).toEqual(member)
      expect(await fixture.errorOf(fixture.signIn(person))).toMatchObject(wrong)
      expect(await fixture.sessionsOf(person)).toEqual([])
      const again = members().create({
        organization_id: person.organization_id,
        email_address: person.email_address
      })
      expect(await fixture.errorOf(again)).toMatchObject({ error_type: 'duplicate_member_email' })
      expect(pair.session_token).not.toBe('')
    })

    test('reactivate takes nobody who is not deleted, not deleted here, or named by an external id', async () => {
      const external_id = randomUUID()
      const dead = await deleted({ external_id })
      const { organization_id } = dead
      for (const address of [
        named(await fixture.newPerson()),
        { organization_id, member_id: 'member-test-nobody' },
        { organization_id, member_id: external_id },
        { organization_id: fixture.B.organization_id, member_id: dead.member_id }
      ]) {
        expect(await fixture.errorOf(members().reactivate(address))).toMatchObject(noneToReactivate)
      }
      expect((await members().reactivate(named(dead))).member.status).toBe('active')
      expect(await fixture.errorOf(members().reactivate(named(dead)))).toMatchObject(
        noneToReactivate
      )
    })

    test('reactivate needs a verified address that is free, and a free external id', async () => {
      const { organization_id } = fixture.A
      const { member_id } = await members().create({ organization_id, email_address: newEmail() })
      await members().delete({ organization_id, member_id })
      expect(
        await fixture.errorOf(members().reactivate({ organization_id, member_id }))
      ).toMatchObject({ status_code: 400, error_type: 'email_unverified_for_reactivation' })

      const replaced = await deleted()
      const { email_address } = replaced
      const heir = await members().create({ organization_id, email_address })
      const taken = {
        status_code: 400,
        error_type: 'reactivation_email_belongs_to_another_member'
      }
      expect(await fixture.errorOf(members().reactivate(named(replaced)))).toMatchObject(taken)
      const away = { organization_id, member_id: heir.member_id, email_address: newEmail() }
      await members().update(away)
      expect(await fixture.errorOf(members().reactivate(named(replaced)))).toMatchObject(taken)

      const external_id = randomUUID()
      const namesake = await deleted({ external_id })
      await fixture.newPerson({ external_id })
      expect(await fixture.errorOf(members().reactivate(named(namesake)))).toMatchObject({
        status_code: 400,
        error_type: 'duplicate_member_external_id'
      })
      const look = { member_id: namesake.member_id, include_deleted: true }
      expect((await members().dangerouslyGet(look)).member.status).toBe('deleted')
    })

    test('AS-10 AS-11: a session never outlives its member, whichever of sign-in and deletion is faster', async () => {
      for (let round = 1; round <= 5; round += 1) {
        const person = await fixture.newPerson()
        const signIns = Array.from({ length: 6 }, () =>
          fixture.signIn(person).then(
            ({ session_token }) => session_token,
            (error: unknown) => error
          )
        )
        const [deletion, ...outcomes] = await Promise.all([
          members().delete(named(person)),
          ...signIns
        ])
        expect(deletion.status_code).toBe(200)
        const tokens = outcomes.filter((outcome) => typeof outcome === 'string')
        for (const session_token of tokens) {
          const call = fixture.client.sessions.authenticate({ session_token })
          expect(await fixture.errorOf(call)).toMatchObject(gone)
        }
        for (const outcome of outcomes) {
          if (typeof outcome === 'string') continue
          expect(await refusalOf(Promise.reject(outcome))).toMatchObject({
            status_code: expect.any(Number)
          })
          expect(Reflect.get(Object(outcome), 'status_code')).toBeLessThan(500)
        }
      }
    })

    test('of many deletions at once one succeeds, and of many reactivations one', async () => {
      const person = await fixture.newPerson()
      const many = <Answer>(call: () => Promise<Answer>) =>
        Promise.allSettled(Array.from({ length: 10 }, call))
      const won = (outcomes: PromiseSettledResult<unknown>[]) =>
        outcomes.filter(({ status }) => status === 'fulfilled').length
      expect(won(await many(() => members().delete(named(person))))).toBe(1)
      expect(won(await many(() => members().reactivate(named(person))))).toBe(1)
      expect((await members().get(named(person))).member.status).toBe('active')
    })
  })

  describeOnEachEngine(
    (fixture) => {
      test('an app that deletes a member or an organization through auth.client refuses its JWTs at once', async () => {
        const auth = createMemberAuth({
          project_id: fixture.project_id,
          secret: fixture.secret,
          url: fixture.tap.url,
          now: fixture.clock.now
        })
        const whoAmI: RequestHandler = (req, res) => {
          res.json({ member_id: auth.memberOf(req).member_id })
        }
        const app = express().get('/', auth.requireMemberSession(), whoAmI)
        const statusOf = async (jwt: string) =>
          (await supertest(app).get('/').set('Authorization', `Bearer ${jwt}`)).status

        const { organization_id } = await fixture.newOrganization()
        const external_id = randomUUID()
        const first = await fixture.signIn(
          await fixture.newPerson({ organization_id, external_id })
        )
        const second = await fixture.signIn(await fixture.newPerson({ organization_id }))
        const { organizations } = auth.client
        expect([await statusOf(first.session_jwt), await statusOf(second.session_jwt)]).toEqual([
          200, 200
        ])
        await organizations.members.delete({ organization_id, member_id: external_id })
        expect([await statusOf(first.session_jwt), await statusOf(second.session_jwt)]).toEqual([
          401, 200
        ])
        await organizations.delete({ organization_id })
        expect(await statusOf(second.session_jwt)).toBe(401)
      })
    },
    { through: ['our client'] }
  )
})
