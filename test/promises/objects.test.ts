import { describe, expect, test } from '@jest/globals'
import { openAuthority } from 'membergate/testing'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Person } from '../support/people.ts'
import { claimsOf, secondsOf } from '../support/session-jwts.ts'

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** Every member of a JSON value whose name ends in `_at`. */
function timestampsOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) =>
    name.endsWith('_at') && child !== null ? [child] : timestampsOf(child)
  )
}

let phoneNumbers = 0

/** No two members of an organization have the same number. */
function newPhone(): string {
  phoneNumbers += 1
  return `+1202556${1000 + phoneNumbers}`
}

describe('objects', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })
    const now = () => fixture.clock.now() / 1000

    /** The answers of every operation that returns a session. */
    async function answersWithSessions() {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const signedIn = await fixture.authenticate(person)
      const { session_token } = signedIn
      const again = await fixture.client.sessions.authenticate({ session_token })
      const code = fixture.nextCode(person.secret)
      const steppedUp = await fixture.client.totps.authenticate({
        ...named(person),
        session_token,
        code
      })
      const { member_sessions } = await fixture.client.sessions.get(named(person))
      return {
        person,
        answers: [signedIn, again, steppedUp, { member_sessions }],
        sessions: [
          signedIn.member_session,
          again.member_session,
          steppedUp.member_session,
          ...member_sessions
        ]
      }
    }

    test('S-OBJ-01: every session is complete, whichever operation returns it', async () => {
      const { person, sessions } = await answersWithSessions()
      expect(sessions).toHaveLength(4)
      for (const session of sessions) {
        expect(session).toMatchObject({
          member_session_id: expect.stringMatching(/^member-session-test-[0-9a-f-]{36}$/),
          member_id: person.member_id,
          started_at: expect.stringMatching(rfc3339),
          last_accessed_at: expect.stringMatching(rfc3339),
          expires_at: expect.stringMatching(rfc3339),
          organization_id: person.organization_id,
          organization_slug: fixture.A.organization_slug,
          roles: ['stytch_member'],
          custom_claims: {}
        })
        expect(session?.authentication_factors[0]).toMatchObject({
          type: 'password',
          delivery_method: 'knowledge',
          last_authenticated_at: expect.stringMatching(rfc3339)
        })
      }
    })

    test('S-OBJ-02: every timestamp is RFC 3339 in UTC, ending in Z', async () => {
      const { answers } = await answersWithSessions()
      const timestamps = timestampsOf(answers)
      expect(timestamps.length).toBeGreaterThan(20)
      for (const timestamp of timestamps) expect(timestamp).toMatch(rfc3339)
    })

    test('S-OBJ-03 S-OBJ-04: started_at never changes; last_accessed_at is when the API was last asked', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token, member_session } = await fixture.signIn(person)
      const { started_at } = member_session
      expect(secondsOf(started_at)).toBe(now())
      const steps = [
        () => fixture.client.sessions.authenticate({ session_token }),
        () => fixture.client.sessions.authenticate({ session_token, session_duration_minutes: 90 }),
        () =>
          fixture.client.totps.authenticate({
            ...named(person),
            session_token,
            code: fixture.nextCode(person.secret)
          })
      ]
      for (const step of steps) {
        fixture.clock.advance(100)
        const answer = await step()
        const [stored] = await fixture.sessionsOf(person)
        for (const session of [answer.member_session, stored]) {
          expect(session?.started_at).toBe(started_at)
          expect(secondsOf(session?.last_accessed_at ?? '')).toBe(now())
        }
      }
    })

    test('S-OBJ-05: what is verified only locally leaves last_accessed_at at the authority', async () => {
      const person = await fixture.newPerson()
      const { session_jwt, member_session } = await fixture.signIn(person)
      fixture.clock.advance(100)
      await fixture.client.sessions.authenticateJwtLocal({ session_jwt })
      await fixture.client.sessions.authenticateJwt({ session_jwt })
      const [stored] = await fixture.sessionsOf(person)
      expect(stored?.last_accessed_at).toBe(member_session.last_accessed_at)
    })

    test('S-OBJ-06: a sign-in by password and TOTP holds exactly these two factors', async () => {
      const person = await fixture.newEnrolled()
      const intermediate_session_token = await fixture.beginSignIn(person)
      const { member_session, session_jwt } = await fixture.client.totps.authenticate({
        ...named(person),
        intermediate_session_token,
        code: fixture.nextCode(person.secret)
      })
      const factors = member_session?.authentication_factors
      expect(factors).toHaveLength(2)
      expect(factors).toMatchObject([
        { type: 'password', delivery_method: 'knowledge', sequence_order: 'PRIMARY' },
        {
          type: 'totp',
          delivery_method: 'authenticator_app',
          sequence_order: 'SECONDARY',
          authenticator_app_factor: { totp_id: person.totp_registration_id }
        }
      ])
      expect(claimsOf(session_jwt)['https://stytch.com/session']).toMatchObject({
        authentication_factors: factors
      })
    })

    test('S-OBJ-07: slugs of 2 to 128 characters of the right kind work, others are refused', async () => {
      const create = (organization_slug: string) =>
        fixture.client.organizations.create({ organization_name: 'Initech', organization_slug })
      const unique = crypto.randomUUID()
      const short = `${unique[0]}${unique[1]}`
      for (const slug of [
        await freeSlug(short),
        unique.padEnd(128, 'x'),
        `${unique}-._~`,
        `~._-${unique}`
      ]) {
        const { organization } = await create(slug)
        expect(organization.organization_slug).toBe(slug)
        const found = await fixture.client.organizations.get({ organization_id: slug })
        expect(found.organization.organization_id).toBe(organization.organization_id)
      }
      for (const slug of [
        'x',
        unique.padEnd(129, 'x'),
        `${unique} x`,
        `${unique}/x`,
        `${unique}é`,
        '-._~'
      ]) {
        expect(await fixture.errorOf(create(slug))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_organization_slug'
        })
      }
    })

    /** Two characters that no organization has yet. */
    async function freeSlug(wanted: string): Promise<string> {
      const { organizations } = await fixture.client.organizations.search({ limit: 1000 })
      const taken = new Set(organizations.map(({ organization_slug }) => organization_slug))
      const alphabet = [...'abcdefghijklmnopqrstuvwxyz']
      const free = alphabet.map((letter) => `${wanted[0]}${letter}`)
      return free.find((slug) => !taken.has(slug)) ?? wanted
    }

    test('S-OBJ-08: after its slug changed, sessions and JWTs of an organization carry the new one', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const { session_token } = await fixture.signIn(person)
      const organization_slug = `renamed-${crypto.randomUUID()}`
      await fixture.client.organizations.update({ organization_id, organization_slug })
      const answer = await fixture.client.sessions.authenticate({ session_token })
      expect(answer.member_session).toMatchObject({ organization_id, organization_slug })
      expect(answer.organization).toMatchObject({ organization_id, organization_slug })
      expect(claimsOf(answer.session_jwt)['https://stytch.com/organization']).toEqual({
        organization_id,
        slug: organization_slug
      })
    })

    test('S-OBJ-09: primary_required lists methods; ["magic_link"] where a magic link is what is missing', async () => {
      const answer = await fixture.authenticate(fixture.waiting)
      expect(answer.member_authenticated).toBe(false)
      expect(answer.primary_required).toEqual({ allowed_auth_methods: ['magic_link'] })
      expect(answer.mfa_required ?? null).toBe(null)
      expect(answer.intermediate_session_token).toMatch(/^[A-Za-z0-9_-]{44}$/)
      expect([answer.session_token, answer.session_jwt]).toEqual(['', ''])
      expect(answer.member.status).toBe('pending')
      expect(await fixture.sessionsOf(fixture.waiting)).toEqual([])
    })

    test('S-OBJ-10: mfa_required shows exactly the phone and the authenticator that there are', async () => {
      const { organization_id } = await fixture.newOrganization()
      const phone = { mfa_phone_number: newPhone(), set_phone_number_verified: true }
      const neither = await fixture.newPerson({ organization_id })
      const withPhone = await fixture.newPerson({ organization_id, ...phone })
      const withTotp = await fixture.newEnrolled({ organization_id })
      const unverified = await fixture.newEnrolled({ organization_id })
      await fixture.client.organizations.members.update({
        ...named(unverified),
        mfa_phone_number: newPhone()
      })
      await fixture.client.organizations.update({ organization_id, mfa_policy: 'REQUIRED_FOR_ALL' })

      const optionsOf = async (person: Person) =>
        (await fixture.authenticate(person)).mfa_required?.member_options ?? null
      const last = ({ mfa_phone_number }: { mfa_phone_number: string }) =>
        mfa_phone_number.slice(-4)

      expect(await optionsOf(neither)).toBe(null)

      const phoneOnly = await optionsOf(withPhone)
      expect(phoneOnly?.mfa_phone_number).toMatch(new RegExp(`^X+${last(phone)}$`))
      expect(phoneOnly?.totp_registration_id).toBe('')

      const totp_registration_id = withTotp.totp_registration_id
      expect(await optionsOf(withTotp)).toEqual({ mfa_phone_number: '', totp_registration_id })

      // An unverified number is not offered beside another factor: it would be a way around it.
      expect(await optionsOf(unverified)).toEqual({
        mfa_phone_number: '',
        totp_registration_id: unverified.totp_registration_id
      })

      const { both } = fixture
      await fixture.client.organizations.members.update({ ...named(both), mfa_enrolled: true })
      const all = await optionsOf(both)
      expect(all?.mfa_phone_number).toMatch(new RegExp(`^X+${last(both.member)}$`))
      expect(all?.totp_registration_id).toBe(both.totp_registration_id)
    })

    test('S-OBJ-12: the policy has the four default resources', async () => {
      const { policy } = await fixture.client.rbac.policy()
      const ids = policy?.resources.map(({ resource_id }) => resource_id)
      expect(ids).toEqual(
        expect.arrayContaining([
          'stytch.organization',
          'stytch.member',
          'stytch.sso',
          'stytch.self',
          'documents',
          'invoices'
        ])
      )
      expect(new Set(ids).size).toBe(ids?.length)
    })
  })

  test.each(['stytch.docs', 'stytchy', 'stytch'])(
    'S-OBJ-11: a policy with the custom resource %s is refused',
    async (resource_id) => {
      const policy = { resources: [{ resource_id, description: '', actions: ['read'] }] }
      await expect(openAuthority({ projects: [{ policy }] })).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining('projects[0].policy')
      })
    }
  )
})
