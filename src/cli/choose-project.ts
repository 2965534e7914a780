import type { ProjectStore } from '../authority/store/store.ts'
import { ConfigError } from '../errors/config-error.ts'

/** The project of that id, else the only one that there is. */
export function chooseProject(
  projects: readonly ProjectStore[],
  wanted: string | undefined
): ProjectStore {
  const [only, ...others] = projects
  const found =
    wanted === undefined ? only : projects.find(({ project_id }) => project_id === wanted)
  if (found === undefined) {
    throw new ConfigError(
      wanted === undefined
        ? 'The database has no project yet.'
        : '--project-id, or STYTCH_PROJECT_ID, names no project of this database.'
    )
  }
  if (wanted === undefined && others.length > 0) {
    throw new ConfigError('--project-id is needed: the database has several projects.')
  }
  return found
}
