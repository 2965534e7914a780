import { serialize } from 'cookie'
import { ConfigError } from '../../errors/config-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { CookieNames } from '../options.ts'

/** One response header; `Set-Cookie` may come several times. */
export type HeaderPair = readonly [name: string, value: string]

/** A browser keeps no cookie whose name and value are longer (RFC 6265bis section 5.6). */
const maxCookieBytes = 4096

/** Browsers keep a cookie no longer: 400 days (RFC 6265bis section 5.5). */
const longestSeconds = 400 * 24 * 3600

/** An intermediate session lives 10 minutes, and so does what is kept beside it. */
export const signInSeconds = 600

export type CookieRole = Exclude<keyof CookieNames, 'secure'>

export const everyRole: readonly CookieRole[] = [
  'session_jwt',
  'session_token',
  'intermediate_session_token',
  'sign_in'
]

/**
 * The values that the `Cookie` header has for a name, without decoding anything: usually none or one.
 *
 * Names match byte for byte and only after `;` and optional white space. Quotes, `$Version` and unusual spaces are
 * data, not syntax (RFC 6265 section 5.4), so they cannot smuggle a name past `__Host-`.
 */
export function readCookieValues(
  header: string | undefined,
  name: string | undefined
): readonly string[] {
  if (header === undefined || name === undefined) return []
  const values: string[] = []
  const start = `${name}=`
  let at = header.indexOf(start)
  while (at !== -1) {
    const from = at + start.length
    if (beginsPair(header, at)) {
      const end = header.indexOf(';', from)
      const value = trimSpace(header.slice(from, end === -1 ? undefined : end))
      if (value !== '' && !values.includes(value)) values.push(value)
    }
    at = header.indexOf(start, from)
  }
  return values
}

function beginsPair(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && isSpace(header[before])) before -= 1
  return before < 0 || header[before] === ';'
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

function trimSpace(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text[from])) from += 1
  while (to > from && isSpace(text[to - 1])) to -= 1
  return text.slice(from, to)
}

/** `Set-Cookie` for one of our cookies; none when it would be too large to be kept. */
export function setCookie(
  cookies: CookieNames,
  role: CookieRole,
  value: string,
  maxAgeSeconds: number
): readonly HeaderPair[] {
  const name = cookies[role]
  if (name === undefined || name.length + value.length > maxCookieBytes) return []
  return [['Set-Cookie', serializeCookie(cookies, name, value, maxAgeSeconds)]]
}

/** `Set-Cookie` that makes a browser drop one of our cookies. */
function clearCookies(
  cookies: CookieNames,
  ...roles: readonly CookieRole[]
): readonly HeaderPair[] {
  return roles.flatMap((role) => setCookie(cookies, role, '', 0))
}

/** Clears every spelling of these cookies: as configured, and with the prefix put on or taken off. */
export function clearEveryCookie(
  cookies: CookieNames,
  roles: readonly CookieRole[]
): readonly HeaderPair[] {
  return roles.flatMap((role) => {
    if (cookies[role] === undefined) return []
    const bare = cookies[role].replace(/^__Host-/, '')
    const spellings = cookies.secure ? [bare, `__Host-${bare}`] : [bare]
    return spellings.map(
      (name): HeaderPair => ['Set-Cookie', serializeCookie(cookies, name, '', 0)]
    )
  })
}

/**
 * The cookies of a new session. They live as long as the session, also the one of its short-lived JWT; where sessions are
 * extended, the opaque one lives on, for it is set at the sign-in alone.
 */
export function setSessionCookies(
  cookies: CookieNames,
  session: Pick<MemberSession, 'expires_at'>,
  tokens: { readonly session_token: string; readonly session_jwt: string },
  { now, isExtended }: { readonly now: number; readonly isExtended: boolean }
): readonly HeaderPair[] {
  const { session_token, session_jwt } = tokens
  const seconds = isExtended ? longestSeconds : secondsLeft(session, now)
  const hasToken = cookies.session_token !== undefined
  const jwt = refreshSessionCookies(cookies, session, session_jwt, { now, hasToken })
  if (jwt.length === 0) {
    throw new ConfigError(
      'The session JWT is too large for a cookie, and cookies.session_token is false. Keep custom claims small, or let the app set both cookies.'
    )
  }
  return [...setCookie(cookies, 'session_token', session_token, seconds), ...jwt]
}

/**
 * A new JWT of a session that goes on. One that is too large for a cookie must not leave an earlier one behind, where the
 * opaque token can stand for it.
 */
export function refreshSessionCookies(
  cookies: CookieNames,
  session: Pick<MemberSession, 'expires_at'>,
  session_jwt: string,
  { now, hasToken }: { readonly now: number; readonly hasToken: boolean }
): readonly HeaderPair[] {
  const jwt = setCookie(cookies, 'session_jwt', session_jwt, secondsLeft(session, now))
  return jwt.length === 0 && hasToken ? clearCookies(cookies, 'session_jwt') : jwt
}

function secondsLeft({ expires_at }: Pick<MemberSession, 'expires_at'>, now: number): number {
  return Math.max(0, Math.floor((Date.parse(expires_at) - now) / 1000))
}

export function clearSessionCookies(cookies: CookieNames): readonly HeaderPair[] {
  return clearCookies(cookies, 'session_token', 'session_jwt')
}

export function clearSignInCookies(cookies: CookieNames): readonly HeaderPair[] {
  return clearCookies(cookies, 'intermediate_session_token', 'sign_in')
}

function serializeCookie(
  { secure }: CookieNames,
  name: string,
  value: string,
  maxAge: number
): string {
  // The library would quote the value in its error.
  if (!/^[A-Za-z0-9_.-]*$/.test(value)) throw new ConfigError('A token has a form of no token.')
  return serialize(name, value, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    maxAge,
    encode: (text) => text
  })
}
