import { types } from 'node:util'
import { ConfigError } from './config-error.ts'

/**
 * What was thrown, as an error. Frameworks take some other values for "go on": Express `undefined` and `'route'`, Koa
 * `null`. `instanceof` alone knows no error of another realm.
 */
export function toError(thrown: unknown): Error {
  return isError(thrown)
    ? thrown
    : new ConfigError('A function of the app threw something that is no Error.', { cause: thrown })
}

export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}
