const brand = Symbol.for('membergate.error')

/** What every error of membergate has. Recognise one with {@link isMembergateError}, whichever copy of the module made it. */
export abstract class MembergateError extends Error {
  /** Stable, documented in docs/errors.md. Switch on it, never on `message`. */
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    Object.defineProperty(this, brand, { value: true })
  }

  override get name(): string {
    return this.constructor.name
  }
}

/** Whether `value` is an error of membergate, also when another copy of the module (ESM beside CJS) made it. */
export function isMembergateError(value: unknown): value is MembergateError {
  return typeof value === 'object' && value !== null && Reflect.get(value, brand) === true
}
