import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { createKeySet, type KeySet } from '../../src/jwt/key-set.ts'
import { readPemKey, readVerificationKeys } from '../../src/jwt/verification-key.ts'
import { takeRsaPair } from '../support/rsa-pairs.ts'

async function newJwk(kid: string) {
  return jwkOf(await takeRsaPair(), kid)
}

function jwkOf({ publicKey }: KeyPairKeyObjectResult, kid: string) {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
}

const first = await newJwk('first')
const second = await newJwk('second')

describe('a key set', () => {
  let clock: number
  let fetches: number
  let answer: () => Promise<readonly unknown[]>
  let keySet: KeySet

  beforeEach(() => {
    clock = 1_000_000
    fetches = 0
    answer = async () => [first]
    keySet = createKeySet({
      now: () => clock,
      fetchKeys: () => {
        fetches += 1
        return answer()
      }
    })
  })

  const statusOf = async (kid: string) => (await keySet.find(kid)).status
  const fail = () => {
    answer = () => Promise.reject(new Error('away'))
  }

  test('is fetched once by 100 concurrent look-ups', async () => {
    const statuses = await Promise.all(Array.from({ length: 100 }, () => statusOf('first')))
    expect(new Set(statuses)).toEqual(new Set(['found']))
    expect(fetches).toBe(1)
  })

  test('causes no fetch for strange kids within 30 s of a success', async () => {
    await statusOf('first')
    for (let index = 0; index < 200; index += 1) {
      expect(await statusOf(`strange-${index}`)).toBe('unknown')
    }
    clock += 29_999
    await statusOf('strange')
    expect(fetches).toBe(1)
    clock += 1
    await statusOf('strange')
    expect(fetches).toBe(2)
  })

  test('learns a new key once the cool-down is over', async () => {
    await statusOf('first')
    answer = async () => [first, second]
    clock += 30_000
    expect(await statusOf('second')).toBe('found')
  })

  test('backs off after failures, and is well again without a restart', async () => {
    fail()
    for (let index = 0; index < 50; index += 1) expect(await statusOf('first')).toBe('unavailable')
    expect(fetches).toBe(1)
    clock += 1000
    await statusOf('first')
    clock += 1000
    await statusOf('first')
    expect(fetches).toBe(2)
    answer = async () => [first]
    clock += 1000
    expect(await statusOf('first')).toBe('found')
    expect(fetches).toBe(3)
  })

  test('serves old keys for an hour while fetching fails, then none', async () => {
    await statusOf('first')
    fail()
    clock += 59 * 60_000
    expect(await statusOf('first')).toBe('found')
    expect(await statusOf('strange')).toBe('unavailable')
    clock += 60_000
    expect(await statusOf('first')).toBe('unavailable')
  })

  test('forgets a key that was withdrawn', async () => {
    answer = async () => [first, second]
    expect(await statusOf('second')).toBe('found')
    answer = async () => [first]
    clock += 10 * 60_000
    expect(await statusOf('second')).toBe('unknown')
  })

  test('keeps the last good set when a new one cannot be trusted', async () => {
    await statusOf('first')
    for (const bad of [[], [{ ...second, kid: 'first' }, first], [{ kty: 'oct', k: 'x' }]]) {
      answer = async () => bad
      clock += 11 * 60_000
      expect(await statusOf('first')).toBe('found')
    }
  })
})

test.each<[string, object]>([
  ['another type', { ...first, kty: 'EC' }],
  ['another algorithm', { ...first, alg: 'PS256' }],
  ['encryption', { ...first, use: 'enc' }],
  ['signing only', { ...first, key_ops: ['sign'] }],
  ['a private member', { ...first, d: 'x' }],
  ['1024 bits', jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }), 'short')],
  ['a small exponent', { ...first, e: 'Aw' }],
  ['no kid', { ...first, kid: undefined }]
])('a key of %s verifies nothing', (_, jwk) => {
  expect(readVerificationKeys([jwk])).toBeUndefined()
  expect(readVerificationKeys([jwk, second])?.size).toBe(1)
})

test('two keys of one kid spoil the set, also when one of them is of no use', () => {
  const twin = { ...second, kid: 'first' }
  for (const jwks of [
    [first, twin],
    [first, { ...twin, use: 'enc' }],
    [{ ...twin, use: 'enc' }, first, second]
  ]) {
    expect(readVerificationKeys(jwks)).toBeUndefined()
  }
  expect(readVerificationKeys([first, second])?.size).toBe(2)
})

test('a private key in PEM verifies nothing: it has no place where keys are named', async () => {
  const { publicKey, privateKey } = await takeRsaPair()
  const publicPem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  expect(readPemKey(publicPem, ['RS256'])).toBeDefined()
  expect(readPemKey(privatePem, ['RS256'])).toBeUndefined()
})
