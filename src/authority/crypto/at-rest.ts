import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes
} from 'node:crypto'
import { ConfigError } from '../../errors/config-error.ts'

/** What the authority keeps secret in its database, and what it derives from its keys instead of keeping it. */
export interface AtRest {
  /** What names the keys in the database, in their order: the first one writes. */
  readonly key_ids: readonly [string, ...string[]]
  /** Encrypts with the first key. `context` names where the text belongs: moved elsewhere, it does not open. */
  seal(plaintext: string, context: string): string
  /** Throws when the text was altered or belongs to another context, and `KeyUnavailable` when its key is not listed. */
  open(sealed: string, context: string): string
  /** For what is only compared, as the signature of a search cursor is. It changes when the first key changes. */
  keyedHash(text: string, context: string): string
  /**
   * The token of a session: the same for the same key, session and salt. Without `key_id` the first key derives it.
   *
   * @throws KeyUnavailable
   */
  sessionToken(session_id: string, salt: string, key_id?: string): { token: string; key_id: string }
}

/** The key was dropped from the configuration while something still needs it, or another process has it already. */
export class KeyUnavailable extends Error {
  constructor() {
    super('No key is configured that made this.')
  }

  override get name(): string {
    return 'KeyUnavailable'
  }
}

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const tokenBytes = 33
const sealedForm = /^v1\.([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]+)$/

export function newAtRestKey(): string {
  return randomBytes(keyBytes).toString('base64url')
}

/** Seals with the first of `keys` and opens with any: to rotate, put a new key in front. Each is 32 bytes in base64url. */
export function createAtRest(keys: readonly string[]): AtRest {
  const derived = keys.map((key, index) => deriveKeys(readKey(key, index)))
  const first = derived[0]
  if (first === undefined) throw new ConfigError('keys must hold at least one key.')
  const byId = new Map(derived.map((key) => [key.id, key]))

  function keyOf(id: string): DerivedKeys {
    const key = byId.get(id)
    if (key === undefined) throw new KeyUnavailable()
    return key
  }

  return {
    key_ids: [first.id, ...derived.slice(1).map(({ id }) => id)],

    seal: (plaintext, context) => encrypt(first, plaintext, context),

    open(sealed, context) {
      const [, id, body] = sealedForm.exec(sealed) ?? []
      if (id === undefined || body === undefined) throw new Error('The sealed text is malformed.')
      return decrypt(keyOf(id), Buffer.from(body, 'base64url'), context)
    },

    keyedHash: (text, context) =>
      createHmac('sha256', first.hashing).update(`${context}\0${text}`).digest('base64url'),

    sessionToken(session_id, salt, key_id = first.id) {
      const mac = createHmac('sha512', keyOf(key_id).sessions)
        .update(`${session_id}\0${salt}`)
        .digest()
      return { token: mac.subarray(0, tokenBytes).toString('base64url'), key_id }
    }
  }
}

interface DerivedKeys {
  readonly id: string
  readonly sealing: Buffer
  readonly hashing: Buffer
  readonly sessions: Buffer
}

/** One key per purpose, so that no use of one can be turned against another. */
function deriveKeys(key: Buffer): DerivedKeys {
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', key, '', `membergate ${purpose} v1`, keyBytes))
  return {
    id: createHash('sha256').update(derive('key id')).digest('base64url').slice(0, 8),
    sealing: derive('sealing'),
    hashing: derive('keyed hash'),
    sessions: derive('session token')
  }
}

function readKey(text: string, index: number): Buffer {
  const key = Buffer.from(text, 'base64url')
  const canonical = key.toString('base64url') === text.replace(/=$/, '')
  if (key.length !== keyBytes || !canonical) {
    throw new ConfigError(
      `keys[${index}], or MEMBERGATE_KEY, must be 32 random bytes in base64url (43 characters). Make one with: ` +
        `node -p "crypto.randomBytes(32).toString('base64url')"`
    )
  }
  return key
}

function encrypt(key: DerivedKeys, plaintext: string, context: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key.sealing, nonce).setAAD(Buffer.from(context))
  const body = [nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return `v1.${key.id}.${Buffer.concat(body).toString('base64url')}`
}

function decrypt(key: DerivedKeys, body: Buffer, context: string): string {
  if (body.length < nonceBytes + tagBytes) throw new Error('The sealed text is malformed.')
  const options = { authTagLength: tagBytes }
  const nonce = body.subarray(0, nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key.sealing, nonce, options)
    .setAAD(Buffer.from(context))
    .setAuthTag(body.subarray(-tagBytes))
  try {
    const plaintext = decipher.update(body.subarray(nonceBytes, -tagBytes))
    return Buffer.concat([plaintext, decipher.final()]).toString('utf8')
  } catch {
    throw new Error('The sealed text was altered, or belongs elsewhere.')
  }
}
