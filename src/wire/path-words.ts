import { listRoutes } from './routes.ts'

/**
 * The words that stand where a path has a parameter, by the name of the parameter: `/organizations/search` has one where
 * `/organizations/{organization_id}` has an id. As an id, each would lead to another operation.
 */
export const pathWords: ReadonlyMap<string, ReadonlySet<string>> = collect()

/** Whether `value` would be taken for a word of a path where `parameter` stands. Paths tell capital from small letters. */
export function isPathWord(parameter: string, value: string): boolean {
  return pathWords.get(parameter)?.has(value) === true
}

function collect(): ReadonlyMap<string, ReadonlySet<string>> {
  const paths = listRoutes().map(([, { path }]) => path.split('/'))
  const words = new Map<string, Set<string>>()
  for (const path of paths) {
    path.forEach((segment, index) => {
      const parameter = nameOf(segment)
      if (parameter === undefined) return
      const found = words.get(parameter) ?? new Set()
      words.set(parameter, found)
      for (const other of paths) {
        const word = other[index]
        if (word === undefined || nameOf(word) !== undefined) continue
        if (beginningOf(other, index) === beginningOf(path, index)) found.add(word)
      }
    })
  }
  return words
}

function nameOf(segment: string): string | undefined {
  return /^\{(\w+)\}$/.exec(segment)?.[1]
}

/** What a path begins with, whatever its parameters are called. */
function beginningOf(path: readonly string[], length: number): string {
  return path
    .slice(0, length)
    .map((segment) => (nameOf(segment) === undefined ? segment : '{}'))
    .join('/')
}
