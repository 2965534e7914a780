import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { AuthenticationFactor } from 'membergate/client'
import { describeOnEachEngine } from '../support/fixture.ts'
import { newPhone, type Person } from '../support/people.ts'
import { setSettings } from '../support/project-settings.ts'
import { claimsOf } from '../support/session-jwts.ts'

/** A factor that is registered in a session shows that somebody holds it, not that it is the member. */

const insufficient = { status_code: 401, error_type: 'insufficient_factors' }
const tooOld = { status_code: 400, error_type: 'session_too_old_to_reset_password' }
const long = { session_duration_minutes: 720 }

function named({ organization_id, member_id }: Person) {
  return { organization_id, member_id }
}

describe('a factor that was registered in the session', () => {
  describeOnEachEngine((fixture) => {
    /** A member without a second factor, in a session that began three hours ago. */
    async function begin() {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person, long)
      fixture.clock.advance(3 * 3600)
      return { person, session_token }
    }

    async function enrolTotp(person: Person, session: { session_token: string }) {
      const request = { ...named(person), ...session }
      const { secret, recovery_codes } = await fixture.client.totps.create(request)
      const code = fixture.nextCode(secret)
      const answer = await fixture.client.totps.authenticate({ ...request, code })
      return { ...answer, secret, recovery_codes }
    }

    async function enrolPhone(person: Person, session: { session_token: string }) {
      const mfa_phone_number = newPhone()
      const code = await fixture.newSms(person, { mfa_phone_number, ...session })
      return fixture.client.otps.sms.authenticate({ ...named(person), ...session, code })
    }

    const reset = ({ organization_id }: Person, session_token: string) =>
      fixture.client.passwords.sessions.reset({
        organization_id,
        session_token,
        password: 'another horse battery staple'
      })

    const move = (person: Person, session_token: string) =>
      fixture.client.organizations.members.startEmailUpdate(
        { ...named(person), email_address: `${randomUUID()}@acme.example` },
        { authorization: { session_token } }
      )

    async function factorsOf(person: Person): Promise<AuthenticationFactor[]> {
      return (await fixture.sessionsOf(person)).flatMap((session) => session.authentication_factors)
    }

    const markOf = (factors: readonly AuthenticationFactor[], type: string) =>
      factors.find((factor) => factor.type === type)?.registered_in_session

    async function expectDenied(person: Person, session_token: string) {
      expect(await fixture.errorOf(reset(person, session_token))).toMatchObject(tooOld)
      expect(await fixture.errorOf(move(person, session_token))).toMatchObject(insufficient)
    }

    test('an own authenticator is marked, also in the JWT, and opens nothing', async () => {
      const { person, session_token } = await begin()
      const { session_jwt, secret } = await enrolTotp(person, { session_token })
      expect(markOf(await factorsOf(person), 'totp')).toBe(true)
      expect(markOf(await factorsOf(person), 'password')).toBeUndefined()
      expect(JSON.stringify(claimsOf(session_jwt))).toContain('"registered_in_session":true')
      await expectDenied(person, session_token)
      const code = fixture.nextCode(secret)
      await fixture.client.totps.authenticate({ ...named(person), session_token, code })
      expect(markOf(await factorsOf(person), 'totp')).toBe(true)
      await expectDenied(person, session_token)
    })

    test('its next code ends no more than its first: sign-ins still ask for a second factor', async () => {
      const { person, session_token } = await begin()
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const { secret } = await enrolTotp(person, { session_token })
      const request = { ...named(person), session_token, set_mfa_enrollment: 'unenroll' as const }
      const code = fixture.nextCode(secret)
      const unenrolling = fixture.client.totps.authenticate({ ...request, code })
      expect(await fixture.errorOf(unenrolling)).toMatchObject(insufficient)
      const { member } = await fixture.client.organizations.members.get(named(person))
      expect(member.mfa_enrolled).toBe(true)
      const repeated = { ...named(person), session_token, code, set_default_mfa: true }
      expect((await fixture.client.totps.authenticate(repeated)).status_code).toBe(200)
    })

    test('the next code to its own number ends no more either', async () => {
      const { person, session_token } = await begin()
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      await enrolPhone(person, { session_token })
      const unenrolling = fixture.client.otps.sms.authenticate({
        ...named(person),
        session_token,
        code: await fixture.newSms(person, { session_token }),
        set_mfa_enrollment: 'unenroll'
      })
      expect(await fixture.errorOf(unenrolling)).toMatchObject(insufficient)
    })

    test('its next code does not make it what sign-ins ask for first', async () => {
      const person = await fixture.newPhoned()
      const intermediate_session_token = await fixture.beginSignIn(person)
      const { session_token } = await fixture.client.otps.sms.authenticate({
        ...named(person),
        intermediate_session_token,
        code: fixture.lastCode(person.mfa_phone_number),
        ...long
      })
      fixture.clock.advance(3 * 3600)
      const { secret } = await enrolTotp(person, { session_token })
      const request = { ...named(person), session_token, code: fixture.nextCode(secret) }
      const preferring = fixture.client.totps.authenticate({ ...request, set_default_mfa: true })
      expect(await fixture.errorOf(preferring)).toMatchObject(insufficient)
      const { member } = await fixture.client.totps.authenticate(request)
      expect(member.default_mfa_method).toBe('sms_otp')
    })

    test('its recovery codes open as little', async () => {
      const { person, session_token } = await begin()
      const { recovery_codes } = await enrolTotp(person, { session_token })
      const recovery_code = recovery_codes[0] ?? ''
      await fixture.client.recoveryCodes.recover({ ...named(person), session_token, recovery_code })
      expect(markOf(await factorsOf(person), 'recovery_codes')).toBe(true)
      await expectDenied(person, session_token)
    })

    test('an own number is marked, and opens nothing', async () => {
      const { person, session_token } = await begin()
      await enrolPhone(person, { session_token })
      expect(markOf(await factorsOf(person), 'otp')).toBe(true)
      await expectDenied(person, session_token)
      const code = await fixture.newSms(person, { session_token })
      await fixture.client.otps.sms.authenticate({ ...named(person), session_token, code })
      await expectDenied(person, session_token)
    })

    test('a fresh password does not make up for it: the second factor was not verified', async () => {
      const { person, session_token } = await begin()
      await enrolTotp(person, { session_token })
      await fixture.authenticate(person, { session_token })
      expect(await fixture.errorOf(reset(person, session_token))).toMatchObject(insufficient)
      expect(await fixture.errorOf(move(person, session_token))).toMatchObject(insufficient)
    })

    test.each(['EMAIL_OTP', 'EMAIL_MAGIC_LINK'])(
      'a new address, by %s, opens nothing',
      async (delivery_method) => {
        const person = await fixture.newPerson()
        const { organization_id } = person
        const { session_token } = await fixture.signIn(person, long)
        const email_address = `${randomUUID()}@acme.example`
        await fixture.client.organizations.members.startEmailUpdate(
          { ...named(person), email_address, delivery_method },
          { authorization: { session_token } }
        )
        fixture.clock.advance(299)
        if (delivery_method === 'EMAIL_OTP') {
          const code = fixture.lastCode(email_address)
          const request = { organization_id, email_address, code, session_token }
          await fixture.client.otps.email.authenticate(request)
        } else {
          const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
          await fixture.client.magicLinks.authenticate({ magic_links_token, session_token })
        }
        const type = delivery_method === 'EMAIL_OTP' ? 'email_otp' : 'magic_link'
        expect(markOf(await factorsOf(person), type)).toBe(true)
        fixture.clock.advance(2)
        await expectDenied(person, session_token)
      }
    )

    test('a password that the session set first is marked, and renewing it opens nothing', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person, long)
      const email_address = `${randomUUID()}@acme.example`
      await fixture.client.organizations.members.update({ ...named(person), email_address })
      const { organization_id } = person
      await fixture.client.magicLinks.email.loginOrSignup({ organization_id, email_address })
      const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
      const answer = await fixture.client.magicLinks.authenticate({ magic_links_token })
      const moved = { ...person, email_address }
      await fixture.client.sessions.revoke({ session_token })
      await reset(moved, answer.session_token)
      fixture.clock.advance(301)
      await fixture.authenticate(moved, {
        session_token: answer.session_token,
        password: 'another horse battery staple'
      })
      expect(markOf(await factorsOf(moved), 'password')).toBe(true)
      await expectDenied(moved, answer.session_token)
    })

    test('counts once a later sign-in used it', async () => {
      const { person, session_token } = await begin()
      const { secret } = await enrolTotp(person, { session_token })
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      const code = fixture.nextCode(secret)
      const later = await fixture.client.totps.authenticate({
        ...named(person),
        intermediate_session_token,
        code
      })
      expect(markOf(later.member_session?.authentication_factors ?? [], 'totp')).toBeUndefined()
      expect((await move(person, later.session_token)).status_code).toBe(200)
      expect((await reset(person, later.session_token)).status_code).toBe(200)
    })

    describe('that is exchanged', () => {
      /** An old session by e-mail, so that an exchange takes its factor over, with an authenticator of its own. */
      async function beginByEmail() {
        const person = await fixture.newPerson()
        const { organization_id, email_address } = person
        await fixture.client.magicLinks.email.loginOrSignup({ organization_id, email_address })
        const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
        const { session_token } = await fixture.client.magicLinks.authenticate({
          magic_links_token,
          ...long
        })
        fixture.clock.advance(3 * 3600)
        const { secret } = await enrolTotp(person, { session_token })
        return { person, session_token, secret }
      }

      test.each([null, 720])(
        'is as little worth in the new session of the same organization, with at most %p minutes',
        async (maximum_session_minutes) => {
          const unset = await setSettings(fixture, { maximum_session_minutes })
          const { person, session_token, secret } = await beginByEmail()
          const { organization_id } = person
          fixture.clock.advance(60)
          const other = await fixture.client.sessions.exchange({ organization_id, session_token })
          const { member_session } = await fixture.client.totps.authenticate({
            ...named(person),
            session_token: other.session_token,
            code: fixture.nextCode(secret)
          })
          expect(markOf(member_session?.authentication_factors ?? [], 'totp')).toBe(true)
          await expectDenied(person, other.session_token)
          await unset()
        }
      )

      test('is as little worth in a session that was exchanged before', async () => {
        const person = await fixture.newPerson()
        const { organization_id, email_address } = person
        await fixture.client.magicLinks.email.loginOrSignup({ organization_id, email_address })
        const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
        const request = { magic_links_token, ...long }
        const { session_token } = await fixture.client.magicLinks.authenticate(request)
        fixture.clock.advance(3 * 3600)
        const other = await fixture.client.sessions.exchange({ organization_id, session_token })
        fixture.clock.advance(60)
        const { secret } = await enrolTotp(person, { session_token })
        const { member_session } = await fixture.client.totps.authenticate({
          ...named(person),
          session_token: other.session_token,
          code: fixture.nextCode(secret)
        })
        expect(markOf(member_session?.authentication_factors ?? [], 'totp')).toBe(true)
        await expectDenied(person, other.session_token)
      })

      test('is as little worth where it completes the exchange', async () => {
        const { person, session_token, secret } = await beginByEmail()
        const { organization_id } = person
        await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
        fixture.clock.advance(60)
        const { intermediate_session_token } = await fixture.client.sessions.exchange({
          organization_id,
          session_token
        })
        const answer = await fixture.client.totps.authenticate({
          ...named(person),
          intermediate_session_token,
          code: fixture.nextCode(secret)
        })
        expect(markOf(answer.member_session?.authentication_factors ?? [], 'totp')).toBe(true)
        await expectDenied(person, answer.session_token)
      })

      test('is as little worth where it completes an exchange of a session that is not that old', async () => {
        const person = await fixture.newPerson()
        const { organization_id, email_address } = person
        await fixture.client.magicLinks.email.loginOrSignup({ organization_id, email_address })
        const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
        const request = { magic_links_token, ...long }
        const { session_token } = await fixture.client.magicLinks.authenticate(request)
        fixture.clock.advance(301)
        const { secret } = await enrolTotp(person, { session_token })
        await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
        const exchanged = await fixture.client.sessions.exchange({ organization_id, session_token })
        const answer = await fixture.client.totps.authenticate({
          ...named(person),
          intermediate_session_token: exchanged.intermediate_session_token,
          code: fixture.nextCode(secret)
        })
        expect(markOf(answer.member_session?.authentication_factors ?? [], 'totp')).toBe(true)
        await expectDenied(person, answer.session_token)
      })

      test('is as little worth after the way through another organization', async () => {
        const { organization_id, email_address } = await fixture.newPerson()
        const person = { organization_id, email_address }
        await fixture.client.magicLinks.email.loginOrSignup(person)
        const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
        const request = { magic_links_token, ...long }
        const begun = await fixture.client.magicLinks.authenticate(request)
        const { member_id, member } = begun
        const here = { ...person, member_id, member }
        await fixture.newPerson({ organization_id: fixture.B.organization_id, email_address })
        fixture.clock.advance(3 * 3600)
        await enrolPhone(here, { session_token: begun.session_token })
        fixture.clock.advance(60)
        let { session_token } = begun
        for (const { organization_id } of [fixture.B, here]) {
          const request = { organization_id, session_token }
          session_token = (await fixture.client.sessions.exchange(request)).session_token
        }
        const code = await fixture.newSms(here, { session_token })
        const answer = await fixture.client.otps.sms.authenticate({
          ...named(here),
          session_token,
          code
        })
        expect(markOf(answer.member_session?.authentication_factors ?? [], 'otp')).toBe(true)
        await expectDenied(here, session_token)
      })

      test('an authenticator from before the session counts there', async () => {
        const { person, session_token } = await beginByEmail()
        const { organization_id } = fixture.B
        const namesake = await fixture.newPerson({
          organization_id,
          email_address: person.email_address
        })
        const { session_token: own } = await fixture.signIn(namesake)
        const { secret } = await enrolTotp(namesake, { session_token: own })
        await fixture.client.organizations.members.update({
          ...named(namesake),
          mfa_enrolled: true
        })
        const { organization_id: _, email_address } = person
        await fixture.client.magicLinks.email.loginOrSignup({
          organization_id: person.organization_id,
          email_address
        })
        const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
        await fixture.client.magicLinks.authenticate({ magic_links_token, session_token })
        fixture.clock.advance(3600)
        const { intermediate_session_token } = await fixture.client.sessions.exchange({
          organization_id,
          session_token
        })
        const answer = await fixture.client.totps.authenticate({
          ...named(namesake),
          intermediate_session_token,
          code: fixture.nextCode(secret)
        })
        expect(markOf(answer.member_session?.authentication_factors ?? [], 'totp')).toBeUndefined()
        expect((await reset(namesake, answer.session_token)).status_code).toBe(200)
      })
    })

    test('one that is registered in a sign-in began the session, and counts', async () => {
      const { organization_id } = await fixture.newOrganization({ mfa_policy: 'REQUIRED_FOR_ALL' })
      const person = await fixture.newPerson({ organization_id })
      const intermediate_session_token = await fixture.beginSignIn(person)
      const request = { ...named(person), intermediate_session_token }
      const { secret } = await fixture.client.totps.create(request)
      const code = fixture.nextCode(secret)
      const answer = await fixture.client.totps.authenticate({ ...request, code })
      expect(markOf(answer.member_session?.authentication_factors ?? [], 'totp')).toBeUndefined()
      expect((await reset(person, answer.session_token)).status_code).toBe(200)
    })
  })
})
