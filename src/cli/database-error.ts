import { DatabaseUnavailable } from '../authority/store/engine.ts'
import { ConfigError } from '../errors/config-error.ts'
import { isMembergateError } from '../errors/membergate-error.ts'

/** What to throw for an error that opening or reading the database ended in: one line, where the user can fix it. */
export function databaseError(error: unknown): unknown {
  if (isMembergateError(error)) return error
  const reason = systemReason(error)
  if (reason === undefined) return error
  return new ConfigError(`--database cannot be opened: ${reason}`, { cause: error })
}

/** Why the database cannot be opened, in the words of the system, the driver or the server. They all give a code. */
function systemReason(error: unknown): string | undefined {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error
  const code = codeOf(cause)
  if (code === undefined || !(cause instanceof Error)) return undefined
  return cause.message === '' ? code : cause.message
}

export function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}
