import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { unpaddedBase64 } from './unpadded-base64.ts'

/** argon2id as OWASP recommends it: 19 MiB, two passes, one lane. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** What every hash begins with that was made with these parameters. */
export const argon2idPrefix = '$argon2id$v=19$m=19456,t=2,p=1$'

/** No text has this hash. Comparing with it costs what comparing with a real one costs. */
export const dummyHash = `${argon2idPrefix}${unpaddedBase64(randomBytes(16))}$${unpaddedBase64(randomBytes(32))}`

export function hashArgon2id(text: string): Promise<string> {
  return hash(text, parameters)
}

/** In constant time. */
export function matchesArgon2id(text: string, hashed: string): Promise<boolean> {
  return verify(hashed, text)
}
