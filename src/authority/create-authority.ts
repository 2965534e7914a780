import type { RequestListener } from 'node:http'
import { ConfigError } from '../errors/config-error.ts'
import { nearestName } from '../errors/nearest-name.ts'
import { recommendedCost, testCost } from './crypto/argon2id.ts'
import { createAtRest, newAtRestKey } from './crypto/at-rest.ts'
import { createStrengthMeter } from './crypto/password-strength.ts'
import { createPasswordHashing } from './crypto/passwords.ts'
import { checkDelivery } from './delivery/check-delivery.ts'
import type { Delivery } from './delivery/delivery.ts'
import { createProviders } from './external/providers.ts'
import { createApp } from './http/app.ts'
import { createNoticeSender } from './http/notice-sender.ts'
import { createServers } from './http/servers.ts'
import { createWrongSecrets } from './http/wrong-secrets.ts'
import type { IsBreachedPassword } from './is-breached-password.ts'
import type { LookUpDevice } from './look-up-device.ts'
import { applySeed, type ServedProject } from './seed/apply-seed.ts'
import { type CheckedProject, checkSeed, type ProjectSeed } from './seed/seed.ts'
import { createShortSecretWarning } from './short-secrets.ts'
import { assertAtRestKey } from './signing-keys.ts'
import { openStore } from './store/store.ts'
import { startSweeping } from './sweep.ts'

export interface AuthorityOptions {
  /**
   * Path of a SQLite file, `':memory:'`, or the URL of a PostgreSQL database (`postgres://…`). On another machine PostgreSQL is
   * spoken to by verified TLS alone: `sslrootcert` of the URL names the certificate of an authority of your own.
   */
  readonly database: string
  /**
   * Lets `sslmode=disable` and `sslmode=no-verify` reach a PostgreSQL on another machine: a third party on the way, or a server
   * in its place, gets the password and everything else. Default `false`.
   */
  readonly dangerouslyAllowUnverifiedDatabase?: boolean
  /**
   * What the database should hold. What is there already stays: organizations are known by slug, members by e-mail address.
   * With no project here and none in the database, one is made.
   */
  readonly projects?: readonly ProjectSeed[]
  /**
   * Keys that encrypt secrets in the database, each 32 bytes in base64url; the first one writes. Default: `MEMBERGATE_KEYS`
   * (separated by commas) or `MEMBERGATE_KEY`. With neither, only `':memory:'` works, on a key of its own.
   */
  readonly keys?: readonly string[]
  /**
   * How text messages and e-mails leave: your own functions, `webhookSender`, `smtpSender`, or `createOutbox` to develop.
   * An operation whose channel is missing answers 501.
   */
  readonly deliver?: Delivery
  /**
   * Finds the device of a `telemetry_id` that a sign-in names: it becomes `member_device` of the answer. It has one
   * second; when it fails, or answers null, the sign-in succeeds without. Default: no device is looked up.
   */
  readonly lookUpDevice?: LookUpDevice
  /**
   * Whether a password has leaked somewhere: `pwnedPasswords()`, or a function of yours. Such a password cannot be set. It
   * has 2.5 seconds; when it fails, only the strength of the password counts. Default: none is looked up.
   */
  readonly isBreachedPassword?: IsBreachedPassword
  /** Used instead of the global `fetch` for calls of the identity providers that the settings of a project name. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Hashes passwords at next to no cost, for tests. Such a hash can be guessed by anyone who reads the database; an
   * authority without this option hashes the password again when it is next used. Default `false`: argon2id, 19 MiB.
   */
  readonly dangerouslyFastPasswordHashing?: boolean
  /** The clock, in epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

export interface Authority {
  /**
   * Answers `/v1/b2b/…`, and any other path with an error: for `createServer` of `node:http`, or for `app.use` of Express. It
   * belongs at the root of its own origin. It reads request bodies itself, 64 kB at most; mounted behind a body parser it
   * takes what the parser left in `req.body`, JSON and forms alike, and the limits of the parser then count.
   */
  readonly app: RequestListener
  /** Serves the app. Port 0, the default, takes any free one; the host defaults to 127.0.0.1. */
  listen(port?: number, host?: string): Promise<{ readonly url: string; readonly port: number }>
  /** Ends what `listen` began, gives requests in flight 5 seconds, and closes the database. */
  close(): Promise<void>
  /** The projects that are served. `secret` is null where only the database knows its hash. */
  readonly projects: readonly ServedProject[]
}

/** Complete by type: an option that is missing here does not compile. */
const knownOptions: Readonly<Record<keyof AuthorityOptions, true>> = {
  database: true,
  dangerouslyAllowUnverifiedDatabase: true,
  projects: true,
  keys: true,
  deliver: true,
  dangerouslyFastPasswordHashing: true,
  fetch: true,
  lookUpDevice: true,
  isBreachedPassword: true,
  now: true
}

/**
 * Opens an authority: a server that answers the Stytch B2B API from your own database, migrated and seeded.
 *
 * @throws ConfigError when an option is unknown or wrong, naming its path, or when a key or a driver is missing
 *
 * @example
 * const authority = await createAuthority({ database: ':memory:', projects: [{ organizations: [] }] })
 * const { url } = await authority.listen(4100)
 */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const { app, listen, close, projects } = await createListenedAuthority(options)
  return { app, projects, listen: (port, host) => listen(port, host), close }
}

export interface ListenedAuthority extends Authority {
  /** `listener` stands before the app. */
  listen(port?: number, host?: string, listener?: RequestListener): ReturnType<Authority['listen']>
}

/** For `serve`, which shows more than the API. */
export async function createListenedAuthority(
  options: AuthorityOptions
): Promise<ListenedAuthority> {
  const checked = checkOptions(options)
  const {
    database,
    dangerouslyAllowUnverifiedDatabase,
    projects,
    keys,
    passwords,
    delivery,
    lookUpDevice,
    isBreachedPassword,
    providers,
    now
  } = checked
  const atRest = createAtRest(keys)
  const store = await openStore(database, { dangerouslyAllowUnverifiedDatabase })
  let served: readonly ServedProject[]
  try {
    served = await store.exclusively(() =>
      applySeed({ store, atRest, passwords, now: now() }, projects)
    )
    for (const { project_id } of served) {
      await assertAtRestKey(store.ofProject(project_id), atRest)
    }
  } catch (error) {
    await store.close()
    throw error
  }

  const strengthMeter = createStrengthMeter()
  const wrongSecrets = createWrongSecrets({ store, now })
  const noticeSender = createNoticeSender()
  let closed: Promise<void> | undefined
  const isClosing = () => closed !== undefined
  const app = createApp({
    store,
    atRest,
    passwords,
    strengthMeter,
    delivery,
    lookUpDevice,
    isBreachedPassword,
    providers,
    noticeSender,
    wrongSecrets,
    warnOfShortSecret: createShortSecretWarning(withShortSecrets(projects, served)),
    now,
    isClosing
  })
  const stopSweeping = startSweeping(store, now)
  const servers = createServers()

  async function stop(): Promise<void> {
    await servers.stop()
    await noticeSender.settled()
    await wrongSecrets.flush()
    await stopSweeping()
    await strengthMeter.close()
    await store.close()
  }

  return {
    app,
    projects: served,
    listen: (port = 0, host = '127.0.0.1', listener = app) => servers.listen(listener, port, host),
    close() {
      closed ??= stop()
      return closed
    }
  }
}

/** What the seed made comes first, in its order. */
function withShortSecrets(
  projects: readonly CheckedProject[],
  served: readonly ServedProject[]
): ReadonlySet<string> {
  const allowed = served.filter((_, index) => projects[index]?.dangerouslyAllowShortSecret)
  return new Set(allowed.map(({ project_id }) => project_id))
}

function checkOptions(options: AuthorityOptions) {
  const known = Object.keys(knownOptions)
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new ConfigError(`createAuthority has no option "${name}".${nearestName(name, known)}`)
    }
  }
  const {
    database,
    projects = [],
    keys,
    deliver = {},
    lookUpDevice,
    isBreachedPassword,
    now = Date.now
  } = options
  const {
    fetch = globalThis.fetch,
    dangerouslyFastPasswordHashing = false,
    dangerouslyAllowUnverifiedDatabase = false
  } = options
  if (typeof database !== 'string' || database === '') {
    throw new ConfigError(
      "createAuthority needs database: a SQLite file path, ':memory:' or postgres://…"
    )
  }
  if (lookUpDevice !== undefined && typeof lookUpDevice !== 'function') {
    throw new ConfigError('lookUpDevice must be a function.')
  }
  if (isBreachedPassword !== undefined && typeof isBreachedPassword !== 'function') {
    throw new ConfigError('isBreachedPassword must be a function, such as pwnedPasswords().')
  }
  if (typeof now !== 'function') throw new ConfigError('now must be a function.')
  if (typeof fetch !== 'function') throw new ConfigError('fetch must be a function.')
  for (const [name, value] of Object.entries({
    dangerouslyFastPasswordHashing,
    dangerouslyAllowUnverifiedDatabase
  })) {
    if (typeof value !== 'boolean') throw new ConfigError(`${name} must be true or false.`)
  }
  return {
    database,
    dangerouslyAllowUnverifiedDatabase,
    projects: checkSeed(projects),
    keys: keysOfEnvironment(keys, database),
    passwords: createPasswordHashing(dangerouslyFastPasswordHashing ? testCost : recommendedCost),
    delivery: checkDelivery(deliver),
    providers: createProviders({ fetch, now }),
    lookUpDevice,
    isBreachedPassword,
    now
  }
}

/** Those that are given, else those of the environment. */
export function keysOfEnvironment(
  given: readonly string[] | undefined,
  database: string
): readonly string[] {
  if (given !== undefined) return given
  const { MEMBERGATE_KEYS, MEMBERGATE_KEY } = process.env
  if (MEMBERGATE_KEYS) return MEMBERGATE_KEYS.split(',').map((key) => key.trim())
  if (MEMBERGATE_KEY) return [MEMBERGATE_KEY]
  if (database === ':memory:') return [newAtRestKey()]
  throw new ConfigError(
    'A database that lasts needs a key that lasts. Set MEMBERGATE_KEY, or keys, to 32 random bytes in base64url: ' +
      `node -e "console.log(crypto.randomBytes(32).toString('base64url'))"`
  )
}
