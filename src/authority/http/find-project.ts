import { OperationError } from '../domain/operation-error.ts'
import type { ProjectRecord } from '../domain/records.ts'
import { isProjectId } from '../project-id.ts'
import type { Store } from '../store/store.ts'

/** The project that a public path names. */
export async function findPublicProject(store: Store, project_id: string): Promise<ProjectRecord> {
  const project = isProjectId(project_id)
    ? await store.ofProject(project_id).findProject()
    : undefined
  if (project === undefined) throw new OperationError('project_not_found')
  return project
}
