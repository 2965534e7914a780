import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe } from '@jest/globals'
import type {
  B2BPasswordsAuthenticateResponse,
  B2BPasswordsMigrateRequest,
  MemberSession,
  Organization
} from 'membergate/client'
import { codeOf, type Refusal, refusalOf } from './api-errors.ts'
import {
  type ClientName,
  clientNames,
  clientsOn,
  connect,
  type SharedClient,
  sendThrough
} from './clients.ts'
import type { Clock } from './clock.ts'
import { describeOnEachDatabase } from './databases.ts'
import type { Mail } from './deliveries.ts'
import type { Devices } from './devices.ts'
import { type FixtureServer, openFixtureServer } from './fixture-server.ts'
import type { IdentityProvider } from './identity-provider.ts'
import {
  type Enrolled,
  newPhone,
  type Pair,
  type Person,
  type Phoned,
  password,
  personOf,
  totp_secret
} from './people.ts'
import { runSql } from './run-sql.ts'
import type { Tap } from './tap.ts'
import { totpCode } from './totp-code.ts'

export type Session = 'session_token' | 'session_jwt'

/**
 * What a suite about the API works with: an authority on one engine, and one client of it, which speaks through a tap that
 * notes what went by. Both live by one clock, which stands still until a test moves it.
 */
export interface Fixture extends Mail {
  readonly clock: Clock
  readonly client: SharedClient
  readonly project_id: string
  readonly secret: string
  readonly A: Organization
  readonly B: Organization
  readonly tap: Tap
  /** The identity provider that the project trusts: see external.ts. */
  readonly identity: IdentityProvider
  readonly database: string
  /** A member who has a password but never signed in, where only passwords and magic links are accepted. */
  readonly waiting: Person
  /** A member with a verified phone number and an authenticator. */
  readonly both: Enrolled
  /** A project of its own on the same authority, which may send to Germany. */
  readonly other: {
    readonly project_id: string
    readonly client: SharedClient
    readonly organization: Organization
  }
  /** Another client of the same kind: without keys and policies at hand. */
  newClient(): SharedClient
  /** Sends the member an SMS, whatever was sent before, and gives its code. */
  newSms(person: Person, options?: Record<string, unknown>): Promise<string>
  /** Deletes how many messages were sent, so that the limits of sending begin anew. */
  resetSendCounts(): Promise<void>
  readonly devices: Devices
  /** A client that names the project with a secret that is not its own. */
  stranger(): SharedClient
  /** Calls an operation by name with anything at all. */
  send(operation: string, data?: unknown, options?: unknown): Promise<Record<string, unknown>>
  /** The refusal of a call. Fails when the call succeeds, and when what it throws is not the client's API error. */
  errorOf(call: Promise<unknown>): Promise<Refusal>
  /** The code of a local refusal. Fails when the call succeeds or throws anything else. */
  codeOf(call: Promise<unknown>): Promise<string>
  newOrganization(
    fields?: Partial<Parameters<SharedClient['organizations']['create']>[0]>
  ): Promise<Organization>
  /** A new active member with a password, in A unless said otherwise. */
  newPerson(fields?: Partial<B2BPasswordsMigrateRequest>): Promise<Person>
  /** A new member with a verified authenticator, who is asked for it at every sign-in unless said otherwise. */
  newEnrolled(
    fields?: Partial<B2BPasswordsMigrateRequest>,
    options?: { set_mfa_enrollment?: string }
  ): Promise<Enrolled>
  /** A new member with a number: verified, and asked for a code at every sign-in, unless said otherwise. */
  newPhoned(
    fields?: Partial<B2BPasswordsMigrateRequest>,
    options?: { verified?: boolean; mfa_enrolled?: boolean }
  ): Promise<Phoned>
  /** A new member with a verified number and a verified authenticator, which is the default. */
  newBoth(
    fields?: Partial<B2BPasswordsMigrateRequest>,
    options?: { mfa_enrolled?: boolean }
  ): Promise<Enrolled & Phoned>
  authenticate(
    person: Person,
    options?: Record<string, unknown>
  ): Promise<B2BPasswordsAuthenticateResponse>
  /** A full session by password. */
  signIn(person: Person, options?: Record<string, unknown>): Promise<Pair>
  /** An intermediate session that waits for the second factor. */
  beginSignIn(person: Person, options?: Record<string, unknown>): Promise<string>
  /** A code that was not used yet: the clock moves on to the next step. */
  nextCode(secret: string): string
  /** The sessions of a member, as sessions.get lists them. */
  sessionsOf(person: Person): Promise<MemberSession[]>
}

interface Clients {
  /** The clients on each engine, where the file's name is not to choose one. */
  readonly through?: readonly ClientName[]
}

/**
 * Runs a suite on each engine, there through one client, or through those that are named. The fixture can be used inside
 * hooks and tests.
 */
export function describeOnEachEngine(
  suite: (fixture: Fixture, through: ClientName) => void,
  { through: chosen }: Clients = {}
): void {
  describeOnEachDatabase((create, engine) => {
    let server: FixtureServer | undefined
    beforeAll(async () => {
      server = await openFixtureServer(create)
    })
    afterAll(() => server?.close())

    for (const through of chosen ?? clientsOn(engine)) {
      describe(`through ${through}`, () => {
        let fixture: Fixture | undefined
        beforeAll(() => {
          if (server !== undefined) fixture = openFixture(server, through)
        })
        suite(
          deferred(() => fixture),
          through
        )
      })
    }
  })
}

/** Runs a suite through both clients on each engine. */
export function describeOnEachEngineAndClient(
  suite: (fixture: Fixture, through: ClientName) => void
): void {
  describeOnEachEngine(suite, { through: clientNames })
}

/** Stands for an object that hooks make later. */
function deferred<T extends object>(get: () => T | undefined): T {
  return new Proxy({} as T, {
    get(_target, key) {
      const value = get()
      if (value === undefined) throw new Error('The fixture is open inside hooks and tests only.')
      return Reflect.get(value, key)
    }
  })
}

export function openFixture(server: FixtureServer, through: ClientName): Fixture {
  const { clock, A } = server
  const client = connect(through, server.project, server.tap, clock)

  const newPerson: Fixture['newPerson'] = async (fields = {}) => {
    const email_address = fields.email_address ?? `${randomUUID()}@acme.example`
    const answer = await client.passwords.migrate({
      organization_id: A.organization_id,
      hash: server.hash,
      hash_type: 'argon_2id',
      ...fields,
      email_address
    })
    return personOf(answer)
  }

  const newEnrolled: Fixture['newEnrolled'] = async (fields, options) => {
    const person = await newPerson(fields)
    const { organization_id, member_id } = person
    const { secret, totp_registration_id } = await client.totps.create({
      organization_id,
      member_id
    })
    const { session_token } = await signIn(person)
    const { member } = await client.totps.authenticate({
      organization_id,
      member_id,
      session_token,
      code: nextCode(secret),
      set_mfa_enrollment: 'enroll',
      ...options
    })
    await client.sessions.revoke({ session_token })
    return { ...person, member, secret, totp_registration_id }
  }

  const newPhoned: Fixture['newPhoned'] = async (
    fields = {},
    { verified = true, mfa_enrolled = true } = {}
  ) => {
    const mfa_phone_number = fields.mfa_phone_number ?? newPhone()
    const person = await newPerson({
      ...fields,
      mfa_phone_number,
      set_phone_number_verified: verified
    })
    const { organization_id, member_id } = person
    const named = { organization_id, member_id }
    const { member } = await client.organizations.members.update({ ...named, mfa_enrolled })
    return { ...person, member, mfa_phone_number }
  }

  const newBoth: Fixture['newBoth'] = async (fields, options) => {
    const person = await newPhoned(fields, options)
    const { organization_id, member_id } = person
    const { member, totp_registration_id } = await client.totps.migrate({
      organization_id,
      member_id,
      secret: totp_secret,
      recovery_codes: []
    })
    return { ...person, member, secret: totp_secret, totp_registration_id }
  }

  const resetSendCounts = async () => {
    await runSql(server.database, 'delete from send_counts')
  }

  const newSms: Fixture['newSms'] = async ({ organization_id, member_id }, options) => {
    await resetSendCounts()
    const { member } = await client.otps.sms.send({ organization_id, member_id, ...options })
    return server.mail.lastCode(member.mfa_phone_number)
  }

  const authenticate: Fixture['authenticate'] = ({ organization_id, email_address }, options) =>
    client.passwords.authenticate({ organization_id, email_address, password, ...options })

  const signIn: Fixture['signIn'] = async (person, options) => {
    const { session_token, session_jwt, member_session } = await authenticate(person, options)
    if (!member_session) throw new Error('The sign-in is not complete.')
    return { session_token, session_jwt, member_session }
  }

  const beginSignIn: Fixture['beginSignIn'] = async (person, options) => {
    const { intermediate_session_token, member_authenticated } = await authenticate(person, options)
    if (member_authenticated) throw new Error('The sign-in is complete.')
    return intermediate_session_token
  }

  const nextCode: Fixture['nextCode'] = (secret) => {
    clock.advance(30)
    return totpCode(secret, clock.now())
  }

  return {
    clock,
    client,
    ...server.project,
    A,
    B: server.B,
    tap: server.tap,
    identity: server.identity,
    database: server.database,
    waiting: server.waiting,
    both: server.both,
    ...server.mail,
    devices: server.devices,
    other: {
      project_id: server.other.project_id,
      client: connect(through, server.other, server.tap, clock),
      organization: server.C
    },
    newClient: () => connect(through, server.project, server.tap, clock),
    stranger: () =>
      connect(through, { ...server.project, secret: server.other.secret }, server.tap, clock),
    send: (operation, data, options) => sendThrough(client, operation, data, options),
    errorOf: refusalOf,
    codeOf,
    async newOrganization(fields) {
      const organization_name = 'Initech'
      const created = await client.organizations.create({ organization_name, ...fields })
      return created.organization
    },
    newPerson,
    newEnrolled,
    newPhoned,
    newBoth,
    newSms,
    resetSendCounts,
    authenticate,
    signIn,
    beginSignIn,
    nextCode,
    async sessionsOf({ organization_id, member_id }) {
      return (await client.sessions.get({ organization_id, member_id })).member_sessions
    }
  }
}
