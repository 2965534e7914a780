import { randomBytes, randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createOutbox } from 'membergate/authority'
import { type Client, createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { auditChannel } from '../../src/authority/http/audited.ts'
import { errorChannel } from '../../src/authority/http/report-error.ts'
import { breakWrites } from '../promises/broken-storage.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { timeoutMs } from '../support/patience.ts'
import { holds, secretsOf } from '../support/secrets.ts'
import { totpCode } from '../support/totp-code.ts'

const redirect = 'https://app.example/authenticate'
const secret = `secret-test-${randomBytes(24).toString('base64url')}`
const [first, second, third, fourth] = Array.from(
  { length: 4 },
  () => `Canary ${randomBytes(12).toString('base64url')}`
) as [string, string, string, string]

describeOnEachDatabase((create) => {
  describe('nothing that lets someone in leaves the calls', () => {
    const seen = new Set<string>([secret, first])
    const said: string[] = []
    const audit: string[] = []
    const now = () => Date.now()
    const outbox = createOutbox({ now })
    let database: TestDatabase
    let authority: OpenAuthority
    let client: Client

    const listen = (message: unknown) => said.push(JSON.stringify(message))
    const hear = (event: unknown) => audit.push(JSON.stringify(event))
    const print = (chunk: unknown) => said.push(String(chunk)) > 0

    beforeAll(async () => {
      subscribe(errorChannel, listen)
      subscribe(auditChannel, hear)
      jest.spyOn(process.stdout, 'write').mockImplementation(print)
      jest.spyOn(process.stderr, 'write').mockImplementation(print)
      database = await create()
      const member = { email_address: 'ada@acme.test', password: first }
      authority = await openAuthority({
        database: database.location,
        deliver: outbox.deliver,
        projects: [
          {
            project_id: `project-test-${randomUUID()}`,
            secret,
            settings: { redirect_urls: [redirect] },
            organizations: [
              { organization_name: 'Acme', organization_slug: 'acme', members: [member] }
            ]
          }
        ]
      })
      const { url, project_id } = authority
      client = createClient({ url, project_id, secret, fetch: watch, timeoutMs })
    })
    afterAll(async () => {
      await authority.close()
      await database.drop()
      unsubscribe(errorChannel, listen)
      unsubscribe(auditChannel, hear)
      jest.restoreAllMocks()
    })

    /** Notes what every call sends and gets. */
    async function watch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
      const response = await fetch(input, init)
      const answer = await response.clone().text()
      for (const text of [String(init?.body ?? '{}'), answer]) {
        for (const found of secretsOf(JSON.parse(text))) if (found !== '') seen.add(found)
      }
      return response
    }

    /** The newest message, whose secrets count too. */
    function received(): { code: string; token: string } {
      const [newest] = outbox.entries()
      for (const found of secretsOf(newest)) seen.add(found)
      return { code: newest?.code ?? '', token: newest?.token ?? '' }
    }

    async function search(): Promise<void> {
      const dump = await database.dump()
      expect(dump).toContain('ada@acme.test')
      const found = [...seen].filter(
        (text) => holds(dump, text) || [...said, ...audit].some((line) => holds(line, text))
      )
      expect(found).toEqual([])
      expect(dump).not.toContain('PRIVATE KEY')
      expect(audit.filter((event) => /@|%40|acme|2025550123/i.test(event))).toEqual([])
    }

    test('passwords, links and codes by e-mail', async () => {
      const organization_id = 'acme'
      const email_address = 'ada@acme.test'
      const { session_token } = await client.passwords.authenticate({
        organization_id,
        email_address,
        password: first
      })
      await client.passwords.sessions.reset({ organization_id, session_token, password: second })
      await client.passwords.existingPassword.reset({
        organization_id,
        email_address,
        existing_password: second,
        new_password: third
      })
      await client.passwords.email.resetStart({ organization_id, email_address })
      await search()
      await client.passwords.email.reset({
        password_reset_token: received().token,
        password: fourth
      })
      await client.magicLinks.email.loginOrSignup({ organization_id, email_address })
      const magic_links_token = received().token
      await search()
      await client.magicLinks.authenticate({ magic_links_token })
      await client.otps.email.loginOrSignup({ organization_id, email_address })
      const { code } = received()
      await search()
      await client.otps.email.authenticate({ organization_id, email_address, code })
      await client.magicLinks.email.discovery.send({ email_address })
      await client.magicLinks.discovery.authenticate({
        discovery_magic_links_token: received().token
      })
      await client.otps.email.discovery.send({ email_address })
      await client.otps.email.discovery.authenticate({ email_address, code: received().code })
      await search()
      expect(seen.size).toBeGreaterThan(15)
      expect(audit.length).toBeGreaterThan(10)
    })

    test('second factors', async () => {
      const credentials = { email_address: 'ada@acme.test', password: fourth }
      const signedIn = await client.passwords.authenticate({
        organization_id: 'acme',
        ...credentials
      })
      const { member_id, session_token } = signedIn
      const named = { organization_id: 'acme', member_id, session_token }
      const registration = await client.totps.create(named)
      const code = totpCode(registration.secret, now())
      await client.totps.authenticate({ ...named, code, set_mfa_enrollment: 'enroll' })
      await client.otps.sms.send({ ...named, mfa_phone_number: '+12025550123' })
      const sms = received().code
      await search()
      await client.otps.sms.authenticate({ ...named, code: sms })
      const half = await client.passwords.authenticate({ organization_id: 'acme', ...credentials })
      await search()
      const { intermediate_session_token } = half
      const [recovery_code = ''] = registration.recovery_codes
      await client.recoveryCodes.recover({
        organization_id: 'acme',
        member_id,
        intermediate_session_token,
        recovery_code
      })
      await client.recoveryCodes.rotate({ organization_id: 'acme', member_id })
      await client.sessions.exchange({ organization_id: 'acme', session_token })
      await search()
    })

    test('calls that fail, and what is said of them', async () => {
      const email_address = 'ada@acme.test'
      await breakWrites(database.location, 'insert', 'links', async () => {
        const call = client.magicLinks.email.loginOrSignup({
          organization_id: 'acme',
          email_address
        })
        await expect(call).rejects.toMatchObject({ code: expect.anything() })
      })
      received()
      await breakWrites(database.location, 'insert', 'intermediate_sessions', async () => {
        const call = client.passwords.authenticate({
          organization_id: 'acme',
          email_address,
          password: fourth
        })
        await expect(call).rejects.toMatchObject({ code: expect.anything() })
      })
      const before = said.length
      expect(before).toBeGreaterThan(0)
      await search()
    })
  })
})
