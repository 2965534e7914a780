/** Whether a database is named as PostgreSQL's; schemes have no case. */
export function isPostgresUrl(database: string): boolean {
  return /^postgres(ql)?:\/\//i.test(database)
}
