import { randomInt, timingSafeEqual } from 'node:crypto'
import type { CodePurpose, OneTimeCodeRecord } from '../domain/records.ts'
import type { AtRest } from './at-rest.ts'

const form = /^[0-9]{6}$/

/** Six digits, all of them equally likely. */
export function newOneTimeCode(): string {
  return String(randomInt(1_000_000)).padStart(6, '0')
}

export function isOneTimeCode(text: string): boolean {
  return form.test(text)
}

/** A code has too little entropy for a plain hash: without the key a dump of the database says nothing about it. */
export function hashOneTimeCode(
  atRest: AtRest,
  { code_id, purpose, subject }: { code_id: string; purpose: CodePurpose; subject: string },
  code: string
): string {
  return atRest.keyedHash(code, `one-time-code|${purpose}|${subject}|${code_id}`)
}

/** In constant time. */
export function isRightCode(atRest: AtRest, sent: OneTimeCodeRecord, code: string): boolean {
  const expected = Buffer.from(sent.code_hash)
  const actual = Buffer.from(hashOneTimeCode(atRest, sent, code))
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}
