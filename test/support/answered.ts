import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Route } from '../../src/wire/route.ts'
import { listRoutes, type OperationName } from '../../src/wire/routes.ts'

/**
 * Counts, for each operation, what an authority answered on which engine to which client. `answered-reporter.js` puts the
 * counts of all test files together.
 */
export interface AnswerCount {
  note(
    request: { method: string; path: string; userAgent: string | undefined },
    status: number
  ): void
  /** Leaves the counts for the reporter. */
  write(): void
}

/** What the API does not have the official SDK cannot call. */
export const ownOperations = [
  'organizations.members.erase',
  'organizations.members.unlock'
] as const satisfies readonly OperationName[]

const folder = fileURLToPath(new URL('../../test-output/answered/', import.meta.url))

const patterns = listRoutes().map(
  ([operation, route]) => [operation, route.method, patternOf(route)] as const
)

export function countAnswers(engine: string): AnswerCount {
  const counts = new Map<string, { answered: number; refused: number }>()
  return {
    note({ method, path, userAgent = '' }, status) {
      const operation = operationOf(method, path)
      const client = clientOf(userAgent)
      if (operation === undefined || client === undefined) return
      const cell = `${operation} ${engine} ${client}`
      const count = counts.get(cell) ?? { answered: 0, refused: 0 }
      counts.set(cell, count)
      if (status === 200) count.answered += 1
      else if (status >= 400 && status < 500) count.refused += 1
    },
    write() {
      mkdirSync(folder, { recursive: true })
      const operations = listRoutes().map(([operation]) => operation)
      const text = JSON.stringify({
        operations,
        own: ownOperations,
        counts: Object.fromEntries(counts)
      })
      writeFileSync(join(folder, `${randomUUID()}.json`), text)
    }
  }
}

/** The operation of a call, by its method and path. */
export function operationOf(method: string, path: string): OperationName | undefined {
  const [route = ''] = path.split('?')
  return patterns.find(([, verb, pattern]) => verb === method && pattern.test(route))?.[0]
}

function patternOf({ path }: Route<unknown, unknown>): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '(?!search$)[^/]+')}$`)
}

function clientOf(userAgent: string): 'sdk' | 'ours' | undefined {
  if (userAgent.startsWith('Stytch Node')) return 'sdk'
  return userAgent === 'membergate' ? 'ours' : undefined
}
