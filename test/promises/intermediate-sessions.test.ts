import { describe, expect, test } from '@jest/globals'
import { insertIntermediateSession, magicLinkFactor } from '../support/factors.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { type Enrolled, password } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'
import { totpCode, wrongCode } from '../support/totp-code.ts'

const gone = { status_code: 404, error_type: 'intermediate_session_not_found' }

describe('intermediate session tokens', () => {
  describeOnEachEngine((fixture) => {
    /** Every operation that takes one, called with it. */
    function operationsWith(person: Enrolled, intermediate_session_token: string) {
      const { organization_id, member_id, email_address, secret } = person
      const code = totpCode(secret, fixture.clock.now())
      const named = { organization_id, member_id, intermediate_session_token }
      return {
        'totps.authenticate': () => fixture.client.totps.authenticate({ ...named, code }),
        'recoveryCodes.recover': () =>
          fixture.client.recoveryCodes.recover({ ...named, recovery_code: 'aaaa-bbbb-cccc' }),
        'totps.create': () => fixture.client.totps.create(named),
        'otps.sms.send': () => fixture.client.otps.sms.send(named),
        'otps.sms.authenticate': () =>
          fixture.client.otps.sms.authenticate({ ...named, code: '000000' }),
        'passwords.authenticate': () =>
          fixture.client.passwords.authenticate({
            organization_id,
            email_address,
            password,
            intermediate_session_token
          })
      }
    }

    test('S-IST-01 S-IST-04: 9 min 59 s after it was issued the code completes a full session', async () => {
      const person = await fixture.newEnrolled()
      const token = await fixture.beginSignIn(person)
      fixture.clock.advance(599)
      const answer = await operationsWith(person, token)['totps.authenticate']()
      expect(answer.member_session?.member_id).toBe(person.member_id)
      expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'password',
        'totp'
      ])
      const { session_token } = answer
      const { member_session } = await fixture.client.sessions.authenticate({ session_token })
      expect(member_session.member_session_id).toBe(answer.member_session?.member_session_id)
    })

    test('S-IST-03: a member with a phone completes with the code of an SMS', async () => {
      const person = await fixture.newPhoned()
      const { organization_id, member_id, mfa_phone_number } = person
      const { member_session } = await fixture.client.otps.sms.authenticate({
        organization_id,
        member_id,
        intermediate_session_token: await fixture.beginSignIn(person),
        code: fixture.lastCode(mfa_phone_number)
      })
      expect(member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'password',
        'otp'
      ])
    })

    test('S-IST-09: one of a discovery sign-in completes MFA of an active member with its address', async () => {
      const person = await fixture.newBoth()
      const { organization_id, member_id, email_address } = person
      const named = { organization_id, member_id }
      const begin = () =>
        insertIntermediateSession(fixture.database, {
          project_id: fixture.project_id,
          email_address,
          authentication_factors: [magicLinkFactor(email_address, fixture.clock.now())],
          now: fixture.clock.now()
        })
      const texted = await begin()
      const bySms = await fixture.client.otps.sms.authenticate({
        ...named,
        intermediate_session_token: texted,
        code: await fixture.newSms(person, { intermediate_session_token: texted })
      })
      const byTotp = await fixture.client.totps.authenticate({
        ...named,
        intermediate_session_token: await begin(),
        code: fixture.nextCode(person.secret)
      })
      for (const [answer, type] of [
        [bySms, 'otp'],
        [byTotp, 'totp']
      ] as const) {
        expect(answer.member_session).toMatchObject({
          member_id,
          authentication_factors: [
            { type: 'magic_link', email_factor: { email_id: expect.any(String), email_address } },
            { type }
          ]
        })
      }
      const refused = fixture.client.otps.sms.send({
        ...named,
        intermediate_session_token: await insertIntermediateSession(fixture.database, {
          project_id: fixture.project_id,
          email_address: 'somebody@else.example',
          authentication_factors: [magicLinkFactor('somebody@else.example', fixture.clock.now())],
          now: fixture.clock.now()
        })
      })
      expect(await fixture.errorOf(refused)).toMatchObject({
        status_code: 400,
        error_type: 'member_session_member_id_mismatch'
      })
    })

    test('S-IST-05: a member completes with a recovery code, and then it is gone for every operation', async () => {
      const person = await fixture.newEnrolled()
      const { organization_id, member_id } = person
      const named = { organization_id, member_id }
      const { recovery_codes } = await fixture.client.recoveryCodes.get(named)
      const intermediate_session_token = await fixture.beginSignIn(person)
      const answer = await fixture.client.recoveryCodes.recover({
        ...named,
        intermediate_session_token,
        recovery_code: recovery_codes[0] ?? ''
      })
      expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
        'password',
        'recovery_codes'
      ])
      fixture.clock.advance(30)
      for (const call of Object.values(operationsWith(person, intermediate_session_token))) {
        expect(await fixture.errorOf(call())).toMatchObject(gone)
      }
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test('S-IST-02: 10 min after it was issued it is gone for every operation', async () => {
      const person = await fixture.newEnrolled()
      const token = await fixture.beginSignIn(person)
      fixture.clock.advance(600)
      for (const call of Object.values(operationsWith(person, token))) {
        expect(await fixture.errorOf(call())).toMatchObject(gone)
      }
      expect(await fixture.sessionsOf(person)).toEqual([])
    })

    test('S-IST-12: it is no session: sessions.authenticate and revoke do not know it', async () => {
      const person = await fixture.newEnrolled()
      const session_token = await fixture.beginSignIn(person)
      const refused = { status_code: 404, error_type: 'session_not_found' }
      for (const call of [
        fixture.client.sessions.authenticate({ session_token }),
        fixture.client.sessions.revoke({ session_token })
      ]) {
        expect(await fixture.errorOf(call)).toMatchObject(refused)
      }
      fixture.clock.advance(30)
      await operationsWith(person, session_token)['totps.authenticate']()
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test('S-IST-13: once it became a session it is gone for every operation', async () => {
      const person = await fixture.newEnrolled()
      const token = await fixture.beginSignIn(person)
      fixture.clock.advance(30)
      await operationsWith(person, token)['totps.authenticate']()
      fixture.clock.advance(30)
      for (const call of Object.values(operationsWith(person, token))) {
        expect(await fixture.errorOf(call())).toMatchObject(gone)
      }
      expect(await fixture.sessionsOf(person)).toHaveLength(1)
    })

    test('S-IST-14: a wrong code does not consume it', async () => {
      const person = await fixture.newEnrolled()
      const { organization_id, member_id, secret } = person
      const intermediate_session_token = await fixture.beginSignIn(person)
      fixture.clock.advance(30)
      const wrong = fixture.client.totps.authenticate({
        organization_id,
        member_id,
        intermediate_session_token,
        code: wrongCode(secret, fixture.clock.now())
      })
      expect(await fixture.errorOf(wrong)).toMatchObject({
        status_code: 401,
        error_type: 'unable_to_authenticate_totp'
      })
      expect(await fixture.sessionsOf(person)).toEqual([])
      const right = operationsWith(person, intermediate_session_token)['totps.authenticate']
      expect((await right()).member_session?.member_id).toBe(member_id)
    })

    test('S-IST-15: the answer holds either it or the pair, the other is empty', async () => {
      const free = await fixture.authenticate(await fixture.newPerson())
      expect(free.member_authenticated).toBe(true)
      expect(free.intermediate_session_token).toBe('')
      expect(free.session_token).toMatch(/^[A-Za-z0-9_-]{44}$/)
      expect(free.session_jwt).toMatch(/^eyJ/)

      const asked = await fixture.authenticate(await fixture.newEnrolled())
      expect(asked.member_authenticated).toBe(false)
      expect(asked.intermediate_session_token).toMatch(/^[A-Za-z0-9_-]{44}$/)
      expect([asked.session_token, asked.session_jwt]).toEqual(['', ''])
      expect(asked.member_session ?? null).toBe(null)
      expect(asked.primary_required ?? null).toBe(null)
      expect(asked.mfa_required).not.toBe(null)
    })

    describe('a primary factor that is demanded', () => {
      /** A pending member, whose password is right and does not verify the address. */
      async function newWaiting() {
        const { organization_id } = await fixture.newOrganization()
        const email_address = `${crypto.randomUUID()}@acme.example`
        const person = await fixture.newPerson({ organization_id, email_address })
        await runSql(
          fixture.database,
          "update members set status = 'pending', version = version + 1 where member_id = $1",
          [person.member_id]
        )
        const answer = await fixture.authenticate(person)
        expect(answer.member_authenticated).toBe(false)
        expect(answer.primary_required?.allowed_auth_methods).toContain('magic_link')
        await fixture.client.magicLinks.email.loginOrSignup({ organization_id, email_address })
        const magic_links_token = fixture.sentTo(email_address)[0]?.token ?? ''
        return { person, magic_links_token, token: answer.intermediate_session_token }
      }

      test('S-IST-10: with the token passed into the demanded step one session has both factors', async () => {
        const { person, magic_links_token, token: intermediate_session_token } = await newWaiting()
        const answer = await fixture.client.magicLinks.authenticate({
          magic_links_token,
          intermediate_session_token
        })
        expect(answer.member).toMatchObject({ status: 'active', email_address_verified: true })
        expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
          'password',
          'magic_link'
        ])
        expect(await fixture.sessionsOf(person)).toHaveLength(1)
      })

      test('S-IST-11: without it the first factor is not remembered', async () => {
        const { magic_links_token } = await newWaiting()
        const answer = await fixture.client.magicLinks.authenticate({ magic_links_token })
        expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
          'magic_link'
        ])
      })

      test('one of another member leaves the link good', async () => {
        const { magic_links_token } = await newWaiting()
        const { token: intermediate_session_token } = await newWaiting()
        const call = fixture.client.magicLinks.authenticate({
          magic_links_token,
          intermediate_session_token
        })
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_intermediate_session_token_for_organization'
        })
        await fixture.client.magicLinks.authenticate({ magic_links_token })
      })
    })
  })
})
