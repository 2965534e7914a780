import { describe, expect, test } from '@jest/globals'
import type { B2BRecoveryCodesRecoverRequest } from 'membergate/client'
import { describeOnEachEngine } from '../support/fixture.ts'
import type { Enrolled, Person } from '../support/people.ts'
import { wrongCode } from '../support/totp-code.ts'

type Tokens = Pick<
  B2BRecoveryCodesRecoverRequest,
  'intermediate_session_token' | 'session_token' | 'session_jwt'
>

const wrong = { status_code: 401, error_type: 'unable_to_authenticate_recovery_code' }
const notFound = { status_code: 404, error_type: 'recovery_codes_not_found' }

const form = /^[a-z0-9]{4}(-[a-z0-9]{4}){2}$/

describe('recovery codes', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    async function codesOf(person: Person) {
      return (await fixture.client.recoveryCodes.get(named(person))).recovery_codes
    }

    const recover = (person: Person, tokens: Tokens, recovery_code = '') =>
      fixture.client.recoveryCodes.recover({ ...named(person), ...tokens, recovery_code })

    /** A member with an authenticator, who is not asked for it. */
    const newUnasked = () => fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })

    describe('recoveryCodes.get', () => {
      test('answers the codes that totps.create gave, as long as they are unused', async () => {
        const person = await fixture.newPerson()
        const { secret, recovery_codes } = await fixture.client.totps.create(named(person))
        const { session_token } = await fixture.signIn(person)
        const code = fixture.nextCode(secret)
        await fixture.client.totps.authenticate({ ...named(person), session_token, code })
        const codes = await codesOf(person)
        expect([...codes].sort()).toEqual([...recovery_codes].sort())
        expect(await codesOf(person)).toEqual(codes)
        const [first, ...rest] = codes
        await recover(person, { session_token }, first)
        expect(await codesOf(person)).toEqual(rest)
      })

      test.each(['get', 'rotate'] as const)(
        'without a verified authenticator there are none (%s)',
        async (operation) => {
          const person = await fixture.newPerson()
          const call = () => fixture.errorOf(fixture.client.recoveryCodes[operation](named(person)))
          expect(await call()).toMatchObject(notFound)
          await fixture.client.totps.create(named(person))
          expect(await call()).toMatchObject(notFound)
        }
      )
    })

    describe('recoveryCodes.rotate', () => {
      test('answers ten new codes, and the old ones are worth nothing', async () => {
        const person = await newUnasked()
        const before = await codesOf(person)
        const { recovery_codes } = await fixture.client.recoveryCodes.rotate(named(person))
        expect(new Set([...before, ...recovery_codes]).size).toBe(20)
        for (const code of recovery_codes) expect(code).toMatch(form)
        expect([...(await codesOf(person))].sort()).toEqual([...recovery_codes].sort())
        const { session_token } = await fixture.signIn(person)
        expect(await fixture.errorOf(recover(person, { session_token }, before[0]))).toMatchObject(
          wrong
        )
        const answer = await recover(person, { session_token }, recovery_codes[0])
        expect(answer.recovery_codes_remaining).toBe(9)
      })
    })

    describe('recoveryCodes.recover', () => {
      test('an intermediate session and a code make a session with both factors, once', async () => {
        const person = await fixture.newEnrolled()
        const [code, next] = await codesOf(person)
        const intermediate_session_token = await fixture.beginSignIn(person)
        const answer = await recover(person, { intermediate_session_token }, code)
        expect(answer.recovery_codes_remaining).toBe(9)
        expect(answer.member_session?.authentication_factors).toMatchObject([
          { type: 'password' },
          {
            type: 'recovery_codes',
            delivery_method: 'recovery_code',
            recovery_code_factor: {
              totp_recovery_code_id: expect.stringMatching(/^member-totp-recovery-code-test-/)
            }
          }
        ])
        const { session_token } = answer
        const again = await fixture.client.sessions.authenticate({ session_token })
        expect(again.member_session.member_session_id).toBe(
          answer.member_session?.member_session_id
        )
        const call = recover(person, { intermediate_session_token }, next)
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'intermediate_session_not_found'
        })
        expect(await codesOf(person)).toHaveLength(9)
      })

      test.each(['session_token', 'session_jwt'] as const)(
        'a %s and a code add a factor to that session, whose end stays',
        async (name) => {
          const person = await newUnasked()
          const [code] = await codesOf(person)
          const pair = await fixture.signIn(person)
          fixture.clock.advance(10)
          const answer = await recover(person, { [name]: pair[name] }, code)
          expect(answer.session_token).toBe(pair.session_token)
          expect(answer.member_session).toMatchObject({
            member_session_id: pair.member_session.member_session_id,
            expires_at: pair.member_session.expires_at,
            authentication_factors: [{ type: 'password' }, { type: 'recovery_codes' }]
          })
        }
      )

      test('duration and claims go to the session', async () => {
        const person = await fixture.newEnrolled()
        const [recovery_code = ''] = await codesOf(person)
        const { member_session } = await fixture.client.recoveryCodes.recover({
          ...named(person),
          intermediate_session_token: await fixture.beginSignIn(person),
          recovery_code,
          session_duration_minutes: 5,
          session_custom_claims: { plan: 'pro' }
        })
        const life =
          Date.parse(member_session?.expires_at ?? '') -
          Date.parse(member_session?.started_at ?? '')
        expect(life).toBe(5 * 60_000)
        expect(member_session?.custom_claims).toEqual({ plan: 'pro' })
      })

      test('none, two and three of the session arguments are refused', async () => {
        const person = await newUnasked()
        const [code] = await codesOf(person)
        const { session_token, session_jwt } = await fixture.signIn(person)
        const intermediate_session_token = session_token
        expect(await fixture.errorOf(recover(person, {}, code))).toMatchObject({
          status_code: 400,
          error_type: 'no_session_arguments'
        })
        for (const tokens of [
          { session_token, session_jwt },
          { session_token, intermediate_session_token },
          { session_jwt, intermediate_session_token },
          { session_token, session_jwt, intermediate_session_token }
        ]) {
          expect(await fixture.errorOf(recover(person, tokens, code))).toMatchObject({
            status_code: 400,
            error_type: 'too_many_session_arguments'
          })
        }
        expect(await codesOf(person)).toHaveLength(10)
      })

      test("another member's session, intermediate session and code are refused, and nothing is used up", async () => {
        const person = await fixture.newEnrolled()
        const other = await fixture.newEnrolled()
        const [own] = await codesOf(person)
        const [foreign] = await codesOf(other)
        const theirs = { intermediate_session_token: await fixture.beginSignIn(other) }
        const ours = { intermediate_session_token: await fixture.beginSignIn(person) }
        expect(await fixture.errorOf(recover(person, theirs, own))).toMatchObject({
          status_code: 400,
          error_type: 'member_session_member_id_mismatch'
        })
        expect(await fixture.errorOf(recover(person, ours, foreign))).toMatchObject(wrong)
        expect((await recover(person, ours, own)).recovery_codes_remaining).toBe(9)
        expect((await recover(other, theirs, foreign)).recovery_codes_remaining).toBe(9)
      })

      test('case and spaces around a code do not count', async () => {
        const person = await newUnasked()
        const [code = ''] = await codesOf(person)
        const { session_token } = await fixture.signIn(person)
        const answer = await recover(person, { session_token }, ` ${code.toUpperCase()}\n`)
        expect(answer.recovery_codes_remaining).toBe(9)
      })

      test('of two imported codes that differ in case only, each is itself', async () => {
        const person = await fixture.newPerson()
        await fixture.client.totps.migrate({
          ...named(person),
          secret: 'JBSWY3DPEHPK3PXP',
          recovery_codes: ['Code', 'code']
        })
        const { session_token } = await fixture.signIn(person)
        await recover(person, { session_token }, 'code')
        expect(await codesOf(person)).toEqual(['Code'])
      })

      test('six digits are refused as a TOTP code, and count as a guess where codes look like that', async () => {
        const person = await newUnasked()
        const { session_token } = await fixture.signIn(person)
        expect(await fixture.errorOf(recover(person, { session_token }, '123456'))).toMatchObject({
          status_code: 400,
          error_type: 'totp_code_used_as_recovery_code'
        })
        const imported = await fixture.newPerson()
        await fixture.client.totps.migrate({
          ...named(imported),
          secret: 'JBSWY3DPEHPK3PXP',
          recovery_codes: ['123456']
        })
        const pair = await fixture.signIn(imported)
        const credential = { session_token: pair.session_token }
        expect(await fixture.errorOf(recover(imported, credential, '123457'))).toMatchObject(wrong)
        expect((await recover(imported, credential, '123456')).recovery_codes_remaining).toBe(0)
      })

      test.each(['', '  ', 'x'.repeat(129)])('%p is no code', async (code) => {
        const person = await newUnasked()
        const { session_token } = await fixture.signIn(person)
        expect(await fixture.errorOf(recover(person, { session_token }, code))).toMatchObject({
          status_code: 400,
          error_type: 'invalid_recovery_code'
        })
      })

      test('without a verified authenticator there are none, and with none left every code is wrong', async () => {
        const fresh = await fixture.newPerson()
        const { recovery_codes } = await fixture.client.totps.create(named(fresh))
        const waiting = { session_token: (await fixture.signIn(fresh)).session_token }
        const call = recover(fresh, waiting, recovery_codes[0])
        expect(await fixture.errorOf(call)).toMatchObject(notFound)

        const person = await fixture.newPerson()
        await fixture.client.totps.migrate({
          ...named(person),
          secret: 'JBSWY3DPEHPK3PXP',
          recovery_codes: ['only']
        })
        const { session_token } = await fixture.signIn(person)
        await recover(person, { session_token }, 'only')
        expect(await codesOf(person)).toEqual([])
        expect(await fixture.errorOf(recover(person, { session_token }, 'only'))).toMatchObject(
          wrong
        )
      })

      test('changes neither enrolment nor default', async () => {
        const { both } = fixture
        const default_mfa_method = 'sms_otp'
        await fixture.client.organizations.members.update({ ...named(both), default_mfa_method })
        const [code] = await codesOf(both)
        const { session_token } = await fixture.signIn(both)
        const { member } = await recover(both, { session_token }, code)
        expect(member).toMatchObject({ default_mfa_method, mfa_enrolled: false })
      })

      test('works where the organization allows SMS only', async () => {
        const { organization_id } = await fixture.newOrganization()
        const person = await fixture.newEnrolled({ organization_id })
        await fixture.client.organizations.update({
          organization_id,
          mfa_methods: 'RESTRICTED',
          allowed_mfa_methods: ['sms_otp']
        })
        const [code] = await codesOf(person)
        const intermediate_session_token = await fixture.beginSignIn(person)
        const answer = await recover(person, { intermediate_session_token }, code)
        expect(answer.member_session?.authentication_factors).toHaveLength(2)
      })

      test('five wrong codes end an intermediate session, recovery and TOTP codes together', async () => {
        const person = await fixture.newEnrolled()
        const [code] = await codesOf(person)
        const intermediate_session_token = await fixture.beginSignIn(person)
        for (let count = 0; count < 4; count += 1) {
          const call = recover(person, { intermediate_session_token }, 'aaaa-bbbb-cccc')
          expect(await fixture.errorOf(call)).toMatchObject(wrong)
        }
        fixture.clock.advance(90)
        const guess = fixture.client.totps.authenticate({
          ...named(person),
          intermediate_session_token,
          code: wrongTotp(person)
        })
        expect((await fixture.errorOf(guess)).error_type).toBe('unable_to_authenticate_totp')
        const call = recover(person, { intermediate_session_token }, code)
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 404,
          error_type: 'intermediate_session_not_found'
        })
        expect(await codesOf(person)).toHaveLength(10)
      })

      test('ten wrong codes lock the recovery codes for an hour, and a right one forgets those before', async () => {
        const person = await newUnasked()
        const [first, second] = await codesOf(person)
        const { session_token } = await fixture.signIn(person, { session_duration_minutes: 300 })
        const guess = async (times: number) => {
          for (let count = 0; count < times; count += 1) {
            const call = recover(person, { session_token }, 'aaaa-bbbb-cccc')
            expect(await fixture.errorOf(call)).toMatchObject(wrong)
          }
        }
        await guess(9)
        await recover(person, { session_token }, first)
        await guess(10)
        expect(await fixture.errorOf(recover(person, { session_token }, second))).toMatchObject({
          status_code: 429,
          error_type: 'user_lock_limit_reached'
        })
        fixture.clock.advance(3600)
        const answer = await recover(person, { session_token }, second)
        expect(answer.recovery_codes_remaining).toBe(8)
      })

      test('a code of the authenticator afterwards adds its own factor', async () => {
        const person = await fixture.newEnrolled()
        const [code] = await codesOf(person)
        const intermediate_session_token = await fixture.beginSignIn(person)
        const { session_token } = await recover(person, { intermediate_session_token }, code)
        const answer = await fixture.client.totps.authenticate({
          ...named(person),
          session_token,
          code: fixture.nextCode(person.secret)
        })
        expect(answer.member_session?.authentication_factors.map(({ type }) => type)).toEqual([
          'password',
          'recovery_codes',
          'totp'
        ])
      })
    })

    const wrongTotp = ({ secret }: Enrolled) => wrongCode(secret, fixture.clock.now())
  })
})
