import type { ErrorType } from '../../wire/error-types.ts'

/** Unique indexes that a caller can run into. PostgreSQL names the index, SQLite its columns. */
const uniqueIndexes: readonly { index: string; lastColumn: string; error_type: ErrorType }[] = [
  {
    index: 'members_external_id',
    lastColumn: 'members.external_id',
    error_type: 'duplicate_member_external_id'
  },
  {
    index: 'members_phone_number',
    lastColumn: 'members.mfa_phone_number',
    error_type: 'duplicate_member_phone_number'
  }
]

/** The error behind a violated unique index, by the driver's description of it. */
export function errorOfViolation(violated: string): ErrorType | undefined {
  return uniqueIndexes.find(
    ({ index, lastColumn }) => violated === index || violated.endsWith(lastColumn)
  )?.error_type
}
