import { OperationError } from './operation-error.ts'
import type { MemberRecord } from './records.ts'

/** A code that was not used yet, as it was given to the member. */
export interface RecoveryCode {
  readonly recovery_code_id: string
  readonly code: string
}

export interface StoredRecoveryCode extends RecoveryCode {
  readonly created_at: number
}

/** Recovery codes stand in for an authenticator: they count as long as there is one that is verified. */
export function assertHasAuthenticator(member: MemberRecord): void {
  if (member.totp_registration_id === '') throw new OperationError('recovery_codes_not_found')
}

/** Six digits are most likely of the authenticator app, unless codes that came from elsewhere look like that. */
export function assertNoTotpCode(text: string, codes: readonly RecoveryCode[]): void {
  const isOfApp = looksLikeTotpCode(text) && !codes.some(({ code }) => looksLikeTotpCode(code))
  if (isOfApp) throw new OperationError('totp_code_used_as_recovery_code')
}

/** Exactly as it was given first: imported codes may differ in nothing but case. */
export function findRecoveryCode<Code extends RecoveryCode>(
  codes: readonly Code[],
  text: string
): Code | undefined {
  return (
    codes.find(({ code }) => code === text) ??
    codes.find(({ code }) => folded(code) === folded(text))
  )
}

function folded(text: string): string {
  return text.trim().toLowerCase()
}

function looksLikeTotpCode(text: string): boolean {
  return /^\s*[0-9]{6}\s*$/.test(text)
}
