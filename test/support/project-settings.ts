import type { Fixture } from './fixture.ts'
import { runSql } from './run-sql.ts'

/** Sets settings of the fixture's project, as a seed does when a server starts. Gives back what sets them as they were. */
export async function setSettings(
  { database, project_id }: Pick<Fixture, 'database' | 'project_id'>,
  settings: object
): Promise<() => Promise<void>> {
  const [row] = await runSql(database, 'select settings from projects where project_id = $1', [
    project_id
  ])
  const before = String(row?.settings)
  const store = async (text: string) => {
    const set = 'update projects set settings = $2 where project_id = $1'
    await runSql(database, set, [project_id, text])
  }
  await store(JSON.stringify({ ...JSON.parse(before), ...settings }))
  return () => store(before)
}
