import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { refusalOf } from '../support/api-errors.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { password, totp_secret } from '../support/people.ts'
import { bcryptHash, deletedPerson, named } from '../support/requests.ts'
import { runSql } from '../support/run-sql.ts'

const noneDeleted = { status_code: 404, error_type: 'no_deleted_member_found' }
const gone = { status_code: 404, error_type: 'member_not_found' }

describe('organizations.members.erase', () => {
  describeOnEachEngine((fixture) => {
    const members = () => fixture.client.organizations.members

    test('ends a deleted member for good: it is not found, not listed, and does not come back', async () => {
      const { organization_id } = await fixture.newOrganization()
      const { member_id } = await fixture.newPerson({ organization_id })
      const ids = { organization_id, member_id }
      await members().delete(ids)
      expect(await members().erase(ids)).toMatchObject({ status_code: 200, member_id })
      const look = members().dangerouslyGet({ member_id, include_deleted: true })
      expect(await fixture.errorOf(look)).toMatchObject(gone)
      const operands = [{ filter_name: 'statuses', filter_value: ['deleted'] }]
      const query = { operator: 'AND', operands }
      const found = await members().search({ organization_ids: [organization_id], query })
      expect(found.members).toEqual([])
      expect(await fixture.errorOf(members().erase(ids))).toMatchObject(noneDeleted)
      const error_type = 'no_deleted_member_found_for_reactivation'
      expect(await fixture.errorOf(members().reactivate(ids))).toMatchObject({ error_type })
    })

    test('leaves who is not deleted, and who belongs to another organization', async () => {
      const alive = await fixture.newPerson()
      expect(await fixture.errorOf(members().erase(named(alive)))).toMatchObject(noneDeleted)
      expect((await members().get(named(alive))).member.status).toBe('active')
      const dead = await deletedPerson(fixture)
      const { organization_id } = fixture.B
      const elsewhere = { organization_id, member_id: dead.member_id }
      expect(await fixture.errorOf(members().erase(elsewhere))).toMatchObject(noneDeleted)
      expect((await members().reactivate(named(dead))).member.status).toBe('active')
    })

    test('takes what waits for the address, unless another member of the project has it', async () => {
      const dead = await deletedPerson(fixture)
      const { email_address } = dead
      const namesake = await fixture.newPerson({
        organization_id: fixture.B.organization_id,
        email_address
      })
      await fixture.client.magicLinks.email.discovery.send({ email_address })
      const links = () =>
        runSql(fixture.database, 'select link_id from links where email_address = $1', [
          email_address
        ])
      await members().erase(named(dead))
      expect(await links()).toHaveLength(1)
      await members().delete(named(namesake))
      await members().erase(named(namesake))
      expect(await links()).toEqual([])
    })
  })

  describeOnEachDatabase((create) => {
    const now = Date.UTC(2026, 0, 31)
    const person = {
      email_address: 'persephone@acme.test',
      name: 'Persephone Papadopoulos',
      external_id: 'external-persephone',
      mfa_phone_number: '+12025550123',
      trusted_metadata: { allergy: 'pomegranates' },
      untrusted_metadata: { birthday: '1990-09-09' }
    }
    const traces = ['persephone', 'Papadopoulos', '2025550123', 'pomegranates', '1990-09-09']
    let database: TestDatabase
    let authority: OpenAuthority
    let client: Client

    beforeAll(async () => {
      database = await create()
      authority = await openAuthority({
        database: database.location,
        now: () => now,
        projects: [
          {
            settings: { redirect_urls: ['https://app.example/link'] },
            organizations: [{ organization_name: 'Acme', organization_slug: 'acme' }]
          }
        ]
      })
      const { url, project_id, secret } = authority
      client = createClient({ url, project_id, secret, now: () => now, timeoutMs: 20_000 })
    })
    afterAll(async () => {
      await authority.close()
      await database.drop()
    })

    test('what described the member is nowhere in the database: the audit keeps ids', async () => {
      const { member } = await client.passwords.migrate({
        organization_id: 'acme',
        hash: bcryptHash,
        hash_type: 'bcrypt',
        roles: ['stytch_admin'],
        ...person
      })
      const { organization_id, member_id } = member
      const ids = { organization_id, member_id }
      const { email_address } = person
      await client.totps.migrate({ ...ids, secret: totp_secret, recovery_codes: ['one'] })
      await client.magicLinks.email.loginOrSignup({ organization_id, email_address })
      await client.otps.email.loginOrSignup({ organization_id, email_address })
      await client.magicLinks.email.discovery.send({ email_address })
      await client.otps.email.discovery.send({ email_address })
      await client.passwords.email.resetStart({ organization_id, email_address })
      const wrong = client.passwords.authenticate({ organization_id, email_address, password })
      await refusalOf(wrong)
      await refusalOf(
        client.otps.email.authenticate({ organization_id, email_address, code: '000000' })
      )
      const [link] = authority.outbox().filter(({ token }) => token !== undefined)
      expect(link?.to).toBe(email_address)
      const bystander = { organization_id, email_address: 'hades@acme.test' }
      await client.organizations.members.create(bystander)
      await client.organizations.members.delete(ids)
      expect(await database.dump()).toContain('pomegranates')

      await client.organizations.members.erase(ids)
      await authority.close()
      const left = await database.dump()
      expect(traces.filter((trace) => left.toLowerCase().includes(trace.toLowerCase()))).toEqual([])
      expect(left).toContain('hades@acme.test')
      const events = await runSql(
        database.location,
        'select operation from audit_events where member_id = $1 order by operation',
        [member_id]
      )
      const operations = events.map(({ operation }) => operation)
      expect(operations).toContain('organizations.members.erase')
      expect(operations).toContain('passwords.authenticate')
    })
  })
})
