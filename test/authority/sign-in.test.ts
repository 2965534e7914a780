import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { hash } from 'bcryptjs'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { newTotpSecret } from '../../src/authority/crypto/totp.ts'
import { writesOfChange } from '../../src/authority/domain/members.ts'
import { openStore } from '../../src/authority/store/store.ts'
import { type Authority, createAuthority } from '../../src/authority.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { importedHash, password } from '../support/people.ts'
import { totpCode } from '../support/totp-code.ts'

const minute = 60_000

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let authority: Authority
  let now: number
  let slug: string
  let count = 0
  const totp_secret = newTotpSecret()

  let imported: object

  beforeAll(async () => {
    imported = { hash: await importedHash(), hash_type: 'argon_2id' }
    database = await createDatabase()
  })

  afterAll(async () => {
    await authority.close()
    await database.drop()
  })

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1, 12)
    count += 1
    slug = `acme-${count}`
    if (authority !== undefined) await authority.close()
    const mfa = { totp_secret, mfa_enrolled: true }
    authority = await createAuthority({
      database: database.location,
      keys: [key],
      now: () => now,
      projects: [
        {
          project_id,
          secret,
          organizations: [
            {
              organization_name: 'Acme',
              organization_slug: slug,
              members: [
                { email_address: 'ada@example.com' },
                { email_address: 'mfa@example.com', ...mfa },
                { email_address: 'optional@example.com', totp_secret },
                { email_address: 'admin@example.com', roles: ['stytch_admin'] },
                { email_address: 'pending@example.com', password, create_member_as_pending: true }
              ]
            }
          ]
        }
      ]
    })
    for (const name of ['ada', 'mfa', 'optional', 'admin']) {
      const member = { organization_id: slug, email_address: `${name}@example.com` }
      await call('passwords/migrate', { ...member, ...imported })
    }
  })

  const key = newAtRestKey()
  const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
  const secret = 'secret-of-the-project-of-these-tests'

  async function call(path: string, body: object, headers: Record<string, string> = {}) {
    const answer = await request(authority.app)
      .post(`/v1/b2b/${path}`)
      .auth(project_id, secret)
      .set(headers)
      .send(body)
    return answer.body
  }

  function signIn(email: string, options: object = {}) {
    const credentials = { organization_id: slug, email_address: email, password }
    return call('passwords/authenticate', { ...credentials, ...options })
  }

  async function memberId(email_address: string): Promise<string> {
    const answer = await request(authority.app)
      .get(`/v1/b2b/organizations/${slug}/member`)
      .query({ email_address })
      .auth(project_id, secret)
    return answer.body.member_id
  }

  function authenticateTotp(
    member_id: string,
    reference: object,
    code = totpCode(totp_secret, now)
  ) {
    return call('totp/authenticate', { organization_id: slug, member_id, code, ...reference })
  }

  const statusesOf = (answers: readonly { status_code: number }[], status: number) =>
    answers.filter(({ status_code }) => status_code === status)

  describe('a password', () => {
    test('signs in, and the pair is one session', async () => {
      const answer = await signIn('ADA@example.com', { session_duration_minutes: 5 })
      expect(answer).toMatchObject({ status_code: 200, member_authenticated: true })
      for (const credential of ['session_token', 'session_jwt']) {
        const again = await call('sessions/authenticate', { [credential]: answer[credential] })
        expect(again.member_session.member_session_id).toBe(answer.member_session.member_session_id)
        expect(again.session_token).toBe(answer.session_token)
      }
      now += 5 * minute
      const ended = await call('sessions/authenticate', { session_jwt: answer.session_jwt })
      expect(ended.error_type).toBe('session_not_found')
    })

    test('that is wrong and an address that is unknown have one answer', async () => {
      const wrong = await signIn('ada@example.com', { password: 'wrong' })
      const unknown = await signIn('nobody@example.com')
      expect({ ...wrong, request_id: '' }).toEqual({ ...unknown, request_id: '' })
      expect(wrong.error_type).toBe('unauthorized_credentials')
    })

    test('guessed fifty times at once is compared ten times, and then locked for an hour', async () => {
      const guesses = await Promise.all(
        Array.from({ length: 50 }, () => signIn('ada@example.com', { password: 'wrong' }))
      )
      expect(statusesOf(guesses, 401)).toHaveLength(10)
      expect(statusesOf(guesses, 429)).toHaveLength(40)
      now += 60 * minute - 1
      expect((await signIn('ada@example.com')).error_type).toBe('user_lock_limit_reached')
      now += 1
      const free = await signIn('ada@example.com')
      expect(free).toMatchObject({ status_code: 200, member: { is_locked: false } })
    })

    test('that is right signs in twenty times at once', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => signIn('ada@example.com')))
      expect(statusesOf(answers, 200)).toHaveLength(20)
    })

    test('does not buy new guesses at the code', async () => {
      const member_id = await memberId('mfa@example.com')
      const answers = []
      for (let round = 0; round < 4; round += 1) {
        const { intermediate_session_token } = await signIn('mfa@example.com')
        for (let guess = 0; guess < 4; guess += 1) {
          answers.push(await authenticateTotp(member_id, { intermediate_session_token }, '000000'))
        }
      }
      expect(
        answers.filter(({ error_type }) => error_type === 'unable_to_authenticate_totp')
      ).toHaveLength(10)
    })

    test('forgets failed passwords also where an authenticator is optional, and no failed codes', async () => {
      const member_id = await memberId('optional@example.com')
      const typo = () => signIn('optional@example.com', { password: 'wrong' })
      for (let day = 0; day < 12; day += 1) {
        expect((await typo()).status_code).toBe(401)
        expect((await signIn('optional@example.com')).member_authenticated).toBe(true)
      }
      const answers = []
      for (let guess = 0; guess < 12; guess += 1) {
        const { session_token } = await signIn('optional@example.com')
        answers.push(await authenticateTotp(member_id, { session_token }, '000000'))
      }
      expect(statusesOf(answers, 401)).toHaveLength(10)
    })

    test('of a pending member opens nothing before the address is verified', async () => {
      const answer = await signIn('pending@example.com')
      expect(answer).toMatchObject({
        member_authenticated: false,
        session_token: '',
        member_session: null
      })
      expect(answer.primary_required.allowed_auth_methods).toContain('magic_link')
    })

    test('adds itself to a session of the member, and to nobody else’s', async () => {
      const { session_token, member_session } = await signIn('ada@example.com')
      now += minute
      const again = await signIn('ada@example.com', { session_token })
      expect(again.member_session.member_session_id).toBe(member_session.member_session_id)
      expect(again.member_session.expires_at).toBe(member_session.expires_at)
      const other = await signIn('admin@example.com', { session_token })
      expect(other.member_session.member_session_id).not.toBe(member_session.member_session_id)
    })

    test('from elsewhere is taken over, and hashed anew by the first sign-in', async () => {
      const migration = {
        organization_id: slug,
        email_address: 'new@example.com',
        hash: await hash(password, 4),
        hash_type: 'bcrypt'
      }
      const migrated = await call('passwords/migrate', migration)
      expect(migrated).toMatchObject({
        status_code: 200,
        member_created: true,
        member: { status: 'active', email_address_verified: true }
      })
      expect((await call('passwords/migrate', migration)).error_type).toBe(
        'password_already_exists'
      )

      const answers = await Promise.all([signIn('new@example.com'), signIn('new@example.com')])
      expect(statusesOf(answers, 200)).toHaveLength(2)
      const store = await openStore(database.location)
      const kept = await store.ofProject(project_id).findPassword(migrated.member_id)
      await store.close()
      expect(kept?.hash).toMatch(/^\$argon2id\$/)
      expect((await signIn('new@example.com')).status_code).toBe(200)
    })
  })

  describe('a second factor', () => {
    test('is used by one of thirty at once, and makes one session', async () => {
      const { intermediate_session_token, member_id } = await signIn('mfa@example.com')
      const answers = await Promise.all(
        Array.from({ length: 30 }, () =>
          authenticateTotp(member_id, { intermediate_session_token })
        )
      )
      expect(statusesOf(answers, 200)).toHaveLength(1)
      expect(statusesOf(answers, 500)).toHaveLength(0)
      const sessions = await request(authority.app)
        .get('/v1/b2b/sessions')
        .query({ organization_id: slug, member_id })
        .auth(project_id, secret)
      expect(sessions.body.member_sessions).toHaveLength(1)
      expect(JSON.stringify(sessions.body)).not.toContain('session_token')
      const { error_type } = await authenticateTotp(member_id, { intermediate_session_token })
      expect(error_type).toBe('intermediate_session_not_found')
    })

    test('is not verified by a code that was used, by whatever session', async () => {
      const first = await signIn('mfa@example.com')
      const second = await signIn('mfa@example.com')
      const reference = ({
        intermediate_session_token
      }: {
        intermediate_session_token: string
      }) => ({
        intermediate_session_token
      })
      expect((await authenticateTotp(first.member_id, reference(first))).status_code).toBe(200)
      const replay = await authenticateTotp(second.member_id, reference(second))
      expect(replay.error_type).toBe('totp_code_already_authenticated')
      now += 30_000
      expect((await authenticateTotp(second.member_id, reference(second))).status_code).toBe(200)
    })

    test('that is wrong five times ends the intermediate session', async () => {
      const { intermediate_session_token, member_id } = await signIn('mfa@example.com')
      for (let guess = 0; guess < 5; guess += 1) {
        await authenticateTotp(member_id, { intermediate_session_token }, '000000')
      }
      const { error_type } = await authenticateTotp(member_id, { intermediate_session_token })
      expect(error_type).toBe('intermediate_session_not_found')
    })

    test('belongs to the member of its session', async () => {
      const ada = await signIn('ada@example.com')
      const member_id = await memberId('mfa@example.com')
      const { error_type } = await authenticateTotp(member_id, { session_token: ada.session_token })
      expect(error_type).toBe('member_session_member_id_mismatch')
    })

    test('is enrolled with the first code, within its time', async () => {
      const { member_id, session_token } = await signIn('ada@example.com')
      const create = () => call('totp', { organization_id: slug, member_id, session_token })
      const late = await create()
      now += 60 * minute - 1
      const alive = await signIn('ada@example.com')
      const reference = { session_token: alive.session_token }
      now += 1
      const code = totpCode(late.secret, now)
      expect((await authenticateTotp(member_id, reference, code)).error_type).toBe('expired_totp')

      const fresh = await call('totp', { organization_id: slug, member_id, ...reference })
      expect(fresh.member.totp_registration_id).toBe('')
      const options = { ...reference, set_mfa_enrollment: 'enroll' }
      const done = await authenticateTotp(member_id, options, totpCode(fresh.secret, now))
      expect(done.member).toMatchObject({
        totp_registration_id: fresh.totp_registration_id,
        default_mfa_method: 'totp',
        mfa_enrolled: true
      })
      expect((await signIn('ada@example.com')).member_authenticated).toBe(false)
    })

    test('is not enrolled past another that came since its registration', async () => {
      const { member_id } = await signIn('ada@example.com')
      const stolen = await call('totp', { organization_id: slug, member_id })
      const store = await openStore(database.location)
      const project = store.ofProject(project_id)
      const member = await project.findMemberById(member_id)
      if (member === undefined) throw new Error('The member is gone.')
      const enrolled = {
        ...member,
        phone_id: 'phone-1',
        mfa_phone_number: '+12025550162',
        mfa_phone_number_verified: true,
        mfa_enrolled: true
      }
      await project.run(writesOfChange(member, enrolled))
      await store.close()

      const { intermediate_session_token } = await signIn('ada@example.com')
      const code = totpCode(stolen.secret, now)
      const answer = await authenticateTotp(member_id, { intermediate_session_token }, code)
      expect(answer).toMatchObject({ status_code: 401, error_type: 'insufficient_factors' })
    })
  })

  describe('a session', () => {
    test('keeps what twenty calls at once put on it', async () => {
      const { session_token } = await signIn('ada@example.com')
      const calls = Array.from({ length: 20 }, (_, index) =>
        call('sessions/authenticate', {
          session_token,
          session_custom_claims: { [`k${index}`]: index }
        })
      )
      expect(statusesOf(await Promise.all(calls), 200)).toHaveLength(20)
      const { member_session } = await call('sessions/authenticate', { session_token })
      expect(Object.keys(member_session.custom_claims)).toHaveLength(20)
    })

    test('is not changed by a check that is denied', async () => {
      const { session_token, member_session } = await signIn('ada@example.com')
      now += minute
      const check = { organization_id: slug, resource_id: 'stytch.member', action: 'update' }
      const options = { session_duration_minutes: 500, session_custom_claims: { a: 1 } }
      const denied = await call('sessions/authenticate', {
        session_token,
        authorization_check: check,
        ...options
      })
      expect(denied).toMatchObject({ status_code: 403, error_type: 'session_authorization_error' })
      const elsewhere = { ...check, organization_id: 'nowhere' }
      expect(
        (await call('sessions/authenticate', { session_token, authorization_check: elsewhere }))
          .error_type
      ).toBe('session_authorization_tenancy_error')
      const after = await call('sessions/authenticate', { session_token })
      expect(after.member_session).toMatchObject({
        expires_at: member_session.expires_at,
        custom_claims: {}
      })
    })

    test('is revoked by whom the roles allow', async () => {
      const ada = await signIn('ada@example.com')
      const admin = await signIn('admin@example.com')
      const as = ({ session_token }: { session_token: string }) => ({
        'X-Stytch-Member-Session': session_token
      })
      const adas = { member_session_id: ada.member_session.member_session_id }
      const admins = { member_session_id: admin.member_session.member_session_id }
      expect((await call('sessions/revoke', admins, as(ada))).status_code).toBe(403)
      const both = { ...as(ada), 'X-Stytch-Member-SessionJWT': admin.session_jwt }
      expect((await call('sessions/revoke', adas, both)).error_type).toBe(
        'too_many_session_arguments'
      )
      expect(Object.keys(await call('sessions/revoke', adas, as(admin)))).toEqual([
        'request_id',
        'status_code'
      ])
      expect((await call('sessions/revoke', adas, as(admin))).error_type).toBe('session_not_found')
      expect((await call('sessions/revoke', admins, as(ada))).error_type).toBe('session_not_found')
      expect((await call('sessions/revoke', admins, as(admin))).status_code).toBe(200)
    })

    test('that ended stays ended, whatever was extending it', async () => {
      const { session_token, member_session } = await signIn('ada@example.com')
      const { member_session_id } = member_session
      const extend = () =>
        call('sessions/authenticate', { session_token, session_duration_minutes: 500 })
      await Promise.all([
        extend(),
        call('sessions/revoke', { member_session_id }),
        extend(),
        extend()
      ])
      expect((await extend()).error_type).toBe('session_not_found')
    })

    test('is not named by an intermediate session token, by a malformed one, or by a JWT that we did not sign', async () => {
      const { intermediate_session_token } = await signIn('mfa@example.com')
      const { session_jwt } = await signIn('ada@example.com')
      const [header, payload, signature = ''] = session_jwt.split('.')
      const forged = [header, payload, `${signature.slice(0, -6)}AAAAAA`].join('.')
      const errorOf = async (body: object) => (await call('sessions/authenticate', body)).error_type
      expect(await errorOf({ session_token: intermediate_session_token })).toBe('session_not_found')
      expect(await errorOf({ session_token: 'malformed' })).toBe('invalid_session_token')
      expect(await errorOf({ session_jwt: 'malformed' })).toBe('unable_to_parse_session_jwt')
      expect(['session_not_found', 'unable_to_parse_session_jwt']).toContain(
        await errorOf({ session_jwt: forged })
      )
      expect(await errorOf({})).toBe('no_session_arguments')
    })
  })
})
