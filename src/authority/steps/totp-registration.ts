import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import type { TotpRecord } from '../domain/records.ts'
import type { StoredRecoveryCode } from '../domain/recovery-codes.ts'
import type { Write } from '../domain/writes.ts'

export interface NewRegistration {
  readonly member_id: string
  readonly totp_registration_id: string
  readonly secret: string
  readonly recovery_codes: readonly string[]
  readonly active: boolean
  readonly expires_at: number
}

type Sealing = Pick<Context, 'store' | 'atRest' | 'environment' | 'now'>

/** The writes that register an authenticator with its recovery codes, all of it sealed to its place. */
export function sealedRegistration(
  sealing: Sealing,
  { member_id, totp_registration_id, secret, recovery_codes, active, expires_at }: NewRegistration
): Write[] {
  const { store, atRest, now } = sealing
  const { project_id } = store
  const totp = {
    totp_registration_id,
    secret: atRest.seal(secret, contextOf(project_id, member_id, 'totp', totp_registration_id)),
    active,
    last_used_step: 0,
    expires_at
  }
  return [
    { do: 'putTotp', member_id, totp, now, onConflict: 'active_totp_exists' },
    ...sealedRecoveryCodes(sealing, member_id, recovery_codes)
  ]
}

/** The writes that put these codes in the place of all others. */
export function sealedRecoveryCodes(
  { store, atRest, environment, now }: Sealing,
  member_id: string,
  recovery_codes: readonly string[]
): Write[] {
  const codes = recovery_codes.map((code): Write => {
    const recovery_code_id = newId('member-totp-recovery-code', environment)
    const place = contextOf(store.project_id, member_id, 'recovery-code', recovery_code_id)
    const sealed = atRest.seal(code, place)
    return { do: 'insertRecoveryCode', member_id, recovery_code_id, code: sealed, now }
  })
  return [{ do: 'deleteRecoveryCodes', member_id }, ...codes]
}

/** The codes of a member that were not used yet. */
export async function openRecoveryCodes(
  { store, atRest }: Sealing,
  member_id: string
): Promise<readonly StoredRecoveryCode[]> {
  const codes = await store.listRecoveryCodes(member_id)
  return codes.map(({ recovery_code_id, code, created_at }) => {
    const place = contextOf(store.project_id, member_id, 'recovery-code', recovery_code_id)
    return { recovery_code_id, code: atRest.open(code, place), created_at }
  })
}

export function openTotpSecret(
  { store, atRest }: Sealing,
  member_id: string,
  { secret, totp_registration_id }: TotpRecord
): string {
  return atRest.open(secret, contextOf(store.project_id, member_id, 'totp', totp_registration_id))
}

/** Where a sealed text of a member belongs. */
export function contextOf(project_id: string, member_id: string, kind: string, id: string): string {
  return `${project_id}|${member_id}|${kind}|${id}`
}
