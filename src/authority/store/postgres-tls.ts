import { readFileSync } from 'node:fs'
import { ConfigError } from '../../errors/config-error.ts'
import { assertPrivate } from '../private-file.ts'

/** As `tls.connect` takes it, complete enough that no variable of the process weakens it; `false` is no TLS. */
export type Tls =
  | false
  | {
      readonly host: string
      readonly rejectUnauthorized: boolean
      readonly ca?: string
      readonly cert?: string
      readonly key?: string
    }

interface Wanted {
  readonly host: string
  /** Whether third parties can be on the way. */
  readonly isRemote: boolean
  /** A parameter of the URL. */
  parameter(name: string): string | undefined
  /** What `PGSSLMODE` says. */
  readonly variable: string | undefined
  readonly dangerouslyAllowUnverifiedDatabase: boolean
}

/** What each `sslmode` means here. No name promises less than what is done: `require` of libpq verifies nothing. */
const modes: Readonly<Record<string, 'plaintext' | 'unverified' | 'verified'>> = {
  disable: 'plaintext',
  'no-verify': 'unverified',
  prefer: 'verified',
  require: 'verified',
  'verify-ca': 'verified',
  'verify-full': 'verified'
}

/** The parameter `ssl`, as the driver has it beside `sslmode`. */
const shortModes: Readonly<Record<string, string>> = {
  '0': 'disable',
  false: 'disable',
  '1': 'verify-full',
  true: 'verify-full',
  'no-verify': 'no-verify'
}

/**
 * How a connection is secured. To another machine it is verified, unless `dangerouslyAllowUnverifiedDatabase` lets the mode
 * that was asked for say otherwise.
 */
export function readTls(wanted: Wanted): Tls {
  const { host, isRemote, parameter } = wanted
  const { name, mode } = modeOf(wanted)
  const security = Object.hasOwn(modes, mode) ? modes[mode] : undefined
  if (security === undefined) {
    throw new ConfigError(`${name} must be one of ${Object.keys(modes).join(', ')}.`)
  }
  if (isRemote && security !== 'verified' && !wanted.dangerouslyAllowUnverifiedDatabase) {
    throw new ConfigError(
      `${name} "${mode}" would hand the password to any server that answers for ${host}. Leave it out, and name the certificate of the database's authority with sslrootcert; or set dangerouslyAllowUnverifiedDatabase (--dangerously-allow-unverified-database).`
    )
  }
  if (security === 'plaintext') return false
  return {
    host,
    rejectUnauthorized: security === 'verified',
    ...readFiles(parameter)
  }
}

function modeOf({ parameter, variable, isRemote }: Wanted): { name: string; mode: string } {
  const mode = parameter('sslmode')
  if (mode !== undefined) return { name: 'sslmode', mode }
  const short = parameter('ssl')
  if (short !== undefined) return { name: 'ssl', mode: shortModes[short] ?? short }
  if (variable !== undefined) return { name: 'PGSSLMODE', mode: variable }
  return { name: 'sslmode', mode: isRemote || namesFiles(parameter) ? 'verify-full' : 'disable' }
}

const files = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const

function namesFiles(parameter: Wanted['parameter']): boolean {
  return Object.values(files).some((name) => parameter(name) !== undefined)
}

function readFiles(parameter: Wanted['parameter']): Partial<Record<keyof typeof files, string>> {
  const entries = Object.entries(files).flatMap(([option, name]) => {
    const path = parameter(name)
    return path === undefined ? [] : [[option, readPem(name, path)]]
  })
  return Object.fromEntries(entries)
}

function readPem(name: string, path: string): string {
  if (name === files.key) assertPrivate(path)
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`${name} ${path} cannot be read.`, { cause })
  }
}

const untrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_UNTRUSTED|INVALID_CA|CERT_SIGNATURE_FAILURE)$/

/** Says what failed before a password was sent; `undefined` where it was something else. */
export function tlsFailure(cause: unknown, host: string): ConfigError | undefined {
  const { code = '', message = '' } = Object(cause)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new ConfigError(
      `The certificate of the database is not for ${host}. Name in the URL a host that it is for.`,
      { cause }
    )
  }
  if (untrusted.test(code)) {
    return new ConfigError(
      `The certificate of the database at ${host} is not signed by a trusted authority. Name the certificate of its authority in the URL: sslrootcert=<file>`,
      { cause }
    )
  }
  if (/^(CERT_|ERR_SSL_|EPROTO)/.test(code)) {
    return new ConfigError(`No TLS with the database at ${host}: ${message}`, { cause })
  }
  if (/does not support SSL|establishing an SSL/.test(message)) {
    return new ConfigError(
      `The database at ${host} offers no TLS, so it was sent nothing. Turn ssl on there. Where no third party can be on the way, sslmode=disable with dangerouslyAllowUnverifiedDatabase (--dangerously-allow-unverified-database) goes without.`,
      { cause }
    )
  }
  return undefined
}
