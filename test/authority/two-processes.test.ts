import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { hash } from 'bcryptjs'
import { type Client, createClient } from 'membergate/client'
import { ApiError } from 'membergate/errors'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { builtCli } from '../support/built-cli.ts'
import { describeOnPostgres, type TestDatabase } from '../support/databases.ts'
import { close, listen } from '../support/listen.ts'
import { newFolder } from '../support/new-folder.ts'
import { timeoutMs } from '../support/patience.ts'
import { newPhone } from '../support/people.ts'
import { totpCode, wrongCode } from '../support/totp-code.ts'

/** What works once works once for all processes together: each race runs over two of `membergate serve`. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const organization_id = 'acme'
const redirect = 'https://app.example/authenticate'
const password = 'correct horse battery staple'
const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const project = {
  project_id: `project-test-${randomUUID()}`,
  secret: `secret-test-${randomUUID()}`
}
const hundred = Array.from({ length: 100 }, (_, index) => index)

interface Message {
  readonly to: string
  readonly code?: string
  readonly token?: string
}

/** `ok`, or why it was refused. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (error instanceof ApiError) return error.error_type
    throw error
  }
}

describeOnPostgres('two processes on one database', (create) => {
  const children: ChildProcess[] = []
  const received: Message[] = []
  let clients: readonly Client[] = []
  let database: TestDatabase
  let mailbox: Server
  let folder: string
  let cheapHash: string

  beforeAll(async () => {
    database = await create()
    folder = await newFolder()
    cheapHash = await hash(password, 4)
    mailbox = createServer(async (request, response) => {
      received.unshift(JSON.parse(await text(request)).data)
      response.writeHead(204).end()
    })
    const hook = await listen(mailbox)
    const seed = join(folder, 'seed.json')
    const organizations = [{ organization_name: 'Acme', organization_slug: organization_id }]
    const settings = { redirect_urls: [redirect] }
    await writeFile(seed, JSON.stringify({ ...project, settings, organizations }), { mode: 0o600 })
    const args = ['--database', database.location, '--seed', seed]
    const hooks = ['--sms-webhook', hook, '--email-webhook', hook]
    const env = {
      PATH: process.env.PATH,
      NODE_NO_WARNINGS: '1',
      MEMBERGATE_KEY: newAtRestKey(),
      MEMBERGATE_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`
    }
    const urls = await Promise.all([0, 1].map(() => serve([...args, ...hooks], env)))
    clients = urls.map((url) => createClient({ ...project, url, timeoutMs }))
  }, 60_000)

  afterAll(async () => {
    await Promise.all(
      children.map(async (child) => {
        const exit = once(child, 'exit')
        child.kill('SIGTERM')
        await exit
      })
    )
    await close(mailbox)
    await database.drop()
    await rm(folder, { recursive: true })
  })

  async function serve(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
    const child = spawn(
      process.execPath,
      [await builtCli(), 'serve', '--port', '0', '--json', ...args],
      { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] }
    )
    children.push(child)
    const [line] = await once(child.stdout, 'data')
    return JSON.parse(String(line)).url
  }

  const through = (index: number): Client => clients[index % clients.length] as Client

  async function newPerson() {
    const mfa_phone_number = newPhone()
    const email_address = `${randomUUID()}@acme.example`
    const { member_id } = await through(0).passwords.migrate({
      organization_id,
      email_address,
      hash: cheapHash,
      hash_type: 'bcrypt',
      mfa_phone_number,
      set_phone_number_verified: true
    })
    return { organization_id, member_id, email_address, mfa_phone_number }
  }

  type Person = Awaited<ReturnType<typeof newPerson>>

  const named = ({ member_id }: Person) => ({ organization_id, member_id })

  const signIn = ({ email_address }: Person) =>
    through(1).passwords.authenticate({ organization_id, email_address, password })

  /** From now on the member is asked for a second factor. */
  async function beginSignIn(person: Person): Promise<string> {
    await through(0).organizations.members.update({ ...named(person), mfa_enrolled: true })
    return (await signIn(person)).intermediate_session_token
  }

  const messageTo = (recipient: string) => received.find(({ to }) => to === recipient)

  /** A hundred calls at once, every other one through the other process. */
  async function race(call: (client: Client) => Promise<unknown>): Promise<readonly string[]> {
    return Promise.all(hundred.map((index) => outcomeOf(call(through(index)))))
  }

  const winners = (outcomes: readonly string[]) => outcomes.filter((outcome) => outcome === 'ok')

  async function expectSessions(person: Person, count: number): Promise<void> {
    const { member_sessions } = await through(0).sessions.get(named(person))
    expect(member_sessions).toHaveLength(count)
  }

  /** Far from the end of a TOTP step, so that a code is good as long as it is fought for. */
  async function codeWithTime(): Promise<string> {
    const left = 30_000 - (Date.now() % 30_000)
    if (left < 10_000) await pause(left)
    return totpCode(totp_secret, Date.now())
  }

  test('AI-02 AO-03: one intermediate session and one SMS code make one session', async () => {
    const person = await newPerson()
    const intermediate_session_token = await beginSignIn(person)
    const code = messageTo(person.mfa_phone_number)?.code ?? ''
    const outcomes = await race((client) =>
      client.otps.sms.authenticate({ ...named(person), intermediate_session_token, code })
    )
    expect(winners(outcomes)).toHaveLength(1)
    await expectSessions(person, 1)
  })

  test('AT-04: one TOTP step counts once, in whichever session', async () => {
    const person = await newPerson()
    await through(0).totps.migrate({ ...named(person), secret: totp_secret, recovery_codes: [] })
    const { session_token } = await signIn(person)
    const code = await codeWithTime()
    const outcomes = await race((client) =>
      client.totps.authenticate({ ...named(person), session_token, code })
    )
    expect(winners(outcomes)).toHaveLength(1)
  }, 60_000)

  test('AR-02: one recovery code is used once', async () => {
    const person = await newPerson()
    await through(0).totps.migrate({
      ...named(person),
      secret: totp_secret,
      recovery_codes: ['the only one', 'another']
    })
    const { session_token } = await signIn(person)
    const recovery_code = 'the only one'
    const outcomes = await race((client) =>
      client.recoveryCodes.recover({ ...named(person), session_token, recovery_code })
    )
    expect(winners(outcomes)).toHaveLength(1)
    const left = await through(1).recoveryCodes.get(named(person))
    expect(left.recovery_codes).toEqual(['another'])
  })

  test('one magic link signs in once', async () => {
    const person = await newPerson()
    const { email_address } = person
    await through(0).magicLinks.email.loginOrSignup({ organization_id, email_address })
    const magic_links_token = messageTo(email_address)?.token ?? ''
    const outcomes = await race((client) => client.magicLinks.authenticate({ magic_links_token }))
    expect(winners(outcomes)).toHaveLength(1)
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'unable_to_auth_magic_link']))
    await expectSessions(person, 1)
  })

  test('AP-07: one reset token sets one password', async () => {
    const person = await newPerson()
    const { email_address } = person
    await through(1).passwords.email.resetStart({ organization_id, email_address })
    const password_reset_token = messageTo(email_address)?.token ?? ''
    const tried = new Map<string, string>()
    await Promise.all(
      hundred.slice(0, 20).map(async (index) => {
        const next = `canary ${randomBytes(9).toString('base64url')}`
        const call = through(index).passwords.email.reset({ password_reset_token, password: next })
        tried.set(next, await outcomeOf(call))
      })
    )
    const [won, ...others] = [...tried].filter(([, outcome]) => outcome === 'ok')
    expect(others).toEqual([])
    const credentials = { organization_id, email_address, password: won?.[0] ?? '' }
    expect((await through(0).passwords.authenticate(credentials)).member_authenticated).toBe(true)
  }, 60_000)

  test('AT-05: a hundred wrong codes take the ten guesses that there are', async () => {
    const person = await newPerson()
    await through(0).totps.migrate({ ...named(person), secret: totp_secret, recovery_codes: [] })
    const { session_token } = await signIn(person)
    const code = wrongCode(totp_secret, Date.now())
    const outcomes = await race((client) =>
      client.totps.authenticate({ ...named(person), session_token, code })
    )
    expect(outcomes.filter((outcome) => outcome === 'unable_to_authenticate_totp')).toHaveLength(10)
    expect(new Set(outcomes)).toEqual(
      new Set(['unable_to_authenticate_totp', 'user_lock_limit_reached'])
    )
    expect(await outcomeOf(signIn(person))).toBe('ok')
  })

  test('AS-08: a session that one process revoked is over for the other at its next question', async () => {
    const person = await newPerson()
    for (const index of hundred) {
      const { session_token, session_jwt } = await signIn(person)
      await through(index).sessions.revoke({ session_token })
      const other = through(index + 1)
      const credential = index % 4 < 2 ? { session_token } : { session_jwt }
      expect(await outcomeOf(other.sessions.authenticate(credential))).toBe('session_not_found')
    }
  }, 60_000)
})
