import { createHash } from 'node:crypto'
import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import type { IsBreachedPassword } from '../is-breached-password.ts'
import { isLoopbackHost } from '../loopback.ts'
import { fetchText } from './fetch-json.ts'

export interface PwnedPasswordsOptions {
  /** What the beginning of a hash is put behind. Default `https://api.pwnedpasswords.com/range/`; a mirror of yours may be `http://` on loopback. */
  readonly url?: string
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/** Complete by type: an option that is missing here does not compile. */
const knownOptions: Readonly<Record<keyof PwnedPasswordsOptions, true>> = { url: true, fetch: true }

const defaultUrl = 'https://api.pwnedpasswords.com/range/'
const prefixLength = 5
/** Of an answer with padding: some thousand lines of 40 characters. */
const maxBytes = 512 * 1024

/**
 * Looks passwords up among those that leaked from other sites, at Pwned Passwords or a mirror of it. The service is told
 * the first five of forty digits of the SHA-1 of a password, which many passwords share, and answers all that begin so.
 *
 * @throws ConfigError when an option is unknown or wrong
 *
 * @example
 * const authority = await createAuthority({ database, isBreachedPassword: pwnedPasswords() })
 */
export function pwnedPasswords(options: PwnedPasswordsOptions = {}): IsBreachedPassword {
  assertKnownOptions('pwnedPasswords', options, knownOptions)
  const { fetch = globalThis.fetch } = options
  const base = readUrl(options.url ?? defaultUrl)
  if (typeof fetch !== 'function') throw new ConfigError('pwnedPasswords fetch must be a function.')

  return async function isPwned(password) {
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase()
    const url = `${base}${hash.slice(0, prefixLength)}`
    // Padding hides which one it was from a party that sees the length of an answer.
    const headers = { Accept: 'text/plain', 'Add-Padding': 'true' }
    const list = await fetchText(fetch, { url, headers, maxBytes })
    return countIn(list, hash.slice(prefixLength)) > 0
  }
}

/** How often the password was seen. Lines that are padding say 0. */
function countIn(list: string, suffix: string): number {
  const lines = list.split(/\r?\n/).map((line) => line.split(':'))
  const [, count] = lines.find(([found]) => found?.toUpperCase() === suffix) ?? []
  return Number(count ?? 0)
}

function readUrl(text: unknown): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url))
  if (url === undefined || !isSafe || !url.href.endsWith('/')) {
    throw new ConfigError(
      'pwnedPasswords url must be an https URL that ends with /, or http on loopback.'
    )
  }
  return url.href
}
