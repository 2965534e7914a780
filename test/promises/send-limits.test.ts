import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { connect } from '../support/clients.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { newPhone, type Person } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'
import { withSettings } from '../support/settings.ts'

const tooMany = { status_code: 429, error_type: 'too_many_requests' }
const hour = 3600

describeOnEachEngine((fixture) => {
  const sendDiscovery = (email_address: string) =>
    fixture.client.magicLinks.email.discovery.send({ email_address })
  const sendLogin = ({ organization_id, email_address }: Person) =>
    fixture.client.magicLinks.email.loginOrSignup({ organization_id, email_address })
  const startReset = ({ organization_id, email_address }: Person) =>
    fixture.client.passwords.email.resetStart({ organization_id, email_address })
  const sendSms = ({ organization_id, member_id }: Person, mfa_phone_number = newPhone()) =>
    fixture.client.otps.sms.send({ organization_id, member_id, mfa_phone_number })

  async function repeat(times: number, work: (index: number) => Promise<unknown>): Promise<void> {
    for (let index = 0; index < times; index += 1) await work(index)
  }

  /** Other limits, and nothing sent yet, while `work` runs. */
  const withLimits = (
    name: 'email_limits' | 'sms_limits',
    limits: Record<string, { messages: number; minutes: number }[]>,
    work: () => Promise<unknown>
  ) =>
    withSettings(fixture, { [name]: limits }, async () => {
      await fixture.resetSendCounts()
      await work()
      await fixture.resetSendCounts()
    })

  describe('budgets', () => {
    test('a flood of one kind denies no other: neither to the address nor to all', async () => {
      const person = await fixture.newPerson()
      const limits = { project: [{ messages: 12, minutes: 60 }] }
      await withLimits('email_limits', limits, async () => {
        await repeat(10, () => sendDiscovery(person.email_address))
        expect(await fixture.errorOf(sendDiscovery(person.email_address))).toMatchObject(tooMany)
        await repeat(2, (index) => sendDiscovery(`flood-${index}@example.com`))
        expect(await fixture.errorOf(sendDiscovery('flood@example.com'))).toMatchObject(tooMany)
        await startReset(person)
        await sendLogin(person)
        await fixture.client.otps.email.loginOrSignup(person)
      })
    })

    test('what new numbers are sent leaves verified numbers theirs', async () => {
      const phoned = await fixture.newPhoned()
      await withLimits('sms_limits', { project: [{ messages: 2, minutes: 60 }] }, async () => {
        await repeat(2, async () => sendSms(await fixture.newPerson()))
        const person = await fixture.newPerson()
        expect(await fixture.errorOf(sendSms(person))).toMatchObject(tooMany)
        await fixture.beginSignIn(phoned)
        expect(fixture.sentTo(phoned.mfa_phone_number)).toHaveLength(1)
      })
    })
  })

  describe('mailboxes', () => {
    const spellings = (index: number) => `a.d${'.'.repeat(index % 2)}a+${index}@gmail.com`

    test('tags and dots that lead to one mailbox share five times the limit', async () => {
      await fixture.resetSendCounts()
      await repeat(50, (index) => sendDiscovery(spellings(index)))
      expect(await fixture.errorOf(sendDiscovery('ada@googlemail.com'))).toMatchObject(tooMany)
      await sendDiscovery('grace@gmail.com')
    })

    test('nine of a tagged address leave the address as many as before', async () => {
      const person = await fixture.newPerson()
      const { email_address } = person
      await repeat(9, () => sendDiscovery(email_address.replace('@', '+x@')))
      await repeat(10, () => sendDiscovery(email_address))
      expect(await fixture.errorOf(sendDiscovery(email_address))).toMatchObject(tooMany)
    })

    test('dots are part of the name where a provider looks at them', async () => {
      const limits = { mailbox: [{ messages: 1, minutes: 60 }] }
      await withLimits('email_limits', limits, async () => {
        await sendDiscovery('a.da@example.com')
        await sendDiscovery('ada@example.com')
        expect(await fixture.errorOf(sendDiscovery('ada+x@example.com'))).toMatchObject(tooMany)
      })
    })

    test('one mailbox in two spellings stays two members', async () => {
      const { organization_id } = await fixture.newOrganization()
      const dotted = await fixture.newPerson({ organization_id, email_address: 'a.d.a@gmail.com' })
      const tagged = await fixture.newPerson({ organization_id, email_address: 'ada+x@gmail.com' })
      expect(dotted.member_id).not.toBe(tagged.member_id)
    })
  })

  describe('caps', () => {
    test.each([
      ['organization', async () => (await fixture.newOrganization()).organization_id],
      ['project', async () => fixture.B.organization_id]
    ])('of one %s hold over all addresses', async (scope, another) => {
      const { organization_id } = await fixture.newOrganization()
      const persons = [
        await fixture.newPerson({ organization_id }),
        await fixture.newPerson({ organization_id }),
        await fixture.newPerson({ organization_id })
      ] as const
      const elsewhere = await fixture.newPerson({ organization_id: await another() })
      const limits = { [scope]: [{ messages: 2, minutes: 60 }] }
      await withLimits('email_limits', limits, async () => {
        await sendLogin(persons[0])
        await sendLogin(persons[1])
        expect(await fixture.errorOf(sendLogin(persons[2]))).toMatchObject(tooMany)
        const result = await sendLogin(elsewhere).catch(() => 'refused')
        expect(result === 'refused').toBe(scope === 'project')
      })
    })

    test.each([
      ['number_prefix', '+12025561234', '+12025561235', '+12025571234'],
      ['country', '+12025561234', '+12125571234', '+14165551234'],
      ['organization', '+12025561234', '+12125571234', undefined],
      ['project', '+12025561234', '+12125571234', undefined]
    ])('for SMS hold by %s', async (scope, first, second, free) => {
      const limits = { [scope]: [{ messages: 1, minutes: 1440 }] }
      await withLimits('sms_limits', limits, async () => {
        const { organization_id } = await fixture.newOrganization()
        await sendSms(await fixture.newPerson({ organization_id }), first)
        const person = await fixture.newPerson({ organization_id })
        expect(await fixture.errorOf(sendSms(person, second))).toMatchObject(tooMany)
        if (free !== undefined) await sendSms(person, free)
      })
    })
  })

  describe('IP addresses', () => {
    /** The official SDK names none, so a client of ours does, whichever is at work. */
    const ours = () => {
      const { project_id, secret, tap, clock } = fixture
      return connect('our client', { project_id, secret }, tap, clock)
    }
    const sendFrom = (clientIp: string | undefined) => {
      const email_address = `${randomUUID()}@example.com`
      return ours().magicLinks.email.discovery.send({ email_address }, { clientIp })
    }
    const limits = { ip_address: [{ messages: 2, minutes: 60 }] }

    test.each([
      ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.8'],
      ['2001:db8:1:2::1', '2001:db8:1:2:ffff::1', '2001:db8:1:3::1']
    ])('%s and %s are one, and %s is another', async (one, same, another) => {
      await withLimits('email_limits', limits, async () => {
        await sendFrom(one)
        await sendFrom(same)
        expect(await fixture.errorOf(sendFrom(one))).toMatchObject(tooMany)
        expect(await fixture.errorOf(sendFrom(same))).toMatchObject(tooMany)
        await sendFrom(another)
      })
    })

    test.each([undefined, '10.0.0.1', '127.0.0.1', 'fd00::1'])('%s has no limit', async (ip) => {
      await withLimits('email_limits', limits, () => repeat(4, () => sendFrom(ip)))
    })

    test('SMS count too', async () => {
      const send = async () => {
        const { organization_id, member_id } = await fixture.newPerson()
        const data = { organization_id, member_id, mfa_phone_number: newPhone() }
        return ours().otps.sms.send(data, { clientIp: '203.0.113.7' })
      }
      await withLimits('sms_limits', limits, async () => {
        await repeat(2, send)
        expect(await fixture.errorOf(send())).toMatchObject(tooMany)
      })
    })

    test('what is kept of one does not say which', async () => {
      await sendFrom('203.0.113.77')
      const rows = await runSql(fixture.database, 'select counter from send_counts')
      expect(JSON.stringify(rows)).toContain('|ip_address|')
      expect(JSON.stringify(rows)).not.toContain('203.0.113')
    })
  })

  describe('windows', () => {
    /** To a time after the last full hour of the clock. */
    function moveTo(secondsOfHour: number): void {
      const second = (fixture.clock.now() / 1000) % hour
      fixture.clock.advance(hour - second + secondsOfHour)
    }

    test('no full hour of the clock lets ten more through', async () => {
      const { email_address } = await fixture.newPerson()
      moveTo(hour - 60)
      await repeat(10, () => sendDiscovery(email_address))
      fixture.clock.advance(120)
      expect(await fixture.errorOf(sendDiscovery(email_address))).toMatchObject(tooMany)
      fixture.clock.advance(hour - 121)
      expect(await fixture.errorOf(sendDiscovery(email_address))).toMatchObject(tooMany)
      fixture.clock.advance(1)
      await repeat(10, () => sendDiscovery(email_address))
      expect(await fixture.errorOf(sendDiscovery(email_address))).toMatchObject(tooMany)
    })

    test('what was sent evenly leaves one by one', async () => {
      const { email_address } = await fixture.newPerson()
      for (let sent = 0; sent < 10; sent += 1) {
        await sendDiscovery(email_address)
        fixture.clock.advance(300)
      }
      expect(await fixture.errorOf(sendDiscovery(email_address))).toMatchObject(tooMany)
      fixture.clock.advance(hour - 10 * 300)
      for (let left = 0; left < 5; left += 1) {
        await sendDiscovery(email_address)
        expect(await fixture.errorOf(sendDiscovery(email_address))).toMatchObject(tooMany)
        fixture.clock.advance(300)
      }
    })

    test('a refused message is not counted', async () => {
      const { email_address } = await fixture.newPerson()
      await repeat(10, () => sendDiscovery(email_address))
      fixture.clock.advance(hour / 2)
      await repeat(5, () => fixture.errorOf(sendDiscovery(email_address)))
      fixture.clock.advance(hour / 2)
      await repeat(10, () => sendDiscovery(email_address))
    })

    test('of a hundred at once the limit is sent', async () => {
      const { email_address } = await fixture.newPerson()
      const all = Array.from({ length: 100 }, () => sendDiscovery(email_address))
      const results = await Promise.allSettled(all)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    })
  })
})
