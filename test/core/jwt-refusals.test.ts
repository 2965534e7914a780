import { createHmac, type KeyObject } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createMemberAuth } from 'membergate'
import { createCountingFetch } from '../support/counting-fetch.ts'
import { encode, goodHeader, jwk, mintJwt, stranger, trusted } from '../support/minted-jwt.ts'

const project_id = 'project-test-00000000-0000-4000-8000-000000000000'
const now = Date.parse('2025-01-01T12:00:00Z')
const iat = now / 1000

const session = {
  id: 'member-session-test-1',
  started_at: '2025-01-01T11:00:00Z',
  last_accessed_at: '2025-01-01T12:00:00Z',
  expires_at: '2025-01-01T13:00:00Z',
  authentication_factors: [{ type: 'password', delivery_method: 'knowledge' }],
  roles: ['stytch_member']
}
const organization = { organization_id: 'organization-test-1', slug: 'acme' }
const goodClaims = {
  iss: `stytch.com/${project_id}`,
  aud: [project_id],
  sub: 'member-test-1',
  iat,
  nbf: iat,
  exp: iat + 300,
  'https://stytch.com/session': session,
  'https://stytch.com/organization': organization
}

const upstream = createCountingFetch()
upstream.cut(true)
let clock = now
const { authenticate, requireMemberSession } = createMemberAuth({
  project_id,
  secret: 'secret-test-0123456789abcdefghijklmnop',
  jwks: { keys: [jwk as never] },
  fetch: upstream.fetch,
  now: () => clock
})

beforeEach(() => {
  clock = now
  upstream.reset()
})

const mint = (claims: unknown = goodClaims, header?: unknown, key?: KeyObject) =>
  mintJwt(claims, header, key)

function present(token: string) {
  const Authorization = `Bearer ${token}`
  return authenticate({
    method: 'GET',
    url: '/',
    headers: { authorization: Authorization },
    rawHeaders: ['Authorization', Authorization]
  })
}

async function expectRefused(token: string) {
  const decision = await present(token)
  expect(decision).toMatchObject({
    accepted: false,
    status: 401,
    error: { code: 'session_invalid' }
  })
  expect(upstream.count('')).toBe(0)
}

async function expectAsked(token: string) {
  const decision = await present(token)
  expect(decision).toMatchObject({ accepted: false, status: 503 })
  expect(upstream.count('/sessions/authenticate')).toBe(1)
}

test('a good token is accepted, frozen and without prototypes to reach', async () => {
  const custom = { ...goodClaims, plan: { tier: 'pro' } }
  const claims = JSON.stringify(custom).replace('"tier"', '"__proto__":{"admin":true},"tier"')
  const decision = await present(mint(claims))
  if (!decision.accepted) throw decision.error
  expect(decision.member_session).toEqual({
    member_session_id: session.id,
    member_id: 'member-test-1',
    organization_id: 'organization-test-1',
    organization_slug: 'acme',
    started_at: session.started_at,
    last_accessed_at: session.last_accessed_at,
    expires_at: session.expires_at,
    authentication_factors: session.authentication_factors,
    roles: ['stytch_member'],
    custom_claims: { plan: { tier: 'pro' } }
  })
  expect(Object.isFrozen(decision.member_session.custom_claims)).toBe(true)
  expect(Reflect.get({}, 'admin')).toBeUndefined()
})

test('one that fits no cookie is denied, well signed as it is', async () => {
  const token = mint({ ...goodClaims, large: 'x'.repeat(6000) })
  expect(token.length).toBeGreaterThan(8192)
  await expectRefused(token)
  expect((await present(mint({ ...goodClaims, large: 'x'.repeat(4000) }))).accepted).toBe(true)
})

test('texts that look like member names are none', async () => {
  const claims = {
    ...goodClaims,
    allowed: ['10.0.0.1', '::1', ':a:', '","x":'],
    note: '{"sub":"x"}'
  }
  expect((await present(mint(claims))).accepted).toBe(true)
})

test('JSON that is nested too deeply, or full of quotes, is denied at once', async () => {
  const nested = JSON.stringify(goodClaims).replace(
    '{',
    `{"deep":${'['.repeat(2300)}${']'.repeat(2300)},`
  )
  const quoted = JSON.stringify({ ...goodClaims, text: '"'.repeat(2700) })
  for (const claims of [nested, quoted]) {
    await expectRefused(mint(claims, goodHeader, stranger.privateKey))
  }
})

describe('a header is denied without a call:', () => {
  test.each<[string, unknown]>([
    ['alg none', { ...goodHeader, alg: 'none' }],
    ['alg None', { ...goodHeader, alg: 'None' }],
    ['alg HS256', { ...goodHeader, alg: 'HS256' }],
    ['alg RS512', { ...goodHeader, alg: 'RS512' }],
    ['alg as a list', { ...goodHeader, alg: ['RS256'] }],
    ['no alg', { typ: 'JWT', kid: 'k1' }],
    ['alg twice', '{"alg":"none","alg":"RS256","typ":"JWT","kid":"k1"}'],
    ['crit', { ...goodHeader, crit: ['exp'] }],
    ['b64', { ...goodHeader, b64: false }],
    ['jku', { ...goodHeader, jku: 'https://evil.example/jwks' }],
    ['jwk', { ...goodHeader, jwk }],
    ['x5u', { ...goodHeader, x5u: 'https://evil.example/x5u' }],
    ['zip', { ...goodHeader, zip: 'DEF' }],
    ['no typ', { alg: 'RS256', kid: 'k1' }],
    ['typ at+jwt', { ...goodHeader, typ: 'at+jwt' }],
    ['no kid', { alg: 'RS256', typ: 'JWT' }],
    ['kid as a number', { ...goodHeader, kid: 1 }],
    ['a strange kid', { ...goodHeader, kid: 'k2' }],
    ['kid __proto__', { ...goodHeader, kid: '__proto__' }],
    ['kid too long', { ...goodHeader, kid: 'k'.repeat(300) }],
    ['a list', '[]'],
    ['a byte order mark', `\ufeff${JSON.stringify(goodHeader)}`]
  ])('%s', (_, header) => expectRefused(mint(goodClaims, header)))

  test('HS256 signed with the public key', async () => {
    const input = `${encode({ ...goodHeader, alg: 'HS256' })}.${encode(goodClaims)}`
    const pem = trusted.publicKey.export({ format: 'pem', type: 'spki' })
    await expectRefused(`${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`)
  })
})

describe('claims are denied without a call:', () => {
  const without = (name: string) => {
    const { [name]: _, ...rest } = goodClaims as Record<string, unknown>
    return rest
  }
  test.each<[string, unknown]>([
    ['another issuer', { ...goodClaims, iss: 'stytch.com/another' }],
    ['an issuer with a slash', { ...goodClaims, iss: `${goodClaims.iss}/` }],
    ['a list of issuers', { ...goodClaims, iss: [goodClaims.iss] }],
    ['no issuer', without('iss')],
    ['another audience', { ...goodClaims, aud: ['another'] }],
    ['a part of the audience', { ...goodClaims, aud: `${project_id}2` }],
    ['no audience', { ...goodClaims, aud: [] }],
    ['a nested audience', { ...goodClaims, aud: [[project_id]] }],
    ['no exp', without('exp')],
    ['exp as text', { ...goodClaims, exp: String(iat + 300) }],
    [
      'exp that is infinite',
      JSON.stringify(goodClaims).replace(`"exp":${iat + 300}`, '"exp":1e999')
    ],
    ['exp that is no integer', { ...goodClaims, exp: iat + 0.5 }],
    ['exp ten years ahead', { ...goodClaims, exp: iat + 315_360_000 }],
    ['exp before iat', { ...goodClaims, exp: iat - 1 }],
    ['no iat', without('iat')],
    ['iat below zero', { ...goodClaims, iat: -1 }],
    ['nbf as text', { ...goodClaims, nbf: 'now' }],
    ['no sub', without('sub')],
    ['an empty sub', { ...goodClaims, sub: '' }],
    ['sub as a number', { ...goodClaims, sub: 7 }],
    ['sub twice', JSON.stringify(goodClaims).replace('"sub"', '"sub":"member-test-2","sub"')],
    ['no session', without('https://stytch.com/session')],
    [
      'a session without id',
      { ...goodClaims, 'https://stytch.com/session': { ...session, id: '' } }
    ],
    [
      'roles as text',
      { ...goodClaims, 'https://stytch.com/session': { ...session, roles: 'xx_admin_yy' } }
    ],
    [
      'roles with a number',
      { ...goodClaims, 'https://stytch.com/session': { ...session, roles: [1] } }
    ],
    [
      'a session without an end that can be read',
      { ...goodClaims, 'https://stytch.com/session': { ...session, expires_at: 'soon' } }
    ],
    ['no organization', without('https://stytch.com/organization')],
    [
      'an organization id as a list',
      {
        ...goodClaims,
        'https://stytch.com/organization': { ...organization, organization_id: ['x'] }
      }
    ],
    ['a list', []],
    ['text', '"claims"'],
    ['nothing', '{}']
  ])('%s', (_, claims) => expectRefused(mint(claims)))
})

describe('a signature is denied without a call:', () => {
  test('by another key', () => expectRefused(mint(goodClaims, goodHeader, stranger.privateKey)))

  test('that is empty, zero, cut or padded', async () => {
    const [header, payload, signature = ''] = mint().split('.')
    for (const other of [
      'AA',
      'A'.repeat(342),
      signature.slice(0, -1),
      signature.slice(1),
      `${signature}A`,
      `${signature}==`
    ]) {
      await expectRefused(`${header}.${payload}.${other}`)
    }
  })

  test('in any of its other fifteen spellings', async () => {
    const token = mint()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(token.at(-1) ?? '')
    const group = last - (last % 16)
    const twins = Array.from({ length: 16 }, (_, index) => alphabet[group + index])
      .filter((character) => character !== token.at(-1))
      .map((character) => `${token.slice(0, -1)}${character}`)
    expect(twins).toHaveLength(15)
    for (const twin of twins) await expectRefused(twin)
  })

  test('when any one bit of the token is flipped', async () => {
    const token = mint()
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.integer({ min: 0, max: 6 }),
        async (at, bit) => {
          const flipped = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit))
          const decision = await present(token.slice(0, at) + flipped + token.slice(at + 1))
          expect(decision.accepted).toBe(false)
        }
      ),
      { numRuns: 1500 }
    )
    expect(upstream.count('')).toBe(0)
  })
})

test('an organization without a slug is no tenant whose slug is empty, or is not named', async () => {
  const slug = { ...organization, slug: '' }
  const authorization = `Bearer ${mint({ ...goodClaims, 'https://stytch.com/organization': slug })}`
  const request = { method: 'GET', url: '/', headers: { authorization } }
  expect(await requireMemberSession()(request)).toMatchObject({ accepted: true })
  for (const named of ['', undefined]) {
    const guard = requireMemberSession({ organization_slug: () => named })
    expect(await guard({ ...request })).toMatchObject({ accepted: false, status: 403 })
  }
})

test('a forged payload over a signature that is known is denied', async () => {
  const token = mint()
  expect((await present(token)).accepted).toBe(true)
  const [header, , signature] = token.split('.')
  await expectRefused(`${header}.${encode({ ...goodClaims, sub: 'member-test-2' })}.${signature}`)
})

describe('times that do not do need a remote check, once each:', () => {
  test.each<[string, number, object]>([
    ['expired, past the tolerance', 305, {}],
    ['issued ahead of our clock', -6, {}],
    ['issued ahead of our clock, whatever nbf says', -6, { nbf: iat - 60 }],
    ['not yet valid', 0, { nbf: iat + 6 }],
    [
      'of a session that is over',
      0,
      { 'https://stytch.com/session': { ...session, expires_at: '2025-01-01T12:00:00Z' } }
    ]
  ])('%s', async (_, seconds, change) => {
    const token = mint({ ...goodClaims, ...change, seen: 'never' })
    clock = now + seconds * 1000
    await expectAsked(token)
  })

  test('within the tolerance they do', async () => {
    const token = mint()
    for (const seconds of [-5, 0, 299, 304]) {
      clock = now + seconds * 1000
      expect((await present(token)).accepted).toBe(true)
    }
    expect(upstream.count('')).toBe(0)
  })

  test('when the clock steps back, a cached session counts no more than a new one', async () => {
    const token = mint({ ...goodClaims, seen: 'before' })
    expect((await present(token)).accepted).toBe(true)
    clock = now - 3_600_000
    await expectAsked(token)
  })

  test('a cached session does not outlive its token', async () => {
    const token = mint()
    expect((await present(token)).accepted).toBe(true)
    clock = now + 305_000
    await expectAsked(token)
  })
})
