import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { routes } from '../../src/wire/routes.ts'
import { describeOnEachDatabase } from '../support/databases.ts'
import { type Fixture, openFixture } from '../support/fixture.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixture-server.ts'
import { failAttempts } from '../support/locks.ts'
import { newPhone, password } from '../support/people.ts'
import { withSettings } from '../support/settings.ts'
import { wrongCode } from '../support/totp-code.ts'
import { basic } from './refusals/transport.ts'

/** A call that met a limit hears when it ends: it is denied one second earlier, and goes on at that time. */

describe('Retry-After', () => {
  describeOnEachDatabase((create) => {
    let server: FixtureServer
    let fixture: Fixture
    beforeAll(async () => {
      server = await openFixtureServer(create)
      fixture = openFixture(server, 'our client')
    })
    afterAll(() => server.close())

    async function call({ path }: { readonly path: string }, body: object, clientIp?: string) {
      const { project_id, secret } = server.project
      const answer = await fetch(new URL(path, server.url), {
        method: 'POST',
        headers: {
          authorization: basic(`${project_id}:${secret}`),
          'content-type': 'application/json',
          ...(clientIp === undefined ? {} : { 'X-Membergate-Client-IP': clientIp })
        },
        body: JSON.stringify(body)
      })
      const { error_type } = (await answer.json()) as { error_type?: string }
      return { status: answer.status, error_type, after: answer.headers.get('retry-after') }
    }

    /** That the header says when the call is answered `then`, to the second, and goes on to do so until then. */
    async function expectEnd(make: () => ReturnType<typeof call>, then: object) {
      const denied = await make()
      expect(denied).toMatchObject({ status: 429, after: expect.stringMatching(/^[1-9]\d*$/) })
      const seconds = Number(denied.after)
      fixture.clock.advance(seconds - 1)
      expect(await make()).toEqual({ ...denied, after: '1' })
      fixture.clock.advance(1)
      expect(await make()).toMatchObject(then)
      return seconds
    }

    const right = { status: 200, after: null }

    test('is the end of a limit of e-mails: of a burst, and of what was sent evenly', async () => {
      const { email_address } = await fixture.newPerson()
      const send = () => call(routes.magicLinks.email.discovery.send, { email_address })
      for (let sent = 0; sent < 10; sent += 1) expect(await send()).toMatchObject(right)
      expect(await expectEnd(send, right)).toBe(3600)
      fixture.clock.advance(86_400)
      for (let sent = 0; sent < 10; sent += 1) {
        expect(await send()).toMatchObject(right)
        fixture.clock.advance(300)
      }
      expect(await expectEnd(send, right)).toBe(600)
      expect(await expectEnd(send, right)).toBe(300)
    })

    test('is the longest of the limits that an SMS has met', async () => {
      const person = await fixture.newPerson()
      const { organization_id, member_id } = person
      const request = { organization_id, member_id, mfa_phone_number: newPhone() }
      const send = () => call(routes.otps.sms.send, request)
      expect(await send()).toMatchObject(right)
      for (let sent = 1; sent < 5; sent += 1) expect(await expectEnd(send, right)).toBe(60)
      expect(await expectEnd(send, right)).toBe(3600 - 4 * 60)
    })

    test('is the end of a lock, of a password and of a second factor, and nothing where no time ends it', async () => {
      const person = await fixture.newBoth()
      const { organization_id, member_id, email_address } = person
      const now = fixture.clock.now()
      const fail = (type: 'password' | 'totp' | 'otp', failures = 10) =>
        failAttempts(server.database, person, [type], { failures, now })

      await fail('password')
      const signIn = () =>
        call(routes.passwords.authenticate, { organization_id, email_address, password })
      expect(await expectEnd(signIn, right)).toBe(3600)

      const intermediate_session_token = await fixture.beginSignIn(person)
      await failAttempts(server.database, person, ['totp'], {
        failures: 10,
        now: fixture.clock.now()
      })
      const request = { organization_id, member_id, intermediate_session_token }
      const code = wrongCode(person.secret, fixture.clock.now())
      expect(await call(routes.totps.authenticate, { ...request, code })).toEqual({
        status: 429,
        error_type: 'user_lock_limit_reached',
        after: '3600'
      })
      await fail('otp', 100)
      expect(await call(routes.otps.sms.send, request)).toEqual({
        status: 429,
        error_type: 'user_lock_limit_reached',
        after: null
      })
    })

    test('is the end of what was guessed from one place', async () => {
      const { organization_id, email_address } = await fixture.newPerson()
      const clientIp = '203.0.113.70'
      const signIn = (given: string) =>
        call(
          routes.passwords.authenticate,
          { organization_id, email_address, password: given },
          clientIp
        )
      const limits = { guess_limits: { failures: 2, accounts: 1, minutes: 30 } }
      await withSettings(fixture, limits, async () => {
        await signIn('wrong')
        fixture.clock.advance(60)
        await signIn('wrong')
        expect(await expectEnd(() => signIn(password), right)).toBe(30 * 60 - 60)
      })
    })
  })
})
