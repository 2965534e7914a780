/** One row as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>

export type Value = string | number | null

/** SQL text with the values of its placeholders: `$1` is the first. */
export interface Statement {
  readonly sql: string
  readonly values: readonly Value[]
  /** A guarded statement that touches no row undoes its whole unit. */
  readonly guarded: boolean
}

/** What became of a unit: all of it, or nothing and why. */
export type UnitOutcome =
  | { readonly done: true }
  | {
      readonly done: false
      /** Position of the statement that ended the unit. */
      readonly statement: number
      /** The driver's description of the unique index that it ran into; without one its guard was not met. */
      readonly violated: string | undefined
      /** Whether it needed a row that is gone by now: that of an owner who was deleted. */
      readonly orphaned: boolean
    }

/** A database that understands the one SQL text of this folder. */
export interface Engine {
  read(sql: string, values: readonly Value[]): Promise<readonly Row[]>
  /** Runs all statements or none. Nothing of another unit happens between them. */
  runUnit(statements: readonly Statement[]): Promise<UnitOutcome>
  /** Brings the schema up to date; several processes may try at once. */
  migrate(migrations: readonly string[]): Promise<void>
  /** Runs what only one of the processes that share the database may do at a time. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** The database cannot be reached now: it is down, full or busy. Operations must act; a caller may try again. */
export class DatabaseUnavailable extends Error {
  constructor(cause: unknown) {
    super('The database cannot be reached.', { cause })
  }
}
