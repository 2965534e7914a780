import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { hashRaw } from '@node-rs/argon2'
import { compare } from 'bcryptjs'
import type {
  Argon2Config,
  B2BPasswordsMigrateRequest,
  ScryptConfig
} from '../../wire/passwords.ts'
import { OperationError } from '../domain/operation-error.ts'
import { digestComparison, importDigest, isDigestType } from './imported-digests.ts'
import { importPbkdf2, pbkdf2Comparison } from './imported-pbkdf2.ts'
import { importPhpass, phpassComparison } from './imported-phpass.ts'
import { isInRange } from './is-in-range.ts'
import { unpaddedBase64 } from './unpadded-base64.ts'

export type ImportRequest = Pick<
  B2BPasswordsMigrateRequest,
  | 'hash'
  | 'hash_type'
  | 'argon_2_config'
  | 'scrypt_config'
  | 'md_5_config'
  | 'sha_1_config'
  | 'sha_512_config'
  | 'pbkdf_2_config'
>

interface Argon2Hash {
  readonly type: 'argon2i' | 'argon2id'
  readonly version: 16 | 19
  readonly memory: number
  readonly iterations: number
  readonly threads: number
  readonly salt: Buffer
  readonly digest: Buffer
}

interface ScryptHash {
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly digest: Buffer
}

const importedPrefix = '$imported'

// The last characters of bcrypt's salt and digest carry unused bits. Where these are set, no password compares equal.
const bcryptForm =
  /^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/
const bcryptLikeForm = /^\$2[aby]\$([0-9]{1,3})\$/
const argon2Form =
  /^\$(argon2id?)(?:\$v=(16|19))?\$m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,10})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
const scryptForm =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,10}),p=([0-9]{1,10})\$([A-Za-z0-9+/]+)={0,2}\$([A-Za-z0-9+/]+)={0,2}$/
const hexForm = /^(?:[0-9a-fA-F]{2})+$/
const base64Form = /^[A-Za-z0-9+/]+={0,2}$/

const mebibyte = 1024 * 1024
const runScrypt = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/**
 * Takes over a hash that another system made, or throws what is wrong with it. Costs are bounded, because every later
 * sign-in pays them:
 *
 * - bcrypt: cost 4 to 14. As in every bcrypt, only the first 72 bytes of a password count.
 * - argon2i, argon2id: at most 256 MiB, 16 iterations, 8 threads.
 * - scrypt: N a power of two below 262,145, r at most 32, p at most 16, at most 512 MiB.
 * - PBKDF2: at most 2,000,000 iterations, over all blocks of the digest.
 * - phpass: 128 to 65,536 rounds.
 */
export async function importForeignHash(request: ImportRequest): Promise<string> {
  return importedPrefix + (await importAs(request))
}

async function importAs(request: ImportRequest): Promise<string> {
  const { hash, hash_type } = request
  if (isDigestType(hash_type)) return importDigest(hash_type, request)
  switch (hash_type) {
    case 'bcrypt':
      return importBcrypt(hash)
    case 'argon_2i':
      return importArgon2('argon2i', hash, request.argon_2_config)
    case 'argon_2id':
      return importArgon2('argon2id', hash, request.argon_2_config)
    case 'scrypt':
      return importScrypt(hash, request.scrypt_config)
    case 'pbkdf_2':
      return importPbkdf2(hash, request.pbkdf_2_config)
    case 'phpass':
      return importPhpass(hash)
    default:
      throw new OperationError('invalid_hash_type')
  }
}

/** Whether the hash is hashed itself, which is as much work as to hash a password. */
export function isHashedOnImport(hash_type: string): boolean {
  return isDigestType(hash_type) || hash_type === 'phpass'
}

export function isImportedHash(stored: string): boolean {
  return stored.startsWith(importedPrefix)
}

/** Other systems hash what was typed; a few normalise it first. */
export async function verifyImported(password: string, stored: string): Promise<boolean> {
  const matches = comparison(stored.slice(importedPrefix.length))
  if (await matches(password)) return true
  const normalized = password.normalize('NFKC')
  return normalized !== password && matches(normalized)
}

function comparison(hash: string): (password: string) => Promise<boolean> {
  if (bcryptForm.test(hash)) return (password) => compare(password, hash)
  const compareForeign = digestComparison(hash) ?? pbkdf2Comparison(hash) ?? phpassComparison(hash)
  if (compareForeign !== undefined) return compareForeign
  const argon2 = readArgon2(hash)
  if (argon2 !== undefined) return (password) => matchesArgon2(password, argon2)
  const scrypt = readScrypt(hash)
  if (scrypt !== undefined) return (password) => matchesScrypt(password, scrypt)
  throw new Error('The imported password hash is malformed.')
}

function importBcrypt(hash: string): string {
  const cost = Number(bcryptLikeForm.exec(hash)?.[1])
  if (cost < 4 || cost > 14) throw new OperationError('invalid_bcrypt_cost')
  if (!bcryptForm.test(hash)) throw new OperationError('invalid_bcrypt_hash')
  return hash
}

function importArgon2(
  type: Argon2Hash['type'],
  text: string,
  config: Argon2Config | undefined
): string {
  const hash = text.startsWith('$') ? readArgon2(text) : hexArgon2(type, text, config)
  if (hash === undefined || hash.type !== type || !isBoundedArgon2(hash)) {
    throw new OperationError('invalid_argon_2_hash')
  }
  if (config !== undefined && config.key_length !== hash.digest.length) {
    throw new OperationError('argon_2_key_length_mismatch')
  }
  const costs = `m=${hash.memory},t=${hash.iterations},p=${hash.threads}`
  return `$${type}$v=${hash.version}$${costs}$${unpaddedBase64(hash.salt)}$${unpaddedBase64(hash.digest)}`
}

function importScrypt(text: string, config: ScryptConfig | undefined): string {
  const hash = text.startsWith('$') ? readScrypt(text) : base64Scrypt(text, config)
  if (hash === undefined || !isBoundedScrypt(hash)) throw new OperationError('invalid_scrypt_hash')
  if (config !== undefined && config.key_length !== hash.digest.length) {
    throw new OperationError('scrypt_key_length_mismatch')
  }
  const costs = `ln=${Math.log2(hash.N)},r=${hash.r},p=${hash.p}`
  return `$scrypt$${costs}$${unpaddedBase64(hash.salt)}$${unpaddedBase64(hash.digest)}`
}

function readArgon2(text: string): Argon2Hash | undefined {
  const match = argon2Form.exec(text)
  if (match === null) return undefined
  const [, type, version, memory, iterations, threads, salt = '', digest = ''] = match
  return {
    type: type === 'argon2i' ? 'argon2i' : 'argon2id',
    // A PHC string without a version is of version 1.0, written 16.
    version: version === '19' ? 19 : 16,
    memory: Number(memory),
    iterations: Number(iterations),
    threads: Number(threads),
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64')
  }
}

function hexArgon2(
  type: Argon2Hash['type'],
  text: string,
  config: Argon2Config | undefined
): Argon2Hash | undefined {
  if (config === undefined || !hexForm.test(text)) return undefined
  return {
    type,
    version: 19,
    memory: config.memory,
    iterations: config.iteration_amount,
    threads: config.threads,
    // The API documents this salt as a plain value, and that of scrypt as base64.
    salt: Buffer.from(config.salt, 'utf8'),
    digest: Buffer.from(text, 'hex')
  }
}

function isBoundedArgon2({ memory, iterations, threads, salt, digest }: Argon2Hash): boolean {
  return (
    isInRange(threads, 1, 8) &&
    isInRange(iterations, 1, 16) &&
    isInRange(memory, 8 * threads, 256 * 1024) &&
    isInRange(salt.length, 8, 256) &&
    isInRange(digest.length, 12, 128)
  )
}

async function matchesArgon2(password: string, hash: Argon2Hash): Promise<boolean> {
  const digest = await hashRaw(password, {
    algorithm: hash.type === 'argon2i' ? 1 : 2,
    version: hash.version === 16 ? 0 : 1,
    memoryCost: hash.memory,
    timeCost: hash.iterations,
    parallelism: hash.threads,
    outputLen: hash.digest.length,
    salt: hash.salt
  })
  return timingSafeEqual(digest, hash.digest)
}

function readScrypt(text: string): ScryptHash | undefined {
  const match = scryptForm.exec(text)
  if (match === null) return undefined
  const [, log2N, r, p, salt = '', digest = ''] = match
  return {
    N: 2 ** Number(log2N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64')
  }
}

function base64Scrypt(text: string, config: ScryptConfig | undefined): ScryptHash | undefined {
  if (config === undefined || !base64Form.test(text) || !base64Form.test(config.salt)) {
    return undefined
  }
  return {
    N: config.n_parameter,
    r: config.r_parameter,
    p: config.p_parameter,
    salt: Buffer.from(config.salt, 'base64'),
    digest: Buffer.from(text, 'base64')
  }
}

function isBoundedScrypt({ N, r, p, salt, digest }: ScryptHash): boolean {
  return (
    isInRange(N, 2, 262_144) &&
    Number.isInteger(Math.log2(N)) &&
    isInRange(r, 1, 32) &&
    isInRange(p, 1, 16) &&
    // RFC 7914 section 2: N must be less than 2^(128 * r / 8).
    Math.log2(N) < 16 * r &&
    128 * N * r <= 512 * mebibyte &&
    isInRange(salt.length, 1, 256) &&
    isInRange(digest.length, 12, 128)
  )
}

async function matchesScrypt(password: string, hash: ScryptHash): Promise<boolean> {
  const { N, r, p, salt, digest } = hash
  // What OpenSSL counts: V, B, and two blocks of work.
  const maxmem = 128 * r * (N + p + 2)
  return timingSafeEqual(
    await runScrypt(password, salt, digest.length, { N, r, p, maxmem }),
    digest
  )
}
