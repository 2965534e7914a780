import { type Conflict, OperationError } from '../../src/authority/domain/operation-error.ts'

/** The error that a rule throws, as far as the API shows it; `undefined`: the rule holds. */
export function thrownBy(work: () => unknown): Conflict | undefined {
  try {
    work()
  } catch (error) {
    return errorTypeOf(error)
  }
  return undefined
}

/** The same of what takes its time. */
export async function rejectedBy(work: Promise<unknown>): Promise<Conflict | undefined> {
  return work.then(() => undefined, errorTypeOf)
}

/** What is no error of the API is a fault of the test or of the code, and goes on. */
function errorTypeOf(error: unknown): Conflict {
  if (!(error instanceof OperationError)) throw error
  return error.isStale ? 'stale' : error.error_type
}
