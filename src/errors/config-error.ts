import { MembergateError } from './membergate-error.ts'

/** The developer must act: an option, a variable or the way something is mounted is wrong. The message says what to write. */
export class ConfigError extends MembergateError {
  readonly code = 'config_invalid'
}
