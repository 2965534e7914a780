import { describe, expect, test } from '@jest/globals'
import { type LockableType, lockableTypes } from '../../src/authority/domain/lockables.ts'
import { auditOf } from '../support/audit.ts'
import { beginDiscovery, signInElsewhere } from '../support/entering.ts'
import { profiles, trustedToken } from '../support/external.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { failAttempts } from '../support/locks.ts'
import { newPhone, type Person, password } from '../support/people.ts'
import { named } from '../support/requests.ts'
import { otherThan, wrongCode } from '../support/totp-code.ts'

const another = 'another horse battery staple'
const locked = { status_code: 429, error_type: 'user_lock_limit_reached' }
const hour = 3600

describeOnEachEngine((fixture) => {
  const fail = (person: Person, types: readonly LockableType[], failures = 10) =>
    failAttempts(fixture.database, person, types, { failures, now: fixture.clock.now() })

  const memberOf = async (person: Person) =>
    (await fixture.client.organizations.members.get(named(person))).member

  async function timesUntilLocked(attempt: () => Promise<unknown>): Promise<number> {
    for (let times = 0; ; times += 1) {
      const { error_type } = await fixture.errorOf(attempt())
      if (error_type === locked.error_type) return times
    }
  }

  const wrongPassword = (person: Person) => fixture.authenticate(person, { password: 'wrong' })

  async function linkTo({ organization_id, email_address }: Person): Promise<string> {
    await fixture.client.magicLinks.email.loginOrSignup({ organization_id, email_address })
    return fixture.sentTo(email_address)[0]?.token ?? ''
  }

  const follow = (magic_links_token: string) =>
    fixture.client.magicLinks.authenticate({ magic_links_token })

  async function codeTo({ organization_id, email_address }: Person): Promise<string> {
    await fixture.client.otps.email.loginOrSignup({ organization_id, email_address })
    return fixture.sentTo(email_address)[0]?.code ?? ''
  }

  const useCode = ({ organization_id, email_address }: Person, code: string) =>
    fixture.client.otps.email.authenticate({ organization_id, email_address, code })

  async function discoveryCodeTo({ email_address }: Person): Promise<string> {
    await fixture.client.otps.email.discovery.send({ email_address })
    return fixture.sentTo(email_address)[0]?.code ?? ''
  }

  const useDiscoveryCode = ({ email_address }: Person, code: string) =>
    fixture.client.otps.email.discovery.authenticate({ email_address, code })

  describe('ten failures', () => {
    test('lock the password for an hour, and nothing beside it', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token } = await fixture.signIn(person)
      expect(await timesUntilLocked(() => wrongPassword(person))).toBe(10)
      const now = fixture.clock.now()
      expect(await memberOf(person)).toMatchObject({
        is_locked: true,
        lock_created_at: new Date(now).toISOString().replace('.000', ''),
        lock_expires_at: new Date(now + hour * 1000).toISOString().replace('.000', '')
      })
      expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject(locked)
      await fixture.client.sessions.authenticate({ session_token })
      await follow(await linkTo(person))
      await useCode(person, await codeTo(person))
      const code = fixture.nextCode(person.secret)
      await fixture.client.totps.authenticate({ ...named(person), session_token, code })
      fixture.clock.advance(hour)
      await fixture.signIn(person)
      expect((await memberOf(person)).is_locked).toBe(false)
    })

    test('at codes of the authenticator lock those alone', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token } = await fixture.signIn(person)
      const use = (code: string) =>
        fixture.client.totps.authenticate({ ...named(person), session_token, code })
      const wrong = () => use(wrongCode(person.secret, fixture.clock.now()))
      expect(await timesUntilLocked(wrong)).toBe(10)
      await fixture.signIn(person)
      const { recovery_codes } = await fixture.client.recoveryCodes.get(named(person))
      const [recovery_code = ''] = recovery_codes
      await fixture.client.recoveryCodes.recover({ ...named(person), session_token, recovery_code })
      const code = fixture.nextCode(person.secret)
      expect(await fixture.errorOf(use(code))).toMatchObject(locked)
    })

    test('at codes by e-mail are counted by address, of organizations and discovery together', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson()
      const { email_address } = person
      const elsewhere = await fixture.newPerson({ organization_id, email_address })
      const rounds = [
        async () => {
          const wrong = otherThan(await codeTo(person))
          return () => useCode(person, wrong)
        },
        async () => {
          const wrong = otherThan(await discoveryCodeTo(person))
          return () => useDiscoveryCode(person, wrong)
        }
      ]
      for (const begin of rounds) {
        const guess = await begin()
        for (let times = 0; times < 5; times += 1) {
          expect((await fixture.errorOf(guess())).error_type).toBe('otp_code_not_found')
        }
      }
      const discoveryCode = await discoveryCodeTo(person)
      expect(await fixture.errorOf(useDiscoveryCode(person, discoveryCode))).toMatchObject(locked)
      const code = await codeTo(elsewhere)
      expect(await fixture.errorOf(useCode(elsewhere, code))).toMatchObject(locked)
      expect((await memberOf(elsewhere)).is_locked).toBe(true)
      await follow(await linkTo(elsewhere))
      await fixture.signIn(person)
    })

    test('are forgotten by what is right, each by its own alone', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      await fail(person, lockableTypes, 9)
      await follow(await linkTo(person))
      expect(await timesUntilLocked(() => wrongPassword(person))).toBe(1)
      const { session_token } = await follow(await linkTo(person))
      const code = fixture.nextCode(person.secret)
      await fixture.client.totps.authenticate({ ...named(person), session_token, code })
      expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject(locked)
      await useCode(person, await codeTo(person))
      const recovery_code = 'aaaa-bbbb-cccc'
      const recover = () =>
        fixture.client.recoveryCodes.recover({ ...named(person), session_token, recovery_code })
      expect(await timesUntilLocked(recover)).toBe(1)
    })

    test('start anew after a right password, and after a right code to the address', async () => {
      const person = await fixture.newPerson()
      await fail(person, ['password', 'email_otp'], 9)
      await fixture.signIn(person)
      expect(await timesUntilLocked(() => wrongPassword(person))).toBe(10)
      await useCode(person, await codeTo(person))
      const code = await codeTo(person)
      await fixture.errorOf(useCode(person, otherThan(code)))
      await useCode(person, code)
    })

    test('that a right code which counts no more interrupts are still counted', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token } = await fixture.signIn(person)
      const code = fixture.nextCode(person.secret)
      const use = (given: string) =>
        fixture.client.totps.authenticate({ ...named(person), session_token, code: given })
      await use(code)
      await fail(person, ['totp'], 9)
      expect((await fixture.errorOf(use(code))).error_type).toBe('totp_code_already_authenticated')
      const wrong = () => use(wrongCode(person.secret, fixture.clock.now()))
      expect(await timesUntilLocked(wrong)).toBe(1)
    })
  })

  describe('a hundred failures since the last success', () => {
    test('disable a password, which only a new one by e-mail brings back, and nothing else with it', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      await fail(person, ['password'], 99)
      await fail(person, ['totp'], 100)
      fixture.clock.advance(hour)
      expect(await timesUntilLocked(() => wrongPassword(person))).toBe(1)
      expect(await memberOf(person)).toMatchObject({ is_locked: true, lock_expires_at: null })
      fixture.clock.advance(48 * hour)
      expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject(locked)

      const { organization_id, email_address } = person
      await fixture.client.passwords.email.resetStart({ organization_id, email_address })
      const password_reset_token = fixture.sentTo(email_address)[0]?.token ?? ''
      const { session_token } = await fixture.client.passwords.email.reset({
        password_reset_token,
        password: another
      })
      await fixture.signIn(person, { password: another })
      const code = fixture.nextCode(person.secret)
      const use = fixture.client.totps.authenticate({ ...named(person), session_token, code })
      expect(await fixture.errorOf(use)).toMatchObject(locked)
    })

    test('disable a password also where a session sets another one', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      await fail(person, ['password'], 100)
      const { organization_id } = person
      const request = { organization_id, session_token, password: another }
      expect((await fixture.client.passwords.sessions.reset(request)).member.is_locked).toBe(true)
      const signIn = fixture.authenticate(person, { password: another })
      expect(await fixture.errorOf(signIn)).toMatchObject(locked)
    })

    test('disable an authenticator, which comes back when it is set up again after another factor', async () => {
      const person = await fixture.newBoth({}, { mfa_enrolled: false })
      const { session_token } = await fixture.signIn(person)
      await fail(person, ['totp', 'recovery_codes'], 100)
      const enrol = async () => {
        const { secret } = await fixture.client.totps.create({ ...named(person), session_token })
        return fixture.client.totps.authenticate({
          ...named(person),
          session_token,
          code: fixture.nextCode(secret)
        })
      }
      const code = await fixture.newSms(person, { session_token })
      await fixture.client.otps.sms.authenticate({ ...named(person), session_token, code })
      await fixture.client.organizations.members.deleteTOTP(named(person), {
        authorization: { session_token }
      })
      expect((await memberOf(person)).is_locked).toBe(true)
      await enrol()
      expect((await memberOf(person)).is_locked).toBe(false)
    })

    test('disable codes by SMS, which come back with a number that an administrator took away', async () => {
      const person = await fixture.newPhoned()
      await fail(person, ['otp'], 100)
      const { organization_id } = person
      const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
      const { session_token } = await fixture.signIn(admin)
      const byAdmin = { authorization: { session_token } }
      await fixture.client.organizations.members.deleteMFAPhoneNumber(named(person), byAdmin)
      expect((await memberOf(person)).is_locked).toBe(false)
      const mfa_phone_number = newPhone()
      await fixture.client.otps.sms.send({ ...named(person), mfa_phone_number })
    })

    test('of its own a member brings nothing back by taking it away', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token } = await fixture.signIn(person)
      const code = fixture.nextCode(person.secret)
      await fixture.client.totps.authenticate({ ...named(person), session_token, code })
      await fail(person, ['totp'], 100)
      const authorization = { session_token }
      await fixture.client.organizations.members.deleteTOTP(named(person), { authorization })
      const { secret } = await fixture.client.totps.create({ ...named(person), session_token })
      const first = fixture.client.totps.authenticate({
        ...named(person),
        session_token,
        code: fixture.nextCode(secret)
      })
      expect(await fixture.errorOf(first)).toMatchObject(locked)
    })
  })

  describe('unlocking', () => {
    const unlock = (person: Person, session_token?: string) =>
      fixture.client.organizations.members.unlock(
        named(person),
        session_token === undefined ? undefined : { authorization: { session_token } }
      )

    async function adminBeside({ organization_id }: Person) {
      const admin = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
      return { admin, session_token: (await fixture.signIn(admin)).session_token }
    }

    test('ends what an administrator of the organization may end, and leaves codes to the address', async () => {
      const person = await fixture.newEnrolled()
      await fail(person, ['password', 'totp', 'recovery_codes', 'otp'])
      const { session_token } = await adminBeside(person)
      expect((await unlock(person, session_token)).member.is_locked).toBe(false)
      await fixture.beginSignIn(person)
      await fail(person, ['email_otp'])
      expect((await unlock(person, session_token)).member.is_locked).toBe(true)
      const code = await codeTo(person)
      expect(await fixture.errorOf(useCode(person, code))).toMatchObject(locked)
      expect((await unlock(person)).member.is_locked).toBe(false)
      await useCode(person, code)
    })

    test('gives back second factors that were disabled, and no password', async () => {
      const person = await fixture.newEnrolled({}, { set_mfa_enrollment: 'unenroll' })
      const { session_token } = await fixture.signIn(person)
      await fail(person, ['password', 'totp'], 100)
      expect((await unlock(person)).member).toMatchObject({
        is_locked: true,
        lock_expires_at: null
      })
      const code = fixture.nextCode(person.secret)
      await fixture.client.totps.authenticate({ ...named(person), session_token, code })
      expect(await fixture.errorOf(fixture.authenticate(person))).toMatchObject(locked)
    })

    test('lets a password be guessed at no more than a hundred times in all', async () => {
      const person = await fixture.newPerson()
      await fail(person, ['password'], 90)
      await unlock(person)
      expect(await timesUntilLocked(() => wrongPassword(person))).toBe(10)
      expect((await unlock(person)).member.is_locked).toBe(true)
    })

    test('is denied to a member about itself, whatever its roles, and to members without the permission', async () => {
      const person = await fixture.newPerson()
      const { admin, session_token } = await adminBeside(person)
      const denied = { status_code: 403, error_type: 'session_authorization_error' }
      await fail(admin, ['otp'], 100)
      expect(await fixture.errorOf(unlock(admin, session_token))).toMatchObject(denied)
      const { session_token: ordinary } = await fixture.signIn(person)
      expect(await fixture.errorOf(unlock(admin, ordinary))).toMatchObject(denied)
      expect((await memberOf(admin)).is_locked).toBe(true)
    })

    test('is an event of its own kind, with who did it', async () => {
      const person = await fixture.newPerson()
      const { admin, session_token } = await adminBeside(person)
      const [event] = await auditOf(fixture.database, () => unlock(person, session_token))
      expect(event).toMatchObject({
        kind: 'lockout',
        operation: 'organizations.members.unlock',
        outcome: 'succeeded',
        ...named(person),
        caller_member_id: admin.member_id
      })
    })
  })

  test('a reset that is asked for too often leaves the last link that was sent good', async () => {
    const person = await fixture.newPerson()
    const { organization_id, email_address } = person
    const ask = () => fixture.client.passwords.email.resetStart({ organization_id, email_address })
    for (let times = 0; times < 10; times += 1) await ask()
    expect(await fixture.errorOf(ask())).toMatchObject({ error_type: 'too_many_requests' })
    const password_reset_token = fixture.sentTo(email_address)[0]?.token ?? ''
    await fixture.client.passwords.email.reset({ password_reset_token, password: another })
  })

  describe('no way in takes what was verified by what is locked', () => {
    async function discoveredByCode(person: Person): Promise<string> {
      const answer = await useDiscoveryCode(person, await discoveryCodeTo(person))
      return answer.intermediate_session_token
    }

    const enter = (organization_id: string, intermediate_session_token: string) =>
      fixture.client.discovery.intermediateSessions.exchange({
        organization_id,
        intermediate_session_token
      })

    test('not an exchange of what discovery verified by a code', async () => {
      const person = await fixture.newPerson()
      const token = await discoveredByCode(person)
      await fail(person, ['email_otp'])
      const { organization_id } = person
      expect(await fixture.errorOf(enter(organization_id, token))).toMatchObject(locked)
      const create = fixture.client.discovery.organizations.create({
        intermediate_session_token: token
      })
      expect(await fixture.errorOf(create)).toMatchObject(locked)
    })

    test('not an exchange of a session that a code began', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson()
      const { email_address } = person
      await fixture.newPerson({ organization_id, email_address })
      const { session_token } = await useCode(person, await codeTo(person))
      await fail(person, ['email_otp'])
      const exchange = fixture.client.sessions.exchange({ organization_id, session_token })
      expect(await fixture.errorOf(exchange)).toMatchObject(locked)
      await fixture.client.sessions.authenticate({ session_token })
    })

    test('not a password, or a new one by e-mail, that goes on with what discovery verified', async () => {
      const typesOf = (answer: Awaited<ReturnType<typeof fixture.authenticate>>) =>
        answer.member_session?.authentication_factors.map(({ type }) => type)
      const person = await fixture.newPerson()
      const token = await discoveredByCode(person)
      const other = await discoveredByCode(person)
      const { organization_id, email_address } = person
      await fixture.client.passwords.email.resetStart({ organization_id, email_address })
      const password_reset_token = fixture.sentTo(email_address)[0]?.token ?? ''
      await fail(person, ['email_otp'])
      const answer = await fixture.authenticate(person, { intermediate_session_token: token })
      expect(typesOf(answer)).toEqual(['password'])
      const reset = await fixture.client.passwords.email.reset({
        password_reset_token,
        password: another,
        intermediate_session_token: other
      })
      expect(typesOf(reset)).toEqual(['password'])
    })

    test('what cannot be guessed enters as a link does: links, other organizations and other systems', async () => {
      const person = await fixture.newPerson()
      const { organization_id, email_address } = person
      const token = await beginDiscovery(fixture, email_address)
      const elsewhere = await signInElsewhere(fixture, person)
      const trusted = await trustedToken(fixture, person)
      await fail(person, lockableTypes, 100)
      await follow(await linkTo(person))
      expect((await enter(organization_id, token)).member_authenticated).toBe(true)
      const { session_token } = elsewhere
      const exchanged = await fixture.client.sessions.exchange({ organization_id, session_token })
      expect(exchanged.member_authenticated).toBe(true)
      await fixture.client.sessions.attest({ profile_id: profiles.plain, token: trusted })
      const credential = fixture.identity.credentialFor({
        email: email_address,
        email_verified: true
      })
      await fixture.client.sessions.migrate({ organization_id, session_token: credential })
      expect(await fixture.errorOf(fixture.authenticate(person, { password }))).toMatchObject(
        locked
      )
    })
  })
})
