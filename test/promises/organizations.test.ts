import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'

const missing = { status_code: 404, error_type: 'organization_not_found' }
const gone = { status_code: 404, error_type: 'session_not_found' }
const noIntermediate = { status_code: 404, error_type: 'intermediate_session_not_found' }

describe('organizations', () => {
  describeOnEachEngine((world) => {
    const externalId = () => `x.${randomUUID()}`

    test('AB-09: delete ends the organization with its members, sessions and intermediate sessions', async () => {
      const { organization_id } = await world.newOrganization()
      const person = await world.newPerson({ organization_id })
      const pair = await world.signIn(person)
      const waiting = await world.newEnrolled({ organization_id })
      const intermediate_session_token = await world.beginSignIn(waiting)
      const code = world.nextCode(waiting.secret)

      const answer = await world.client.organizations.delete({ organization_id })
      expect(answer).toEqual({ status_code: 200, request_id: answer.request_id, organization_id })

      const { client } = world
      const { member_id } = person
      expect(await world.errorOf(client.organizations.get({ organization_id }))).toMatchObject(
        missing
      )
      expect(await world.errorOf(client.organizations.delete({ organization_id }))).toMatchObject(
        missing
      )
      for (const credential of [
        { session_token: pair.session_token },
        { session_jwt: pair.session_jwt }
      ]) {
        expect(await world.errorOf(client.sessions.authenticate(credential))).toMatchObject(gone)
      }
      const finish = client.totps.authenticate({
        organization_id,
        member_id: waiting.member_id,
        intermediate_session_token,
        code
      })
      expect(await world.errorOf(finish)).toMatchObject(missing)
      const look = client.organizations.members.dangerouslyGet({ member_id, include_deleted: true })
      expect(await world.errorOf(look)).toMatchObject({ error_type: 'member_not_found' })
    })

    test('AI-13: a slug is free when its organization was deleted, and what was of the old one never maps to the new one', async () => {
      const organization_slug = `s-${randomUUID()}`
      const organization_external_id = externalId()
      const names = { organization_slug, organization_external_id }
      const { organization_id } = await world.newOrganization(names)
      const enrolled = await world.newEnrolled({ organization_id })
      const pair = await world.signIn(await world.newPerson({ organization_id }))
      const intermediate_session_token = await world.beginSignIn(enrolled)
      await world.client.organizations.delete({ organization_id: organization_slug })

      const heir = await world.newOrganization(names)
      expect(heir.organization_id).not.toBe(organization_id)
      const { email_address } = enrolled
      const namesake = await world.newEnrolled({
        organization_id: heir.organization_id,
        email_address
      })
      expect(
        await world.errorOf(world.client.organizations.get({ organization_id }))
      ).toMatchObject(missing)
      expect(
        await world.errorOf(
          world.client.sessions.authenticate({ session_token: pair.session_token })
        )
      ).toMatchObject(gone)
      const finish = world.client.totps.authenticate({
        organization_id: organization_slug,
        member_id: namesake.member_id,
        intermediate_session_token,
        code: world.nextCode(namesake.secret)
      })
      expect(await world.errorOf(finish)).toMatchObject(noIntermediate)
    })

    test('metrics counts the members that are not deleted', async () => {
      const { organization_id } = await world.newOrganization()
      const count = async () =>
        (await world.client.organizations.metrics({ organization_id })).member_count
      expect(await count()).toBe(0)
      const { member_id } = await world.newPerson({ organization_id })
      await world.client.organizations.members.create({
        organization_id,
        email_address: `${randomUUID()}@acme.example`,
        create_member_as_pending: true
      })
      expect(await count()).toBe(2)
      await world.client.organizations.members.delete({ organization_id, member_id })
      expect(await count()).toBe(1)
    })

    test('deleteExternalId frees the external id, and is content without one', async () => {
      const organization_external_id = externalId()
      const { organization_id } = await world.newOrganization({ organization_external_id })
      for (let count = 1; count <= 2; count += 1) {
        const { organization } = await world.client.organizations.deleteExternalId({
          organization_id
        })
        expect(organization).toMatchObject({ organization_id, organization_external_id: null })
      }
      const look = world.client.organizations.get({ organization_id: organization_external_id })
      expect(await world.errorOf(look)).toMatchObject(missing)
      const heir = await world.newOrganization({ organization_external_id })
      expect(heir.organization_id).not.toBe(organization_id)
    })

    test('an organization of another project is not deleted', async () => {
      const { organization_id } = await world.newOrganization()
      const { client } = world.other
      expect(await world.errorOf(client.organizations.delete({ organization_id }))).toMatchObject(
        missing
      )
      const kept = await world.client.organizations.get({ organization_id })
      expect(kept.organization.organization_id).toBe(organization_id)
    })
  })
})
