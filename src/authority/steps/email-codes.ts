import type { Context } from '../context.ts'
import {
  hashOneTimeCode,
  isOneTimeCode,
  isRightCode,
  newOneTimeCode
} from '../crypto/one-time-codes.ts'
import { newId } from '../crypto/tokens.ts'
import { emailCodesOf } from '../domain/lockables.ts'
import { clearFailures } from '../domain/lockout.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { CodePurpose, OneTimeCodeRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { attempt } from './attempts.ts'

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
 * Compares a code with the newest one, and answers with the guarded writes that use it up.
 *
 * - Every attempt counts before it is compared: against the code, and against the codes to the address, whether an
 *   organization sent them or discovery.
 * - A client with the right code may know that it was used or is too old; a wrong one is as good as none.
 */
export async function verifyEmailCode(
  context: Context,
  { purpose, member_id, email_address }: CodeSubject,
  code: string
): Promise<readonly Write[]> {
  const { store, atRest, now } = context
  if (!isOneTimeCode(code)) throw new OperationError('invalid_code')
  const sent = await store.findOneTimeCode(purpose, member_id ?? email_address)
  if (sent?.recipient !== email_address) throw new OperationError('otp_code_not_found')
  const lockable = emailCodesOf(email_address)
  const right = await attempt(context, { lockable, sent }, async () =>
    isRightCode(atRest, sent, code) ? true : undefined
  )
  if (right === undefined) throw new OperationError('otp_code_not_found')
  return [
    clearFailures(lockable),
    { do: 'useCode', code: sent, now, onConflict: 'unable_to_auth_otp_code' }
  ]
}
