import { ConfigError } from './config-error.ts'
import { nearestName } from './nearest-name.ts'

/**
 * Asserts that every option is known, and names the nearest one that exists. `known` has every key by type, so a new
 * option cannot be forgotten here.
 */
export function assertKnownOptions(
  where: string,
  options: object,
  known: Readonly<Record<string, true>>
): void {
  const names = Object.keys(known)
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    const hint = names.length === 1 ? ` Its one option is "${names[0]}".` : nearestName(name, names)
    throw new ConfigError(`${where} has no option "${name}".${hint}`)
  }
}

/** A number of seconds or minutes within bounds; anything else is a mistake of the developer. */
export function readNumber(
  name: string,
  value: unknown,
  { min, max, integer = false }: { min: number; max: number; integer?: boolean }
): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new ConfigError(`${name} must be a number from ${min} to ${max}.`)
  }
  if (integer && !Number.isInteger(value)) throw new ConfigError(`${name} must be an integer.`)
  return value
}
