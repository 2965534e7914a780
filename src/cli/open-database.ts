import { openStoreBeside, type ProjectStore, type Store } from '../authority/store/store.ts'
import { chooseProject } from './choose-project.ts'
import { databaseError } from './database-error.ts'
import type { Database } from './database-options.ts'

/** Works on a database, also while servers use it, and closes it. Errors of the database are said in one line. */
export async function withDatabase(
  database: Database,
  work: (store: Store) => Promise<void>
): Promise<void> {
  const store = await openStoreBeside(database.location, database).catch((error: unknown) => {
    throw databaseError(error)
  })
  try {
    await work(store)
  } catch (error) {
    throw databaseError(error)
  } finally {
    await store.close()
  }
}

/** The same for one project: that which the options name, else the only one. */
export function withProject(
  options: {
    readonly database: Database
    readonly project_id: string | undefined
  },
  work: (project: ProjectStore) => Promise<void>
): Promise<void> {
  return withDatabase(options.database, async (store) => {
    await work(chooseProject(await listProjects(store), options.project_id))
  })
}

export async function listProjects(store: Store): Promise<readonly ProjectStore[]> {
  return (await store.listProjects()).map(({ project_id }) => store.ofProject(project_id))
}
