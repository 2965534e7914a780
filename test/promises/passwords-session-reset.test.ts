import { describe, expect, test } from '@jest/globals'
import type { B2BPasswordsSessionResetRequest } from 'membergate/client'
import { describeOnEachEngine, type Session } from '../support/fixture.ts'
import { type Enrolled, type Pair, type Person, password } from '../support/people.ts'
import { breakWrites } from './broken-storage.ts'

const another = 'another horse battery staple'
/** Twenty characters that nobody would guess; what follows them makes them no weaker. */
const unlike = '9 zébu, 4 wörm & fax'
const tooOld = { status_code: 400, error_type: 'session_too_old_to_reset_password' }
const wrong = { status_code: 401, error_type: 'unauthorized_credentials' }
const gone = { status_code: 404, error_type: 'session_not_found' }
const invalid = { status_code: 400, error_type: 'invalid_argument' }
const credentials: readonly Session[] = ['session_token', 'session_jwt']

describe('passwords.sessions.reset', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    function reset(
      { organization_id }: Person,
      { session_token }: Pair,
      fields: Partial<B2BPasswordsSessionResetRequest> = {}
    ) {
      const request = { organization_id, session_token, password: another }
      return fixture.client.passwords.sessions.reset({ ...request, ...fields })
    }

    /** Which of the two passwords signs in. It starts sessions. */
    async function working(person: Person): Promise<string[]> {
      const outcomes = []
      for (const candidate of [password, another]) {
        const call = fixture.authenticate(person, { password: candidate })
        outcomes.push(
          await call.then(
            () => [candidate],
            () => []
          )
        )
      }
      return outcomes.flat()
    }

    async function idsOf(person: Person): Promise<string[]> {
      return (await fixture.sessionsOf(person)).map(({ member_session_id }) => member_session_id)
    }

    async function stepUp(person: Enrolled, { session_token }: Pair) {
      const code = fixture.nextCode(person.secret)
      return fixture.client.totps.authenticate({ ...named(person), session_token, code })
    }

    const newUnasked = () => fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })

    async function expectUnchanged(person: Person, pair: Pair) {
      expect(await fixture.sessionsOf(person)).toEqual([pair.member_session])
      const { member } = await fixture.client.organizations.members.get(named(person))
      expect(member).toEqual(person.member)
      expect(await working(person)).toEqual([password])
    }

    test('S-PSR-01: a minute after signing in the password is replaced: the new one signs in, the old one does not', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      fixture.clock.advance(60)
      expect((await reset(person, pair)).status_code).toBe(200)
      expect(await working(person)).toEqual([another])
    })

    test('S-PSR-02: a factor may be 300 seconds old', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      fixture.clock.advance(300)
      expect((await reset(person, pair)).status_code).toBe(200)
    })

    test('S-PSR-02 S-PSR-04: one of 301 seconds is too old, and everything stays as it was', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      fixture.clock.advance(301)
      expect(await fixture.errorOf(reset(person, pair))).toMatchObject(tooOld)
      await expectUnchanged(person, pair)
    })

    test('S-PSR-02: setting a password proves nothing: the five minutes go on', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      fixture.clock.advance(299)
      const { member_session } = await reset(person, pair)
      expect(member_session?.authentication_factors).toEqual(
        pair.member_session.authentication_factors
      )
      fixture.clock.advance(2)
      expect(await fixture.errorOf(reset(person, pair))).toMatchObject(tooOld)
    })

    test('S-PSR-03 S-PSR-05: an hour after the password, a step-up of a minute ago is enough', async () => {
      const person = await newUnasked()
      const pair = await fixture.signIn(person, { session_duration_minutes: 120 })
      fixture.clock.advance(3600)
      expect(await fixture.errorOf(reset(person, pair))).toMatchObject(tooOld)
      const { member_session } = await stepUp(person, pair)
      fixture.clock.advance(60)
      const answer = await reset(person, pair)
      expect(answer.member_session?.authentication_factors).toEqual(
        member_session?.authentication_factors
      )
      expect(await working(person)).toEqual([another])
    })

    test('S-PSR-06 S-PSR-07: the other sessions of the member end at once; the used one lives, and so do those of others', async () => {
      const person = await fixture.newPerson()
      const { email_address } = person
      const { organization_id } = fixture.B
      const namesake = await fixture.newPerson({ organization_id, email_address })
      const otherMember = await fixture.newPerson()
      const others = [await fixture.signIn(namesake), await fixture.signIn(otherMember)]
      const pair = await fixture.signIn(person)
      const ended = [await fixture.signIn(person), await fixture.signIn(person)]
      ended.push(await fixture.signIn(person))

      await reset(person, pair)
      for (const { session_token, session_jwt } of ended) {
        for (const credential of [{ session_token }, { session_jwt }]) {
          const call = fixture.client.sessions.authenticate(credential)
          expect(await fixture.errorOf(call)).toMatchObject(gone)
        }
      }
      for (const { session_token, session_jwt } of [pair, ...others]) {
        for (const credential of [{ session_token }, { session_jwt }]) {
          expect((await fixture.client.sessions.authenticate(credential)).status_code).toBe(200)
        }
      }
      expect(await working(namesake)).toEqual([password])
      expect(await working(otherMember)).toEqual([password])
    })

    test('S-PSR-06: a sign-in that waits for its second factor ends as well', async () => {
      const person = await newUnasked()
      const pair = await fixture.signIn(person)
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
      const intermediate_session_token = await fixture.beginSignIn(person)
      await stepUp(person, pair)
      await reset(person, pair)
      const code = fixture.nextCode(person.secret)
      const call = fixture.client.totps.authenticate({
        ...named(person),
        intermediate_session_token,
        code
      })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 404,
        error_type: 'intermediate_session_not_found'
      })
      expect(await idsOf(person)).toEqual([pair.member_session.member_session_id])
    })

    test('S-PSR-08: a member without a password gets one', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      const email_address = `${crypto.randomUUID()}@acme.example`
      const { member } = await fixture.client.organizations.members.update({
        ...named(person),
        email_address
      })
      expect(member.member_password_id).toBe('')
      const moved = { ...person, email_address }
      expect(await working(moved)).toEqual([])
      const answer = await reset(person, pair)
      expect(answer.member.member_password_id).toMatch(/^member-password-test-/)
      expect(await working(moved)).toEqual([another])
    })

    test.each([
      ['spaces', ' two  words and more ', 'two words and more'],
      ['emoji', '🔑🦊🌋🚲🪁🧭', '🔑🦊🌋🚲🪁🧲'],
      ['Chinese', '春眠不觉晓处处闻啼鸟', '春眠不觉晓处处闻啼马'],
      ['combining marks', 'e\u0301cole a\u0300 cœur ouvert', 'ecole a cœur ouvert'],
      ['200 code points', `${unlike}${'𝌆x'.repeat(90)}`, `${unlike}${'𝌆x'.repeat(89)}𝌆`]
    ])(
      'S-PSR-09: a password with %s signs in, and a different text does not',
      async (_what, chosen, different) => {
        const person = await fixture.newPerson()
        await reset(person, await fixture.signIn(person), { password: chosen })
        await fixture.signIn(person, { password: chosen })
        const call = fixture.authenticate(person, { password: different })
        expect(await fixture.errorOf(call)).toMatchObject(wrong)
      }
    )

    test('S-PSR-09: 1,024 bytes are accepted; none, one more and what is no text are refused', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      const { organization_id } = person
      const { session_token } = pair
      for (const refused of ['', 'é'.repeat(513), 5, null, undefined]) {
        const request = { organization_id, session_token, password: refused }
        const call = fixture.send('passwords.sessions.reset', request)
        expect(await fixture.errorOf(call)).toMatchObject(invalid)
      }
      await expectUnchanged(person, pair)
      const longest = `${unlike}${'é'.repeat(501)}`
      await reset(person, pair, { password: longest })
      await fixture.signIn(person, { password: longest })
    })

    test('S-PSR-10 S-ANY-10: neither token nor JWT, and both, are refused', async () => {
      const person = await fixture.newPerson()
      const [one, two] = [await fixture.signIn(person), await fixture.signIn(person)]
      const before = await fixture.sessionsOf(person)
      expect(await fixture.errorOf(reset(person, one, { session_token: undefined }))).toMatchObject(
        {
          status_code: 400,
          error_type: 'no_session_arguments'
        }
      )
      for (const { session_jwt } of [one, two]) {
        expect(await fixture.errorOf(reset(person, one, { session_jwt }))).toMatchObject({
          status_code: 400,
          error_type: 'too_many_session_arguments'
        })
      }
      expect(await fixture.sessionsOf(person)).toEqual(before)
      expect(await working(person)).toEqual([password])
    })

    test("S-PSR-11: a session of another organization's member is refused, also with the same address", async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      const { email_address } = person
      const { organization_id } = fixture.B
      const namesake = await fixture.newPerson({ organization_id, email_address })
      expect(await fixture.errorOf(reset(person, pair, { organization_id }))).toMatchObject({
        status_code: 400,
        error_type: 'member_session_member_id_mismatch'
      })
      await expectUnchanged(person, pair)
      expect(await working(namesake)).toEqual([password])
    })

    test('S-PSR-11: a session of another project is unknown', async () => {
      const person = await fixture.newPerson()
      const { session_token, session_jwt } = await fixture.signIn(person)
      const { organization_id } = fixture.other.organization
      for (const credential of [{ session_token }, { session_jwt }]) {
        const request = { organization_id, password: another, ...credential }
        const call = fixture.other.client.passwords.sessions.reset(request)
        expect(await fixture.errorOf(call)).toMatchObject(gone)
      }
    })

    test('S-PSR-12: the answer is the used session, complete', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person, { session_custom_claims: { plan: 'pro' } })
      fixture.clock.advance(10)
      const answer = await reset(person, pair)
      const { member } = await fixture.client.organizations.members.get(named(person))
      const [member_session] = await fixture.sessionsOf(person)
      expect(answer).toMatchObject({
        member_id: person.member_id,
        member_authenticated: true,
        session_token: pair.session_token,
        intermediate_session_token: ''
      })
      expect(answer.member).toEqual(member)
      expect(answer.member.member_password_id).not.toBe(person.member.member_password_id)
      expect(answer.organization.organization_id).toBe(person.organization_id)
      expect(answer.member_session).toEqual(member_session)
      expect(answer.member_session).toEqual({
        ...pair.member_session,
        last_accessed_at: expect.any(String)
      })
      expect([answer.mfa_required ?? null, answer.member_device ?? null]).toEqual([null, null])
      expect(Object.keys(answer)).not.toContain('primary_required')
      const { session_jwt } = answer
      const local = await fixture.client.sessions.authenticateJwtLocal({ session_jwt })
      expect(local.member_session_id).toBe(pair.member_session.member_session_id)
    })

    test('S-PSR-13: a session that began before MFA was required of all is still enough', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const pair = await fixture.signIn(person)
      await fixture.client.organizations.update({ organization_id, mfa_policy: 'REQUIRED_FOR_ALL' })
      const answer = await reset(person, pair)
      expect(answer).toMatchObject({
        member_authenticated: true,
        session_token: pair.session_token,
        intermediate_session_token: ''
      })
      expect(answer.mfa_required ?? null).toBeNull()
    })

    test('a password that is locked is replaced, and stays locked', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      for (let failures = 1; failures <= 10; failures += 1) {
        const call = fixture.authenticate(person, { password: 'wrong' })
        expect(await fixture.errorOf(call)).toMatchObject(wrong)
      }
      expect((await reset(person, pair)).member.is_locked).toBe(true)
      const locked = { status_code: 429, error_type: 'user_lock_limit_reached' }
      const call = () => fixture.authenticate(person, { password: another })
      expect(await fixture.errorOf(call())).toMatchObject(locked)
      fixture.clock.advance(3600)
      expect((await call()).member_authenticated).toBe(true)
    })

    test('where passwords do not sign in, one is set and still does not', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const pair = await fixture.signIn(person)
      await fixture.client.organizations.update({
        organization_id,
        auth_methods: 'RESTRICTED',
        allowed_auth_methods: ['magic_link']
      })
      expect((await reset(person, pair)).member_authenticated).toBe(true)
      const call = fixture.authenticate(person, { password: another })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 403,
        error_type: 'operation_restricted_by_organization_auth_methods'
      })
    })

    describe('at the same moment', () => {
      test('as the used session is revoked: it succeeds only before, and changes nothing after', async () => {
        for (let round = 1; round <= 5; round += 1) {
          const person = await fixture.newPerson()
          const pair = await fixture.signIn(person)
          const { session_token } = pair
          const [done] = await Promise.allSettled([
            reset(person, pair),
            fixture.client.sessions.revoke({ session_token })
          ])
          expect(await idsOf(person)).toEqual([])
          expect(await working(person)).toEqual([done.status === 'fulfilled' ? another : password])
        }
      })

      test('as the used session is stepped up: both happen, and no factor is lost', async () => {
        const person = await newUnasked()
        const pair = await fixture.signIn(person)
        await stepUp(person, pair)
        const [done, steppedUp] = await Promise.all([reset(person, pair), stepUp(person, pair)])
        expect([done.status_code, steppedUp.status_code]).toEqual([200, 200])
        const [session] = await fixture.sessionsOf(person)
        expect(session?.authentication_factors.map(({ type }) => type)).toEqual([
          'password',
          'totp'
        ])
      })

      test('as another session resets: one password wins, and only its session lives', async () => {
        const person = await fixture.newPerson()
        const pairs = [await fixture.signIn(person), await fixture.signIn(person)]
        pairs.push(await fixture.signIn(person))
        const choose = (index: number) => `${another} ${index}`
        const outcomes = await Promise.allSettled(
          pairs.map((pair, index) => reset(person, pair, { password: choose(index) }))
        )
        const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
        const lost = outcomes.filter(({ status }) => status === 'rejected')
        expect(lost).toHaveLength(2)
        for (const { reason } of lost as PromiseRejectedResult[]) {
          expect(reason).toMatchObject(gone)
        }
        expect(await idsOf(person)).toEqual([pairs[winner]?.member_session.member_session_id])
        for (const index of pairs.keys()) {
          const call = fixture.authenticate(person, { password: choose(index) })
          if (index === winner) expect((await call).status_code).toBe(200)
          else expect(await fixture.errorOf(call)).toMatchObject(wrong)
        }
      })

      test('as the same session resets: one password wins', async () => {
        const person = await fixture.newPerson()
        const pair = await fixture.signIn(person)
        const choices = [password, another]
        await Promise.all(choices.map((chosen) => reset(person, pair, { password: chosen })))
        expect(await idsOf(person)).toEqual([pair.member_session.member_session_id])
        expect(await working(person)).toHaveLength(1)
      })

      test('as another client signs in with the old password: no session of that is left', async () => {
        const person = await fixture.newPerson()
        const pair = await fixture.signIn(person)
        await Promise.allSettled([
          reset(person, pair),
          ...Array.from({ length: 5 }, () => fixture.signIn(person))
        ])
        expect(await idsOf(person)).toEqual([pair.member_session.member_session_id])
        expect(await working(person)).toEqual([another])
      })

      test('as another client completes a sign-in with the old password: no session of that is left', async () => {
        const person = await newUnasked()
        const pair = await fixture.signIn(person)
        await stepUp(person, pair)
        await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: true })
        const intermediate_session_token = await fixture.beginSignIn(person)
        const code = fixture.nextCode(person.secret)
        const request = { ...named(person), intermediate_session_token, code }
        await Promise.allSettled([reset(person, pair), fixture.client.totps.authenticate(request)])
        expect(await idsOf(person)).toEqual([pair.member_session.member_session_id])
      })
    })

    test.each(['en', 'es', 'fr', 'pt-br', 'it', 'de-DE', 'zh-Hans', 'ca-ES', 'PT-BR', 'EN'])(
      'S-LOC-04 S-LOC-05 S-LOC-07: the locale %s is accepted, and changes nothing about the answer',
      async (locale) => {
        const person = await fixture.newPerson()
        const pair = await fixture.signIn(person)
        const answer = await reset(person, pair, { locale })
        expect(answer.session_token).toBe(pair.session_token)
      }
    )

    test('S-LOC-06: an unknown locale is refused, and nothing is changed', async () => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      const { organization_id } = person
      const { session_token } = pair
      for (const locale of ['xx-YY', '', 5, ['en']]) {
        const request = { organization_id, session_token, password: another, locale }
        const call = fixture.send('passwords.sessions.reset', request)
        expect(await fixture.errorOf(call)).toMatchObject({
          status_code: 400,
          error_type: 'invalid_locale'
        })
      }
      await expectUnchanged(person, pair)
    })

    test.each(credentials)('S-ANY-09: a %s names the session', async (name) => {
      const person = await fixture.newPerson()
      const pair = await fixture.signIn(person)
      await fixture.signIn(person)
      const { organization_id } = person
      const request = { organization_id, password: another, [name]: pair[name] }
      const answer = await fixture.client.passwords.sessions.reset(request)
      expect(answer.session_token).toBe(pair.session_token)
      expect(await idsOf(person)).toEqual([pair.member_session.member_session_id])
      expect(await working(person)).toEqual([another])
    })

    test('S-ANY-11: a JWT that has expired by exp is accepted while its session lives and has a young factor', async () => {
      const person = await newUnasked()
      const pair = await fixture.signIn(person)
      fixture.clock.advance(301)
      const { organization_id } = person
      const { session_jwt } = pair
      const request = { organization_id, password: another, session_jwt }
      const early = fixture.client.passwords.sessions.reset(request)
      expect(await fixture.errorOf(early)).toMatchObject(tooOld)
      await stepUp(person, pair)
      expect((await fixture.client.passwords.sessions.reset(request)).status_code).toBe(200)
    })

    test('S-IST-12 S-IST-13: an intermediate session is no session, neither before nor after it became one', async () => {
      const person = await fixture.newEnrolled()
      const intermediate_session_token = await fixture.beginSignIn(person)
      const call = () =>
        fixture.client.passwords.sessions.reset({
          organization_id: person.organization_id,
          session_token: intermediate_session_token,
          password: another
        })
      expect(await fixture.errorOf(call())).toMatchObject(gone)
      const code = fixture.nextCode(person.secret)
      const request = { ...named(person), intermediate_session_token, code }
      await fixture.client.totps.authenticate(request)
      expect(await fixture.errorOf(call())).toMatchObject(gone)
      expect(await working(person)).toEqual([password])
    })

    test.each([
      ['insert', 'passwords'],
      ['update', 'sessions']
    ] as const)(
      'S-ANY-05: while storage fails (%s %s) nothing is partly done',
      async (event, table) => {
        const person = await fixture.newPerson()
        const pair = await fixture.signIn(person)
        fixture.clock.advance(10)
        await breakWrites(fixture.database, event, table, async () => {
          const refusal = await fixture.errorOf(
            reset(person, pair, { session_duration_minutes: 300 })
          )
          expect(refusal).toMatchObject({ status_code: 500, error_type: 'internal_server_error' })
        })
        await expectUnchanged(person, pair)
      }
    )
  })
})
