import { randomUUID } from 'node:crypto'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest } from '@jest/globals'
import { hash } from '@node-rs/argon2'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type {
  Delivery,
  DeviceQuery,
  EmailMessage,
  LookUpDevice,
  SmsMessage
} from 'membergate/authority'
import {
  type B2BPasswordsAuthenticateResponse,
  type B2BPasswordsMigrateRequest,
  type Client,
  createClient,
  type JWK,
  type Member,
  type MemberSession,
  type Organization
} from 'membergate/client'
import { AccessError, ApiError } from 'membergate/errors'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { Secret, TOTP } from 'otpauth'
import { B2BClient, ClientError, StytchError } from 'stytch'
import { type AnswerCount, countAnswers } from './answered.ts'
import { describeOnEachDatabase, type TestDatabase } from './databases.ts'
import { settingsFor } from './external.ts'
import { type IdentityProvider, openIdentityProvider } from './identity-provider.ts'
import { close, listen } from './listen.ts'
import { timeoutMs } from './patience.ts'
import { plant } from './plant.ts'

export { close, listen }

/**
 * The matrix of the promises: every engine, and on each of them the official SDK and our own client. Both speak to a
 * real authority through a tap that notes what went by, and both live by one clock, which stands still until a test
 * moves it.
 */

export const throughs = ['the official SDK', 'our client'] as const
export type Through = (typeof throughs)[number]

/** Both clients are used by the names and types of ours; that the SDK's fit is shown by sdk-types.test.ts. */
export type SharedClient = Pick<
  Client,
  | 'sessions'
  | 'discovery'
  | 'totps'
  | 'recoveryCodes'
  | 'otps'
  | 'magicLinks'
  | 'passwords'
  | 'rbac'
  | 'organizations'
  | 'idp'
>

export const password = 'correct horse battery staple'

/** A message: an SMS always has a code, an e-mail has a code or a link with its token. */
export type Sent = Pick<SmsMessage, 'to' | 'text' | 'locale'> & Partial<EmailMessage>

export interface Clock {
  now(): number
  advance(seconds: number): void
}

/** A member with a password, as the authority knows it. */
export interface Person {
  readonly organization_id: string
  readonly member_id: string
  readonly email_address: string
  readonly member: Member
}

export interface Pair {
  readonly session_token: string
  readonly session_jwt: string
  readonly member_session: MemberSession
}

export interface Enrolled extends Person {
  readonly secret: string
  readonly totp_registration_id: string
}

export interface Phoned extends Person {
  readonly mfa_phone_number: string
}

/** What a refused call says, from either error class. */
export interface Refusal {
  readonly status_code: number
  readonly error_type: string
  readonly error_message: string
  readonly error_url: string
  readonly request_id: string
}

/** The device look-up of the authority. */
export interface Devices {
  /** What it was asked, the oldest first. */
  readonly queries: readonly DeviceQuery[]
  /** Looks up so while `work` runs; else it knows no device. */
  answering<Result>(lookUp: LookUpDevice, work: () => Promise<Result>): Promise<Result>
}

/** A call that went through the tap. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly request: string
  readonly status: number
  readonly response: string
}

export interface Tap {
  readonly url: string
  /** The calls that went by while `work` ran. */
  watch(work: () => Promise<unknown>): Promise<readonly Call[]>
  /** Answers every path that contains `part` itself until undone: with JSON, or with a broken connection. */
  override(part: string, answer: object | 'broken'): () => void
  close(): Promise<void>
}

export type Session = 'session_token' | 'session_jwt'

export interface World {
  readonly clock: Clock
  readonly client: SharedClient
  readonly project_id: string
  readonly secret: string
  readonly A: Organization
  readonly B: Organization
  readonly tap: Tap
  /** Whom the project believes, and asks: see external.ts. */
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
  /** What was sent to a number or an address, the newest first. */
  sentTo(recipient: string): readonly Sent[]
  /** The newest code that was sent there. */
  lastCode(recipient: string): string
  /** Sends the member an SMS, whatever was sent before, and gives its code. */
  newSms(person: Person, options?: Record<string, unknown>): Promise<string>
  /** Forgets how many messages were sent, so that the limits of sending begin anew. */
  forgetSends(): Promise<void>
  /** Runs `work` while no message can be handed over. */
  breakDelivery(work: () => Promise<unknown>): Promise<void>
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
  /** A new member with a proven authenticator, who is asked for it at every sign-in unless said otherwise. */
  newEnrolled(
    fields?: Partial<B2BPasswordsMigrateRequest>,
    options?: { set_mfa_enrollment?: string }
  ): Promise<Enrolled>
  /** A new member with a number: verified, and asked for a code at every sign-in, unless said otherwise. */
  newPhoned(
    fields?: Partial<B2BPasswordsMigrateRequest>,
    options?: { verified?: boolean; mfa_enrolled?: boolean }
  ): Promise<Phoned>
  /** A new member with a verified number and a proven authenticator, which is the default. */
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

export interface Matrix {
  /** The clients on each engine, where the file's name is not to choose one. */
  readonly through?: readonly Through[]
}

/**
 * Runs a suite on each engine, there through one client, or through those that are named. The world can be used inside
 * hooks and tests.
 */
export function describeEvery(
  suite: (world: World, through: Through) => void,
  { through: chosen }: Matrix = {}
): void {
  describeOnEachDatabase((create, engine) => {
    let bed: Bed | undefined
    beforeAll(async () => {
      bed = await openBed(create)
    })
    afterAll(() => bed?.close())

    for (const through of chosen ?? [throughOn(engine)]) {
      describe(`through ${through}`, () => {
        let world: World | undefined
        beforeAll(() => {
          if (bed !== undefined) world = enter(bed, through)
        })
        suite(
          deferred(() => world),
          through
        )
      })
    }
  })
}

/**
 * The client that this file's suites use on an engine: on SQLite half of the files use one client and half the other, and
 * on PostgreSQL the one that they do not use on SQLite. So a machine without PostgreSQL sees both clients too.
 */
export function throughOn(engine: string): Through {
  const file = basename(expect.getState().testPath ?? '')
  const sum = [...file].reduce((total, letter) => total + letter.charCodeAt(0), 0)
  return throughs[(sum + (engine === 'sqlite' ? 0 : 1)) % 2] as Through
}

/** Runs a suite through both clients on each engine. */
export function describeOnEachEngineAndClient(
  suite: (world: World, through: Through) => void
): void {
  describeEvery(suite, { through: throughs })
}

/** Stands for an object that hooks make later. */
function deferred<T extends object>(get: () => T | undefined): T {
  return new Proxy({} as T, {
    get(_target, key) {
      const value = get()
      if (value === undefined) throw new Error('The world is open inside hooks and tests only.')
      return Reflect.get(value, key)
    }
  })
}

/** One authority with its database, clock and tap. */
export interface Bed {
  /** The authority itself, without the tap. */
  readonly url: string
  readonly database: string
  readonly clock: Clock
  readonly tap: Tap
  readonly identity: IdentityProvider
  readonly project: { readonly project_id: string; readonly secret: string }
  readonly other: { readonly project_id: string; readonly secret: string }
  readonly A: Organization
  readonly B: Organization
  readonly C: Organization
  /** The imported form of `password`. */
  readonly hash: string
  readonly waiting: Person
  readonly both: Enrolled
  readonly mail: Mail
  readonly devices: Devices
  close(): Promise<void>
}

/** Messages that are kept instead of sent. */
type Mail = Pick<World, 'sentTo' | 'lastCode' | 'breakDelivery'>

const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** Where links may lead; those of calls that name no URL lead to the first. */
export const redirect_urls = ['https://app.example/link', 'https://app.example/other']

const policy = {
  resources: [
    { resource_id: 'documents', description: 'Texts', actions: ['read', 'write', 'delete'] },
    { resource_id: 'invoices', description: 'Bills', actions: ['read', 'pay'] }
  ],
  roles: [
    {
      role_id: 'reader',
      description: 'Reads documents',
      permissions: [{ resource_id: 'documents', actions: ['read'] }]
    },
    {
      role_id: 'editor',
      description: 'Reads and writes documents',
      permissions: [{ resource_id: 'documents', actions: ['read', 'write'] }]
    },
    {
      role_id: 'accountant',
      description: 'Everything about invoices',
      permissions: [{ resource_id: 'invoices', actions: ['*'] }]
    }
  ]
}

/** `from` is when the clock stands first, in epoch milliseconds. */
export async function openBed(
  create: () => Promise<TestDatabase>,
  from: number = middleOfStep()
): Promise<Bed> {
  const clock = standClock(from)
  const project = newProject()
  const other = newProject()
  const database = await create()
  const identity = await openIdentityProvider()
  const { deliver, ...mail } = openMail()
  const { lookUpDevice, ...devices } = openDevices()
  const authority: OpenAuthority = await openAuthority({
    database: database.location,
    deliver,
    lookUpDevice,
    now: clock.now,
    projects: [
      {
        ...project,
        policy,
        settings: { redirect_urls, ...settingsFor(identity) },
        organizations: [
          {
            organization_name: 'Acme',
            organization_slug: 'acme',
            organization_external_id: 'acme.external'
          },
          {
            organization_name: 'Globex',
            organization_slug: 'globex',
            organization_external_id: 'globex.external',
            members: [{ email_address: 'both@globex.example', totp_secret }]
          },
          {
            organization_name: 'Hooli',
            organization_slug: 'hooli',
            auth_methods: 'RESTRICTED',
            allowed_auth_methods: ['password', 'magic_link'],
            members: [
              { email_address: 'waiting@hooli.example', create_member_as_pending: true, password }
            ]
          }
        ]
      },
      {
        ...other,
        settings: { sms_country_codes: ['US', 'DE', 'AF'] },
        organizations: [{ organization_name: 'Acme', organization_slug: 'acme' }]
      }
    ]
  })
  const counts = countAnswers(database.location.startsWith('postgres:') ? 'postgres' : 'sqlite')
  const tap = await openTap(authority.url, counts)
  const ours = connect('our client', project, tap, clock)
  const theirs = connect('our client', other, tap, clock)
  const organizationOf = async (client: SharedClient, organization_id: string) =>
    (await client.organizations.get({ organization_id })).organization
  const hash = await cheapHash()
  return {
    url: authority.url,
    database: database.location,
    clock,
    tap,
    identity,
    project,
    other,
    A: await organizationOf(ours, 'acme'),
    B: await organizationOf(ours, 'globex'),
    C: await organizationOf(theirs, 'acme'),
    hash,
    waiting: personOf(
      await ours.organizations.members.get({
        organization_id: 'hooli',
        email_address: 'waiting@hooli.example'
      })
    ),
    both: await memberWithBoth(ours, hash),
    mail,
    devices,
    async close() {
      counts.write()
      await tap.close()
      await authority.close()
      await identity.close()
      await database.drop()
      jest.useRealTimers()
    }
  }
}

function openMail(): Mail & { readonly deliver: Delivery } {
  const newestFirst: Sent[] = []
  let broken = false
  async function take(message: Sent) {
    if (broken) throw new Error('broken on purpose')
    newestFirst.unshift(message)
  }
  const sentTo = (recipient: string) => newestFirst.filter(({ to }) => to === recipient)
  return {
    deliver: { sms: take, email: take },
    sentTo,
    lastCode(recipient) {
      const code = sentTo(recipient)[0]?.code
      if (code === undefined) throw new Error(`No code was sent to ${recipient}.`)
      return code
    },
    async breakDelivery(work) {
      broken = true
      try {
        await work()
      } finally {
        broken = false
      }
    }
  }
}

function openDevices(): Devices & { readonly lookUpDevice: LookUpDevice } {
  const queries: DeviceQuery[] = []
  const unknown: LookUpDevice = async () => null
  let current = unknown
  return {
    queries,
    lookUpDevice(query) {
      queries.push(query)
      return current(query)
    },
    async answering(lookUp, work) {
      current = lookUp
      try {
        return await work()
      } finally {
        current = unknown
      }
    }
  }
}

/** An authenticator from the seed, and a number that is verified as the password is imported. */
async function memberWithBoth(client: SharedClient, hash: string): Promise<Enrolled> {
  const answer = await client.passwords.migrate({
    organization_id: 'globex',
    email_address: 'both@globex.example',
    hash,
    hash_type: 'argon_2id',
    mfa_phone_number: '+12025550199',
    set_phone_number_verified: true
  })
  const { totp_registration_id } = answer.member
  return { ...personOf(answer), secret: totp_secret, totp_registration_id }
}

function personOf({
  member,
  organization
}: {
  member: Member
  organization: Organization
}): Person {
  const { member_id, email_address } = member
  const { organization_id } = organization
  return { organization_id, member_id, email_address, member }
}

/** A whole second in the middle of a TOTP step, about now. */
function middleOfStep(): number {
  return Math.floor(Date.now() / 30_000) * 30_000 + 15_000
}

/**
 * Only `Date` stands still, so that the official SDK, which takes no clock, lives by ours too.
 */
function standClock(from: number): Clock {
  let now = from
  jest.useFakeTimers({
    now,
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout'
    ]
  })
  return {
    now: () => now,
    advance(seconds) {
      now += seconds * 1000
      jest.setSystemTime(now)
    }
  }
}

function newProject() {
  return { project_id: `project-test-${randomUUID()}`, secret: `secret-test-${randomUUID()}` }
}

let phoneNumbers = 0

/** No two members of an organization have the same number. */
export function newPhone(): string {
  phoneNumbers += 1
  return `+1202555${1000 + phoneNumbers}`
}

/** A hash that another system made with little effort: what is imported costs next to nothing to compare. */
function cheapHash(): Promise<string> {
  return hash(password, { algorithm: 2, memoryCost: 64, timeCost: 1, parallelism: 1 })
}

export function connect(
  through: Through,
  project: { readonly project_id: string; readonly secret: string },
  tap: { readonly url: string },
  clock: Pick<Clock, 'now'>
): SharedClient {
  if (through === 'our client')
    return createClient({ ...project, url: tap.url, now: clock.now, timeoutMs })
  const { warn } = console
  console.warn = () => {}
  try {
    return new B2BClient({ ...project, env: tap.url }) as unknown as SharedClient
  } finally {
    console.warn = warn
  }
}

export function enter(bed: Bed, through: Through): World {
  const { clock, A } = bed
  const client = connect(through, bed.project, bed.tap, clock)

  const newPerson: World['newPerson'] = async (fields = {}) => {
    const email_address = fields.email_address ?? `${randomUUID()}@acme.example`
    const answer = await client.passwords.migrate({
      organization_id: A.organization_id,
      hash: bed.hash,
      hash_type: 'argon_2id',
      ...fields,
      email_address
    })
    return personOf(answer)
  }

  const newEnrolled: World['newEnrolled'] = async (fields, options) => {
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

  const newPhoned: World['newPhoned'] = async (
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

  const newBoth: World['newBoth'] = async (fields, options) => {
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

  const forgetSends = async () => {
    await plant(bed.database, 'delete from send_counts')
  }

  const newSms: World['newSms'] = async ({ organization_id, member_id }, options) => {
    await forgetSends()
    const { member } = await client.otps.sms.send({ organization_id, member_id, ...options })
    return bed.mail.lastCode(member.mfa_phone_number)
  }

  const authenticate: World['authenticate'] = ({ organization_id, email_address }, options) =>
    client.passwords.authenticate({ organization_id, email_address, password, ...options })

  const signIn: World['signIn'] = async (person, options) => {
    const { session_token, session_jwt, member_session } = await authenticate(person, options)
    if (!member_session) throw new Error('The sign-in is not complete.')
    return { session_token, session_jwt, member_session }
  }

  const beginSignIn: World['beginSignIn'] = async (person, options) => {
    const { intermediate_session_token, member_authenticated } = await authenticate(person, options)
    if (member_authenticated) throw new Error('The sign-in is complete.')
    return intermediate_session_token
  }

  const nextCode: World['nextCode'] = (secret) => {
    clock.advance(30)
    return codeAt(secret, clock.now())
  }

  return {
    clock,
    client,
    ...bed.project,
    A,
    B: bed.B,
    tap: bed.tap,
    identity: bed.identity,
    database: bed.database,
    waiting: bed.waiting,
    both: bed.both,
    ...bed.mail,
    devices: bed.devices,
    other: {
      project_id: bed.other.project_id,
      client: connect(through, bed.other, bed.tap, clock),
      organization: bed.C
    },
    newClient: () => connect(through, bed.project, bed.tap, clock),
    stranger: () => connect(through, { ...bed.project, secret: bed.other.secret }, bed.tap, clock),
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
    forgetSends,
    authenticate,
    signIn,
    beginSignIn,
    nextCode,
    async sessionsOf({ organization_id, member_id }) {
      return (await client.sessions.get({ organization_id, member_id })).member_sessions
    }
  }
}

/** `sendThrough(client, 'totps.create', …)`: by name, because a test may send what no type allows. */
export async function sendThrough(
  client: object,
  operation: string,
  data?: unknown,
  options?: unknown
): Promise<Record<string, unknown>> {
  const path = operation.split('.')
  const method = path.pop() ?? ''
  const owner: object = path.reduce<object>((node, name) => Reflect.get(node, name), client)
  const answer: unknown = await Reflect.get(owner, method).call(owner, data, options)
  return answer as Record<string, unknown>
}

export async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  let answer: unknown
  try {
    answer = await call
  } catch (error) {
    return error
  }
  throw new Error(`Expected a refusal, but the answer was ${JSON.stringify(answer)}`)
}

export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await rejectionOf(call)
  if (!(error instanceof StytchError) && !(error instanceof ApiError)) {
    throw new Error(`Expected an error of the API, but got ${String(error)}`, { cause: error })
  }
  const { status_code, error_type, error_message, error_url, request_id } = error
  return { status_code, error_type, error_message, error_url: error_url ?? '', request_id }
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(call)
  if (!(error instanceof ClientError) && !(error instanceof AccessError)) {
    throw new Error(`Expected a local refusal, but got ${String(error)}`, { cause: error })
  }
  return error.code
}

export function codeAt(secret: string, epochMs: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: epochMs })
}

/** A code that is wrong now and in the steps beside. */
export function wrongCode(secret: string, epochMs: number): string {
  const near = [-30_000, 0, 30_000].map((offset) => codeAt(secret, epochMs + offset))
  return ['000000', '111111', '222222', '333333'].find((code) => !near.includes(code)) ?? ''
}

/** Another code than this one. */
export function otherThan(code: string): string {
  return code === '000000' ? '111111' : '000000'
}

export function secondsOf(timestamp: string): number {
  return Date.parse(timestamp) / 1000
}

/** Seconds from the start of a session to its end. */
export function lifetimeOf({ started_at, expires_at }: MemberSession): number {
  return secondsOf(expires_at) - secondsOf(started_at)
}

export const sessionClaim = 'https://stytch.com/session'
export const organizationClaim = 'https://stytch.com/organization'

export interface SessionJwtClaims extends JWTPayload {
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly [sessionClaim]: {
    readonly id: string
    readonly roles: string[]
    readonly expires_at: string
    readonly last_accessed_at: string
  }
  readonly [organizationClaim]: { readonly organization_id: string; readonly slug: string }
}

/** What a JWT says, unverified. */
export function claimsOf(jwt: string): SessionJwtClaims {
  return decodePart(jwt, 1) as SessionJwtClaims
}

export function headerOf(jwt: string): Record<string, unknown> {
  return decodePart(jwt, 0) as Record<string, unknown>
}

function decodePart(jwt: string, index: number): unknown {
  return JSON.parse(Buffer.from(jwt.split('.')[index] ?? '', 'base64url').toString())
}

/** Changes one bit of the signature, and of nothing else. */
export function withOtherSignature(jwt: string): string {
  const [header, payload, signature = ''] = jwt.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return `${header}.${payload}.${bytes.toString('base64url')}`
}

/** Signs session JWTs with a key of its own. */
export interface Forger {
  readonly jwk: JWK
  /** The JWT with other claims or another header, signed by this key. */
  sign(
    claims: Record<string, unknown>,
    header?: { kid?: string; alg?: string; typ?: string }
  ): Promise<string>
}

export async function newForger(): Promise<Forger> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const kid = `jwk-test-${randomUUID()}`
  const jwk: unknown = {
    ...(await exportJWK(publicKey)),
    kid,
    use: 'sig',
    alg: 'RS256',
    key_ops: ['verify']
  }
  return {
    jwk: jwk as JWK,
    sign: (claims, header) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid, ...header })
        .sign(privateKey)
  }
}

async function openTap(target: string, counts: AnswerCount): Promise<Tap> {
  const agent = new Agent({ keepAlive: true })
  const calls: Call[] = []
  const overrides = new Map<string, object | 'broken'>()

  const server = createServer(async (incoming, outgoing) => {
    const path = incoming.url ?? '/'
    const sent = await readAll(incoming)
    const note = (status: number, response: string) =>
      calls.push({ method: incoming.method ?? '', path, request: sent, status, response })
    const [, answer] = [...overrides].find(([part]) => path.includes(part)) ?? []
    if (answer === 'broken') {
      note(0, '')
      incoming.socket.destroy()
      return
    }
    if (answer !== undefined) {
      const body = JSON.stringify(answer)
      note(200, body)
      outgoing.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
      return
    }
    const { method = '', headers } = incoming
    const sendOnward = () => {
      const onward = request(
        new URL(path, target),
        { method, headers, agent },
        async (response) => {
          const body = await readAll(response)
          const status = response.statusCode ?? 500
          note(status, body)
          counts.note({ method, path, userAgent: headers['user-agent'] }, status)
          outgoing.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
        }
      )
      // A kept connection that the authority closed at this very moment has carried nothing.
      onward.on('error', () => (onward.reusedSocket ? sendOnward() : incoming.socket.destroy()))
      onward.end(sent)
    }
    sendOnward()
  })
  server.keepAliveTimeout = 60_000
  const url = await listen(server)
  return {
    url,
    async watch(work) {
      const before = calls.length
      await work()
      return calls.slice(before)
    },
    override(part, answer) {
      overrides.set(part, answer)
      return () => overrides.delete(part)
    },
    async close() {
      await close(server)
      agent.destroy()
    }
  }
}

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
