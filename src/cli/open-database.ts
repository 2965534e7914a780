import { openStoreBeside, type ProjectStore, type Store } from '../authority/store/store.ts'
import { chooseProject } from './choose-project.ts'
import { databaseError } from './database-error.ts'

/** Works on a database, also while servers use it, and closes it. Errors of the database are said in one line. */
export async function withDatabase(
  location: string,
  work: (store: Store) => Promise<void>
): Promise<void> {
  const store = await openStoreBeside(location).catch((error: unknown) => {
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
    readonly database: { readonly location: string }
    readonly project_id: string | undefined
  },
  work: (project: ProjectStore) => Promise<void>
): Promise<void> {
  return withDatabase(options.database.location, async (store) => {
    await work(chooseProject(await listProjects(store), options.project_id))
  })
}

export async function listProjects(store: Store): Promise<readonly ProjectStore[]> {
  return (await store.listProjects()).map(({ project_id }) => store.ofProject(project_id))
}
