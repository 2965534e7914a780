import { createHash } from 'node:crypto'
import type { B2BPasswordsMigrateRequest, SaltConfig } from '../../wire/passwords.ts'
import { OperationError } from '../domain/operation-error.ts'
import { hashArgon2id, matchesArgon2id, recommendedCost } from './argon2id.ts'

const digests = {
  md_5: { algorithm: 'md5', form: /^[0-9a-f]{32}$/i, error_type: 'invalid_md_5_hash' },
  sha_1: { algorithm: 'sha1', form: /^[0-9a-f]{40}$/i, error_type: 'invalid_sha_1_hash' },
  sha_512: { algorithm: 'sha512', form: /^[0-9a-f]{128}$/i, error_type: 'invalid_sha_512_hash' }
} as const

type DigestType = keyof typeof digests
type DigestRequest = Pick<
  B2BPasswordsMigrateRequest,
  'hash' | 'md_5_config' | 'sha_1_config' | 'sha_512_config'
>

const storedForm = /^\$digest\$([a-z0-9_]+)\$([A-Za-z0-9_-]*)\$([A-Za-z0-9_-]*)(\$argon2id\$.+)$/

export function isDigestType(hash_type: string): hash_type is DigestType {
  return Object.hasOwn(digests, hash_type)
}

/** A digest of one pass gives way to an attacker who reads the database, so it is kept only as hashed itself. */
export async function importDigest(type: DigestType, request: DigestRequest): Promise<string> {
  const { form, error_type } = digests[type]
  if (!form.test(request.hash)) throw new OperationError(error_type)
  const { prepend_salt = '', append_salt = '' }: Partial<SaltConfig> =
    request[`${type}_config`] ?? {}
  const salts = [prepend_salt, append_salt].map((salt) => Buffer.from(salt).toString('base64url'))
  const hashed = await hashArgon2id(request.hash.toLowerCase(), recommendedCost)
  return `$digest$${type}$${salts.join('$')}${hashed}`
}

/** How a password is compared with what was stored, if that is of a digest. */
export function digestComparison(
  stored: string
): ((password: string) => Promise<boolean>) | undefined {
  const [, type = '', before = '', after = '', hashed = ''] = storedForm.exec(stored) ?? []
  if (!isDigestType(type)) return undefined
  const { algorithm } = digests[type]
  return (password) => {
    const digest = createHash(algorithm)
      .update(Buffer.from(before, 'base64url'))
      .update(password)
      .update(Buffer.from(after, 'base64url'))
    return matchesArgon2id(digest.digest('hex'), hashed)
  }
}
