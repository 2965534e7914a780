import type { Context } from '../context.ts'
import { hashOneTimeCode, isOneTimeCode, newOneTimeCode } from '../crypto/one-time-codes.ts'
import { newId } from '../crypto/tokens.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { CodePurpose, OneTimeCodeRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { attempt } from './attempts.ts'
import { compareCode } from './compare-code.ts'

/** What a code verifies. */
export interface CodeSubject {
  readonly purpose: CodePurpose
  /** `null` in discovery, which knows no member. */
  readonly member_id: string | null
  readonly email_address: string
}

/** A code to send, and the write that makes it the only good one: for a member, or in discovery for none. */
export interface NewEmailCode {
  readonly code: string
  write(member_id: string | null): Write
}

export function newEmailCode(
  { atRest, environment, now }: Context,
  {
    purpose,
    email_address,
    minutes
  }: Pick<CodeSubject, 'purpose' | 'email_address'> & { readonly minutes: number }
): NewEmailCode {
  const code = newOneTimeCode()
  const code_id = newId('one-time-code', environment)
  return {
    code,
    write(member_id) {
      const place = { code_id, purpose, subject: member_id ?? email_address }
      const record: OneTimeCodeRecord = {
        ...place,
        code_hash: hashOneTimeCode(atRest, place, code),
        member_id,
        recipient: email_address,
        failed_attempts: 0,
        expires_at: now + minutes * 60_000,
        used_at: null
      }
      return { do: 'putCode', code: record, now }
    }
  }
}

/**
 * Compares a code with the newest one, and answers with the guarded write that uses it up.
 *
 * - Every attempt counts against the code before it is compared; that of a member against the member as well, as an
 *   attempt at a password does: a code by e-mail begins a sign-in, and must not reset the count of failed second factors.
 * - A client with the right code may know that it was used or is too old; a wrong one is as good as none.
 */
export async function verifyEmailCode(
  context: Context,
  { purpose, member_id, email_address }: CodeSubject,
  code: string
): Promise<Write> {
  const { store, now } = context
  if (!isOneTimeCode(code)) throw new OperationError('invalid_code')
  const sent = await store.findOneTimeCode(purpose, member_id ?? email_address)
  if (sent?.recipient !== email_address) throw new OperationError('otp_code_not_found')
  const compare = () => compareCode(context, sent, code)
  const right = await (member_id === null
    ? compare()
    : attempt(context, { member_id, credential: 'password' }, compare))
  if (right === undefined) throw new OperationError('otp_code_not_found')
  return { do: 'useCode', code: sent, now, onConflict: 'unable_to_auth_otp_code' }
}
