import { ConfigError } from '../../errors/config-error.ts'
import type { Value } from './engine.ts'

/** What we use of the API of `node:sqlite`. */
export interface Driver {
  readonly DatabaseSync: new (path: string) => SqliteDatabase
}

export interface SqliteDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

export interface SqliteStatement {
  run(values: Record<string, Value>): { readonly changes: number | bigint }
  all(values: Record<string, Value>): unknown[]
}

/** Built into Node from 22.13 on; before that a package with the same API. */
export async function loadDriver(): Promise<Driver> {
  const builtIn: object | undefined = process.getBuiltinModule('node:sqlite')
  if (builtIn !== undefined) return builtIn as Driver
  try {
    return await import('@photostructure/sqlite')
  } catch (cause) {
    throw new ConfigError(
      'This version of Node has no SQLite of its own. Run: npm install @photostructure/sqlite@1',
      { cause }
    )
  }
}

export function errcodeOf(error: unknown): number | undefined {
  const code: unknown = Reflect.get(Object(error), 'errcode')
  return typeof code === 'number' ? code : undefined
}
