import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createMemberAuth } from 'membergate'
import { operations as table } from '../../src/authority/operations.ts'
import { operationEffects } from '../../src/core/session/operation-effects.ts'
import { listRoutes, type OperationName } from '../../src/wire/routes.ts'
import { sendThrough } from '../support/clients.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { jwk, mintJwt } from '../support/minted-jwt.ts'
import { timeoutMs } from '../support/patience.ts'
import { addressed, named, org_policy, type Request, requests } from '../support/requests.ts'

const operations = listRoutes().map(([name]) => name)

const kinds: readonly unknown[] = [
  'revocation',
  'member',
  'mfa',
  'password',
  'policy',
  'organization'
]

/** Their events are of a member or an organization, and nothing that guards know becomes untrue. */
const harmless: readonly OperationName[] = [
  'discovery.organizations.create',
  'totps.create',
  'recoveryCodes.get',
  'passwords.email.resetStart',
  'organizations.create',
  'organizations.deleteExternalId',
  'organizations.members.create',
  'organizations.members.deleteExternalId',
  // The member was deleted before.
  'organizations.members.erase',
  'organizations.members.startEmailUpdate'
]

const changing = operations.filter(
  (name) => kinds.includes(table[name].audit) && !harmless.includes(name)
)

test('every operation says what it changes of what guards know', () => {
  expect(Object.keys(operationEffects).sort()).toEqual([...operations].sort())
  const changesNothing = operations.filter((name) => operationEffects[name] === 'nothing')
  expect(changesNothing).toEqual(expect.arrayContaining([...harmless]))
  expect(changing.filter((name) => changesNothing.includes(name))).toEqual([])
})

describe('what auth.client changes, its guards hear of', () => {
  describeOnEachEngine((fixture) => {
    interface Subject {
      readonly member_id?: unknown
      readonly organization_id?: unknown
    }

    /** Guards with keys of the test: they accept every JWT of it, until the authority is asked, which knows none. */
    function openGuards() {
      const { project_id, secret, clock } = fixture
      const jwks = { keys: [jwk as never] }
      const { client, authenticate } = createMemberAuth({
        url: fixture.tap.url,
        project_id,
        secret,
        now: clock.now,
        timeoutMs,
        jwks
      })
      const isAskedAbout = async (subject: Subject) => {
        const headers = { authorization: `Bearer ${jwtOf(subject)}` }
        const decision = await authenticate({ method: 'GET', url: '/', headers })
        return !decision.accepted
      }
      return { client, isAskedAbout }
    }

    function jwtOf({ member_id = randomUUID(), organization_id = randomUUID() }: Subject): string {
      const iat = Math.floor(fixture.clock.now() / 1000)
      const at = new Date(iat * 1000).toISOString()
      return mintJwt({
        iss: `stytch.com/${fixture.project_id}`,
        aud: [fixture.project_id],
        sub: member_id,
        iat,
        nbf: iat,
        exp: iat + 300,
        'https://stytch.com/session': {
          id: randomUUID(),
          started_at: at,
          last_accessed_at: at,
          expires_at: new Date((iat + 3600) * 1000).toISOString(),
          authentication_factors: [],
          roles: ['stytch_admin']
        },
        'https://stytch.com/organization': { organization_id, slug: 'acme' }
      })
    }

    function subjectOf(request: Request, answer: Record<string, unknown>): Subject {
      const { organization, member_id = request.member_id } = answer as Record<string, never>
      const { organization_id = request.organization_id } = Object(organization ?? answer)
      return { member_id, organization_id }
    }

    test.each(operations.filter((name) => name !== 'sessions.revoke'))('by %s', async (name) => {
      const { client, isAskedAbout } = openGuards()
      const request = await requests[name](fixture)
      const answer = await sendThrough(client, name, request)
      const subject = subjectOf(request, answer)
      expect([name, await isAskedAbout(subject)]).toEqual([name, changing.includes(name)])
      expect(await isAskedAbout({})).toBe(false)
    })

    test('by a link to a new address, which may take roles away', async () => {
      const { client, isAskedAbout } = openGuards()
      const person = await fixture.newPerson()
      const email_address = `${randomUUID()}@elsewhere.example`
      await client.magicLinks.email.loginOrSignup(addressed(person))
      const first = fixture.sentTo(person.email_address)[0]?.token ?? ''
      await client.magicLinks.authenticate({ magic_links_token: first })
      expect(await isAskedAbout(person)).toBe(false)
      await client.organizations.members.startEmailUpdate({ ...named(person), email_address })
      const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
      await client.magicLinks.authenticate({ magic_links_token })
      expect(await isAskedAbout(person)).toBe(true)
    })

    test.each(['enroll', 'unenroll'])('by a code that says %s', async (set_mfa_enrollment) => {
      const { client, isAskedAbout } = openGuards()
      const person = await fixture.newEnrolled()
      const intermediate_session_token = await fixture.beginSignIn(person)
      const code = fixture.nextCode(person.secret)
      const call = { ...named(person), intermediate_session_token, code, set_mfa_enrollment }
      await client.totps.authenticate(call)
      expect(await isAskedAbout(person)).toBe(true)
    })

    test('of an organization that a policy is set for by another of its names', async () => {
      const { client, isAskedAbout } = openGuards()
      const organization_slug = `slug-${randomUUID()}`
      const { organization_id } = await fixture.newOrganization({ organization_slug })
      const call = { organization_id: organization_slug, org_policy }
      await client.rbac.organizations.setOrgPolicy(call)
      expect(await isAskedAbout({ organization_id })).toBe(true)
    })

    test('also where the answer is lost, but not where the call was rejected', async () => {
      const { client, isAskedAbout } = openGuards()
      const person = await fixture.newPerson()
      const { organization_id } = await fixture.newOrganization()
      const update = { ...named(person), roles: [] }
      const policy = { organization_id, org_policy }
      const call = client.organizations.members.update({ ...update, roles: ['none'] })
      await expect(call).rejects.toMatchObject({ status_code: 400 })
      expect(await isAskedAbout(person)).toBe(false)
      for (const [path, change] of [
        [person.member_id, () => client.organizations.members.update(update)],
        ['/rbac/organizations/', () => client.rbac.organizations.setOrgPolicy(policy)]
      ] as const) {
        const restore = fixture.tap.override(path, 'broken')
        await expect(change()).rejects.toMatchObject({ code: 'authority_unavailable' })
        restore()
      }
      expect(await isAskedAbout(person)).toBe(true)
      expect(await isAskedAbout({ organization_id })).toBe(true)
    })
  })
})
