import { parseJwt } from '../../jwt/parse.ts'
import type { Config, CredentialSource } from '../options.ts'
import { readCookieValues } from './cookies.ts'
import { type AuthRequest, everyValueOf, headerOf, isSentTwice } from './request.ts'

/** What a request presents: one token in a header, or the pair of cookies, of which either may be missing. */
export interface Credential {
  readonly transport: 'header' | 'cookie'
  /** Where it was found: `bearer`, `cookie`, or the name of the header. */
  readonly source: string
  readonly session_jwt?: string | undefined
  readonly session_token?: string | undefined
  /** A JWT cookie that has lost the opaque cookie beside it, where the app sets both. */
  readonly isHalf?: boolean
  /** Why nothing that was presented can be a credential. */
  readonly malformed?: 'duplicate_header' | 'duplicate_cookie' | 'malformed_credential'
}

const opaqueForm = /^[A-Za-z0-9_-]{20,256}$/
/** A longer one fits no cookie, and would be half of all headers that Node accepts. */
const maxJwtLength = 8192

/**
 * Finds the one credential of a request, or `undefined` when it presents none.
 *
 * The first source that has anything decides: a malformed Bearer header is rejected and never falls to the cookie.
 * What is sent twice with different values is malformed, for nothing says which one was meant.
 */
export function readCredential(request: AuthRequest, config: Config): Credential | undefined {
  for (const source of config.sources) {
    const credential = readSource(request, config, source)
    if (credential !== undefined) return credential
  }
  return undefined
}

/**
 * Every token that a request presents, each as a credential of its own, as a header would carry it: from every source, and
 * every value of what is sent twice. What has the form of no token is left out.
 */
export function readEveryToken(request: AuthRequest, config: Config): readonly Credential[] {
  return config.sources
    .flatMap((source) => tokensFrom(request, config, source))
    .filter(({ malformed, session_jwt }) =>
      session_jwt === undefined ? malformed === undefined : parseJwt(session_jwt) !== undefined
    )
}

function tokensFrom(
  request: AuthRequest,
  { cookies }: Config,
  source: CredentialSource
): readonly Credential[] {
  if (source === 'bearer') {
    const scheme = /^bearer[ \t]+/i
    return everyValueOf(request, 'authorization')
      .filter((value) => scheme.test(value))
      .map((value) => readToken(value.replace(scheme, ''), source))
  }
  if (source !== 'cookie') {
    return everyValueOf(request, source.header).map((value) => readToken(value, source.header))
  }
  const inCookie = (field: 'session_token' | 'session_jwt') =>
    readCookieValues(headerOf(request, 'cookie'), cookies[field])
      .map((value) => readToken(value, source))
      .filter((credential) => credential[field] !== undefined)
  return [...inCookie('session_token'), ...inCookie('session_jwt')]
}

function readSource(
  request: AuthRequest,
  config: Config,
  source: CredentialSource
): Credential | undefined {
  if (source === 'cookie') return readCookies(request, config)
  if (source === 'bearer') return readBearer(request)
  return readHeader(request, source.header)
}

/** A Bearer token holds no comma; of other schemes, whose parameters do, one may have Bearer behind it. */
const joinedBearer = /^bearer.*,|,\s*bearer(?:\s|$)/is

/** RFC 6750 section 2.1; the scheme does not depend on case (RFC 9110 section 11.1). Other schemes are not ours. */
function readBearer(request: AuthRequest): Credential | undefined {
  const header = headerOf(request, 'authorization')
  if (header === undefined) return undefined
  if (isSentTwice(request, 'authorization', joinedBearer)) {
    return malformedHeader('bearer', 'duplicate_header')
  }
  if (!/^bearer(?:[ \t]|$)/i.test(header)) return undefined
  return header[6] === ' '
    ? readToken(header.slice(7), 'bearer')
    : malformedHeader('bearer', 'malformed_credential')
}

function readHeader(request: AuthRequest, name: string): Credential | undefined {
  const header = headerOf(request, name)
  if (header === undefined) return undefined
  if (isSentTwice(request, name, /,/)) return malformedHeader(name, 'duplicate_header')
  return readToken(header, name)
}

/** Two dots make a session JWT; anything else has to look like an opaque token. */
function readToken(token: string, source: string): Credential {
  if (isJwtShaped(token)) return { transport: 'header', source, session_jwt: token }
  if (opaqueForm.test(token)) return { transport: 'header', source, session_token: token }
  return malformedHeader(source, 'malformed_credential')
}

function readCookies(request: AuthRequest, { cookies }: Config): Credential | undefined {
  const header = headerOf(request, 'cookie')
  const jwts = readCookieValues(header, cookies.session_jwt)
  const tokens = readCookieValues(header, cookies.session_token)
  if (jwts.length === 0 && tokens.length === 0) return undefined
  if (jwts.length > 1 || tokens.length > 1) {
    return { transport: 'cookie', source: 'cookie', malformed: 'duplicate_cookie' }
  }
  const session_jwt = jwts.find(isJwtShaped)
  const session_token = tokens.find((token) => opaqueForm.test(token))
  return session_jwt === undefined && session_token === undefined
    ? { transport: 'cookie', source: 'cookie', malformed: 'malformed_credential' }
    : {
        transport: 'cookie',
        source: 'cookie',
        session_jwt,
        session_token,
        isHalf: session_token === undefined && cookies.session_token !== undefined
      }
}

function malformedHeader(
  source: string,
  malformed: NonNullable<Credential['malformed']>
): Credential {
  return { transport: 'header', source, malformed }
}

function isJwtShaped(token: string): boolean {
  if (token.length > maxJwtLength) return false
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  return first > 0 && second > first + 1 && token.indexOf('.', second + 1) === -1
}
