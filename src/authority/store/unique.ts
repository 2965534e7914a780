import type { ProblemType } from '../../wire/problems.ts'

/** Unique indexes that a caller can run into. PostgreSQL names the index, SQLite its columns. */
const uniqueIndexes: readonly { index: string; lastColumn: string; problem: ProblemType }[] = [
  {
    index: 'members_external_id',
    lastColumn: 'members.external_id',
    problem: 'duplicate_member_external_id'
  },
  {
    index: 'members_phone_number',
    lastColumn: 'members.mfa_phone_number',
    problem: 'duplicate_member_phone_number'
  }
]

/** The problem behind a violated unique index, by the driver's description of it. */
export function problemOfViolation(violated: string): ProblemType | undefined {
  return uniqueIndexes.find(
    ({ index, lastColumn }) => violated === index || violated.endsWith(lastColumn)
  )?.problem
}
