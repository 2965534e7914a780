import type { Context } from '../context.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord } from '../domain/records.ts'

type Numbers = { readonly store: Pick<Context['store'], 'isPhoneNumberTaken'> }
type Named = Pick<
  MemberRecord,
  'organization_id' | 'phone_id' | 'mfa_phone_number' | 'mfa_phone_number_verified'
>

/**
 * Whether another member of the organization has verified the number that this one only named. Numbers that are named
 * reserve nothing: or any member could keep another one from the number that is theirs.
 */
export async function isAnotherMembersNumber(
  { store }: Numbers,
  { organization_id, mfa_phone_number, mfa_phone_number_verified }: Omit<Named, 'phone_id'>
): Promise<boolean> {
  if (mfa_phone_number === '' || mfa_phone_number_verified) return false
  return store.isPhoneNumberTaken(organization_id, mfa_phone_number)
}

/** A member is given no number that another one has verified. One that the member had before stays. */
export async function assertMayLinkNumber(
  numbers: Numbers,
  before: Named | undefined,
  after: Named
): Promise<void> {
  if (after.phone_id === before?.phone_id) return
  if (await isAnotherMembersNumber(numbers, after)) {
    throw new OperationError('duplicate_member_phone_number')
  }
}
