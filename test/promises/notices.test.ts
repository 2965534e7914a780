import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { AuditEvent, NoticeKind, NoticeMessage } from 'membergate/authority'
import { openAuthority } from 'membergate/testing'
import { noticeText } from '../../src/authority/delivery/texts.ts'
import { auditChannel } from '../../src/authority/http/audited.ts'
import { clientOn } from '../support/clients.ts'
import { describeOnEachDatabase } from '../support/databases.ts'
import { type Fixture, openFixture } from '../support/fixture.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixture-server.ts'
import { type Enrolled, newPhone, type Person, password } from '../support/people.ts'
import { setSettings } from '../support/project-settings.ts'
import { named, recoveryCodeOf } from '../support/requests.ts'
import { runSql } from '../support/run-sql.ts'

const newPassword = 'another horse battery staple'
const newAddress = () => `${randomUUID()}@acme.example`

type Change = (fixture: Fixture, person: Enrolled) => Promise<unknown>

/** What a member hears of, and a call that brings it about. The person has a password and an authenticator. */
const changes: readonly (readonly [NoticeKind, string, Change])[] = [
  [
    'email_changed',
    'organizations.members.update of the address',
    ({ client }, person) =>
      client.organizations.members.update({ ...named(person), email_address: newAddress() })
  ],
  [
    'email_changed',
    'magicLinks.authenticate at a new address',
    async ({ client, sentTo }, person) => {
      const email_address = newAddress()
      await client.organizations.members.startEmailUpdate({ ...named(person), email_address })
      const magic_links_token = sentTo(email_address)[0]?.token ?? ''
      await client.magicLinks.authenticate({ magic_links_token })
    }
  ],
  [
    'email_changed',
    'otps.email.authenticate at a new address',
    async ({ client, lastCode }, person) => {
      const { organization_id } = person
      const email_address = newAddress()
      const delivery_method = 'EMAIL_OTP'
      const request = { ...named(person), email_address, delivery_method } as const
      await client.organizations.members.startEmailUpdate(request)
      const code = lastCode(email_address)
      await client.otps.email.authenticate({ organization_id, email_address, code })
    }
  ],
  [
    'password_changed',
    'passwords.email.reset',
    async ({ client, sentTo }, { organization_id, email_address }) => {
      await client.passwords.email.resetStart({ organization_id, email_address })
      const password_reset_token = sentTo(email_address)[0]?.token ?? ''
      await client.passwords.email.reset({ password_reset_token, password: newPassword })
    }
  ],
  [
    'password_changed',
    'passwords.existingPassword.reset',
    ({ client }, { organization_id, email_address }) =>
      client.passwords.existingPassword.reset({
        organization_id,
        email_address,
        existing_password: password,
        new_password: newPassword
      })
  ],
  [
    'password_changed',
    'passwords.sessions.reset',
    async (fixture, person) => {
      const session_token = await signIn(fixture, person)
      const { organization_id } = person
      const request = { organization_id, session_token, password: newPassword }
      await fixture.client.passwords.sessions.reset(request)
    }
  ],
  [
    'password_removed',
    'organizations.members.deletePassword',
    ({ client }, { organization_id, member: { member_password_id } }) =>
      client.organizations.members.deletePassword({ organization_id, member_password_id })
  ],
  [
    'mfa_added',
    'otps.sms.authenticate of a new number',
    async (fixture, person) => {
      const session_token = await signIn(fixture, person)
      const mfa_phone_number = newPhone()
      await fixture.resetSendCounts()
      await fixture.client.otps.sms.send({ ...named(person), mfa_phone_number, session_token })
      const code = fixture.lastCode(mfa_phone_number)
      await fixture.client.otps.sms.authenticate({ ...named(person), session_token, code })
    }
  ],
  [
    'mfa_removed',
    'organizations.members.deleteTOTP',
    ({ client }, person) => client.organizations.members.deleteTOTP(named(person))
  ],
  [
    'mfa_removed',
    'organizations.members.update of mfa_enrolled',
    ({ client }, person) =>
      client.organizations.members.update({ ...named(person), mfa_enrolled: false })
  ],
  [
    'unlocked',
    'organizations.members.unlock',
    async ({ client, errorOf }, person) => {
      const { organization_id, email_address } = person
      const wrong = { organization_id, email_address, password: 'wrong' }
      for (let count = 0; count < 10; count += 1) {
        await errorOf(client.passwords.authenticate(wrong))
      }
      await client.organizations.members.unlock(named(person))
    }
  ],
  [
    'recovery_code_used',
    'recoveryCodes.recover',
    async (fixture, person) => {
      const intermediate_session_token = await fixture.beginSignIn(person)
      const recovery_code = await recoveryCodeOf(fixture, person)
      const request = { ...named(person), intermediate_session_token, recovery_code }
      await fixture.client.recoveryCodes.recover(request)
    }
  ]
]

/** With the authenticator too. */
async function signIn(fixture: Fixture, person: Enrolled): Promise<string> {
  const intermediate_session_token = await fixture.beginSignIn(person)
  const code = fixture.nextCode(person.secret)
  const request = { ...named(person), intermediate_session_token, code }
  return (await fixture.client.totps.authenticate(request)).session_token
}

describeOnEachDatabase((create, engine) => {
  let server: FixtureServer
  let fixture: Fixture
  let sent: NoticeMessage[]
  let isBroken = false

  beforeAll(async () => {
    server = await openFixtureServer(create, undefined, async (message) => {
      if (isBroken) throw new Error('broken on purpose')
      sent.push(message)
    })
    fixture = openFixture(server, clientOn(engine))
  })
  afterAll(() => server.close())
  beforeEach(async () => {
    sent = []
    isBroken = false
    await fixture.resetSendCounts()
  })

  /** The call does not wait for its notices. */
  const until = async (isDone: () => boolean) => {
    for (let tries = 0; !isDone() && tries < 500; tries += 1) await wait(10)
    await wait(30)
  }
  const sentTo = ({ member_id }: Pick<Person, 'member_id'>) =>
    sent.filter((message) => message.member_id === member_id)
  const noticed = async (person: Person) => {
    await until(() => sentTo(person).length > 0)
    return sentTo(person).map(({ kind, to }) => [kind, to])
  }
  async function newMember(): Promise<Enrolled> {
    const person = await fixture.newEnrolled()
    // It is told of its authenticator.
    await until(() => sentTo(person).length > 0)
    sent = []
    return person
  }

  describe('a member is told at the address of before', () => {
    test.each(changes)('%s by %s', async (kind, _operation, change) => {
      const person = await newMember()
      await change(fixture, person)
      expect(await noticed(person)).toEqual([[kind, person.email_address]])
    })

    test('mfa_added by the first code of an authenticator, and of no other code', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const { secret } = await fixture.client.totps.create({ ...named(person), session_token })
      const first = { ...named(person), session_token, code: fixture.nextCode(secret) }
      await fixture.client.totps.authenticate(first)
      expect(await noticed(person)).toEqual([['mfa_added', person.email_address]])
      await fixture.client.totps.authenticate({ ...first, code: fixture.nextCode(secret) })
      expect(await noticed(person)).toHaveLength(1)
    })

    test('mfa_removed by organizations.members.deleteMFAPhoneNumber', async () => {
      const person = await fixture.newPhoned({}, { mfa_enrolled: false })
      await fixture.client.organizations.members.deleteMFAPhoneNumber(named(person))
      expect(await noticed(person)).toEqual([['mfa_removed', person.email_address]])
    })
  })

  test('what changes nothing that verifies the member is no notice', async () => {
    const person = await newMember()
    await signIn(fixture, person)
    await fixture.client.organizations.members.update({ ...named(person), name: 'Ada' })
    await until(() => true)
    expect(sentTo(person)).toEqual([])
  })

  test('an address that nobody has verified is told nothing', async () => {
    const { organization_id } = fixture.A
    const email_address = newAddress()
    const { members } = fixture.client.organizations
    const { member_id, member } = await members.create({ organization_id, email_address })
    expect(member.email_address_verified).toBe(false)
    await members.update({ organization_id, member_id, email_address: newAddress() })
    await until(() => true)
    expect(sentTo({ member_id })).toEqual([])
  })

  test('a call that is refused is no notice', async () => {
    const person = await newMember()
    const { organization_id, email_address } = person
    await fixture.errorOf(
      fixture.client.passwords.existingPassword.reset({
        organization_id,
        email_address,
        existing_password: 'wrong',
        new_password: newPassword
      })
    )
    await until(() => true)
    expect(sentTo(person)).toEqual([])
  })

  test('a notice is in the language of the call, and holds neither link, code nor the new address', async () => {
    const person = await newMember()
    const { organization_id, email_address } = person
    await fixture.client.passwords.email.resetStart({ organization_id, email_address })
    const password_reset_token = fixture.sentTo(email_address)[0]?.token ?? ''
    const request = { password_reset_token, password: newPassword, locale: 'fr' } as const
    await fixture.client.passwords.email.reset(request)
    await until(() => sentTo(person).length > 0)
    const { member_id } = person
    const { project_id } = fixture
    const ids = { project_id, organization_id, member_id }
    expect(sentTo(person)).toEqual([
      {
        ...ids,
        to: email_address,
        kind: 'password_changed',
        locale: 'fr',
        ...noticeText('password_changed', fixture.A.organization_name, 'fr')
      }
    ])
    sent = []
    const later = newAddress()
    await fixture.client.organizations.members.update({ ...named(person), email_address: later })
    await until(() => sentTo(person).length > 0)
    expect(JSON.stringify(sentTo(person))).not.toMatch(/https?:|href/)
    expect(JSON.stringify(sentTo(person))).not.toContain(later)
  })

  describe('one that cannot be sent is an event of the audit, and no error', () => {
    let events: AuditEvent[]
    const listen = (event: unknown) => events.push(event as AuditEvent)
    const failed = () => events.filter(({ operation }) => operation === 'notices.send')
    const remove = ({ organization_id, member: { member_password_id } }: Enrolled) =>
      fixture.client.organizations.members.deletePassword({ organization_id, member_password_id })
    beforeEach(() => {
      events = []
      subscribe(auditChannel, listen)
    })
    afterEach(() => void unsubscribe(auditChannel, listen))

    test('because its sender fails', async () => {
      const person = await newMember()
      isBroken = true
      const { status_code, request_id } = await remove(person)
      expect(status_code).toBe(200)
      await until(() => failed().length > 0)
      const { organization_id, member_id } = person
      expect(failed()).toEqual([
        expect.objectContaining({
          kind: 'message',
          outcome: 'refused',
          error_type: 'server_unavailable',
          request_id,
          organization_id,
          member_id
        })
      ])
    })

    test('because it is one too many, which no other message pays for', async () => {
      const person = await newMember()
      const email_address = [{ messages: 1, minutes: 60 }]
      const [row] = await runSql(
        fixture.database,
        'select settings from projects where project_id = $1',
        [fixture.project_id]
      )
      const { email_limits } = JSON.parse(String(row?.settings))
      const unset = await setSettings(fixture, { email_limits: { ...email_limits, email_address } })
      await fixture.resetSendCounts()
      const { organization_id } = person
      await fixture.client.organizations.members.update({ ...named(person), mfa_enrolled: false })
      await until(() => sentTo(person).length > 0)
      await remove(person)
      await until(() => failed().length > 0)
      expect(failed()).toEqual([expect.objectContaining({ error_type: 'too_many_requests' })])
      const mail = { organization_id, email_address: person.email_address }
      expect(await fixture.client.magicLinks.email.loginOrSignup(mail)).toMatchObject({
        status_code: 200
      })
      await unset()
    })
  })
})

describe('the outbox of a test', () => {
  test('shows notices only where they are asked for', async () => {
    const member = { email_address: 'ada@acme.example', password }
    const authority = await openAuthority({
      projects: [
        {
          organizations: [
            { organization_name: 'Acme', organization_slug: 'acme', members: [member] }
          ]
        }
      ]
    })
    const { url, project_id, secret } = authority
    const answer = await fetch(`${url}v1/b2b/passwords/existing_password/reset`, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${btoa(`${project_id}:${secret}`)}`,
        'Content-Type': 'application/json'
      },
      body: JSON.stringify({
        organization_id: 'acme',
        email_address: member.email_address,
        existing_password: password,
        new_password: newPassword
      })
    })
    expect(answer.status).toBe(200)
    await authority.close()
    expect(authority.outbox()).toEqual([])
    expect(authority.outbox({ notices: true })).toEqual([
      {
        channel: 'notice',
        to: 'ada@acme.example',
        kind: 'password_changed',
        sent_at: expect.any(String)
      }
    ])
  })
})
