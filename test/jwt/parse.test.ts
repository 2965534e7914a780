import { describe, expect, test } from '@jest/globals'
import { parseJws, parseJwt } from '../../src/jwt/parse.ts'
import { encode, goodHeader, mintJwt } from '../support/minted-jwt.ts'

const claims = { sub: 'member-test-1' }

test('a session JWT is read by its form', () => {
  const token = mintJwt(claims)
  expect(parseJwt(token)).toEqual({ token, kid: 'k1', claims })
})

describe('no session JWT is', () => {
  test.each<[string, object]>([
    ['of another algorithm', { ...goodHeader, alg: 'ES256' }],
    ['without an algorithm', { typ: 'JWT', kid: 'k1' }],
    ['of another type', { ...goodHeader, typ: 'at+jwt' }],
    ['without a type', { alg: 'RS256', kid: 'k1' }],
    ['without a kid', { alg: 'RS256', typ: 'JWT' }]
  ])('one %s', (_, header) => {
    const token = mintJwt(claims, header)
    expect(parseJws(token)?.header).toEqual(header)
    expect(parseJwt(token)).toBeUndefined()
  })
})

describe('nothing is read of', () => {
  const token = mintJwt(claims)
  const [header, payload, signature] = token.split('.')

  test.each([
    ['a token with a part too many', `${token}.${signature}`],
    ['a token with text behind it', `${token}\n`],
    ['a token without a signature', `${header}.${payload}.`],
    ['a list', `${header}.${encode('[]')}.${signature}`],
    ['null', `${header}.${encode('null')}.${signature}`],
    ['a text', `${header}.${encode('"sub"')}.${signature}`],
    ['a number', `${header}.${encode('7')}.${signature}`]
  ])('%s', (_, text) => {
    expect(parseJws(text)).toBeUndefined()
  })

  test('a token of more than 16384 characters', () => {
    const large = (length: number) => mintJwt({ ...claims, large: 'x'.repeat(length) })
    expect(parseJws(large(11_000))).toBeDefined()
    expect(large(12_500).length).toBeGreaterThan(16_384)
    expect(parseJws(large(12_500))).toBeUndefined()
  })
})
