import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { pwnedPasswords } from 'membergate/authority'
import { ConfigError } from 'membergate/errors'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { refusalOf } from '../support/api-errors.ts'
import { clientOn, connect, type SharedClient } from '../support/clients.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { close, listen } from '../support/listen.ts'

const leaked = 'correct horse battery staple'
const unheard = 'brzeczyszczykiewicz-vorbei-4'
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()
const breached = { status_code: 400, error_type: 'breached_password' }

interface Service {
  readonly url: string
  readonly asked: { path: string | undefined; padding: unknown }[]
  fail(): void
  reset(): void
  close(): Promise<void>
}

/** A service of ranges on this machine: it knows one password, and fills up with padding. */
async function openService(): Promise<Service> {
  const asked: Service['asked'] = []
  let status = 200
  const lines = [
    `${'0'.repeat(35)}:3`,
    `${sha1(leaked).slice(5)}:17`,
    `${sha1(unheard).slice(5)}:0`
  ]
  const server = createServer(({ url: path, headers }, response) => {
    asked.push({ path, padding: headers['add-padding'] })
    response.writeHead(status).end(lines.join('\r\n'))
  })
  return {
    url: `${await listen(server)}range/`,
    asked,
    fail() {
      status = 500
    },
    reset() {
      status = 200
      asked.length = 0
    },
    close: () => close(server)
  }
}

describe('a password that leaked elsewhere', () => {
  describeOnEachDatabase((create, engine) => {
    const email_address = 'ada@acme.example'
    const organization_id = 'acme'
    let database: TestDatabase
    let authority: OpenAuthority
    let client: SharedClient
    let service: Service

    beforeAll(async () => {
      service = await openService()
      database = await create()
      const member = { email_address, password: unheard }
      const organization = { organization_name: 'Acme', organization_slug: 'acme' }
      authority = await openAuthority({
        database: database.location,
        isBreachedPassword: pwnedPasswords({ url: service.url }),
        projects: [
          {
            settings: { redirect_urls: ['https://app.example/reset'] },
            organizations: [{ ...organization, members: [member] }]
          }
        ]
      })
      const { url, project_id, secret } = authority
      client = connect(clientOn(engine), { project_id, secret }, { url }, { now: Date.now })
    })
    afterAll(async () => {
      await authority.close()
      await database.drop()
      await service.close()
    })
    beforeEach(() => service.reset())

    async function signIn() {
      const answer = await client.passwords.authenticate({
        organization_id,
        email_address,
        password: unheard
      })
      return answer.session_token
    }

    /** Each way to set a password. */
    const ways: Record<string, (password: string) => Promise<unknown>> = {
      'passwords.sessions.reset': async (password) =>
        client.passwords.sessions.reset({
          organization_id,
          session_token: await signIn(),
          password
        }),
      'passwords.existingPassword.reset': (new_password) =>
        client.passwords.existingPassword.reset({
          organization_id,
          email_address,
          existing_password: unheard,
          new_password
        }),
      'passwords.email.reset': async (password) => {
        await client.passwords.email.resetStart({ organization_id, email_address })
        const [mail] = authority.outbox()
        const password_reset_token = mail?.token ?? ''
        return client.passwords.email.reset({ password_reset_token, password })
      }
    }

    test.each(Object.entries(ways))('AP-12: is not set by %s', async (_, set) => {
      expect(await refusalOf(set(leaked))).toMatchObject(breached)
      await set(unheard)
      await signIn()
    })

    test('is not valid, and the answer says why', async () => {
      const answer = await client.passwords.strengthCheck({ password: leaked })
      expect(answer).toMatchObject({
        valid_password: false,
        breached_password: true,
        breach_detection_on_create: true,
        score: 4
      })
      const other = await client.passwords.strengthCheck({ password: unheard })
      expect(other).toMatchObject({ valid_password: true, breached_password: false })
    })

    test('is looked up by five digits of its hash, among padding', async () => {
      await client.passwords.strengthCheck({ password: leaked })
      expect(service.asked).toEqual([
        { path: `/range/${sha1(leaked).slice(0, 5)}`, padding: 'true' }
      ])
    })

    test('is set while the service fails, and a weak one is not', async () => {
      service.fail()
      const { valid_password } = await client.passwords.strengthCheck({ password: leaked })
      expect(valid_password).toBe(true)
      const weak = ways['passwords.sessions.reset']?.('password')
      expect(await refusalOf(weak ?? Promise.resolve())).toMatchObject({
        error_type: 'weak_password'
      })
    })

    test('still signs in: only what is set is looked up', async () => {
      await signIn()
      expect(service.asked).toEqual([])
    })
  })

  test.each([
    { url: 'http://pwned.example/range/' },
    { url: 'https://pwned.example/range' },
    { url: 5 },
    { fetch: 5 },
    { uri: 'x' }
  ])('cannot be looked up by %j', (options) => {
    expect(() => pwnedPasswords(options as object)).toThrow(ConfigError)
  })
})
