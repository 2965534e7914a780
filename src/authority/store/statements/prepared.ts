import type { Write, WriteNamed } from '../../domain/writes.ts'
import type { Sql } from '../sql.ts'

/** One conditional statement for every write. */
export type Statements = {
  readonly [Do in Write['do']]: (write: WriteNamed<Do>) => Sql
}
