import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'

const missing = { status_code: 404, error_type: 'organization_not_found' }
const gone = { status_code: 404, error_type: 'session_not_found' }
const noIntermediate = { status_code: 404, error_type: 'intermediate_session_not_found' }

describe('organizations', () => {
  describeOnEachEngine((fixture) => {
    const externalId = () => `x.${randomUUID()}`

    test('AB-09: delete ends the organization with its members, sessions and intermediate sessions', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const pair = await fixture.signIn(person)
      const waiting = await fixture.newEnrolled({ organization_id })
      const intermediate_session_token = await fixture.beginSignIn(waiting)
      const code = fixture.nextCode(waiting.secret)

      const answer = await fixture.client.organizations.delete({ organization_id })
      expect(answer).toEqual({ status_code: 200, request_id: answer.request_id, organization_id })

      const { client } = fixture
      const { member_id } = person
      expect(await fixture.errorOf(client.organizations.get({ organization_id }))).toMatchObject(
        missing
      )
      expect(await fixture.errorOf(client.organizations.delete({ organization_id }))).toMatchObject(
        missing
      )
      for (const credential of [
        { session_token: pair.session_token },
        { session_jwt: pair.session_jwt }
      ]) {
        expect(await fixture.errorOf(client.sessions.authenticate(credential))).toMatchObject(gone)
      }
      const finish = client.totps.authenticate({
        organization_id,
        member_id: waiting.member_id,
        intermediate_session_token,
        code
      })
      expect(await fixture.errorOf(finish)).toMatchObject(missing)
      const look = client.organizations.members.dangerouslyGet({ member_id, include_deleted: true })
      expect(await fixture.errorOf(look)).toMatchObject({ error_type: 'member_not_found' })
    })

    test('AI-13: a slug is free when its organization was deleted, and what was of the old one never maps to the new one', async () => {
      const organization_slug = `s-${randomUUID()}`
      const organization_external_id = externalId()
      const names = { organization_slug, organization_external_id }
      const { organization_id } = await fixture.newOrganization(names)
      const enrolled = await fixture.newEnrolled({ organization_id })
      const pair = await fixture.signIn(await fixture.newPerson({ organization_id }))
      const intermediate_session_token = await fixture.beginSignIn(enrolled)
      await fixture.client.organizations.delete({ organization_id: organization_slug })

      const heir = await fixture.newOrganization(names)
      expect(heir.organization_id).not.toBe(organization_id)
      const { email_address } = enrolled
      const namesake = await fixture.newEnrolled({
        organization_id: heir.organization_id,
        email_address
      })
      expect(
        await fixture.errorOf(fixture.client.organizations.get({ organization_id }))
      ).toMatchObject(missing)
      expect(
        await fixture.errorOf(
          fixture.client.sessions.authenticate({ session_token: pair.session_token })
        )
      ).toMatchObject(gone)
      const finish = fixture.client.totps.authenticate({
        organization_id: organization_slug,
        member_id: namesake.member_id,
        intermediate_session_token,
        code: fixture.nextCode(namesake.secret)
      })
      expect(await fixture.errorOf(finish)).toMatchObject(noIntermediate)
    })

    test('metrics counts the members that are not deleted', async () => {
      const { organization_id } = await fixture.newOrganization()
      const count = async () =>
        (await fixture.client.organizations.metrics({ organization_id })).member_count
      expect(await count()).toBe(0)
      const { member_id } = await fixture.newPerson({ organization_id })
      await fixture.client.organizations.members.create({
        organization_id,
        email_address: `${randomUUID()}@acme.example`,
        create_member_as_pending: true
      })
      expect(await count()).toBe(2)
      await fixture.client.organizations.members.delete({ organization_id, member_id })
      expect(await count()).toBe(1)
    })

    test('deleteExternalId frees the external id, and is content without one', async () => {
      const organization_external_id = externalId()
      const { organization_id } = await fixture.newOrganization({ organization_external_id })
      for (let count = 1; count <= 2; count += 1) {
        const { organization } = await fixture.client.organizations.deleteExternalId({
          organization_id
        })
        expect(organization).toMatchObject({ organization_id, organization_external_id: null })
      }
      const look = fixture.client.organizations.get({ organization_id: organization_external_id })
      expect(await fixture.errorOf(look)).toMatchObject(missing)
      const heir = await fixture.newOrganization({ organization_external_id })
      expect(heir.organization_id).not.toBe(organization_id)
    })

    test('an organization of another project is not deleted', async () => {
      const { organization_id } = await fixture.newOrganization()
      const { client } = fixture.other
      expect(await fixture.errorOf(client.organizations.delete({ organization_id }))).toMatchObject(
        missing
      )
      const kept = await fixture.client.organizations.get({ organization_id })
      expect(kept.organization.organization_id).toBe(organization_id)
    })
  })
})
