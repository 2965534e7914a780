import { describe, expect, test } from '@jest/globals'
import type { B2BPasswordsExistingPasswordResetRequest } from 'membergate/client'
import { describeOnEachEngine } from '../support/fixture.ts'
import { failAttempts } from '../support/locks.ts'
import { type Enrolled, type Person, password } from '../support/people.ts'
import { setSettings } from '../support/project-settings.ts'
import { breakWrites } from './broken-storage.ts'

const another = 'another horse battery staple'
const wrong = { status_code: 401, error_type: 'unauthorized_credentials' }
const insufficient = { status_code: 401, error_type: 'insufficient_factors' }
const gone = { status_code: 404, error_type: 'session_not_found' }

describe('passwords.existingPassword.reset', () => {
  describeOnEachEngine((fixture) => {
    function reset(
      { organization_id, email_address }: Pick<Person, 'organization_id' | 'email_address'>,
      fields: Partial<B2BPasswordsExistingPasswordResetRequest> = {}
    ) {
      return fixture.client.passwords.existingPassword.reset({
        organization_id,
        email_address,
        existing_password: password,
        new_password: another,
        ...fields
      })
    }

    async function expectUnchanged(person: Person) {
      expect((await fixture.authenticate(person)).member_id).toBe(person.member_id)
      const call = fixture.authenticate(person, { password: another })
      expect(await fixture.errorOf(call)).toMatchObject(wrong)
    }

    test('the new password signs in, the old one does not, and the answer is a sign-in', async () => {
      const person = await fixture.newPerson()
      const answer = await reset(person, {
        session_duration_minutes: 30,
        session_custom_claims: { plan: 'pro' }
      })
      expect(answer).toMatchObject({
        member_id: person.member_id,
        member_authenticated: true,
        intermediate_session_token: '',
        member_session: { custom_claims: { plan: 'pro' } }
      })
      expect(answer).not.toHaveProperty('organization_id')
      expect(answer.member.member_password_id).not.toBe(person.member.member_password_id)
      expect([answer.mfa_required ?? null, answer.primary_required ?? null]).toEqual([null, null])
      expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'password'
      ])
      const { session_token } = answer
      expect((await fixture.client.sessions.authenticate({ session_token })).status_code).toBe(200)
      expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject(wrong)
      await fixture.signIn(person, { password: another })
    })

    test('AP-09: every session of the member ends, and those of others live', async () => {
      const person = await fixture.newPerson()
      const otherMember = await fixture.newPerson()
      const ended = [await fixture.signIn(person), await fixture.signIn(person)]
      const other = await fixture.signIn(otherMember)
      const { member_session } = await reset(person)
      expect(await fixture.sessionsOf(person)).toEqual([member_session])
      for (const { session_token } of ended) {
        const call = fixture.client.sessions.authenticate({ session_token })
        expect(await fixture.errorOf(call)).toMatchObject(gone)
      }
      expect(await fixture.sessionsOf(otherMember)).toEqual([other.member_session])
    })

    test('AP-09: a sign-in that waits for its second factor ends as well', async () => {
      const person = await fixture.newEnrolled()
      const intermediate_session_token = await fixture.beginSignIn(person)
      await reset(person)
      const { organization_id, member_id, secret } = person
      const call = fixture.client.totps.authenticate({
        organization_id,
        member_id,
        intermediate_session_token,
        code: fixture.nextCode(secret)
      })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 404,
        error_type: 'intermediate_session_not_found'
      })
    })

    test('AP-08: where a second factor is asked for, it still is', async () => {
      const person = await fixture.newEnrolled()
      const answer = await reset(person)
      expect(answer).toMatchObject({ member_authenticated: false, session_token: '' })
      expect(answer.mfa_required?.member_options?.totp_registration_id).toBe(
        person.totp_registration_id
      )
      const { organization_id, member_id, secret } = person
      const { intermediate_session_token } = answer
      const code = fixture.nextCode(secret)
      const request = { organization_id, member_id, intermediate_session_token, code }
      const { member_session } = await fixture.client.totps.authenticate(request)
      expect(member_session?.authentication_factors).toHaveLength(2)
    })

    async function signInWithBoth(person: Enrolled): Promise<string> {
      const { organization_id, member_id, secret } = person
      const intermediate_session_token = await fixture.beginSignIn(person)
      const code = fixture.nextCode(secret)
      const request = { organization_id, member_id, intermediate_session_token, code }
      return (await fixture.client.totps.authenticate(request)).session_token
    }

    test('a session of the member ends too, and its second factor counts for the new one', async () => {
      const person = await fixture.newEnrolled()
      const session_token = await signInWithBoth(person)
      const answer = await reset(person, { session_token })
      expect(answer.member_authenticated).toBe(true)
      expect(answer.session_token).not.toBe(session_token)
      expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'password',
        'totp'
      ])
      expect(await fixture.sessionsOf(person)).toEqual([answer.member_session])
    })

    const resetLater = async (person: Enrolled, session_token: string) => {
      fixture.clock.advance(1800)
      const { session_token: renewed, member_session } = await reset(person, { session_token })
      return { session_token: renewed, factors: member_session?.authentication_factors ?? [] }
    }

    /** What a session may do only shortly after the second factor was verified. */
    const setAgain = ({ organization_id }: Person, session_token: string) =>
      fixture.client.passwords.sessions.reset({ organization_id, session_token, password })

    test('a second factor that the session brings is as old as it was, and opens nothing', async () => {
      const person = await fixture.newEnrolled()
      const token = await signInWithBoth(person)
      const before = (await fixture.sessionsOf(person))[0]?.authentication_factors
      const { session_token, factors } = await resetLater(person, token)
      expect(factors).toHaveLength(2)
      expect(factors[1]).toEqual(before?.[1])
      expect(factors[0]?.last_authenticated_at).not.toBe(before?.[0]?.last_authenticated_at)
      expect(await fixture.errorOf(setAgain(person, session_token))).toMatchObject(insufficient)
    })

    test('a second factor that was registered in the session stays marked, and opens nothing', async () => {
      const person = await fixture.newPerson()
      const { organization_id, member_id } = person
      const { session_token: first } = await fixture.signIn(person)
      const { secret } = await fixture.client.totps.create({ organization_id, member_id })
      const verify = (session_token: string) => {
        const code = fixture.nextCode(secret)
        return fixture.client.totps.authenticate({
          organization_id,
          member_id,
          session_token,
          code
        })
      }
      await verify(first)
      const { session_token } = await reset(person, { session_token: first })
      const { member_session } = await verify(session_token)
      expect(member_session?.authentication_factors).toMatchObject([
        { type: 'password' },
        { type: 'totp', registered_in_session: true }
      ])
      expect(await fixture.errorOf(setAgain(person, session_token))).toMatchObject(insufficient)
    })

    test('an authenticator that was removed since does not count', async () => {
      const person = await fixture.newEnrolled()
      const { organization_id, member_id } = person
      const session_token = await signInWithBoth(person)
      await fixture.client.organizations.members.deleteTOTP({ organization_id, member_id })
      const answer = await reset(person, { session_token })
      expect(answer).toMatchObject({ member_authenticated: false, session_token: '' })
    })

    test('a second factor whose codes are locked by now does not count', async () => {
      const person = await fixture.newEnrolled()
      const session_token = await signInWithBoth(person)
      const locked = { failures: 10, now: fixture.clock.now() }
      await failAttempts(fixture.database, person, ['totp'], locked)
      const answer = await reset(person, { session_token })
      expect(answer).toMatchObject({ member_authenticated: false, session_token: '' })
    })

    test('the longest life of a session is that of the one that it ends', async () => {
      const unset = await setSettings(fixture, { maximum_session_minutes: 720 })
      const person = await fixture.newEnrolled()
      const session_token = await signInWithBoth(person)
      const [before] = await fixture.sessionsOf(person)
      await resetLater(person, session_token)
      const [after] = await fixture.sessionsOf(person)
      expect(after?.member_session_id).not.toBe(before?.member_session_id)
      expect(after?.started_at).toBe(before?.started_at)
      await unset()
    })

    test('a session of another member is ignored and lives; one that is unknown is refused', async () => {
      const person = await fixture.newEnrolled()
      const stranger = await fixture.newEnrolled()
      const session_token = await signInWithBoth(stranger)
      const unknown = { session_token: 'A'.repeat(44) }
      expect(await fixture.errorOf(reset(person, unknown))).toMatchObject(gone)
      const { session_jwt } = await fixture.client.sessions.authenticate({ session_token })
      expect(await fixture.errorOf(reset(person, { session_token, session_jwt }))).toMatchObject({
        status_code: 400,
        error_type: 'too_many_session_arguments'
      })
      expect((await reset(person, { session_token })).member_authenticated).toBe(false)
      expect(await fixture.sessionsOf(stranger)).toHaveLength(1)
    })

    test('AP-04: an unknown address, a member without a password and a wrong one have one answer', async () => {
      const { organization_id } = fixture.A
      const email_address = `${crypto.randomUUID()}@acme.example`
      const person = await fixture.newPerson()
      const unknown = { organization_id, email_address: 'nobody@acme.example' }
      await fixture.client.organizations.members.create({ organization_id, email_address })
      const refusals = [
        await fixture.errorOf(reset(unknown)),
        await fixture.errorOf(reset(unknown, { new_password: 'password' })),
        await fixture.errorOf(reset({ organization_id, email_address })),
        await fixture.errorOf(reset(person, { existing_password: 'wrong' })),
        await fixture.errorOf(
          reset(person, { existing_password: 'wrong', new_password: 'password' })
        )
      ].map(({ request_id, ...refusal }) => refusal)
      expect(refusals[0]).toMatchObject(wrong)
      for (const refusal of refusals) expect(refusal).toEqual(refusals[0])
      await expectUnchanged(person)
    })

    test('AP-14: a wrong one counts, and ten lock; a right one beside a weak one does not count', async () => {
      const person = await fixture.newPerson()
      for (let failures = 1; failures <= 9; failures += 1) {
        await fixture.errorOf(reset(person, { existing_password: 'wrong' }))
      }
      const weak = reset(person, { new_password: 'password' })
      expect((await fixture.errorOf(weak)).error_type).toBe('weak_password')
      await fixture.errorOf(reset(person, { existing_password: 'wrong' }))
      const locked = { status_code: 429, error_type: 'user_lock_limit_reached' }
      expect(await fixture.errorOf(reset(person))).toMatchObject(locked)
      expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject(locked)
    })

    test('where passwords do not sign in, none is replaced', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const settings = { auth_methods: 'RESTRICTED', allowed_auth_methods: ['magic_link'] }
      await fixture.client.organizations.update({ organization_id, ...settings })
      expect(await fixture.errorOf(reset(person))).toMatchObject({
        status_code: 403,
        error_type: 'operation_restricted_by_organization_auth_methods'
      })
      await fixture.client.organizations.update({ organization_id, auth_methods: 'ALL_ALLOWED' })
      await expectUnchanged(person)
    })

    test('of ten at the same moment one wins, and only its session lives', async () => {
      const person = await fixture.newPerson()
      const choose = (index: number) => `${another} ${index}`
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) => reset(person, { new_password: choose(index) }))
      )
      const winners = outcomes.flatMap(({ status }, index) =>
        status === 'fulfilled' ? [index] : []
      )
      expect(winners).toHaveLength(1)
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
      await fixture.signIn(person, { password: choose(winners[0] ?? -1) })
    })

    test('as another client signs in with the old one: no session of that is left', async () => {
      const person = await fixture.newPerson()
      const [done] = await Promise.allSettled([
        reset(person),
        ...Array.from({ length: 5 }, () => fixture.signIn(person))
      ])
      expect(done.status).toBe('fulfilled')
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test.each([
      ['update', 'passwords'],
      ['insert', 'sessions']
    ] as const)('while storage fails (%s %s) nothing is partly done', async (event, table) => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      await breakWrites(fixture.database, event, table, async () => {
        expect(await fixture.errorOf(reset(person))).toMatchObject({ status_code: 500 })
      })
      expect(await fixture.sessionsOf(person)).toEqual([pair.member_session])
      await expectUnchanged(person)
    })
  })
})
