import type { Fixture } from './fixture.ts'
import { runSql } from './run-sql.ts'

/** Runs `work` while the project has other settings. Of those that are objects, what is not named stays. */
export async function withSettings(
  { database, project_id }: Pick<Fixture, 'database' | 'project_id'>,
  changes: Readonly<Record<string, object>>,
  work: () => Promise<unknown>
): Promise<void> {
  const put = (settings: string) =>
    runSql(database, 'update projects set settings = $2 where project_id = $1', [
      project_id,
      settings
    ])
  const [row] = await runSql(database, 'select settings from projects where project_id = $1', [
    project_id
  ])
  const before = String(row?.settings)
  const settings = JSON.parse(before)
  for (const [name, change] of Object.entries(changes)) {
    settings[name] = { ...settings[name], ...change }
  }
  await put(JSON.stringify(settings))
  try {
    await work()
  } finally {
    await put(before)
  }
}
