import { ConfigError } from '../errors/config-error.ts'

/**
 * Refuses an option that nobody knows, and names the nearest one that exists. `known` has every key by type, so a new
 * option cannot be forgotten here.
 */
export function refuseUnknownOptions(
  where: string,
  options: object,
  known: Readonly<Record<string, true>>
): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) {
      const nearest = nearestName(name, Object.keys(known))
      throw new ConfigError(`${where} has no option ${name}. Did you mean ${nearest}?`)
    }
  }
}

function nearestName(name: string, candidates: readonly string[]): string {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate ?? 'none'
}

/** Levenshtein distance, case aside: names are short, so the plain table will do. */
function editDistance(a: string, b: string): number {
  const left = a.toLowerCase()
  const right = b.toLowerCase()
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= right.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row.at(-1) ?? 0
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
