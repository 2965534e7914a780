import type { Context } from '../context.ts'
import { noteIds } from '../domain/audit.ts'

/** Notes that the call is about this one, so that the audit knows it also when the call ends with an error. Gives it back. */
export function about<Found>({ subject }: Pick<Context, 'subject'>, found: Found): Found {
  noteIds(subject, found)
  return found
}
