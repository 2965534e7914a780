import { createHash, randomBytes, randomUUID } from 'node:crypto'

/** Part of every id, and equal to that of the project. */
export type Environment = 'test' | 'live'

const opaqueToken = /^[A-Za-z0-9_-]{44}$/
const linkToken = /^[A-Za-z0-9_-]{43}=$/

/** A secret of 33 random bytes, 44 characters: the form of session tokens and intermediate session tokens. */
export function newOpaqueToken(): string {
  return randomBytes(33).toString('base64url')
}

export function isOpaqueToken(text: string): boolean {
  return opaqueToken.test(text)
}

/** A secret of 32 random bytes, 43 characters and a `=`: the form of the tokens that links in e-mails carry. */
export function newLinkToken(): string {
  return `${randomBytes(32).toString('base64url')}=`
}

export function isLinkToken(text: string): boolean {
  return linkToken.test(text)
}

/** The form in which a token is stored: good for secrets of full entropy, never for codes or passwords. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** For example `member-test-8d0cbd93-8b46-4d4a-9c3b-6d2c6f6c1a52`. */
export function newId(prefix: string, environment: Environment): string {
  return `${prefix}-${environment}-${randomUUID()}`
}

export function newSalt(): string {
  return randomBytes(32).toString('base64url')
}

export function newProjectSecret(environment: Environment): string {
  return `secret-${environment}-${randomBytes(32).toString('base64url')}`
}
