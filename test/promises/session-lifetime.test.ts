import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type Client, createClient, type MemberSession } from 'membergate/client'
import { openAuthority } from 'membergate/testing'
import { refusalOf } from '../support/api-errors.ts'
import { describeOnEachDatabase } from '../support/databases.ts'
import { beginDiscovery, signInElsewhere } from '../support/entering.ts'
import { accessTokenOf, authorization, profiles, trustedToken } from '../support/external.ts'
import { describeOnEachEngine, type Fixture, type Session } from '../support/fixture.ts'
import { timeoutMs } from '../support/patience.ts'
import { type Enrolled, type Pair, password } from '../support/people.ts'
import { setSettings } from '../support/project-settings.ts'
import { claimsOf, lifetimeOf, secondsOf } from '../support/session-jwts.ts'

interface Answer {
  readonly session_token: string
  readonly session_jwt: string
  readonly member_session: MemberSession
}

type Options = Record<string, unknown>

/** An operation that starts a session. `prepare` makes what one call uses up, so that a test can call twice with it. */
interface Starting {
  readonly name: string
  readonly mfa: boolean
  prepare(fixture: Fixture, person: Enrolled): Promise<(options?: Options) => Promise<Answer>>
}

const starting: readonly Starting[] = [
  {
    name: 'sessions.exchange',
    mfa: false,
    async prepare(fixture, person) {
      const { organization_id } = person
      const { session_token } = await signInElsewhere(fixture, person)
      return (options) =>
        send(fixture, 'sessions.exchange', { organization_id, session_token, ...options })
    }
  },
  {
    name: 'discovery.intermediateSessions.exchange',
    mfa: false,
    async prepare(fixture, { organization_id, email_address }) {
      const intermediate_session_token = await beginDiscovery(fixture, email_address)
      const request = { organization_id, intermediate_session_token }
      return (options) =>
        send(fixture, 'discovery.intermediateSessions.exchange', { ...request, ...options })
    }
  },
  {
    name: 'passwords.authenticate',
    mfa: false,
    async prepare(fixture, { organization_id, email_address }) {
      const request = { organization_id, email_address, password }
      return (options) => send(fixture, 'passwords.authenticate', { ...request, ...options })
    }
  },
  {
    name: 'sessions.attest',
    mfa: false,
    async prepare(fixture, person) {
      const request = { profile_id: profiles.plain, token: await trustedToken(fixture, person) }
      return (options) => send(fixture, 'sessions.attest', { ...request, ...options })
    }
  },
  {
    name: 'sessions.migrate',
    mfa: false,
    async prepare(fixture, { organization_id, email_address }) {
      const session_token = fixture.identity.credentialFor({
        email: email_address,
        email_verified: true
      })
      const request = { organization_id, session_token }
      return (options) => send(fixture, 'sessions.migrate', { ...request, ...options })
    }
  },
  {
    name: 'totps.authenticate',
    mfa: true,
    async prepare(fixture, person) {
      const request = {
        organization_id: person.organization_id,
        member_id: person.member_id,
        intermediate_session_token: await fixture.beginSignIn(person),
        code: fixture.nextCode(person.secret)
      }
      return (options) => send(fixture, 'totps.authenticate', { ...request, ...options })
    }
  },
  {
    name: 'otps.sms.authenticate',
    mfa: true,
    async prepare(fixture, person) {
      const { organization_id, member_id } = person
      const intermediate_session_token = await fixture.beginSignIn(person)
      const code = await fixture.newSms(person, { intermediate_session_token })
      const request = { organization_id, member_id, intermediate_session_token, code }
      return (options) => send(fixture, 'otps.sms.authenticate', { ...request, ...options })
    }
  }
]

/** An operation that goes on with a session. */
interface Continuing {
  readonly name: string
  call(fixture: Fixture, person: Enrolled, credential: Options, options?: Options): Promise<Answer>
}

const exchangeAccessToken: Continuing = {
  name: 'sessions.exchangeAccessToken',
  async call(fixture, _person, credential, options) {
    const access_token = await accessTokenOf(fixture, credential as { session_token: string })
    return send(fixture, 'sessions.exchangeAccessToken', { access_token, ...options })
  }
}

const continuing: readonly Continuing[] = [
  {
    name: 'sessions.authenticate',
    call: (fixture, _person, credential, options) =>
      send(fixture, 'sessions.authenticate', { ...credential, ...options })
  },
  {
    name: 'totps.authenticate',
    call: (fixture, { organization_id, member_id, secret }, credential, options) =>
      send(fixture, 'totps.authenticate', {
        organization_id,
        member_id,
        code: fixture.nextCode(secret),
        ...credential,
        ...options
      })
  },
  {
    name: 'otps.sms.authenticate',
    async call(fixture, person, credential, options) {
      const { organization_id, member_id } = person
      const code = await fixture.newSms(person, credential)
      const request = { organization_id, member_id, code, ...credential, ...options }
      return send(fixture, 'otps.sms.authenticate', request)
    }
  },
  {
    name: 'passwords.authenticate',
    call: (fixture, { organization_id, email_address }, credential, options) =>
      send(fixture, 'passwords.authenticate', {
        organization_id,
        email_address,
        password,
        ...credential,
        ...options
      })
  },
  {
    name: 'sessions.attest',
    async call(fixture, person, credential, options) {
      const request = { profile_id: profiles.plain, token: await trustedToken(fixture, person) }
      return send(fixture, 'sessions.attest', { ...request, ...credential, ...options })
    }
  },
  exchangeAccessToken,
  {
    name: 'passwords.sessions.reset',
    // Only a session with a young factor may reset: the password is verified before, and stays what it is.
    async call(fixture, { organization_id, email_address }, credential, options) {
      await send(fixture, 'passwords.authenticate', {
        organization_id,
        email_address,
        password,
        ...credential
      })
      const request = { organization_id, password, ...credential, ...options }
      return send(fixture, 'passwords.sessions.reset', request)
    }
  }
]

async function send(fixture: Fixture, operation: string, data: Options): Promise<Answer> {
  return (await fixture.send(operation, data)) as unknown as Answer
}

const invalidDuration = { status_code: 400, error_type: 'invalid_session_duration_minutes' }
const gone = { status_code: 404, error_type: 'session_not_found' }
const credentials: readonly Session[] = ['session_token', 'session_jwt']

describe('session lifetime', () => {
  describeOnEachEngine((fixture) => {
    const now = () => fixture.clock.now() / 1000

    const newPerson = (mfa_enrolled: boolean) => fixture.newBoth({}, { mfa_enrolled })

    /** A password is set for a member with a second factor only with that. */
    const newPersonOf = async ({ name }: Continuing): Promise<Enrolled> =>
      name === 'passwords.sessions.reset'
        ? { ...(await fixture.newPerson()), secret: '', totp_registration_id: '' }
        : newPerson(false)

    describe.each(starting.map((operation) => [operation.name, operation] as const))(
      '%s',
      (_name, operation) => {
        let person: Enrolled
        beforeAll(async () => {
          person = await newPerson(operation.mfa)
        })
        beforeEach(() => fixture.client.sessions.revoke({ member_id: person.member_id }))

        test('S-DUR-01 S-DUR-02 S-DUR-03: a new session lasts 60 minutes, 5 or 366 days, as the parameter says', async () => {
          for (const [session_duration_minutes, minutes] of [
            [undefined, 60],
            [5, 5],
            [527_040, 366 * 24 * 60]
          ]) {
            const start = await operation.prepare(fixture, person)
            const { member_session } = await start({ session_duration_minutes })
            expect(lifetimeOf(member_session)).toBe((minutes ?? 0) * 60)
            expect(secondsOf(member_session.started_at)).toBe(now())
          }
        })

        test('S-DUR-04 S-DUR-05 S-DUR-06: a duration out of bounds is refused and uses nothing up; null counts as omitted', async () => {
          const start = await operation.prepare(fixture, person)
          for (const session_duration_minutes of [4, 527_041, 0, -5, 5.5, '60', true, [60], {}]) {
            const call = start({ session_duration_minutes })
            expect(await fixture.errorOf(call)).toMatchObject(invalidDuration)
          }
          expect(await fixture.sessionsOf(person)).toEqual([])
          const { member_session } = await start({ session_duration_minutes: null })
          expect(lifetimeOf(member_session)).toBe(3600)
        })

        test('S-DUR-07: the JWT of a session of 366 days lives 300 seconds', async () => {
          const start = await operation.prepare(fixture, person)
          const { session_jwt } = await start({ session_duration_minutes: 527_040 })
          const { iat, exp, nbf } = claimsOf(session_jwt)
          expect([exp - iat, nbf - iat, iat]).toEqual([300, 0, now()])
        })

        test('S-DUR-15: without a session a new one starts, and both of its pair authenticate', async () => {
          const ids = new Set<string>()
          for (let count = 1; count <= 2; count += 1) {
            const start = await operation.prepare(fixture, person)
            const { session_token, session_jwt, member_session } = await start()
            for (const credential of [{ session_token }, { session_jwt }]) {
              const again = await fixture.client.sessions.authenticate(credential)
              expect(again.member_session.member_session_id).toBe(member_session.member_session_id)
            }
            ids.add(member_session.member_session_id)
            expect(ids.size).toBe(count)
          }
          expect(await fixture.sessionsOf(person)).toHaveLength(2)
        })
      }
    )

    describe.each(continuing.map((operation) => [operation.name, operation] as const))(
      '%s',
      (_name, operation) => {
        let person: Enrolled
        beforeAll(async () => {
          person = await newPersonOf(operation)
        })

        /** The only session of the member. */
        async function begin(options?: Options) {
          await fixture.client.sessions.revoke({ member_id: person.member_id })
          return { pair: await fixture.signIn(person, options) }
        }

        const by = (name: Session, pair: Pair) => ({ [name]: pair[name] })

        test.each(credentials)(
          'S-DUR-10 S-DUR-11 S-DUR-13: with a %s the end is set to that many minutes from now, later or sooner',
          async (name) => {
            const { pair } = await begin({ session_duration_minutes: 60 })
            for (const session_duration_minutes of [120, 30]) {
              fixture.clock.advance(60)
              const answer = await operation.call(fixture, person, by(name, pair), {
                session_duration_minutes
              })
              const end = now() + session_duration_minutes * 60
              expect(secondsOf(answer.member_session.expires_at)).toBe(end)
              const [kept] = await fixture.sessionsOf(person)
              expect(secondsOf(kept?.expires_at ?? '')).toBe(end)
            }
          }
        )

        test.each(credentials)(
          'S-DUR-12 S-DUR-14: with a %s and no duration the same session keeps its end',
          async (name) => {
            const { pair } = await begin({ session_duration_minutes: 600 })
            const { member_session } = pair
            fixture.clock.advance(600)
            for (const options of [{}, { session_duration_minutes: null }]) {
              const answer = await operation.call(fixture, person, by(name, pair), options)
              expect(answer.session_token).toBe(pair.session_token)
              expect(answer.member_session.member_session_id).toBe(member_session.member_session_id)
              expect(answer.member_session.expires_at).toBe(member_session.expires_at)
            }
            const sessions = await fixture.sessionsOf(person)
            expect(sessions.map(({ expires_at }) => expires_at)).toEqual([
              member_session.expires_at
            ])
          }
        )

        test('S-DUR-04 S-DUR-05 S-DUR-06: a duration out of bounds is refused and leaves the session', async () => {
          const { pair } = await begin()
          for (const session_duration_minutes of [4, 527_041, 0, -5, 5.5, '60', true]) {
            const call = operation.call(fixture, person, by('session_token', pair), {
              session_duration_minutes
            })
            expect(await fixture.errorOf(call)).toMatchObject(invalidDuration)
          }
          expect(await fixture.sessionsOf(person)).toEqual([pair.member_session])
        })

        test('S-DUR-08: the JWT of a session with 60 seconds left lives 300 seconds all the same', async () => {
          const { pair } = await begin({ session_duration_minutes: 5 })
          // totps.authenticate waits half a minute for its code.
          fixture.clock.advance(operation.name === 'totps.authenticate' ? 210 : 240)
          const answer = await operation.call(fixture, person, by('session_token', pair))
          expect(secondsOf(answer.member_session.expires_at) - now()).toBe(60)
          expect(claimsOf(answer.session_jwt).exp).toBe(now() + 300)
        })

        test('S-DUR-09: a JWT older than five minutes is renewed, and the new one verifies', async () => {
          const { pair } = await begin()
          fixture.clock.advance(301)
          const { session_jwt } = await operation.call(fixture, person, by('session_jwt', pair))
          expect(session_jwt).not.toBe(pair.session_jwt)
          const { keys } = await fixture.client.sessions.getJWKS({ project_id: fixture.project_id })
          const { payload } = await jwtVerify(session_jwt, createLocalJWKSet({ keys }))
          expect(payload).toMatchObject({ sub: person.member_id, exp: now() + 300 })
        })

        test.each(credentials)(
          'S-DUR-16: with a %s a session works until one second before its end, and then no more',
          async (name) => {
            const { pair } = await begin({ session_duration_minutes: 5 })
            const late = operation.name === 'totps.authenticate' ? 30 : 0
            fixture.clock.advance(299 - late)
            const answer = await operation.call(fixture, person, by(name, pair))
            expect(secondsOf(answer.member_session.expires_at) - now()).toBe(1)
            fixture.clock.advance(1)
            expect(
              await fixture.errorOf(operation.call(fixture, person, by(name, pair)))
            ).toMatchObject(gone)
            expect(await fixture.sessionsOf(person)).toEqual([])
          }
        )
      }
    )

    describe('with maximum_session_minutes', () => {
      let unset: () => Promise<void>
      let person: Enrolled
      beforeAll(async () => {
        unset = await setSettings(fixture, { maximum_session_minutes: 30 })
      })
      afterAll(() => unset())
      beforeEach(async () => {
        person = await newPerson(false)
      })

      test.each(starting.map((operation) => [operation.name, operation] as const))(
        '%s starts a session that ends with it, whatever duration is asked for',
        async (_name, { mfa, prepare }) => {
          const start = await prepare(fixture, await newPerson(mfa))
          const { member_session } = await start({ session_duration_minutes: 527_040 })
          expect(lifetimeOf(member_session)).toBe(30 * 60)
        }
      )

      test.each(continuing.map((operation) => [operation.name, operation] as const))(
        '%s never moves the end past it, and may move it nearer',
        async (_name, operation) => {
          const { call } = operation
          const person = await newPersonOf(operation)
          const { member_session, ...pair } = await fixture.signIn(person)
          const latest = secondsOf(member_session.started_at) + 30 * 60
          fixture.clock.advance(10 * 60)
          const credential = { session_token: pair.session_token }
          for (const [session_duration_minutes, end] of [
            [500, () => latest],
            [5, () => now() + 5 * 60],
            [25, () => latest]
          ] as const) {
            const answer = await call(fixture, person, credential, { session_duration_minutes })
            expect(secondsOf(answer.member_session.expires_at)).toBe(end())
            const [kept] = await fixture.sessionsOf(person)
            expect(secondsOf(kept?.expires_at ?? '')).toBe(end())
          }
          fixture.clock.advance(20 * 60)
          expect(await fixture.errorOf(call(fixture, person, credential))).toMatchObject(gone)
        }
      )

      test('a session that is exchanged for one of another organization begins no new life', async () => {
        const { organization_id } = person
        const there = await signInElsewhere(fixture, person)
        const latest = secondsOf(there.member_session.started_at) + 30 * 60
        fixture.clock.advance(20 * 60)
        const { session_token } = there
        const request = { organization_id, session_token, session_duration_minutes: 60 }
        const here = await send(fixture, 'sessions.exchange', request)
        expect(secondsOf(here.member_session.expires_at)).toBe(latest)
        const again = await send(fixture, 'sessions.authenticate', {
          session_token: here.session_token,
          session_duration_minutes: 60
        })
        expect(secondsOf(again.member_session.expires_at)).toBe(latest)
      })
    })

    describe('with enforce_mfa_on_running_sessions', () => {
      let unset: () => Promise<void>
      let person: Enrolled
      let organization_id: string
      beforeAll(async () => {
        unset = await setSettings(fixture, { enforce_mfa_on_running_sessions: true })
      })
      afterAll(() => unset())
      beforeEach(async () => {
        organization_id = (await fixture.newOrganization()).organization_id
        person = await fixture.newBoth({ organization_id }, { mfa_enrolled: false })
      })
      const requireOfAll = () =>
        fixture.client.organizations.update({ organization_id, mfa_policy: 'REQUIRED_FOR_ALL' })
      const enrol = () => {
        const { member_id } = person
        const named = { organization_id, member_id }
        return fixture.client.organizations.members.update({ ...named, mfa_enrolled: true })
      }

      const demands = [
        ['the organization requires MFA of all', requireOfAll],
        ['the member is enrolled', enrol]
      ] as const

      describe.each(demands)('when %s', (_name, demand) => {
        test.each(credentials)(
          'a session without a second factor is not found by its %s',
          async (name) => {
            const pair = await fixture.signIn(person)
            const credential = { [name]: pair[name] }
            await send(fixture, 'sessions.authenticate', credential)
            await demand()
            for (const { call } of continuing.filter((way) => way !== exchangeAccessToken)) {
              expect(await fixture.errorOf(call(fixture, person, credential))).toMatchObject(gone)
            }
            const { email_address } = person
            const elsewhere = await fixture.newPerson({
              organization_id: (await fixture.newOrganization()).organization_id,
              email_address
            })
            const ways: readonly (readonly [string, Options])[] = [
              ['sessions.exchange', { organization_id: elsewhere.organization_id, ...credential }],
              ['discovery.organizations.list', credential],
              ['idp.oauth.authorizeStart', { ...authorization, ...credential }]
            ]
            for (const [operation, request] of ways) {
              expect(await fixture.errorOf(send(fixture, operation, request))).toMatchObject(gone)
            }
            const own = { organization_id, member_id: person.member_id, name: 'Mallory' }
            const byMember = fixture.send('organizations.members.update', own, {
              authorization: credential
            })
            expect(await fixture.errorOf(byMember)).toMatchObject(gone)
          }
        )

        test('an access token of such a session cannot be exchanged for it', async () => {
          const { session_token } = await fixture.signIn(person)
          const access_token = await accessTokenOf(fixture, { session_token })
          await demand()
          const call = send(fixture, 'sessions.exchangeAccessToken', { access_token })
          expect(await fixture.errorOf(call)).toMatchObject(gone)
        })

        test('a session with one goes on, and a sign-in asks for it', async () => {
          await demand()
          const intermediate_session_token = await fixture.beginSignIn(person)
          const { member_id, secret } = person
          const { session_token } = await send(fixture, 'totps.authenticate', {
            organization_id,
            member_id,
            intermediate_session_token,
            code: fixture.nextCode(secret)
          })
          const { member_session } = await send(fixture, 'sessions.authenticate', { session_token })
          expect(member_session.authentication_factors).toHaveLength(2)
        })

        test('a session that counts no more can still be ended', async () => {
          const { session_token } = await fixture.signIn(person)
          await demand()
          await fixture.client.sessions.revoke({ session_token })
          expect(await fixture.sessionsOf(person)).toEqual([])
        })
      })
    })

    test('without them a session outlives every maximum, and a factor that is required later', async () => {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const { session_token } = await fixture.signIn(person, { session_duration_minutes: 60 })
      await fixture.client.organizations.update({ organization_id, mfa_policy: 'REQUIRED_FOR_ALL' })
      const request = { session_token, session_duration_minutes: 527_040 }
      const { member_session } = await send(fixture, 'sessions.authenticate', request)
      expect(lifetimeOf(member_session)).toBe(527_040 * 60)
    })

    test('without them a session that is exchanged for one of another organization begins a new life', async () => {
      const person = await newPerson(false)
      const { session_token } = await signInElsewhere(fixture, person)
      fixture.clock.advance(20 * 60)
      const { organization_id } = person
      const { member_session } = await send(fixture, 'sessions.exchange', {
        organization_id,
        session_token
      })
      expect(secondsOf(member_session.started_at)).toBe(now())
      expect(lifetimeOf(member_session)).toBe(3600)
    })
  })

  describeOnEachDatabase((create) => {
    test('maximum_session_minutes counts for sessions that began before a seed set it', async () => {
      const database = await create()
      const member = { email_address: 'ada@acme.test', password }
      let now = Date.UTC(2026, 0, 31, 12)
      const project_id = `project-test-${randomUUID()}`
      const secret = `secret-test-${randomUUID()}`
      const serve = async (settings: object, work: (client: Client) => Promise<void>) => {
        const organization = { organization_name: 'Acme', organization_slug: 'acme' }
        const organizations = [{ ...organization, members: [member] }]
        const authority = await openAuthority({
          database: database.location,
          now: () => now,
          projects: [{ project_id, secret, settings, organizations }]
        })
        await work(
          createClient({ url: authority.url, project_id, secret, now: () => now, timeoutMs })
        )
        await authority.close()
      }

      const tokens: string[] = []
      await serve({}, async (client) => {
        for (const session_duration_minutes of [500, 10]) {
          const request = { organization_id: 'acme', ...member, session_duration_minutes }
          tokens.push((await client.passwords.authenticate(request)).session_token)
        }
      })
      const [long = '', short = ''] = tokens
      now += 5 * 60_000
      await serve({ maximum_session_minutes: 30 }, async ({ sessions }) => {
        const endOf = async (session_token: string) =>
          Date.parse((await sessions.authenticate({ session_token })).member_session.expires_at)
        expect(await endOf(long)).toBe(now + 25 * 60_000)
        expect(await endOf(short)).toBe(now + 5 * 60_000)
        now += 25 * 60_000
        expect(await refusalOf(sessions.authenticate({ session_token: long }))).toMatchObject(gone)
      })
      await database.drop()
    })
  })
})
