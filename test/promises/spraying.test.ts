import { randomInt, randomUUID } from 'node:crypto'
import diagnostics_channel from 'node:diagnostics_channel'
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Client } from 'membergate/client'
import { auditChannel } from '../../src/authority/http/audited.ts'
import { errorChannel } from '../../src/authority/http/report-error.ts'
import { connect } from '../support/clients.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { type Person, password } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'
import { withSettings } from '../support/settings.ts'
import { wrongCode } from '../support/totp-code.ts'

const tooMany = { status_code: 429, error_type: 'too_many_requests' }
const clientIp = '203.0.113.7'

describeOnEachEngine((fixture) => {
  beforeEach(async () => {
    await runSql(fixture.database, 'delete from failure_counts')
  })

  /** The official SDK names no IP address, so a client of ours does, whichever is at work. */
  const ours = (): Client => {
    const { project_id, secret, tap, clock } = fixture
    return connect('our client', { project_id, secret }, tap, clock) as Client
  }

  const credentials = (person: Pick<Person, 'organization_id' | 'email_address'>) => ({
    organization_id: person.organization_id,
    email_address: person.email_address,
    password
  })
  const signInFrom = (ip: string | undefined, person: Person) =>
    ours().passwords.authenticate(credentials(person), { clientIp: ip })
  const guess = (ip: string | undefined, email_address: string) =>
    fixture.errorOf(
      ours().passwords.authenticate(
        { organization_id: fixture.A.organization_id, email_address, password: 'wrong' },
        { clientIp: ip }
      )
    )

  /** So many guesses at each of so many addresses that no member has. */
  async function spray(ip: string | undefined, accounts: number, each: number): Promise<void> {
    for (let account = 0; account < accounts; account += 1) {
      const email_address = `${randomUUID()}@${fixture.A.organization_slug}.example`
      for (let index = 0; index < each; index += 1) await guess(ip, email_address)
    }
  }

  describe('from one place', () => {
    test('a hundred failures at twenty accounts are the end, for an hour', async () => {
      const person = await fixture.newPerson()
      await spray(clientIp, 19, 5)
      await spray(clientIp, 1, 4)
      await signInFrom(clientIp, person)
      await spray(clientIp, 1, 1)
      expect(await fixture.errorOf(signInFrom(clientIp, person))).toMatchObject(tooMany)
      fixture.clock.advance(3601)
      await signInFrom(clientIp, person)
    })

    test('any number at fewer accounts is not', async () => {
      const person = await fixture.newPerson()
      const limits = { guess_limits: { failures: 4, accounts: 3 } }
      await withSettings(fixture, limits, async () => {
        await spray(clientIp, 2, 8)
        await signInFrom(clientIp, person)
        await spray(clientIp, 1, 1)
        expect(await fixture.errorOf(signInFrom(clientIp, person))).toMatchObject(tooMany)
      })
    })

    test('guesses at one account at the same time count it once', async () => {
      const person = await fixture.newPerson()
      const limits = { guess_limits: { failures: 2, accounts: 2 } }
      await withSettings(fixture, limits, async () => {
        const email_address = `${randomUUID()}@example.com`
        await Promise.all(Array.from({ length: 8 }, () => guess(clientIp, email_address)))
        await signInFrom(clientIp, person)
        await Promise.all(Array.from({ length: 2 }, () => guess(clientIp, `x${email_address}`)))
        expect(await fixture.errorOf(signInFrom(clientIp, person))).toMatchObject(tooMany)
      })
    })
  })

  describe('once it is the end', () => {
    const denied = (work: (person: Person) => Promise<unknown>) =>
      withSettings(fixture, { guess_limits: { failures: 2, accounts: 2 } }, async () => {
        const person = await fixture.newPerson()
        await spray(clientIp, 2, 1)
        expect(await fixture.errorOf(signInFrom(clientIp, person))).toMatchObject(tooMany)
        await work(person)
      })

    test('everywhere else sign-in goes on', () =>
      denied(async (person) => {
        for (const other of ['203.0.113.8', '2001:db8::1', '10.0.0.1', undefined]) {
          await signInFrom(other, person)
        }
      }))

    test('sessions, links and what is sent go on', () =>
      denied(async (person) => {
        const { organization_id, email_address } = person
        const { session_token } = await fixture.signIn(person)
        const from = { clientIp }
        await ours().sessions.authenticate({ session_token }, from)
        await ours().sessions.exchange({ session_token, organization_id }, from)
        await ours().magicLinks.email.loginOrSignup({ organization_id, email_address }, from)
        const magic_links_token = String(fixture.sentTo(email_address)[0]?.token)
        await ours().magicLinks.authenticate({ magic_links_token }, from)
      }))

    test('every kind of guess is denied', () =>
      denied(async (person) => {
        const { organization_id, member_id, email_address } = person
        const { session_token } = await fixture.signIn(person)
        const who = { organization_id, member_id, session_token }
        const from = { clientIp }
        const code = '000000'
        const { passwords, otps, totps, recoveryCodes } = ours()
        const change = { existing_password: password, new_password: `another ${randomUUID()}` }
        for (const call of [
          passwords.existingPassword.reset({ organization_id, email_address, ...change }, from),
          otps.email.authenticate({ organization_id, email_address, code }, from),
          otps.email.discovery.authenticate({ email_address, code }, from),
          otps.sms.authenticate({ ...who, code }, from),
          totps.authenticate({ ...who, code }, from),
          recoveryCodes.recover({ ...who, recovery_code: 'x' }, from)
        ]) {
          expect(await fixture.errorOf(call)).toMatchObject(tooMany)
        }
      }))
  })

  test('an IPv6 address counts as its first 64 bits', async () => {
    const person = await fixture.newPerson()
    await withSettings(fixture, { guess_limits: { failures: 2, accounts: 2 } }, async () => {
      await spray('2001:db8:1:2::1', 1, 1)
      await spray('2001:db8:1:2::2', 1, 1)
      expect(await fixture.errorOf(signInFrom('2001:db8:1:2:3::', person))).toMatchObject(tooMany)
      await signInFrom('2001:db8:1:3::1', person)
    })
  })

  test.each([undefined, '10.0.0.1', '::1'])('%s has no limit', async (ip) => {
    const person = await fixture.newPerson()
    await withSettings(fixture, { guess_limits: { failures: 2, accounts: 2 } }, async () => {
      await spray(ip, 3, 1)
      await signInFrom(ip, person)
    })
  })

  test('wrong codes count as wrong passwords do', async () => {
    const person = await fixture.newPerson()
    const enrolled = await fixture.newEnrolled()
    await withSettings(fixture, { guess_limits: { failures: 2, accounts: 2 } }, async () => {
      const intermediate_session_token = await fixture.beginSignIn(enrolled)
      const { organization_id, member_id } = enrolled
      const code = wrongCode(enrolled.secret, fixture.clock.now())
      const data = { organization_id, member_id, intermediate_session_token, code }
      expect(await fixture.errorOf(ours().totps.authenticate(data, { clientIp }))).toMatchObject({
        error_type: 'unable_to_authenticate_totp'
      })
      await spray(clientIp, 1, 1)
      expect(await fixture.errorOf(signInFrom(clientIp, person))).toMatchObject(tooMany)
    })
  })

  test('what is kept says neither where nor who', async () => {
    const email_address = `${randomUUID()}@example.com`
    await guess(clientIp, email_address)
    const kept = JSON.stringify(await runSql(fixture.database, 'select * from failure_counts'))
    expect(kept).toContain(fixture.project_id)
    for (const secret of [clientIp, email_address, '@']) expect(kept).not.toContain(secret)
  })

  test('while the counts cannot be stored they are kept in memory', async () => {
    const { database } = fixture
    // Memory keeps what it counted, so each run of this test comes from elsewhere.
    const ip = `198.18.${randomInt(256)}.${randomInt(256)}`
    const person = await fixture.newPerson()
    const reported: unknown[] = []
    const note = (report: unknown) => reported.push(Reflect.get(Object(report), 'operation'))
    diagnostics_channel.subscribe(errorChannel, note)
    await runSql(database, 'alter table failure_counts rename to failure_counts_away')
    try {
      await withSettings(fixture, { guess_limits: { failures: 3, accounts: 3 } }, async () => {
        await spray(ip, 2, 1)
        await signInFrom(ip, person)
        await spray(ip, 1, 1)
        expect(await fixture.errorOf(signInFrom(ip, person))).toMatchObject(tooMany)
      })
    } finally {
      await runSql(database, 'alter table failure_counts_away rename to failure_counts')
      diagnostics_channel.unsubscribe(errorChannel, note)
    }
    expect(new Set(reported)).toEqual(new Set(['failure_counts']))
    await signInFrom(ip, person)
  })

  test('many failures in the project raise one alarm, and deny nothing', async () => {
    const { database, project_id } = fixture
    const person = await fixture.newPerson()
    const heard: Record<string, unknown>[] = []
    const note = (event: unknown) => heard.push(event as Record<string, unknown>)
    diagnostics_channel.subscribe(auditChannel, note)
    try {
      await withSettings(fixture, { guess_limits: { alarm: 5 } }, async () => {
        await spray(undefined, 4, 1)
        expect(heard.filter(({ kind }) => kind === 'alarm')).toEqual([])
        await spray(undefined, 4, 1)
        await signInFrom(undefined, person)
      })
    } finally {
      diagnostics_channel.unsubscribe(auditChannel, note)
    }
    const alarms = heard.filter(({ kind }) => kind === 'alarm')
    expect(alarms).toMatchObject([
      { project_id, operation: 'passwords.authenticate', error_type: 'too_many_requests' }
    ])
    const id = String(alarms[0]?.event_id)
    const rows = await runSql(database, 'select kind from audit_events where event_id = $1', [id])
    expect(rows).toEqual([{ kind: 'alarm' }])
  })
})
