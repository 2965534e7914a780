import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import { type Person, password } from '../support/people.ts'

const weak = { status_code: 400, error_type: 'weak_password' }

describe('passwords.strengthCheck', () => {
  describeOnEachEngine((fixture) => {
    const check = (chosen: string, email_address?: string) =>
      fixture.client.passwords.strengthCheck({ password: chosen, email_address })

    test('a strong password is valid', async () => {
      const { request_id, ...answer } = await check('correct horse battery staple')
      expect(answer).toEqual({
        status_code: 200,
        valid_password: true,
        score: 4,
        breached_password: false,
        strength_policy: 'zxcvbn',
        breach_detection_on_create: false,
        luds_feedback: {
          has_lower_case: true,
          has_upper_case: false,
          has_digit: false,
          has_symbol: true,
          missing_complexity: 0,
          missing_characters: 0
        },
        zxcvbn_feedback: { warning: '', suggestions: [] }
      })
    })

    test.each(['password', 'P@ssw0rd1', '12345678', 'a', 'qwertyuiop'])(
      'AP-12: %s is weak, and the answer says how to do better',
      async (chosen) => {
        const { valid_password, score, zxcvbn_feedback } = await check(chosen)
        expect(valid_password).toBe(false)
        expect(score).toBeLessThan(3)
        expect(zxcvbn_feedback?.suggestions.length).toBeGreaterThan(0)
      }
    )

    test('what resembles the address is weak', async () => {
      const chosen = 'brzeczyszczykiewicz'
      expect((await check(chosen)).valid_password).toBe(true)
      expect((await check(chosen, `${chosen}@acme.example`)).valid_password).toBe(false)
    })

    test('a password of 1,024 bytes is rated', async () => {
      const { valid_password } = await check('4@8({[</369&#9!1/|0$5+7%2'.repeat(40))
      expect(valid_password).toBe(true)
    })

    test('what it finds valid can be set, and what it does not cannot', async () => {
      for (const chosen of ['Xk3-vv9!qLp2', 'P@ssw0rd1']) {
        const person = await fixture.newPerson()
        const { session_token } = await fixture.signIn(person)
        const { organization_id } = person
        const request = { organization_id, session_token, password: chosen }
        const { valid_password } = await check(chosen)
        const call = fixture.client.passwords.sessions.reset(request)
        if (valid_password) expect((await call).status_code).toBe(200)
        else expect(await fixture.errorOf(call)).toMatchObject(weak)
      }
    })
  })
})

describe('a weak password', () => {
  describeOnEachEngine((fixture) => {
    async function startReset({ organization_id, email_address }: Person): Promise<string> {
      await fixture.client.passwords.email.resetStart({ organization_id, email_address })
      return fixture.sentTo(email_address)[0]?.token ?? ''
    }

    /** Each way to set one: a call that can be made again. */
    const ways: Record<string, (person: Person) => Promise<(chosen: string) => Promise<unknown>>> =
      {
        async 'passwords.sessions.reset'(person) {
          const { session_token } = await fixture.signIn(person)
          const { organization_id } = person
          const request = { organization_id, session_token }
          return (chosen) =>
            fixture.client.passwords.sessions.reset({ ...request, password: chosen })
        },
        async 'passwords.existingPassword.reset'({ organization_id, email_address }) {
          const request = { organization_id, email_address, existing_password: password }
          return (new_password) =>
            fixture.client.passwords.existingPassword.reset({ ...request, new_password })
        },
        async 'passwords.email.reset'(person) {
          const password_reset_token = await startReset(person)
          return (chosen) =>
            fixture.client.passwords.email.reset({ password_reset_token, password: chosen })
        }
      }

    test.each(Object.keys(ways))(
      'AP-12: %s refuses it before anything is used up, and takes a strong one then',
      async (way) => {
        const person = await fixture.newPerson({ name: 'Grzegorz Brzeczyszczykiewicz' })
        const set = await ways[way]?.(person)
        const { organization_id, member_id } = person
        const before = await fixture.sessionsOf(person)
        for (const chosen of ['password', 'Brzeczyszczykiewicz1', person.email_address]) {
          expect(await fixture.errorOf(Promise.resolve(set?.(chosen)))).toMatchObject(weak)
        }
        expect(await fixture.sessionsOf(person)).toEqual(before)
        const { member } = await fixture.client.organizations.members.get({
          organization_id,
          member_id
        })
        expect(member.member_password_id).toBe(person.member.member_password_id)
        await set?.('another horse battery staple')
        await fixture.signIn(person, { password: 'another horse battery staple' })
      }
    )
  })
})
