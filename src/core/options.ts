import { createHmac, randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { type Connection, isLoopbackHttp, readConnection } from '../client/connection.ts'
import type { Client } from '../client/create-client.ts'
import { ConfigError } from '../errors/config-error.ts'
import { assertKnownOptions, readNumber } from '../errors/known-options.ts'
import { type Policy, policy } from '../wire/rbac.ts'
import type { JWK } from '../wire/sessions.ts'
import type { AuthRequest } from './request/request.ts'
import { readReturnPath } from './request/return-to.ts'

/** Where a credential is looked for. A custom header carries a bare token. */
export type CredentialSource = 'bearer' | 'cookie' | { readonly header: string }

export interface CookieOptions {
  /** Default `stytch_session_jwt`. */
  readonly session_jwt?: string
  /**
   * Default `stytch_session`. `false`: the app keeps JWTs only, and this cookie is neither set nor read. A JWT cookie alone is
   * then as good as a pair, and after a sign-out elsewhere good until it ends.
   */
  readonly session_token?: string | false
  /** Default `stytch_intermediate_session`. */
  readonly intermediate_session_token?: string
  /** Default `membergate_sign_in`. */
  readonly sign_in?: string
  /** Puts `__Host-` before each name and reads only those: no sibling subdomain can set one (RFC 6265bis). Default false. */
  readonly hostPrefix?: boolean
}

/** What a client must have to be used by guards: ours has it, and so has the official SDK's `B2BClient`. */
export interface GuardClient {
  readonly sessions: {
    authenticate(data: {
      session_token?: string
      session_jwt?: string
      session_duration_minutes?: number
    }): Promise<unknown>
    revoke(data: { member_session_id: string }): Promise<unknown>
  }
  readonly rbac: {
    policy(): Promise<unknown>
    readonly organizations: {
      getOrgPolicy(data: { organization_id: string }): Promise<unknown>
    }
  }
}

export interface MemberAuthOptions<Source = AuthRequest> {
  /** Default: the variable `STYTCH_PROJECT_ID`. */
  readonly project_id?: string
  /** Default: the variable `STYTCH_SECRET`. */
  readonly secret?: string
  /** Origin of the API. Default: the variable `STYTCH_URL`, else `https://api.stytch.com/` for `project-live-…`, else `https://test.stytch.com/`. */
  readonly url?: string
  /** Make a remote check when a credential was last verified this many seconds ago or more. 0: always. Default: a JWT is good until it ends. */
  readonly max_token_age_seconds?: number
  /** Allowed difference of clocks, 0 to 60 seconds. It never stretches an age. Default 5. */
  readonly clock_tolerance_seconds?: number
  /** Extend the session to this many minutes from now, 5 to 527,040, at every remote check. Default: no extension. */
  readonly session_duration_minutes?: number
  readonly cookies?: CookieOptions
  /** In which order to look for a credential; the first source that has one decides. Default `['bearer', 'cookie']`. */
  readonly sources?: readonly CredentialSource[]
  /** Origin of this app, such as `https://app.example`. Default: the variable `MEMBERGATE_ORIGIN`. The `Host` header is never used. */
  readonly origin?: string
  /** Other origins whose pages may send unsafe requests with our cookies. Exact. */
  readonly trustedOrigins?: readonly string[]
  /** `strict` also denies unsafe cookie requests that carry neither `Sec-Fetch-Site` nor `Origin`. Default `standard`. */
  readonly csrf?: 'standard' | 'strict'
  /** Where browsers are sent to sign in, as a path of this app. Unset: they get the problem (RFC 9457), as other clients do. */
  readonly loginPath?: string
  /** Path under which `mfaRoutes` and the MFA pages live: `/enroll`, `/totp` and `/sms` below it. Default `/mfa`. */
  readonly mfaPath?: string
  /** Where browsers choose an organization, to finish a discovery sign-in or to switch, as a path of this app. */
  readonly organizationsPath?: string
  /** Milliseconds for one call of the API, all of it. Default 3000. */
  readonly timeoutMs?: number
  /** Keys for the sign-in cookie, each of 32 characters or more: the first seals, all open. Default: one derived from `secret`; where that has fewer than 32 characters, a random one of this process. */
  readonly sealingKeys?: readonly string[]
  /** A fixed key set: none is fetched. */
  readonly jwks?: { readonly keys: readonly JWK[] }
  /** A fixed policy: none is fetched, also none of an organization. */
  readonly policy?: Policy
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
  /** The present in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
  /** Used for the calls of guards instead of our own: the official SDK's `B2BClient`, say. Our deadline stays around it. */
  readonly client?: GuardClient | Client
  /**
   * Finds the IP address of the person who sent a request, for limits of the authority. Take it from the connection, or from
   * a header that your proxy sets and never one that a browser can: by default none is looked at, and nothing is limited by it.
   */
  clientIp?(request: Source): string | undefined
  /** Allows `http://` to another machine: credentials then travel in the clear. */
  readonly dangerouslyAllowHttp?: boolean
}

/** Every option with its value. No other file knows a default. */
export interface Config {
  readonly connection: Connection
  readonly maxAgeMs: number
  readonly clockToleranceMs: number
  readonly session_duration_minutes: number | undefined
  readonly cookies: CookieNames
  readonly sources: readonly CredentialSource[]
  readonly origin: string | undefined
  readonly trustedOrigins: ReadonlySet<string>
  readonly csrf: 'standard' | 'strict'
  readonly loginPath: string | undefined
  readonly mfaPath: string
  readonly organizationsPath: string | undefined
  readonly sealingKeys: readonly string[]
  readonly jwks: { readonly keys: readonly JWK[] } | undefined
  readonly policy: Policy | undefined
  readonly now: () => number
  readonly client: GuardClient | undefined
  readonly clientIp: (request: unknown) => string | undefined
}

export interface CookieNames {
  readonly session_jwt: string
  /** `undefined` where the app keeps JWTs only. */
  readonly session_token: string | undefined
  readonly intermediate_session_token: string
  readonly sign_in: string
  /** False only where the app itself is served over plain HTTP on loopback. */
  readonly secure: boolean
}

const knownOptions: Readonly<Record<keyof MemberAuthOptions, true>> = {
  project_id: true,
  secret: true,
  url: true,
  max_token_age_seconds: true,
  clock_tolerance_seconds: true,
  session_duration_minutes: true,
  cookies: true,
  sources: true,
  origin: true,
  trustedOrigins: true,
  csrf: true,
  loginPath: true,
  mfaPath: true,
  organizationsPath: true,
  timeoutMs: true,
  sealingKeys: true,
  jwks: true,
  policy: true,
  fetch: true,
  now: true,
  client: true,
  clientIp: true,
  dangerouslyAllowHttp: true
}

const knownCookieOptions: Readonly<Record<keyof CookieOptions, true>> = {
  session_jwt: true,
  session_token: true,
  intermediate_session_token: true,
  sign_in: true,
  hostPrefix: true
}

const maxAgeBounds = { min: 0, max: 366 * 24 * 3600 }
const minSealingKeyLength = 32

export function readOptions(options: MemberAuthOptions<unknown>, env: NodeJS.ProcessEnv): Config {
  assertKnownOptions('createMemberAuth', options, knownOptions)
  const { clock_tolerance_seconds = 5 } = options
  const origin = readOwnOrigin(options.origin ?? env.MEMBERGATE_ORIGIN)
  const connection = readConnection({
    project_id: options.project_id ?? env.STYTCH_PROJECT_ID ?? '',
    secret: options.secret ?? env.STYTCH_SECRET ?? '',
    url: options.url ?? env.STYTCH_URL,
    timeoutMs: options.timeoutMs,
    fetch: options.fetch,
    dangerouslyAllowHttp: options.dangerouslyAllowHttp
  })
  return Object.freeze({
    connection,
    maxAgeMs: readMaxAgeMs(options.max_token_age_seconds),
    clockToleranceMs:
      readNumber('clock_tolerance_seconds', clock_tolerance_seconds, {
        min: 0,
        max: 60
      }) * 1000,
    session_duration_minutes:
      options.session_duration_minutes === undefined
        ? undefined
        : readNumber('session_duration_minutes', options.session_duration_minutes, {
            min: 5,
            max: 527_040,
            integer: true
          }),
    cookies: readCookies(options.cookies ?? {}, origin),
    sources: readSources(options.sources ?? ['bearer', 'cookie']),
    origin: origin?.origin,
    trustedOrigins: readTrustedOrigins(options.trustedOrigins),
    csrf: readChoice('csrf', options.csrf ?? 'standard', ['standard', 'strict']),
    loginPath: readOptionalPath('loginPath', options.loginPath),
    mfaPath: readMfaPath(options.mfaPath ?? '/mfa'),
    organizationsPath: readOptionalPath('organizationsPath', options.organizationsPath),
    sealingKeys:
      options.sealingKeys === undefined
        ? [sealingKeyFor(connection.secret)]
        : readSealingKeys(options.sealingKeys),
    jwks: options.jwks,
    policy: options.policy === undefined ? undefined : readPolicy(options.policy),
    now: readFunction('now', options.now ?? Date.now),
    client: options.client === undefined ? undefined : readClient(options.client),
    clientIp: readFunction('clientIp', options.clientIp ?? noClientIp)
  })
}

function noClientIp(): undefined {}

/** Milliseconds of `max_token_age_seconds`; unset is no limit. */
export function readMaxAgeMs(value: unknown): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  return readNumber('max_token_age_seconds', value, maxAgeBounds) * 1000
}

function readOwnOrigin(text: string | undefined): URL | undefined {
  return text === undefined ? undefined : readOrigin('origin', text)
}

function readTrustedOrigins(origins: readonly string[] = []): ReadonlySet<string> {
  if (!Array.isArray(origins)) throw new ConfigError('trustedOrigins must be a list of origins.')
  return new Set(origins.map((text) => readOrigin('trustedOrigins', text).origin))
}

function readOrigin(name: string, text: unknown): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.origin !== text ||
    text.includes('*')
  ) {
    throw new ConfigError(`${name} must be an exact origin, such as https://app.example.`)
  }
  return url
}

function readOptionalPath(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : readPath(name, value)
}

export function readPath(name: string, value: unknown): string {
  const path = readReturnPath(value)
  if (path === undefined || path !== value || path.includes('#')) {
    throw new ConfigError(`${name} must be a path of this app, such as /sign-in.`)
  }
  return path
}

function readMfaPath(value: unknown): string {
  const path = readPath('mfaPath', value).replace(/\/$/, '')
  if (path === '' || path.includes('?')) {
    throw new ConfigError('mfaPath must be a path below /, without a query.')
  }
  return path
}

/** RFC 6265 section 4.1.1: a cookie name is a token. */
function readCookies(options: CookieOptions, origin: URL | undefined): CookieNames {
  assertKnownOptions('cookies', options, knownCookieOptions)
  const { hostPrefix = false } = options
  if (typeof hostPrefix !== 'boolean') throw new ConfigError('hostPrefix must be true or false.')
  const secure = !(origin !== undefined && isLoopbackHttp(origin))
  if (hostPrefix && !secure) {
    throw new ConfigError('cookies.hostPrefix needs Secure cookies, and origin is http://.')
  }
  const prefix = hostPrefix ? '__Host-' : ''
  const { session_token = 'stytch_session' } = options
  const names = {
    session_jwt: `${prefix}${options.session_jwt ?? 'stytch_session_jwt'}`,
    session_token: session_token === false ? undefined : `${prefix}${session_token}`,
    intermediate_session_token: `${prefix}${options.intermediate_session_token ?? 'stytch_intermediate_session'}`,
    sign_in: `${prefix}${options.sign_in ?? 'membergate_sign_in'}`
  }
  const given = Object.values(names).filter((name) => name !== undefined)
  for (const name of given) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) {
      throw new ConfigError('cookies: a name holds characters that no cookie name has.')
    }
  }
  if (new Set(given).size < given.length) {
    throw new ConfigError('cookies: every cookie needs a name of its own.')
  }
  return { ...names, secure }
}

function readSources(sources: readonly CredentialSource[]): readonly CredentialSource[] {
  const valid =
    Array.isArray(sources) &&
    sources.length > 0 &&
    sources.every((source) => source === 'bearer' || source === 'cookie' || isHeaderSource(source))
  if (!valid) {
    throw new ConfigError(
      "sources must be a list of 'bearer', 'cookie' and { header: 'x-name' }, and not empty."
    )
  }
  return sources.map(
    (source: CredentialSource): CredentialSource =>
      typeof source === 'string' ? source : { header: source.header.toLowerCase() }
  )
}

function isHeaderSource(source: unknown): boolean {
  const header = typeof source === 'object' && source !== null ? Reflect.get(source, 'header') : ''
  return (
    typeof header === 'string' &&
    /^[a-z0-9-]{1,64}$/i.test(header) &&
    !['authorization', 'cookie', 'proxy-authorization'].includes(header.toLowerCase())
  )
}

function readSealingKeys(keys: readonly string[]): readonly string[] {
  const longEnough = (key: unknown) => typeof key === 'string' && key.length >= minSealingKeyLength
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(longEnough)) {
    throw new ConfigError(
      `sealingKeys must be a list of strings of ${minSealingKeyLength} characters or more.`
    )
  }
  return keys
}

const keyOfProcess = randomBytes(32)
let hasWarned = false

/**
 * A cookie that a short secret seals lets its holder try guesses at leisure, and so find the secret. A key that this
 * process made stands in: it is random to everyone else, other processes of the app included.
 */
function sealingKeyFor(secret: string): string {
  if (secret.length >= minSealingKeyLength) return secret
  if (!hasWarned) {
    hasWarned = true
    process.emitWarning(
      `The secret has fewer than ${minSealingKeyLength} characters, so the sign-in cookie is sealed with a random key of this process: a sign-in that another process or a restart interrupts begins anew. Give the project a longer secret, or set sealingKeys.`,
      { type: 'MembergateWarning', code: 'MEMBERGATE_SHORT_SECRET' }
    )
  }
  return createHmac('sha256', keyOfProcess).update(secret).digest('base64url')
}

function readPolicy(given: Policy): Policy {
  const read = v.safeParse(policy, given)
  if (read.success) return read.output
  throw new ConfigError('policy must hold roles and resources, as the API answers them.')
}

function readClient(client: GuardClient | Client): GuardClient {
  const calls = [
    client?.sessions?.authenticate,
    client?.sessions?.revoke,
    client?.rbac?.policy,
    client?.rbac?.organizations?.getOrgPolicy
  ]
  if (calls.some((call) => typeof call !== 'function')) {
    throw new ConfigError(
      'client must have sessions.authenticate, sessions.revoke, rbac.policy and rbac.organizations.getOrgPolicy.'
    )
  }
  return client as GuardClient
}

function readChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value)) throw new ConfigError(`${name} must be ${choices.join(' or ')}.`)
  return value
}

function readFunction<T>(name: string, value: T): T {
  if (typeof value !== 'function') throw new ConfigError(`${name} must be a function.`)
  return value
}
