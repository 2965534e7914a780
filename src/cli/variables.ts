export type Variables = Readonly<Record<string, string | undefined>>

/** An empty variable is an unset one. */
export function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
