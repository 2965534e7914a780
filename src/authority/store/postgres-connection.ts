import { ConfigError } from '../../errors/config-error.ts'
import { isLoopbackName } from '../loopback.ts'
import { readPasswordFile } from './password-file.ts'
import { readTls, type Tls } from './postgres-tls.ts'

export interface PostgresOptions {
  /**
   * Lets `sslmode=disable` and `sslmode=no-verify` reach a database on another machine: a third party on the way, or a server
   * in its place, gets the password and everything else. Default `false`.
   */
  readonly dangerouslyAllowUnverifiedDatabase?: boolean | undefined
}

/** What `pg` needs to connect. All that decides where a password goes stands here, so no default of the driver does. */
export interface PostgresConnection {
  readonly host: string
  readonly port: number
  readonly user: string | undefined
  readonly database: string | undefined
  /** A function, so that no dump of the options shows it, and the driver looks in no place of its own. */
  readonly password: () => string
  readonly ssl: Tls
  readonly options?: string
  readonly application_name?: string
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`, and what it leaves out from the `PG…` variables. A host is a
 * name, an IP address, or the folder of a socket; the parameter `host` is another place to write it.
 *
 * @throws ConfigError when the URL is malformed, or asks to reach another machine without verified TLS; it never repeats the URL
 */
export function readPostgresUrl(
  text: string,
  { dangerouslyAllowUnverifiedDatabase = false }: PostgresOptions,
  env: Variables
): PostgresConnection {
  const url = parse(text)
  const parameter = (name: string) => url.searchParams.getAll(name).at(-1) || undefined
  const host = parameter('host') ?? hostOf(url) ?? (env.PGHOST || 'localhost')
  if (host.includes(',')) {
    throw new ConfigError('The URL of PostgreSQL must name one host: the database that writes.')
  }
  const user = parameter('user') ?? (decode(url.username) || env.PGUSER || env.USER || env.USERNAME)
  const database = decode(url.pathname.slice(1)) || env.PGDATABASE || user
  const port = readPort(parameter('port') ?? (url.port || env.PGPORT || '5432'))
  const password =
    parameter('password') ??
    (decode(url.password) ||
      env.PGPASSWORD ||
      readPasswordFile({ host, port, user, database }, env) ||
      noPassword)
  const options = parameter('options')
  const application_name = parameter('application_name')
  return {
    host,
    port,
    user,
    database,
    password: () => password,
    // A socket of this machine has no way that others could be on.
    ssl:
      !host.startsWith('/') &&
      readTls({
        host,
        isRemote: !isLoopbackName(host),
        parameter,
        variable: env.PGSSLMODE || undefined,
        dangerouslyAllowUnverifiedDatabase
      }),
    ...(options === undefined ? {} : { options }),
    ...(application_name === undefined ? {} : { application_name })
  }
}

/** A wrong one: the server denies it. Without any the driver breaks off, and leaves the connection open. */
const noPassword = 'none'

/** A URL of another scheme may have a user without a host, and those of the web may not: a socket's URL is written so. */
function parse(text: string): URL {
  const withHost = text.replace(/^([a-z]+:\/\/[^/?#]*@)(?=[/?]|$)/i, `$1${noHost}`)
  const url = URL.canParse(withHost) ? new URL(withHost) : undefined
  // A password with # in it would end there, and what follows would be lost.
  if (url === undefined || url.hash !== '') {
    throw new ConfigError(
      'The URL of PostgreSQL must be postgres://user:password@host:5432/database, with one host. Special characters of user and password are percent-encoded: write %23 for #.'
    )
  }
  return url
}

const noHost = 'no-host.invalid'

function hostOf({ hostname }: URL): string | undefined {
  return hostname === noHost ? undefined : decode(hostname).replace(/^\[|\]$/g, '') || undefined
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^[0-9]{1,5}$/.test(text) && port > 0 && port < 65_536) return port
  throw new ConfigError('The port of PostgreSQL must be a number from 1 to 65535.')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ConfigError(
      'User, password and host in the URL of PostgreSQL must be percent-encoded: write %25 for %.'
    )
  }
}
