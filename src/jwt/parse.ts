/** A session JWT by its form alone: nothing of it is believed yet. */
export interface ParsedJwt {
  readonly token: string
  readonly kid: string
  readonly claims: Readonly<Record<string, unknown>>
}

/** Any compact JWS over JSON by its form alone: nothing of it is believed yet. */
export interface ParsedJws {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

const maxLength = 16_384
const maxDepth = 32
const compactForm = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Header members that would let a token choose how it is verified. None has a place in a token that we take. */
const forbiddenHeaders = ['crit', 'b64', 'jku', 'jwk', 'x5u', 'x5c', 'cty', 'zip']

/** Reads the one form that a session JWT has: {@link parseJws}, RS256, `typ: JWT` and a `kid`. */
export function parseJwt(token: string): ParsedJwt | undefined {
  const parsed = parseJws(token)
  if (parsed === undefined || !isSessionHeader(parsed.header)) return undefined
  return { token, kid: parsed.header.kid, claims: parsed.claims }
}

/**
 * Reads a compact JWS over JSON without duplicate members.
 *
 * Nothing in it is nested deeper than 32 levels. Every segment must be canonical base64url. The trailing bits that lenient decoders ignore give one signature
 * sixteen spellings (RFC 4648 section 3.5), and each would be a token of its own to a cache.
 */
export function parseJws(token: string): ParsedJws | undefined {
  if (token.length > maxLength || !compactForm.test(token)) return undefined
  const [headerPart = '', payloadPart = '', signaturePart = ''] = token.split('.')
  if (decodeCanonical(signaturePart) === undefined) return undefined

  const header = readJsonObject(headerPart)
  if (header === undefined) return undefined
  if (forbiddenHeaders.some((name) => Object.hasOwn(header, name))) return undefined

  const claims = readJsonObject(payloadPart)
  return claims === undefined ? undefined : { header, claims }
}

export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && kid.length > 0 && kid.length <= 256
}

function isSessionHeader(
  header: Readonly<Record<string, unknown>>
): header is Readonly<Record<string, unknown>> & { readonly kid: string } {
  const { alg, typ, kid } = header
  if (alg !== 'RS256') return false
  return typeof typ === 'string' && /^(application\/)?jwt$/i.test(typ) && isKid(kid)
}

function readJsonObject(segment: string): Record<string, unknown> | undefined {
  const bytes = decodeCanonical(segment)
  if (bytes === undefined) return undefined
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return countMembers(value) === countNames(text) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function decodeCanonical(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  return bytes.toString('base64url') === segment ? bytes : undefined
}

/**
 * How many member names JSON text has: strings that a colon follows. Every string is consumed whole, from left to right,
 * so nothing inside one is taken for a name. More names than members means a duplicate.
 */
function countNames(text: string): number {
  let count = 0
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) {
    if (colon !== undefined) count += 1
  }
  return count
}

function countMembers(value: object, depth = 0): number {
  if (depth > maxDepth) throw new RangeError('Nested too deeply.')
  let count = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) count += countMembers(child, depth + 1)
  }
  return count
}
