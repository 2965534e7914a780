import {
  createHash,
  createPublicKey,
  pbkdf2Sync,
  scryptSync,
  sign,
  verify,
  X509Certificate
} from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { hash as argon2, hashRaw as argon2Raw } from '@node-rs/argon2'
import bcrypt from 'bcryptjs'
import jsqr from 'jsqr'
import { Secret } from 'otpauth'
import { PNG } from 'pngjs'
import { recommendedCost, testCost } from '../../src/authority/crypto/argon2id.ts'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { createPasswordHashing, isOverloaded } from '../../src/authority/crypto/passwords.ts'
import {
  newSigningKey,
  readPrivateKey,
  readPublicKey
} from '../../src/authority/crypto/signing-keys.ts'
import {
  isOpaqueToken,
  newId,
  newOpaqueToken,
  newProjectSecret,
  newSalt,
  sha256
} from '../../src/authority/crypto/tokens.ts'
import {
  newRecoveryCodes,
  newTotpSecret,
  normalizeTotpSecret,
  totpQrCode,
  totpStep
} from '../../src/authority/crypto/totp.ts'
import { totpCode } from '../support/totp-code.ts'
import { rejectedBy } from './thrown.ts'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

describe('what is sealed at rest', () => {
  const older = newAtRestKey()
  const newer = newAtRestKey()

  test('opens with the key that sealed it, in the context it was sealed for', () => {
    const atRest = createAtRest([older])
    const sealed = atRest.seal('JBSWY3DPEHPK3PXP ü', 'totp member-1')
    expect(atRest.open(sealed, 'totp member-1')).toBe('JBSWY3DPEHPK3PXP ü')
    expect(sealed).not.toContain('JBSWY3DPEHPK3PXP')
  })

  test('seals the same text differently each time', () => {
    const atRest = createAtRest([older])
    expect(atRest.seal('text', 'context')).not.toBe(atRest.seal('text', 'context'))
  })

  test('opens with any listed key after a rotation, and is sealed with the first', () => {
    const sealedBefore = createAtRest([older]).seal('text', 'context')
    const rotated = createAtRest([newer, older])
    expect(rotated.open(sealedBefore, 'context')).toBe('text')
    expect(createAtRest([newer]).open(rotated.seal('text', 'context'), 'context')).toBe('text')
  })

  test('does not open in another context: a row copied to another member is worthless', () => {
    const atRest = createAtRest([older])
    const sealed = atRest.seal('text', 'totp member-1')
    expect(() => atRest.open(sealed, 'totp member-2')).toThrow(Error)
  })

  test('does not open without the key that sealed it, and the error holds no secret', () => {
    const sealed = createAtRest([older]).seal('text', 'context')
    const open = () => createAtRest([newer]).open(sealed, 'context')
    expect(open).toThrow(/key/)
    expect(open).not.toThrow(new RegExp(`${older}|${newer}|${sealed}`))
  })

  test('does not open when any part of it was altered', () => {
    const atRest = createAtRest([older])
    const sealed = atRest.seal('text', 'context')
    const body = sealed.lastIndexOf('.') + 1
    for (const at of [body, body + 20, body + 30]) {
      const other = sealed[at] === 'A' ? 'B' : 'A'
      const altered = sealed.slice(0, at) + other + sealed.slice(at + 1)
      expect(() => atRest.open(altered, 'context')).toThrow(Error)
    }
    for (const malformed of ['', 'text', sealed.slice(0, body), sealed.slice(0, body + 8)]) {
      expect(() => atRest.open(malformed, 'context')).toThrow(Error)
    }
  })

  test.each([
    ['', 'an empty key'],
    [Buffer.alloc(31, 1).toString('base64url'), 'a short key'],
    [Buffer.alloc(33, 1).toString('base64url'), 'a long key'],
    ['this is not base64url, and 43 characters long', 'a sentence']
  ])('refuses %j: %s', (key) => {
    expect(() => createAtRest([key])).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })

  test('refuses to work without a key, and never repeats a wrong one', () => {
    expect(() => createAtRest([])).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(() => createAtRest([older, 'half-a-secret'])).toThrow(/keys\[1\](?!.*half-a-secret)/)
  })

  test('hashes a code by key and context', () => {
    const atRest = createAtRest([older])
    const hash = atRest.keyedHash('123456', 'otp member-1')
    expect(hash).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(createAtRest([older]).keyedHash('123456', 'otp member-1')).toBe(hash)
    expect(atRest.keyedHash('123456', 'otp member-2')).not.toBe(hash)
    expect(createAtRest([newer]).keyedHash('123456', 'otp member-1')).not.toBe(hash)
  })
})

describe('the token of a session', () => {
  const older = newAtRestKey()
  const newer = newAtRestKey()

  test('is the same for the same key, session and salt, and has the form of an opaque token', () => {
    const salt = newSalt()
    const made = createAtRest([older]).sessionToken('member-session-test-1', salt)
    expect(isOpaqueToken(made.token)).toBe(true)
    expect(createAtRest([older]).sessionToken('member-session-test-1', salt)).toEqual(made)
    expect(createAtRest([older]).sessionToken('member-session-test-2', salt)).not.toEqual(made)
    expect(createAtRest([older]).sessionToken('member-session-test-1', newSalt())).not.toEqual(made)
  })

  test('survives a rotation by the id of its key', () => {
    const salt = newSalt()
    const { token, key_id } = createAtRest([older]).sessionToken('member-session-test-1', salt)
    const rotated = createAtRest([newer, older])
    expect(rotated.sessionToken('member-session-test-1', salt, key_id).token).toBe(token)
    expect(rotated.sessionToken('member-session-test-1', salt).key_id).not.toBe(key_id)
    expect(() => createAtRest([newer]).sessionToken('1', salt, key_id)).toThrow(Error)
  })
})

describe('tokens and ids', () => {
  test('an opaque token is 44 characters of base64url, different each time', () => {
    const tokens = new Set(Array.from({ length: 100 }, newOpaqueToken))
    expect(tokens.size).toBe(100)
    expect([...tokens].every(isOpaqueToken)).toBe(true)
  })

  test.each(['', 'a'.repeat(43), 'a'.repeat(45), `${'a'.repeat(43)}=`, `${'a'.repeat(44)}\n`])(
    '%j is no opaque token',
    (text) => {
      expect(isOpaqueToken(text)).toBe(false)
    }
  )

  test('ids carry their kind and the environment', () => {
    expect(newId('member', 'test')).toMatch(new RegExp(`^member-test-${uuid}$`))
    expect(newId('organization', 'live')).toMatch(new RegExp(`^organization-live-${uuid}$`))
    expect(newProjectSecret('test')).toMatch(/^secret-test-[A-Za-z0-9_-]{43}$/)
    expect(newSalt()).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(sha256('abc')).toBe(
      Buffer.from(
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
        'hex'
      ).toString('base64url')
    )
  })
})

const {
  hash: hashPassword,
  verify: verifyPassword,
  isCurrent,
  importHash
} = createPasswordHashing(recommendedCost)

describe('passwords', () => {
  test('a password verifies against its own hash and no other', async () => {
    const stored = await hashPassword('correct horse')
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(isCurrent(stored)).toBe(true)
    expect(await verifyPassword('correct horse', stored)).toBe(true)
    expect(await verifyPassword('correct horsf', stored)).toBe(false)
    expect(await verifyPassword('', stored)).toBe(false)
  })

  test('a hash of the test cost verifies, and is worth hashing again', async () => {
    const stored = await createPasswordHashing(testCost).hash('correct horse')
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
    expect(await verifyPassword('correct horse', stored)).toBe(true)
    expect(isCurrent(stored)).toBe(false)
  })

  test('every character counts, however many there are, and NUL ends nothing', async () => {
    const long = 'x'.repeat(1023)
    expect(await verifyPassword(`${long}b`, await hashPassword(`${long}a`))).toBe(false)
    expect(await verifyPassword('a\0c', await hashPassword('a\0b'))).toBe(false)
  })

  test('composed and decomposed spellings are one password', async () => {
    const stored = await hashPassword('Gru\u0308\u00dfe \ufb01')
    expect(await verifyPassword('Gr\u00fc\u00dfe fi', stored)).toBe(true)
  })

  test('without a stored hash nothing verifies, after the same work', async () => {
    const stored = await hashPassword('correct horse')
    const measure = async (hash: string | null) => {
      const start = performance.now()
      expect(await verifyPassword('wrong', hash)).toBe(false)
      return performance.now() - start
    }
    const withHash: number[] = []
    const without: number[] = []
    for (let round = 0; round < 7; round += 1) {
      withHash.push(await measure(stored))
      without.push(await measure(null))
    }
    expect(Math.min(...without)).toBeGreaterThan(Math.min(...withHash) / 2)
  })

  test('a burst beyond two at work and fifty waiting is refused at once, and the rest is answered', async () => {
    const stored = await hashPassword('correct horse')
    const burst = Array.from({ length: 60 }, () => verifyPassword('correct horse', stored))
    const results = await Promise.allSettled(burst)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(8)
    expect(refused.every(({ reason }) => isOverloaded(reason))).toBe(true)
    expect(isOverloaded(new Error('Too much work is waiting.'))).toBe(false)
    expect(await verifyPassword('correct horse', stored)).toBe(true)
  })
})

describe('imported password hashes', () => {
  const salt = Buffer.from('sixteen byte salt')
  const phc = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')

  async function expectVerifies(request: Parameters<typeof importHash>[0], password = 'Pa55wörd') {
    const imported = await importHash(request)
    expect(isCurrent(imported)).toBe(false)
    expect(await verifyPassword(password, imported)).toBe(true)
    expect(await verifyPassword(`${password}!`, imported)).toBe(false)
  }

  test.each(['a', 'b', 'y'])('bcrypt of the kind $2%s$ verifies', async (kind) => {
    const hash = (await bcrypt.hash('Pa55wörd', 5)).replace(/^\$2b/, `$2${kind}`)
    await expectVerifies({ hash_type: 'bcrypt', hash })
  })

  test('bcrypt of another implementation verifies', async () => {
    const hash = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
    await expectVerifies({ hash_type: 'bcrypt', hash }, 'U*U')
  })

  test.each([
    ['$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0', 'test12345'],
    ['$P$984478476IagS59wHZvyQMArzfx58u.', 'hashcat'],
    ['$H$984478476IagS59wHZvyQMArzfx58u.', 'hashcat']
  ])(
    'phpass of another implementation verifies, and is not what is stored: %s',
    async (hash, password) => {
      await expectVerifies({ hash_type: 'phpass', hash }, password)
      expect(await importHash({ hash_type: 'phpass', hash })).not.toContain(hash.slice(12))
    }
  )

  test.each([
    ['argon_2i', 1],
    ['argon_2id', 2]
  ] as const)(
    '%s verifies, as PHC string and as hex with its parameters',
    async (hash_type, algorithm) => {
      const options = { algorithm, memoryCost: 1024, timeCost: 3, parallelism: 2, salt }
      await expectVerifies({ hash_type, hash: await argon2('Pa55wörd', options) })
      const hash = (await argon2Raw('Pa55wörd', { ...options, outputLen: 24 })).toString('hex')
      await expectVerifies({
        hash_type,
        hash,
        argon_2_config: {
          salt: salt.toString(),
          iteration_amount: 3,
          memory: 1024,
          threads: 2,
          key_length: 24
        }
      })
    }
  )

  test('argon2 of version 1.0, which PHC strings leave out, verifies', async () => {
    // A test vector of the reference implementation.
    const hash = `$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$${phc(
      Buffer.from('f6c4db4a54e2a370627aff3db6176b94a2a209a62c8e36152711802f7b30c694', 'hex')
    )}`
    await expectVerifies({ hash_type: 'argon_2i', hash }, 'password')
  })

  test('scrypt verifies, as PHC string and as base64 with its parameters', async () => {
    const digest = scryptSync('Pa55wörd', salt, 32, { N: 1024, r: 8, p: 2 })
    const hash = `$scrypt$ln=10,r=8,p=2$${phc(salt)}$${phc(digest)}`
    await expectVerifies({ hash_type: 'scrypt', hash })
    await expectVerifies({
      hash_type: 'scrypt',
      hash: digest.toString('base64'),
      scrypt_config: {
        salt: salt.toString('base64'),
        n_parameter: 1024,
        r_parameter: 8,
        p_parameter: 2,
        key_length: 32
      }
    })
  })

  test('scrypt with more memory than Node allows by default verifies', async () => {
    const maxmem = 80 * 1024 * 1024
    const digest = scryptSync('Pa55wörd', salt, 32, { N: 65_536, r: 8, p: 1, maxmem })
    const hash = `$scrypt$ln=16,r=8,p=1$${phc(salt)}$${phc(digest)}`
    await expectVerifies({ hash_type: 'scrypt', hash })
  })

  test.each([
    ['md_5', 'md5'],
    ['sha_1', 'sha1'],
    ['sha_512', 'sha512']
  ] as const)(
    '%s verifies, bare and between salts, and is kept as hashed itself',
    async (hash_type, name) => {
      const bare = createHash(name).update('Pa55wörd').digest('hex')
      const salted = createHash(name).update('före Pa55wörd efter').digest('hex').toUpperCase()
      const config = { prepend_salt: 'före ', append_salt: ' efter' }
      await expectVerifies({ hash_type, hash: bare })
      await expectVerifies({ hash_type, hash: salted, [`${hash_type}_config`]: config })
      const imported = await importHash({ hash_type, hash: bare })
      expect(JSON.stringify(imported)).not.toContain(bare)
      expect(JSON.stringify(imported)).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
    }
  )

  const pbkdf2Config = {
    salt: salt.toString('base64'),
    iteration_amount: 1000,
    key_length: 48
  }

  test.each([
    ['sha256', {}],
    ['sha256', { algorithm: 'sha256' }],
    ['sha512', { algorithm: 'sha512' }]
  ])('PBKDF2 with %s and %j verifies', async (name, algorithm) => {
    const hash = pbkdf2Sync('Pa55wörd', salt, 1000, 48, name).toString('base64')
    const pbkdf_2_config = { ...pbkdf2Config, ...algorithm }
    await expectVerifies({ hash_type: 'pbkdf_2', hash, pbkdf_2_config })
  })

  test('PBKDF2 of a published test vector verifies', async () => {
    // RFC 7914 section 11.
    const hex =
      '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc' +
      '49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783'
    const hash = Buffer.from(hex, 'hex').toString('base64')
    const salt = Buffer.from('salt').toString('base64')
    const pbkdf_2_config = { salt, iteration_amount: 1, key_length: 64 }
    await expectVerifies({ hash_type: 'pbkdf_2', hash, pbkdf_2_config }, 'passwd')
  })

  test.each([
    [{ iteration_amount: 2_000_001, key_length: 32 }, 32, 'invalid_pbkdf_2_hash'],
    [{ iteration_amount: 1_000_001, key_length: 33 }, 33, 'invalid_pbkdf_2_hash'],
    [{ iteration_amount: 0 }, 48, 'invalid_pbkdf_2_hash'],
    [{ iteration_amount: 1.5 }, 48, 'invalid_pbkdf_2_hash'],
    [{ algorithm: 'md5' }, 48, 'invalid_pbkdf_2_hash'],
    [{ salt: 'not base64' }, 48, 'invalid_pbkdf_2_hash'],
    [{ key_length: 11 }, 11, 'invalid_pbkdf_2_hash'],
    [{ key_length: 129 }, 129, 'invalid_pbkdf_2_hash'],
    [{ key_length: 32 }, 48, 'pbkdf_2_key_length_mismatch']
  ])('PBKDF2 with %j and %i bytes is refused at once: %s', async (fields, length, error_type) => {
    const start = performance.now()
    const pbkdf_2_config = { ...pbkdf2Config, ...fields }
    const hash = Buffer.alloc(length, 7).toString('base64')
    const imported = importHash({ hash_type: 'pbkdf_2', hash, pbkdf_2_config })
    expect(await rejectedBy(imported)).toBe(error_type)
    expect(performance.now() - start).toBeLessThan(50)
  })

  test('a password verifies as typed, and also normalised', async () => {
    const decomposed = await bcrypt.hash('Gru\u0308n', 4)
    const composed = await bcrypt.hash('Gr\u00fcn', 4)
    for (const hash of [decomposed, composed]) {
      const imported = await importHash({ hash_type: 'bcrypt', hash })
      expect(await verifyPassword('Gru\u0308n', imported)).toBe(true)
    }
  })

  const digest = Buffer.alloc(32, 7)
  const md5 = createHash('md5').update('a').digest('hex')
  const argon2Of = (costs: string) => `$argon2id$v=19$${costs}$${phc(salt)}$${phc(digest)}`
  const scryptOf = (costs: string) => `$scrypt$${costs}$${phc(salt)}$${phc(digest)}`
  const bcryptOf = (cost: string) =>
    `$2b$${cost}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW`

  test.each([
    ['bcrypt', bcryptOf('31'), 'invalid_bcrypt_cost'],
    ['bcrypt', bcryptOf('15'), 'invalid_bcrypt_cost'],
    ['bcrypt', bcryptOf('03'), 'invalid_bcrypt_cost'],
    ['bcrypt', bcryptOf('5'), 'invalid_bcrypt_hash'],
    ['bcrypt', bcryptOf('05').slice(0, -1), 'invalid_bcrypt_hash'],
    ['bcrypt', bcryptOf('05').replace('2b', '2x'), 'invalid_bcrypt_hash'],
    ['bcrypt', 'not a hash', 'invalid_bcrypt_hash'],
    ['argon_2id', argon2Of('m=1048576,t=3,p=4'), 'invalid_argon_2_hash'],
    ['argon_2id', argon2Of('m=65536,t=4000000000,p=4'), 'invalid_argon_2_hash'],
    ['argon_2id', argon2Of('m=65536,t=3,p=9'), 'invalid_argon_2_hash'],
    ['argon_2id', argon2Of('m=7,t=3,p=1'), 'invalid_argon_2_hash'],
    ['argon_2i', argon2Of('m=65536,t=3,p=4'), 'invalid_argon_2_hash'],
    ['argon_2id', digest.toString('hex'), 'invalid_argon_2_hash'],
    ['scrypt', scryptOf('ln=30,r=8,p=1'), 'invalid_scrypt_hash'],
    ['scrypt', scryptOf('ln=19,r=1,p=1'), 'invalid_scrypt_hash'],
    ['scrypt', scryptOf('ln=16,r=1,p=1'), 'invalid_scrypt_hash'],
    ['scrypt', scryptOf('ln=18,r=17,p=1'), 'invalid_scrypt_hash'],
    ['scrypt', scryptOf('ln=14,r=33,p=1'), 'invalid_scrypt_hash'],
    ['scrypt', scryptOf('ln=14,r=8,p=17'), 'invalid_scrypt_hash'],
    ['scrypt', scryptOf('ln=0,r=8,p=1'), 'invalid_scrypt_hash'],
    ['scrypt', digest.toString('base64'), 'invalid_scrypt_hash'],
    ['md_5', md5.slice(1), 'invalid_md_5_hash'],
    ['md_5', `${md5.slice(1)}g`, 'invalid_md_5_hash'],
    ['md_5', `${md5}\n`, 'invalid_md_5_hash'],
    ['sha_1', md5, 'invalid_sha_1_hash'],
    ['sha_512', md5, 'invalid_sha_512_hash'],
    ['pbkdf_2', digest.toString('base64'), 'invalid_pbkdf_2_hash'],
    ['phpass', md5, 'invalid_phpass_hash_prefix'],
    ['phpass', '$P$98447847', 'invalid_phpass_hash_format'],
    ['phpass', '$P$984478476IagS59wHZvyQMArzfx58u2', 'invalid_phpass_hash_format'],
    ['phpass', '$P$484478476IagS59wHZvyQMArzfx58u.', 'invalid_phpass_hash_format'],
    ['phpass', '$P$F84478476IagS59wHZvyQMArzfx58u.', 'invalid_phpass_hash_format'],
    ['toString', 'a', 'invalid_hash_type']
  ])('%s %s is refused: %s', async (hash_type, hash, error_type) => {
    expect(await rejectedBy(importHash({ hash_type, hash }))).toBe(error_type)
  })

  test('a key_length that is not that of the hash is refused', async () => {
    const argon_2_config = {
      salt: 'some salt',
      iteration_amount: 3,
      memory: 1024,
      threads: 1,
      key_length: 24
    }
    const hash = digest.toString('hex')
    expect(await rejectedBy(importHash({ hash_type: 'argon_2id', hash, argon_2_config }))).toBe(
      'argon_2_key_length_mismatch'
    )
    const scrypt_config = {
      salt: salt.toString('base64'),
      n_parameter: 1024,
      r_parameter: 8,
      p_parameter: 1,
      key_length: 24
    }
    const base64 = digest.toString('base64')
    expect(await rejectedBy(importHash({ hash_type: 'scrypt', hash: base64, scrypt_config }))).toBe(
      'scrypt_key_length_mismatch'
    )
  })

  test.each([1000, 1, 0, -1024, 2 ** 20, Number.NaN])(
    'scrypt with N = %d is refused',
    async (N) => {
      const scrypt_config = {
        salt: salt.toString('base64'),
        n_parameter: N,
        r_parameter: 8,
        p_parameter: 1,
        key_length: 32
      }
      const hash = digest.toString('base64')
      expect(await rejectedBy(importHash({ hash_type: 'scrypt', hash, scrypt_config }))).toBe(
        'invalid_scrypt_hash'
      )
    }
  )
})

describe('TOTP', () => {
  const secret = Secret.fromLatin1('12345678901234567890').base32

  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130']
  ])('at %d s the code is that of RFC 6238 appendix B: %s', (seconds, code) => {
    expect(totpStep(secret, code, seconds * 1000)).toBe(Math.floor(seconds / 30))
  })

  test('a code is accepted one step early or late, told by its own step, and not two', () => {
    const now = 1_800_000_015_000
    const step = now / 30_000 - 0.5
    for (const offset of [-1, 0, 1]) {
      const code = totpCode(secret, now + offset * 30_000)
      expect(totpStep(secret, code, now)).toBe(step + offset)
    }
    for (const offset of [-2, 2]) {
      expect(totpStep(secret, totpCode(secret, now + offset * 30_000), now)).toBeUndefined()
    }
  })

  test.each([
    '',
    ' 287082',
    '287 082',
    '28708',
    '2870820',
    '0x2870',
    '1e5000',
    '٢٨٧٠٨٢',
    '287082\n'
  ])('%j is not taken for a code', (code) => {
    expect(totpStep(secret, code, 59_000)).toBeUndefined()
  })

  test('a new secret is 160 random bits in 32 characters of base32', () => {
    const secrets = new Set(Array.from({ length: 50 }, newTotpSecret))
    expect(secrets.size).toBe(50)
    for (const made of secrets) expect(made).toMatch(/^[A-Z2-7]{32}$/)
  })

  test.each([
    ['jbsw y3dp ehpk 3pxp', 'JBSWY3DPEHPK3PXP'],
    ['GEZDGNBVGY3TQOJQGEZDGNBVGY======', 'GEZDGNBVGY3TQOJQGEZDGNBVGY'],
    ['GEZDGNBVGY3TQOJ', undefined],
    ['GEZDGNBVGY3TQOJQA', undefined],
    ['GEZDGNBVGY3TQOJ1', undefined],
    ['GEZDGNBVGY=TQOJQ', undefined],
    ['', undefined]
  ])('the imported secret %j is read as %j', (text, expected) => {
    expect(normalizeTotpSecret(text)).toBe(expected)
  })

  test('the QR code is a PNG that scans as the otpauth address of the secret', () => {
    const address = new URL(scan(totpQrCode(secret, 'Acme: Söhne & Co', 'ada@acme.test')))
    expect(address.protocol).toBe('otpauth:')
    expect(address.host).toBe('totp')
    expect(decodeURIComponent(address.pathname)).toBe('/Acme: Söhne & Co:ada@acme.test')
    expect(address.searchParams.get('secret')).toBe(secret)
    expect(address.searchParams.get('issuer')).toBe('Acme: Söhne & Co')
  })

  test('the longest names still give a QR code with the whole secret', () => {
    const address = new URL(scan(totpQrCode(secret, '🦉'.repeat(128), `${'ü'.repeat(300)}\ud800`)))
    expect(address.searchParams.get('secret')).toBe(secret)
  })

  test('recovery codes are ten different ones of the documented form', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(/^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/)
  })

  test('recovery codes use the whole alphabet evenly', () => {
    const characters = Array.from({ length: 300 }, newRecoveryCodes).flat().join('')
    const counts = new Map<string, number>()
    for (const character of characters.replaceAll('-', '')) {
      counts.set(character, (counts.get(character) ?? 0) + 1)
    }
    expect(counts.size).toBe(36)
    // 36,000 characters: 1,000 of each, with a standard deviation of 31.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(250)
  })

  function scan(qrCode: string): string {
    const prefix = 'data:image/png;base64, '
    expect(qrCode.startsWith(prefix)).toBe(true)
    const image = PNG.sync.read(Buffer.from(qrCode.slice(prefix.length), 'base64'))
    const found = jsqr.default(new Uint8ClampedArray(image.data), image.width, image.height)
    if (found === null) throw new Error('The image holds no QR code.')
    return found.data
  }
})

describe('a signing key', () => {
  const now = Date.UTC(2026, 3, 25, 16, 37, 9)

  test('is RSA-2048, published with all members of the key set and nothing private', async () => {
    const { kid, public_jwk } = await newSigningKey('test', now)
    expect(kid).toMatch(new RegExp(`^jwk-test-${uuid}$`))
    expect(Object.keys(public_jwk).sort()).toEqual(
      ['alg', 'e', 'key_ops', 'kid', 'kty', 'n', 'use', 'x5c', 'x5tS256'].sort()
    )
    expect(public_jwk).toMatchObject({
      kty: 'RSA',
      use: 'sig',
      key_ops: ['verify'],
      alg: 'RS256',
      kid,
      e: 'AQAB'
    })
    expect(Buffer.from(public_jwk.n, 'base64url')).toHaveLength(256)
  })

  test('signs what its published half verifies', async () => {
    const { public_jwk, private_pem } = await newSigningKey('live', now)
    const message = Buffer.from('message')
    const signature = sign('sha256', message, readPrivateKey(private_pem))
    expect(verify('sha256', message, readPublicKey(public_jwk), signature)).toBe(true)
  })

  test('has a certificate of that very key, signed by itself', async () => {
    const { kid, public_jwk } = await newSigningKey('test', now)
    const der = Buffer.from(public_jwk.x5c[0] ?? '', 'base64')
    const certificate = new X509Certificate(der)
    const key = createPublicKey({ key: { ...public_jwk }, format: 'jwk' })
    expect(certificate.publicKey.equals(key)).toBe(true)
    expect(certificate.verify(key)).toBe(true)
    expect(certificate.subject).toBe(`CN=${kid}`)
    expect(Date.parse(certificate.validFrom)).toBe(now)
    expect(public_jwk.x5tS256).toBe(createHash('sha256').update(der).digest('base64url'))
  })
})
