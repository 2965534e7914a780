import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { unpaddedBase64 } from './unpadded-base64.ts'

/** What one hash costs: memory in KiB, and how often it is passed over. There is one lane. */
export interface Argon2idCost {
  readonly memoryCost: number
  readonly timeCost: number
}

/** As OWASP recommends it: 19 MiB, two passes. */
export const recommendedCost: Argon2idCost = { memoryCost: 19_456, timeCost: 2 }

/** Next to nothing: for tests, which sign in a thousand times with a password that is no secret. */
export const testCost: Argon2idCost = { memoryCost: 64, timeCost: 1 }

/** What every hash of this cost begins with. */
export function argon2idPrefix({ memoryCost, timeCost }: Argon2idCost): string {
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=1$`
}

/** No text has this hash. Comparing with it costs what comparing with a real one costs. */
export function dummyArgon2id(cost: Argon2idCost): string {
  return `${argon2idPrefix(cost)}${unpaddedBase64(randomBytes(16))}$${unpaddedBase64(randomBytes(32))}`
}

export function hashArgon2id(text: string, cost: Argon2idCost): Promise<string> {
  return hash(text, { ...cost, algorithm: 2, parallelism: 1 })
}

/** In constant time. */
export function matchesArgon2id(text: string, hashed: string): Promise<boolean> {
  return verify(hashed, text)
}
