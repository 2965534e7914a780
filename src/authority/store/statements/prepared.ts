import type { Write, WriteNamed } from '../../domain/writes.ts'
import type { Value } from '../engine.ts'

/** SQL and the values of `$2`, `$3` and so on; `$1` is always the project. */
export type Prepared = readonly [sql: string, ...values: Value[]]

/** One conditional statement for every write. */
export type Statements = {
  readonly [Do in Write['do']]: (write: WriteNamed<Do>) => Prepared
}

export function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0
}
