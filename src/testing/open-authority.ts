import { createHash } from 'node:crypto'
import {
  type Authority,
  type AuthorityOptions,
  createAuthority
} from '../authority/create-authority.ts'
import type { Delivery } from '../authority/delivery/delivery.ts'
import { createOutbox, type OutboxEntry, type OutboxView } from '../authority/delivery/outbox.ts'
import type { IsBreachedPassword } from '../authority/is-breached-password.ts'
import type { LookUpDevice } from '../authority/look-up-device.ts'
import { ConfigError } from '../errors/config-error.ts'

/** Everything may be left out. */
export interface OpenAuthorityOptions {
  /**
   * What the authority starts with: projects with their policy, organizations and members, in the shape of
   * `createAuthority`. Default: one project with ids of its own, without organizations.
   */
  readonly projects?: AuthorityOptions['projects']
  /** `:memory:` (default), a SQLite file, or `postgres://…`. Existing organizations and members stay as they are. */
  readonly database?: string
  /** As of `createAuthority`: for a `postgres://` on another machine without verified TLS. Default `false`. */
  readonly dangerouslyAllowUnverifiedDatabase?: boolean
  /** How messages leave. By default nothing is sent, and `outbox()` tells what would have been. */
  readonly deliver?: Delivery
  /** Finds the device of a `telemetry_id`. Default: no device is looked up. */
  readonly lookUpDevice?: LookUpDevice
  /** Whether a password has leaked somewhere. Default: none is looked up. */
  readonly isBreachedPassword?: IsBreachedPassword
  /** The clock, in epoch milliseconds. Move it, and sessions, JWTs and codes grow old. Default `Date.now`. */
  readonly now?: () => number
  /** Default 0: a free one. */
  readonly port?: number
}

/** A running authority. `url`, `project_id` and `secret` are what `createMemberAuth` and `createClient` take. */
export interface OpenAuthority {
  /** For example `http://127.0.0.1:49152/`. */
  readonly url: string
  /** Of the first project. */
  readonly project_id: string
  readonly secret: string
  /** What would have been sent, the newest first; notices only with `{ notices: true }`. Empty where `deliver` sends. */
  outbox(options?: OutboxView): readonly OutboxEntry[]
  /** Ends the server and lets go of the database; resolves when both are done. */
  close(): Promise<void>
}

/** It can be computed from this line: it lets tests reopen a database, and protects nothing. */
const testKey = createHash('sha256').update('membergate test key').digest('base64url')

/**
 * Opens a real authority for a test: real HTTP on 127.0.0.1, a real database, real keys and codes. Nothing is mocked.
 * Passwords are hashed by argon2id too, at a cost so low that a suite may sign in a thousand times.
 *
 * @throws ConfigError when the projects are wrong, naming the path; or when the database holds a project whose secret
 * was not given
 *
 * @example
 * const { close, ...project } = await openAuthority({ projects: [{ organizations: [{ organization_name: 'Acme' }] }] })
 * const { client, requireMemberSession } = createMemberAuth(project)
 * // …
 * await close()
 */
export async function openAuthority(options: OpenAuthorityOptions = {}): Promise<OpenAuthority> {
  const { port = 0, database = ':memory:', ...rest } = options
  const { now = Date.now } = rest
  const { deliver, entries: outbox } = createOutbox({ now })
  const authority = await createAuthority({
    deliver,
    ...rest,
    database,
    keys: testKeys(database),
    dangerouslyFastPasswordHashing: true
  })
  try {
    const { url } = await authority.listen(port, '127.0.0.1')
    const opened = { url, ...firstProject(authority), outbox, close: () => authority.close() }
    // Where `close` is taken out, the rest is what `createMemberAuth` takes: the outbox must not be part of it.
    return Object.defineProperty(opened, 'outbox', { enumerable: false })
  } catch (error) {
    await authority.close()
    throw error
  }
}

/** `undefined` leaves the choice to `createAuthority`: the environment, or a key that lasts as long as `:memory:`. */
export function testKeys(database: string): readonly string[] | undefined {
  const { MEMBERGATE_KEYS, MEMBERGATE_KEY } = process.env
  return database === ':memory:' || MEMBERGATE_KEYS || MEMBERGATE_KEY ? undefined : [testKey]
}

function firstProject({ projects }: Authority): { project_id: string; secret: string } {
  const [project] = projects
  if (project === undefined) throw new Error('The authority serves no project.')
  const { project_id, secret } = project
  if (secret === null) {
    throw new ConfigError(
      `The database has ${project_id} already, and keeps only the hash of its secret. Give both in projects.`
    )
  }
  return { project_id, secret }
}
